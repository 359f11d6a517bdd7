"""Votes of other arenas: their published tables are read, checked row by row, and made into preferences."""
