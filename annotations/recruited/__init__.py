"""Recruited participants as annotators: a stage of their journey, after consent and survey."""
