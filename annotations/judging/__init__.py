"""Language models as annotators: prompts, calls that are rows, caps, and results in the rubric's own rows."""
