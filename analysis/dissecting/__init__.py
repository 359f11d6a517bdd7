"""The dissection of a study's own batch: its annotations and preferences read, fitted by a worker, kept."""
