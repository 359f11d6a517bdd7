"""The documents say what the code has: settings, commands, tables, and links that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.apps import apps

from prism import api
from prism.lib.processes import CHECKOUT

OURS = ("prism", "accounts", "surveys", "conversations", "annotations", "analysis")
READS = re.compile(r"""(?:environ(?:\.get)?[(\[]|env_(?:flag|list)\()\s*["']([A-Z][A-Z_]+)["']""")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
DOCUMENTS = [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *sorted(CHECKOUT.glob("docs/**/*.md"))]
OPERATIONS = (CHECKOUT / "docs" / "operations.md").read_text()
# Django's own, which Prism sets and nobody else should.
NOT_A_SETTING = {"DJANGO_SETTINGS_MODULE"}


def sources() -> Iterator[Path]:
    for name in OURS:
        yield from (CHECKOUT / name).rglob("*.py")


def settings_read() -> set[str]:
    return {name for path in sources() for name in READS.findall(path.read_text())} - NOT_A_SETTING


def anchors(document: Path) -> set[str]:
    """The fragments of a document's headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_search_for_settings_finds_them() -> None:
    assert {"SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "DATABASE_URL", "PRISM_VAR"} <= settings_read()


@pytest.mark.parametrize("name", sorted(settings_read()))
def test_every_setting_read_from_the_environment_is_documented(name: str) -> None:
    assert f"`{name}`" in OPERATIONS


def test_every_name_in_env_example_and_compose_is_documented() -> None:
    example = re.findall(r"^(\w+)=", (CHECKOUT / ".env.example").read_text(), re.MULTILINE)
    compose = (CHECKOUT / "compose.yaml").read_text()
    web = yaml.safe_load(compose)["services"]["web"]["environment"]
    ours = {name for name in web if not name.startswith(("UVICORN_", "FORWARDED_"))}
    names = {*example, *ours, *re.findall(r"\$\{(\w+)", compose)}
    assert {"SECRET_KEY", "POSTGRES_PASSWORD", "PRISM_HOST"} <= names
    assert {name for name in names if f"`{name}`" not in OPERATIONS} == set()


@pytest.mark.parametrize(
    "command", sorted(path.stem for path in CHECKOUT.glob("*/management/commands/[a-z]*.py"))
)
def test_every_command_of_ours_is_documented(command: str) -> None:
    assert re.search(rf"^\| `{command}[` ]", OPERATIONS, re.MULTILINE)


@pytest.mark.parametrize(
    "table",
    sorted(model._meta.db_table for name in OURS[1:] for model in apps.get_app_config(name).get_models()),
)
def test_every_table_of_ours_is_documented(table: str) -> None:
    assert f"| `{table}` |" in (CHECKOUT / "docs" / "data.md").read_text()


def test_every_route_of_the_api_is_documented() -> None:
    named = [pattern for pattern in api.urlpatterns if pattern.name]
    routes = [re.sub(r"<\w+:", "<", f"/api/v1/{pattern.pattern}") for pattern in named]
    assert routes
    assert {
        route for route in routes if f"{route}`" not in (CHECKOUT / "docs" / "api.md").read_text()
    } == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    for link in LINK.findall(document.read_text()):
        if "://" in link:
            continue
        path, _, fragment = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link} leads nowhere"
        assert not fragment or fragment in anchors(target), f"{link}: no such heading"


def test_the_readme_gives_the_two_commands_and_shows_no_missing_target() -> None:
    readme, makefile = (CHECKOUT / "README.md").read_text(), (CHECKOUT / "Makefile").read_text()
    named = set(re.findall(r"\bmake ([a-z]+)", readme))
    assert {"demo", "test"} <= named
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_a_decision_is_told_in_400_words_at_most() -> None:
    records = sorted(CHECKOUT.glob("docs/adr/0*.md"))
    assert records
    for record in records:
        text = record.read_text()
        assert len(text.split()) <= 400, record.name
        for part in ("Context", "Decision", "Consequences", "What was measured"):
            assert f"## {part}" in text, record.name
