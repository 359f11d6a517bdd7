"""Rubrics that are shipped as files, and the published schema of the format."""

from pathlib import Path

HERE = Path(__file__).parent
SCHEMA_FILE = HERE / "schema.json"
KEYS = ("preference_dissection", "speechmap", "helpful_harmless", "pairwise_preference")


def shipped(key: str) -> str:
    """The text of a shipped rubric. Raises FileNotFoundError for a key that is none of KEYS."""
    if key not in KEYS:
        raise FileNotFoundError(key)
    return (HERE / f"{key}.yaml").read_text(encoding="utf-8")
