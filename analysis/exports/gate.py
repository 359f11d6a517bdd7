"""The gate of a release: every text is looked through once more for personal data, whoever wrote it.

What was masked before a model got it is masked in its row already. Here the study's rules for exports decide
about the rest, answers of models and comments included, and every find is counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from conversations.privacy.leaving import leaving
from conversations.privacy.rules import Action, Place, Rules, findable
from prism.lib.pii import Span, find
from prism.lib.pii.names import names

Row = dict[str, Any]
# A text stands in up to three files, and those of a conversation are written one after the other.
TEXTS_REMEMBERED = 1024


class Gate:
    """Cleans rows and counts texts (`looked_at` and so on) and finds by kind, by column."""

    def __init__(self, rules: Rules, columns: Mapping[str, Sequence[str]]) -> None:
        self._rules = rules
        self._columns = columns
        self._warned = frozenset(rules.kinds(Place.EXPORT, Action.WARN))
        self._left_alone = set(findable()).difference(rules.kinds(Place.EXPORT))
        self._texts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._kinds: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._clean = lru_cache(maxsize=TEXTS_REMEMBERED)(self._cleaned)

    def clean(self, file: str, row: Row) -> None:
        """Put what may leave in place of each text of the row."""
        for column in self._columns.get(file, ()):
            self._replace(row, column.replace("[]", "").split("."), (file, column))

    def _replace(self, part: Any, path: Sequence[str], place: tuple[str, str]) -> None:
        if isinstance(part, list):
            for item in part:
                self._replace(item, path, place)
        elif isinstance(part, dict) and len(path) > 1:
            self._replace(part.get(path[0]), path[1:], place)
        elif isinstance(part, dict) and path[0] in part:
            part[path[0]] = self._passed(part[path[0]], place)

    def _passed(self, value: Any, place: tuple[str, str]) -> Any:
        """A text cleaned, or a list or an object (texts typed beside choices) with its texts cleaned."""
        if isinstance(value, str):
            return self._counted(value, place)
        if isinstance(value, list):
            return [self._passed(item, place) for item in value]
        if isinstance(value, dict):
            return {key: self._passed(item, place) for key, item in value.items()}
        return value

    def _counted(self, text: str, place: tuple[str, str]) -> str | None:
        cleaned, spans = self._clean(text)
        self._texts[place]["looked_at"] += 1
        self._kinds[place].update(str(span.kind) for span in spans)
        if cleaned is None:
            self._texts[place]["left_out"] += 1
            return None
        self._texts[place]["changed"] += cleaned != text
        self._texts[place]["warned"] += any(span.kind in self._warned for span in spans)
        return cleaned

    def has_finds(self, text: str) -> bool:
        """Whether anything is found in a text, be it of a kind that the rules leave alone in exports."""
        return bool(self._clean(text)[1] or (self._left_alone and find(text, self._left_alone, names)))

    def _cleaned(self, text: str) -> tuple[str | None, Sequence[Span]]:
        # Where it warns of a text, the whole release waits until somebody is asked.
        return leaving(text, self._rules, is_asked=True)

    def facts(self) -> dict[str, Any]:
        """For the manifest: the rules, and what was found where; columns without texts are not there."""
        found: dict[str, dict[str, Any]] = defaultdict(dict)
        for (file, column), texts in sorted(self._texts.items()):
            counts = {name: texts[name] for name in ("looked_at", "changed", "left_out", "warned")}
            found[file][column] = {**counts, "found": dict(sorted(self._kinds[file, column].items()))}
        actions = {kind: self._rules.action(Place.EXPORT, kind) for kind in findable()}
        return {"rules_version": self._rules.version or None, "actions": actions, "texts": dict(found)}


def warned(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Where a release holds what its rules warn of: file, column, number of texts."""
    for file, columns in manifest.get("personal_data", {}).get("texts", {}).items():
        for column, counts in columns.items():
            if counts.get("warned"):
                yield file, column, counts["warned"]
