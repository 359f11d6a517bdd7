"""The API: the same verbs and the same access rule as the pages, participants by their codes only."""
