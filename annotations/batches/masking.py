"""Taking out of texts what says who somebody is, before an annotator may see them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from typing import Any

from annotations.batches.rows import SideRow, TaskRow
from conversations.privacy.rules import Action, Place, findable
from conversations.privacy.versions import rules_for
from prism.lib.pii import find, mask
from prism.lib.pii.names import names
from surveys.models import Study

TEXTS_REMEMBERED = 1024  # an answer stands in every pair that it is part of


class HeldBack(Exception):
    """The study lets no text with such a find leave."""


class Mask:
    """Masks whatever is found, of every kind; `found` counts the finds by kind.

    A text with a find that the study's rules for exports block keeps its whole task out.
    """

    def __init__(self, study: Study) -> None:
        rules = rules_for(study)
        self._blocked = frozenset(rules.kinds(Place.EXPORT, Action.BLOCK))
        self._masked = lru_cache(maxsize=TEXTS_REMEMBERED)(self._look_through)
        self.found: Counter[str] = Counter()

    def clean(self, row: TaskRow) -> TaskRow:
        """The task without personal data. Raises HeldBack, and NamesNotFound of prism.lib.pii.names."""
        return replace(
            row,
            query=self.text(row.query),
            context=tuple({**said, "text": self.text(said["text"])} for said in row.context),
            sides=tuple(self._side(side) for side in row.sides),
            facts=self._each(row.facts),
            reference=self.text(row.reference),
        )

    def text(self, text: str) -> str:
        masked, kinds = self._masked(text)
        self.found.update(kinds)
        return masked

    def _look_through(self, text: str) -> tuple[str, tuple[str, ...]]:
        kinds = findable()
        spans = find(text, kinds, names)
        if any(span.kind in self._blocked for span in spans):
            raise HeldBack
        found = tuple(str(span.kind) for span in spans)
        return (mask(text, kinds, names)[0] if spans else text), found

    def _side(self, side: SideRow) -> SideRow:
        """With as many words as before: a mask changes what is shown, not how long the answer was."""
        words, counter = side.counted
        return replace(side, text=self.text(side.text), words=words, counter=counter)

    def _each(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self._each(item) for item in value]
        if isinstance(value, dict):
            return {key: self._each(item) for key, item in value.items()}
        return value
