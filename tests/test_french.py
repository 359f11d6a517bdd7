"""French is whole on every page, and the compiled texts are those of the .po file."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.template.base import Template as Compiled
from django.template.loader import get_template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils.translation import ngettext, override

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"
APPS = ("accounts", "analysis", "annotations", "conversations", "prism", "surveys")
NOT_ON_PAGES = {"migrations", "management"}  # commands speak English, as their logs do
NAMES = sorted(str(path.relative_to(ROOT / "templates")) for path in (ROOT / "templates").rglob("*.html"))
PATHS = sorted(
    str(path.relative_to(ROOT))
    for app in APPS
    for path in (ROOT / app).rglob("*.py")
    if not NOT_ON_PAGES & set(path.parts)
)
# A text that is handed to a tag or a filter: Django would show its percent signs twice.
ARGUMENT = re.compile(r'(?<!\w)_\("([^"]+)"\)')
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}


@pytest.fixture(scope="module")
def french() -> dict[str, str]:
    """The compiled texts: {English: French}; of a plural both English forms lead to French ones."""
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {key if isinstance(key, str) else key[0]: text for key, text in compiled.items() if text}


def texts_of_template(template: Compiled) -> Iterator[str]:
    for node in template.nodelist.get_nodes_by_type(TranslateNode):
        yield str(node.filter_expression.var.literal).replace("%", "%%")
    for node in template.nodelist.get_nodes_by_type(BlockTranslateNode):
        yield node.render_token_list(node.singular)[0]
    yield from ARGUMENT.findall(template.source)


@cache
def texts_of_module(path: Path) -> list[str]:
    return [
        ast.literal_eval(node.args[0])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in GETTEXT
    ]


def test_every_text_of_a_template_is_in_french(french: dict[str, str]) -> None:
    texts = {name: set(texts_of_template(get_template(name).template)) for name in NAMES}
    assert {name: found - french.keys() for name, found in texts.items() if found - french.keys()} == {}


def test_every_text_of_a_module_is_in_french(french: dict[str, str]) -> None:
    texts = {path: set(texts_of_module(ROOT / path)) for path in PATHS}
    assert {path: found - french.keys() for path, found in texts.items() if found - french.keys()} == {}


def test_the_lists_above_name_files_with_texts() -> None:
    assert len(NAMES) > 100
    assert sum(len(texts_of_module(ROOT / path)) for path in PATHS) > 600


def test_no_text_with_a_percent_sign_is_handed_to_a_tag() -> None:
    handed = [(name, text) for name in NAMES for text in ARGUMENT.findall(get_template(name).template.source)]
    assert [(name, text) for name, text in handed if "%" in text] == []


def po_texts(catalogue: Path = CATALOGUE) -> dict[str, list[str]]:
    """The entries of the .po file, each on one line: {English: translated forms}."""
    entries: dict[str, list[str]] = {}
    for line in catalogue.read_text(encoding="utf-8").splitlines():
        word, _, quoted = line.partition(" ")
        if word == "msgid":
            forms = entries.setdefault(ast.literal_eval(quoted), [])
        elif word.startswith("msgstr"):
            forms.append(ast.literal_eval(quoted))
    return entries


def mo_texts(catalogue: Path = CATALOGUE) -> dict[str, list[str]]:
    """The same of what is compiled."""
    with catalogue.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    found: dict[str, list[str]] = {}
    for key, text in compiled.items():
        found.setdefault(key if isinstance(key, str) else key[0], []).append(text)
    return found


def test_the_compiled_texts_are_those_of_the_source() -> None:
    found, written = mo_texts(), po_texts()
    assert "fuzzy" not in CATALOGUE.read_text(encoding="utf-8")
    assert {key: forms for key, forms in written.items() if key} == {k: v for k, v in found.items() if k}


def test_a_page_can_be_had_in_french_and_stays_where_it_was(client, db) -> None:
    response = client.post("/i18n/setlang/", {"language": "fr", "next": "/accounts/login/code/"}, follow=True)
    html = response.content.decode()
    assert response.redirect_chain[-1][0] == "/accounts/login/code/"
    assert '<html lang="fr"' in html
    assert "Aller au contenu principal" in html
    assert 'lang="en">English</button>' in html


def test_a_language_that_is_not_offered_changes_nothing(client, db) -> None:
    client.post("/i18n/setlang/", {"language": "tlh", "next": "/"})
    assert '<html lang="en"' in client.get("/").content.decode()


def test_french_keeps_every_placeholder(french: dict[str, str]) -> None:
    def holders(text: str) -> list[str]:
        return sorted(PLACEHOLDER.findall(text))

    changed = [english for english, text in french.items() if english and holders(english) != holders(text)]
    assert changed == []


def test_numbers_take_the_right_form() -> None:
    forms = ("You will hold %(total)s short conversation.", "You will hold %(total)s short conversations.")
    with override("fr"):
        assert [ngettext(*forms, number) for number in (1, 2)] == po_texts()[forms[0]]
