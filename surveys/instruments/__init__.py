"""Questionnaires that are shipped as files."""

from pathlib import Path

HERE = Path(__file__).parent


def instrument(name: str) -> str:
    """The text of a shipped questionnaire, such as `prism`. Raises FileNotFoundError for others."""
    return (HERE / f"{name}.yaml").read_text(encoding="utf-8")
