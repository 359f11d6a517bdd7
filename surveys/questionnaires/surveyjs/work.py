"""What an import carries along: languages, keys given so far, questions that conditions name, findings."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext as _

Kind = Literal["skipped", "approximated"]
Text = str | dict[str, str]

HEADING, LINE, PROSE = 200, 500, 10_000
MAXIMUM_KEY = 50
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TAG = re.compile(r"<[^<>]*>")
_PIPE = re.compile(r"\{([^{}]*)\}")
_NOT_SAYABLE = frozenset({"information", "sliders", "matrix", "consent"})


@dataclass(frozen=True)
class Finding:
    """Something left out, or that came along in another form; `where` is its place in the SurveyJS file."""

    where: str
    kind: Kind
    message: str


@dataclass
class Known:
    """A converted question that later conditions and texts may name; `rows` gives a matrix row's item key."""

    question: dict[str, Any]
    page: int
    rows: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> list[str]:
        options = self.question.get("options", ())
        return [option if isinstance(option, str) else option["value"] for option in options]


@dataclass
class Work:
    """The state of one import. Texts are strings, or groups by language when there are several."""

    language: str
    findings: list[Finding] = field(default_factory=list)
    languages: dict[str, None] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)
    page: int = 0

    def skip(self, where: str, message: str) -> None:
        self.findings.append(Finding(where, "skipped", message))

    def approximate(self, where: str, message: str) -> None:
        self.findings.append(Finding(where, "approximated", message))

    def left_out(self, raw: dict[str, Any], understood: Iterable[str], where: str) -> None:
        """Name the properties that have no counterpart here."""
        names = sorted(str(name)[:60] for name in raw.keys() - set(understood))
        if names:
            self.skip(where, _("Left out: %(names)s.") % {"names": ", ".join(names)[:500]})

    def question_key(self, name: str, where: str) -> str:
        """A key of ours for a name of theirs, unlike every other and the keys of texts beside."""
        key = free_key(name, "question", self.keys)
        self.keys |= {key, f"{key}_text"}
        if key != name:
            self.approximate(where, _("Its name is “%(key)s” here.") % {"key": key})
        return key

    def text(self, raw: Any, where: str, *, limit: int, otherwise: str = "") -> Text:
        """A text in every language it is given in; `otherwise` where there is none."""
        spoken = self._spoken(raw, where)
        cleaned = {code: self._cleaned(text, where, limit) for code, text in spoken.items()}
        said = {code: text for code, text in cleaned.items() if text}
        if not said:
            return otherwise
        own = said.get(self.language) or next(iter(said.values()))
        if set(said) <= {self.language}:
            return own
        return {self.language: own, **said}

    def _spoken(self, raw: Any, where: str) -> dict[str, str]:
        if not isinstance(raw, dict):
            return {self.language: plain(raw)}
        found = {}
        for code, text in raw.items():
            language = self.language if code == "default" else str(code)
            if is_language(language) and (language in self.languages or len(self.languages) < 49):
                self.languages[language] = None
                found[language] = plain(text)
            else:
                self.skip(where, _("“%(code)s” is no language we know.") % {"code": language[:40]})
        return found

    def _cleaned(self, text: str, where: str, limit: int) -> str:
        bare = text
        if "<" in text:
            bare = _TAG.sub(" ", text)
            if bare != text:
                self.approximate(where, _("Its text came along without its markup."))
        bare = html.unescape(bare) if "&" in bare else bare
        bare = printable(bare).replace("{{", "{ {").replace("}}", "} }").strip()
        if len(bare) > limit:
            self.approximate(where, _("A text was cut to %(limit)d characters.") % {"limit": limit})
            bare = bare[:limit].strip()
        return self._piped(bare, where, limit)

    def _piped(self, text: str, where: str, limit: int) -> str:
        """Earlier answers in a text: {name} of theirs is {{answer:key}} of ours."""

        def ours(pipe: re.Match[str]) -> str:
            known = self.known.get(pipe[1].strip())
            if known and known.page < self.page and known.question["type"] not in _NOT_SAYABLE:
                return f"{{{{answer:{known.question['key']}}}}}"
            message = _("“%(pipe)s” in a text stays as it is: it is no answer of an earlier page.")
            self.approximate(where, message % {"pipe": pipe[0][:60]})
            return pipe[0]

        piped = _PIPE.sub(ours, text)
        return piped if len(piped) <= limit else text


def is_language(code: str) -> bool:
    return len(code) < 40 and _LANGUAGE.fullmatch(code) is not None


def free_key(name: str, otherwise: str, taken: set[str]) -> str:
    """A key like the name that is not taken, and whose text beside is not either."""
    bare = re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_-")[:MAXIMUM_KEY] or otherwise
    bare = bare if bare[0].isalpha() else f"q_{bare}"[:MAXIMUM_KEY]
    key, number = bare, 2
    while key in taken or f"{key}_text" in taken:
        key, number = f"{bare}_{number}", number + 1
    return key


def plain(value: Any) -> str:
    """A single value as text, as SurveyJS compares it; "" for lists, groups and nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else ""


def printable(text: str) -> str:
    """Without characters that no file of ours may hold."""
    kept = "".join(mark for mark in text.replace("\r\n", "\n") if mark in "\n\t" or ord(mark) >= 32)
    return kept.encode("utf-8", "ignore").decode()
