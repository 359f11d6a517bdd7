"""Texts of a protocol that people or models read: one string, or one for each language.

A plain text is in the document's own `language` (`en` unless said); a group such as {en: Yes, fr: Oui} has
that language at least.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from conversations.protocols.reading import Part
from surveys.questionnaires import Questionnaire
from surveys.questionnaires.texts import Text

ENGLISH = "en"
NO_OTHERS: Mapping[str, str] = {}


class Spoken(str):
    """A text in the document's own language; `others` are the same in further languages."""

    others: Mapping[str, str] = NO_OTHERS

    @classmethod
    def of(cls, texts: Mapping[str, str], own: str) -> Spoken:
        made = cls(texts[own])
        made.others = {language: text for language, text in texts.items() if language != own}
        return made

    def said(self, language: str, own: str) -> Text:
        """In a language, or the one that it is a variety of; else as it is, marked with its own."""
        for wanted in (language, language.partition("-")[0]):
            if wanted in self.others:
                return Text(self.others[wanted])
        return Text(self) if language.partition("-")[0] == own else Text.of(self, own)


def own_language(part: Part) -> str:
    """The language of the document's plain texts."""
    language = part.tree.value.get("language", ENGLISH)
    if not isinstance(language, str) or not 2 <= len(language) <= 35:
        raise part.wrong(_("must be the code of a language, such as en"), "language")
    return language


def words(part: Part, key: str, default: str | None = None, most: int = 10_000) -> Spoken:
    """A text of the document, in one or several languages. Raises ProtocolError."""
    found = part.get(key, default)
    if not isinstance(found, dict):
        return Spoken(part.text(key, default, most))
    group = part.part(key)
    texts = {str(language): group.text(language, most=most) for language in found}
    own = own_language(part)
    if own not in texts:
        raise part.wrong(_("lacks the document's own language, “%(language)s”.") % {"language": own}, key)
    return Spoken.of(texts, own)


def in_language(part: Any, language: str, own: str) -> Any:
    """The same part of a protocol with one language of each text."""
    if isinstance(part, Spoken):
        return part.said(language, own)
    if isinstance(part, Questionnaire):  # it has languages of its own
        return part
    if is_dataclass(part) and not isinstance(part, type):
        return replace(
            part, **{f.name: in_language(getattr(part, f.name), language, own) for f in fields(part)}
        )
    if isinstance(part, tuple):
        return tuple(in_language(one, language, own) for one in part)
    if isinstance(part, Mapping):
        return {key: in_language(one, language, own) for key, one in part.items()}
    return part


def languages_of(part: Any) -> set[str]:
    """The languages other than the document's own in which a part has texts."""
    if isinstance(part, Spoken):
        return set(part.others)
    if isinstance(part, Questionnaire):
        return set(part.languages)
    inner: Iterable[Any] = ()
    if is_dataclass(part) and not isinstance(part, type):
        inner = (getattr(part, f.name) for f in fields(part))
    elif isinstance(part, tuple):
        inner = part
    elif isinstance(part, Mapping):
        inner = part.values()
    return {language for one in inner for language in languages_of(one)}
