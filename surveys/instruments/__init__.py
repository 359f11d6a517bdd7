"""Questionnaires that are shipped as files."""

from pathlib import Path

HERE = Path(__file__).parent


def instrument(name: str) -> str:
    """The text of a shipped questionnaire, for example `prism`. Raises FileNotFoundError for an unknown one."""
    return (HERE / f"{name}.yaml").read_text(encoding="utf-8")
