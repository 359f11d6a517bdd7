"""The arena's pages."""
