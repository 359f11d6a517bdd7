"""Watching a study while it runs: who is where, where people leave, and how long pages take."""
