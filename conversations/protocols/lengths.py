"""How long messages may be, and how long answers shall be. Pure: no database."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from conversations import counting
from conversations.protocols.reading import Part
from conversations.protocols.words import ENGLISH, Spoken, words

MOST = 100_000
ASKED = {"en": "Answer in at most {words} words.", "fr": "Réponds en {words} mots au plus."}


@dataclass(frozen=True)
class Lengths:
    """Bounds of a message, in characters without spaces around it and in words; 0: no bound."""

    maximum_characters: int
    minimum_characters: int = 0
    minimum_words: int = 0
    maximum_words: int = 0

    @property
    def counts_words(self) -> bool:
        return bool(self.minimum_words or self.maximum_words)

    @property
    def is_told(self) -> bool:
        """Whether people are told of a bound before they meet it."""
        return self.counts_words or self.minimum_characters > 0

    def fault(self, text: str) -> str:
        """What is wrong with the length of a message, for the person who wrote it; empty when nothing is."""
        length, count = len(text), counting.words(text) if self.counts_words else 0
        if length > self.maximum_characters:
            said = {"length": length, "most": self.maximum_characters}
            return (
                _("Your message has %(length)s characters; %(most)s is the most. Please shorten it.") % said
            )
        if length < self.minimum_characters:
            said = {"length": length, "least": self.minimum_characters}
            return _("Your message has %(length)s characters; please write at least %(least)s.") % said
        if self.maximum_words and count > self.maximum_words:
            said = {"length": count, "most": self.maximum_words}
            return _("Your message has %(length)s words; %(most)s is the most. Please shorten it.") % said
        if count < self.minimum_words:
            said = {"length": count, "least": self.minimum_words}
            return _("Your message has %(length)s words; please write at least %(least)s.") % said
        return ""

    @property
    def told(self) -> str:
        """The bounds as people read them beside the field; empty where there are none to think of."""
        found = []
        if self.minimum_words and self.maximum_words:
            said = {"least": self.minimum_words, "most": self.maximum_words}
            found.append(_("%(least)s to %(most)s words") % said)
        elif self.minimum_words:
            found.append(_("At least %(least)s words") % {"least": self.minimum_words})
        elif self.maximum_words:
            found.append(_("At most %(most)s words") % {"most": self.maximum_words})
        if self.minimum_characters:
            found.append(_("At least %(least)s characters") % {"least": self.minimum_characters})
        return " · ".join(found)


@dataclass(frozen=True)
class AnswerLength:
    """`words`: what models are asked to stay within, 0 for nothing; by `instruction`, with {words} in it."""

    words: int = 0
    instruction: str = ""

    @property
    def request(self) -> str:
        return self.instruction.replace("{words}", str(self.words)) if self.words else ""


NO_ANSWER_LENGTH = AnswerLength()


def read_lengths(part: Part) -> Lengths:
    """The part `prompt`. Raises ProtocolError."""
    part.only("minimum_characters", "maximum_characters", "minimum_words", "maximum_words")
    most = part.whole("maximum_characters", 1, MOST)
    most_words = part.whole("maximum_words", 0, MOST, default=0)
    return Lengths(
        maximum_characters=most,
        minimum_characters=part.whole("minimum_characters", 0, most, default=0),
        # A word and the space before it need two characters.
        minimum_words=part.whole("minimum_words", 0, most_words or (most + 1) // 2, default=0),
        maximum_words=most_words,
    )


def read_answer_length(part: Part) -> AnswerLength:
    """The part `answers`. Raises ProtocolError."""
    most = part.only("words", "instruction").whole("words", 1, MOST)
    asked = Spoken.of(ASKED, ENGLISH)
    return AnswerLength(most, words(part, "instruction") if "instruction" in part.value else asked)
