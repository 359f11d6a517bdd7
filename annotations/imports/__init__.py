"""Annotated records of files as tasks, sides and annotations."""
