"""What stands on a page of the survey, and what was stored of it."""

from typing import Any

from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from surveys.models import Answer
from tests.surveys.visitors import VIEWS, address, text_of

NO_USE = {"age": "18 or older", "uses": "No"}


def page(client: Client, study: Any, key: str) -> str:
    return text_of(client.get(address(study, f"survey/{key}/")))


def current(question: str) -> tuple[Any, str]:
    row = Answer.objects.filter(question=question).latest("pk")
    return row.value, row.status


def field(html: str, name: str) -> str | None:
    """What a text, number or select of the page is filled with."""
    node = LexborHTMLParser(html).css_first(f'[name="{name}"]')
    if node is None:
        return None
    chosen = node.css_first("option[selected]")
    if node.tag == "select":
        return chosen.attributes["value"] if chosen else ""
    return node.attributes.get("value") or node.text().strip()


def ticked(html: str, name: str) -> list[str | None]:
    return [node.attributes.get("value") for node in LexborHTMLParser(html).css(f'[name="{name}"][checked]')]


def assert_views_are_shown(html: str, *, words: str = "Handle with care") -> None:
    assert field(html, "words") == words
    assert field(html, "story") == VIEWS["story"]
    assert field(html, "people") == "3"
    assert field(html, "level") == "well" or ticked(html, "level") == ["well"]
    assert field(html, "home") == "FRA"
    assert ticked(html, "contact") == ["on"]
    assert ticked(html, "colour") == ["own"]
    assert field(html, "colour.own_text") == "mauve"
    assert ticked(html, "often") == ["daily"]
    assert field(html, "sliders.fair") == "64"
    assert ticked(html, "sliders.kind__na") == ["on"]


def shown_order(client: Client, study: Any) -> list[str | None]:
    nodes = LexborHTMLParser(page(client, study, "use")).css('input[name="purposes"]')
    return [node.attributes["value"] for node in nodes]
