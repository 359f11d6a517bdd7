"""Prompts that are shipped as files."""

from pathlib import Path

HERE = Path(__file__).parent
KEYS = ("dissection", "preference", "scenario")


def shipped(key: str) -> str:
    """The text of a shipped set. Raises FileNotFoundError for a key that is none of KEYS."""
    if key not in KEYS:
        raise FileNotFoundError(key)
    return (HERE / f"{key}.yaml").read_text(encoding="utf-8")
