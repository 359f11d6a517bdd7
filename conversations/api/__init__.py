"""The API of models, protocols and conversations: the verbs and the access rules of the pages."""
