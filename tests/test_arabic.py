"""Arabic is whole on what people read in a study around its conversations: no page mixes two languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template.base import Template as Compiled
from django.template.loader import get_template
from django.template.loader_tags import ExtendsNode, IncludeNode
from django.utils.translation import ngettext, override

from tests.test_french import ROOT, mo_texts, po_texts, texts_of_module, texts_of_template

CATALOGUE = ROOT / "locale" / "ar" / "LC_MESSAGES" / "django.po"
TEMPLATES = ROOT / "templates"
NOT_OF_PARTICIPANTS = {"coordinate", "mail"}
PAGES = sorted(
    str(path.relative_to(TEMPLATES))
    for path in (TEMPLATES / "surveys").rglob("*.html")
    if not NOT_OF_PARTICIPANTS & set(path.parts)
)
# What these modules say, they say to participants.
MODULES = (
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "surveys" / "views").glob("*.py")),
    "conversations/own.py",
    "conversations/views/own.py",
    "prism/lib/ratelimit.py",
    "surveys/answers.py",
    "surveys/journey.py",
    "surveys/own.py",
    "surveys/questionnaires/fields.py",
    "surveys/questionnaires/reading.py",
    "surveys/withdrawal.py",
)
STATUSES = {"answered", "declined", "not shown", "not reached"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
FORMS = 6


def parts_of(template: Compiled) -> Iterator[str]:
    """The templates that this one extends or includes by name."""
    for node in template.nodelist.get_nodes_by_type(ExtendsNode):
        yield str(node.parent_name.var)
    for node in template.nodelist.get_nodes_by_type(IncludeNode):
        if isinstance(node.template.var, str):
            yield node.template.var


def whole(names: list[str]) -> set[str]:
    """The templates with all that they are made of."""
    found: set[str] = set()
    open_names = list(names)
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += parts_of(get_template(name).template)
    return found


NAMES = sorted(whole([*PAGES, "conversations/mine.html", "prism/message.html"]))


def refusals(path: Path) -> Iterator[str]:
    """What the door says to who cannot come in: the texts of the errors that are raised for it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"EntryError", "PreviewVisit"}:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and getattr(inner.func, "id", "") == "_":
                    yield ast.literal_eval(inner.args[0])


@pytest.fixture(scope="module")
def arabic() -> dict[str, list[str]]:
    return {english: forms for english, forms in mo_texts(CATALOGUE).items() if all(forms)}


def test_every_text_of_a_participants_template_is_in_arabic(arabic: dict[str, list[str]]) -> None:
    texts = {name: set(texts_of_template(get_template(name).template)) for name in NAMES}
    assert {name: found - arabic.keys() for name, found in texts.items() if found - arabic.keys()} == {}


def test_every_text_that_a_module_says_to_participants_is_in_arabic(arabic: dict[str, list[str]]) -> None:
    texts = {path: set(texts_of_module(ROOT / path)) for path in MODULES}
    assert {path: found - arabic.keys() for path, found in texts.items() if found - arabic.keys()} == {}


def test_whatever_keeps_somebody_out_is_said_in_arabic(arabic: dict[str, list[str]]) -> None:
    said = {text for path in (ROOT / "surveys").rglob("*.py") for text in refusals(path)}
    assert len(said) > 10
    assert (said | STATUSES) - arabic.keys() == set()


def test_the_lists_above_name_what_participants_read() -> None:
    assert {"base.html", "participant.html", "prism/slider.html", "surveys/door.html"} <= set(NAMES)
    assert not [name for name in NAMES if "coordinate" in name or "workbench" in name]
    assert sum(len(list(texts_of_module(ROOT / path))) for path in MODULES) > 60


def test_the_compiled_texts_are_those_of_the_source() -> None:
    written = {english: forms for english, forms in po_texts(CATALOGUE).items() if english}
    assert written == {english: forms for english, forms in mo_texts(CATALOGUE).items() if english}
    assert "fuzzy" not in CATALOGUE.read_text(encoding="utf-8")


def test_arabic_keeps_every_placeholder(arabic: dict[str, list[str]]) -> None:
    """The forms for one and two may say the number in words, the last one of each text may not."""

    def holders(text: str) -> set[str]:
        return set(PLACEHOLDER.findall(text))

    texts = [(english, forms) for english, forms in arabic.items() if english]
    assert [english for english, forms in texts if holders(forms[-1]) != holders(english)] == []
    assert [form for english, forms in texts for form in forms if holders(form) - holders(english)] == []


def test_a_number_takes_the_form_that_arabic_has_for_it(arabic: dict[str, list[str]]) -> None:
    forms = ("It takes about %(minutes)s minute.", "It takes about %(minutes)s minutes.")
    assert len(arabic[forms[0]]) == FORMS
    with override("ar"):
        assert [ngettext(*forms, number) for number in (0, 1, 2, 3, 11, 100)] == arabic[forms[0]]
