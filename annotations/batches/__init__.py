"""Batches of tasks: where their texts come from, and how they are stored, opened and closed."""
