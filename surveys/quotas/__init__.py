"""Quotas: how a study's strata and targets are defined, and the seats that people take in the cells.

`definition` and `reading` are pure: a document becomes strata and tables. `seats` reserves, confirms and
releases; `versions` stores a new definition; `picture` and `forecast` are what the live page shows.
"""
