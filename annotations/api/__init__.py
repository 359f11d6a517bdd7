"""The API of annotations: the verbs and the access rules of the pages, people by codes only."""
