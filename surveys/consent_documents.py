"""Consent documents as data: a file in YAML or JSON with its texts, purposes and translations.

The format is published as instruments/consent-schema.json. A text is a string, or a group of one string for
each language that the document offers. A box is a purpose: whoever ticks it agrees to that, and a required
one is a condition of taking part. The box with the key PUBLICATION, where there is one, decides whether what
a person wrote is released.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from django.utils.translation import gettext as _

from surveys.questionnaires.schema import Fault, Schema, faults
from surveys.questionnaires.source import Path, read_tree

FORMAT = "prism-consent/1"
PUBLICATION = "publication"
RESERVED = {"decline", "csrfmiddlewaretoken"}
SCHEMA_FILE = FilePath(__file__).parent / "instruments" / "consent-schema.json"
TEXTS = ("title", "changes", "body", "debriefing")
BOX_TEXTS = ("label", "help")


@dataclass(frozen=True)
class Box:
    key: str
    label: str
    help: str = ""
    required: bool = False


@dataclass(frozen=True)
class ConsentText:
    """A consent document in one language; `translations` are the same in the other languages it offers."""

    key: str
    language: str
    title: str
    body: str
    boxes: tuple[Box, ...]
    changes: str = ""
    debriefing: str = ""
    reconsent: bool = False
    translations: dict[str, ConsentText] = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages offered, the document's own first."""
        return (self.language, *self.translations)

    def in_language(self, code: str) -> ConsentText:
        """The document in that language or in the one it is a variety of; else in its own."""
        return self.translations.get(code) or self.translations.get(code.partition("-")[0]) or self


@cache
def schema() -> Schema:
    """The published schema; not to be changed by the caller."""
    loaded: Schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return loaded


def parse(text: str, *, source: str = "") -> ConsentText:
    """The consent document that a YAML or JSON text describes; `source` names the file in messages.

    Raises QuestionnaireError with every problem found, each with its line.
    """
    tree = read_tree(text, source)
    tree.refuse(_identity_faults(tree.value), source)
    tree.refuse(faults(tree.value, _resolved()), source)
    tree.refuse([*_key_faults(tree.value), *_language_faults(tree.value)], source)
    raw, own = tree.value, tree.value["language"]
    others = [code for code in raw.get("languages", ()) if code != own]
    return _in_language(raw, own, {code: _in_language(raw, code) for code in others})


def as_file(key: str, title: str, body: str, boxes: list[dict[str, Any]], **more: Any) -> str:
    """A consent document in one language as the text of a file."""
    parts = {"format": FORMAT, "key": key, "language": "en", "title": title, "body": body, "boxes": boxes}
    return json.dumps({**parts, **more}, ensure_ascii=False, indent=1)


@cache
def _resolved() -> Schema:
    """The schema with its own definitions put in; those of questionnaires are known to `faults`."""
    whole = schema()
    properties = dict(whole["properties"])
    for name in ("changes", "body", "debriefing"):
        properties[name] = whole["$defs"]["long"]
    properties["boxes"] = {**properties["boxes"], "items": whole["$defs"]["box"]}
    shape = {name: part for name, part in whole.items() if name != "$defs"}
    return {**shape, "properties": properties}


def _identity_faults(value: Any) -> Iterator[Fault]:
    if not isinstance(value, dict) or "format" not in value:
        message = _("This is not a consent document: it should begin with “format: %(format)s”.")
        yield (), message % {"format": FORMAT}


def _key_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, box in enumerate(raw["boxes"]):
        if box["key"] in seen | RESERVED:
            message = _("The key “%(key)s” is taken; every box needs one of its own.")
            yield ("boxes", place, "key"), message % {"key": box["key"]}
        seen.add(box["key"])


def _language_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    offered = raw.get("languages", [raw["language"]])
    if raw["language"] not in offered:
        yield ("languages",), _("The document's own language is missing among them.")
    for path, text in _texts(raw):
        if isinstance(text, str) and len(offered) > 1:
            yield path, _("needs a text for each language: %(codes)s.") % {"codes": ", ".join(offered)}
        if isinstance(text, dict):
            yield from _group_faults(text, path, offered)


def _group_faults(group: dict[str, Any], path: Path, offered: list[str]) -> Iterator[Fault]:
    missing = [code for code in offered if code not in group]
    if missing:
        yield path, _("is missing in: %(codes)s.") % {"codes": ", ".join(missing)}
    for code in group:
        if code not in offered:
            yield (*path, code), _("is no language that stands in “languages”.")


def _texts(raw: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield from (((name,), raw[name]) for name in TEXTS if name in raw)
    for place, box in enumerate(raw["boxes"]):
        yield from ((("boxes", place, name), box[name]) for name in BOX_TEXTS if name in box)


def _in_language(
    raw: dict[str, Any], code: str, translations: dict[str, ConsentText] | None = None
) -> ConsentText:
    def said(part: dict[str, Any], name: str) -> str:
        text = part.get(name, "")
        return (text[code] if isinstance(text, dict) else text).strip()

    boxes = tuple(
        Box(box["key"], said(box, "label"), said(box, "help"), box.get("required", False))
        for box in raw["boxes"]
    )
    texts = {name: said(raw, name) for name in TEXTS}
    return ConsentText(
        raw["key"],
        code,
        boxes=boxes,
        reconsent=raw.get("reconsent", False),
        translations=translations or {},
        **texts,
    )
