"""A whole protocol, put together from its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from conversations.ballots import SIDES, Ballot, Suggestion, read_ballot, read_suggestions
from conversations.calling import STANDARD, Calls, read_calls
from conversations.protocols.continuation import ALL, WINNER, Continuation, read_continuation
from conversations.protocols.feedback import NO_FEEDBACK, FeedbackForm, read_feedback
from conversations.protocols.generation import read_generation
from conversations.protocols.kinds import MOST_SYSTEM, ConversationType, read_types
from conversations.protocols.lengths import (
    NO_ANSWER_LENGTH,
    AnswerLength,
    Lengths,
    read_answer_length,
    read_lengths,
)
from conversations.protocols.rating import FULL_SLIDER, SLIDER, RatingScale, read_rating
from conversations.protocols.reading import Part, ProtocolError
from conversations.protocols.reliability import (
    NO_OVERLAP,
    NO_REPEATS,
    Overlap,
    Repeats,
    read_overlap,
    read_repeats,
)
from conversations.protocols.reveal import NEVER, read_reveal
from conversations.protocols.sampling import Sampling, read_sampling
from conversations.protocols.voted import refuse_duties, refuse_parts_of_ratings
from conversations.protocols.words import ENGLISH, in_language, languages_of, own_language, words
from surveys.questionnaires import QuestionnaireError
from surveys.questionnaires.source import read_tree

CHOOSE, RANDOM = TIE_RULES = ("choose", "random")  # who settles a tie: the participant, or chance
PRESETS = Path(__file__).parent.parent / "presets"
# How text is shown: as it comes; at one rate on all sides; or everything at once at the end.
STREAM, CADENCE, TOGETHER = PACINGS = ("stream", "cadence", "together")


@dataclass(frozen=True)
class Protocol:
    name: str
    types: tuple[ConversationType, ...]
    opening_models: int
    sampling: Sampling
    replacements: int
    continuation: Continuation
    minimum_turns: int
    maximum_turns: int
    lengths: Lengths
    rating: RatingScale
    tie: str
    generation: Mapping[str, Any]
    feedback: FeedbackForm
    ballot: Ballot | None = None
    pacing: str = STREAM
    may_stop: bool = True
    calls: Calls = STANDARD
    reveal: str = NEVER
    language: str = ENGLISH
    system: str = ""
    answers: AnswerLength = NO_ANSWER_LENGTH
    suggestions: tuple[Suggestion, ...] = ()
    repeats: Repeats = NO_REPEATS
    overlap: Overlap = NO_OVERLAP

    def type(self, key: str) -> ConversationType | None:
        return next((kind for kind in self.types if kind.key == key), None)

    @property
    def conversations(self) -> int:
        return sum(kind.required for kind in self.types)

    @property
    def maximum_characters(self) -> int:
        return self.lengths.maximum_characters

    @property
    def languages(self) -> tuple[str, ...]:
        """Those of its texts, the document's own first."""
        scale = (self.rating.low, self.rating.high, *self.rating.points)
        found = languages_of(self) | {language for labels in scale for language in labels if language}
        return (self.language, *sorted(found - {self.language}))

    def system_for(self, kind: str) -> str:
        """What is told to the models in conversations of a type."""
        own = self.type(kind)
        return "\n\n".join(filter(None, ((own and own.system) or self.system, self.answers.request)))

    @property
    def samples(self) -> int:
        return self.continuation.samples

    @property
    def all_go_on(self) -> bool:
        """Whether every model keeps its slot and goes on with its own answers."""
        return self.continuation.who == ALL

    @property
    def feedback_scale(self) -> RatingScale:
        """The sliders of the feedback: those of the ratings, where these are sliders."""
        return self.rating if self.rating.kind == SLIDER else FULL_SLIDER


@lru_cache(maxsize=64)
def parse(text: str) -> Protocol:
    """The protocol in a YAML or JSON text; raises ProtocolError with line, place and reason."""
    try:
        tree = read_tree(text)
    except QuestionnaireError as error:
        raise ProtocolError(*error.problems) from error
    document = Part(tree, (), tree.value)
    if not isinstance(tree.value, dict) or "protocol" not in tree.value:
        raise document.wrong(_("This is no conversation protocol: the key `protocol` is missing."))
    return _protocol(document)


@lru_cache(maxsize=256)
def spoken(text: str, language: str) -> Protocol:
    """The same with each of its texts in a language, where it has them in that one."""
    rules = parse(text)
    said: Protocol = in_language(rules, language, rules.language)
    return said


def preset(name: str) -> str:
    """The text of a shipped protocol, for example `prism`."""
    return (PRESETS / f"{name}.yaml").read_text(encoding="utf-8")


COMMON = (
    "protocol",
    "types",
    "opening",
    "turns",
    "prompt",
    "generation",
    "pacing",
    "stop",
    "calls",
    "reveal",
    "language",
    "system",
    "answers",
    "suggestions",
)


def _protocol(document: Part) -> Protocol:
    return _voted(document) if "vote" in document.value else _rated(document)


def _rated(document: Part) -> Protocol:
    document.only(*COMMON, "continuation", "rating", "tie", "feedback", "repeats", "overlap")
    common, rating = _common(document), read_rating(document.part("rating"))
    if rating.compares and common["opening_models"] < 2:
        raise document.wrong(_("answers are compared, so two are needed"), "opening", "models")
    continuation = read_continuation(document.part("continuation"), common["opening_models"])
    needs_winner = continuation.who == WINNER and rating.may_tie
    return Protocol(
        **common,
        continuation=continuation,
        rating=rating,
        tie=document.one_of("tie", TIE_RULES, default=None if needs_winner else CHOOSE),
        feedback=read_feedback(document.part("feedback")),
        reveal=read_reveal(document, default="never"),
        repeats=_repeats(document) if "repeats" in document.value else NO_REPEATS,
        overlap=_overlap(document, common) if "overlap" in document.value else NO_OVERLAP,
    )


def _repeats(document: Part) -> Repeats:
    if read_reveal(document, default="never") != NEVER:
        raise document.wrong(_("answers whose models are known would not be rated blindly again"), "repeats")
    return read_repeats(document.part("repeats"))


def _overlap(document: Part, common: Mapping[str, Any]) -> Overlap:
    return read_overlap(document.part("overlap"), tuple(kind.key for kind in common["types"]))


def _voted(document: Part) -> Protocol:
    """Two blind models that both go on; nothing is rated, no winner is chosen, no feedback is due."""
    refuse_parts_of_ratings(document)
    common = _common(document.only(*COMMON, "vote"))
    refuse_duties(document, common["types"])
    protocol = Protocol(
        **common,
        continuation=Continuation(ALL, len(SIDES)),
        rating=FULL_SLIDER,
        tie=CHOOSE,
        feedback=NO_FEEDBACK,
        ballot=replace(read_ballot(document.part("vote")), suggestions=common["suggestions"]),
        reveal=read_reveal(document, default="after_vote"),
    )
    if protocol.opening_models != len(SIDES):
        raise document.wrong(_("a vote compares the answers of two models"), "opening", "models")
    return protocol


def _common(document: Part) -> dict[str, Any]:
    opening = document.part("opening").only("models", "sampling", "replacements")
    turns = document.part("turns").only("minimum", "maximum")
    return {
        "name": document.text("protocol"),
        "types": read_types(document),
        "opening_models": opening.whole("models", 1, 8),
        "sampling": read_sampling(opening.part("sampling", {})),
        "replacements": opening.whole("replacements", 0, 10, default=0),
        "minimum_turns": turns.whole("minimum", 1, 100),
        "maximum_turns": turns.whole("maximum", turns.whole("minimum", 1, 100), 100),
        "lengths": read_lengths(document.part("prompt")),
        "generation": read_generation(document.part("generation", {})),
        "pacing": document.one_of("pacing", PACINGS, default=STREAM),
        "may_stop": document.flag("stop", default=True),
        "calls": read_calls(document.part("calls", {})),
        "language": own_language(document),
        "system": words(document, "system", default="", most=MOST_SYSTEM),
        "answers": _answers(document),
        "suggestions": _suggestions(document),
    }


def _answers(document: Part) -> AnswerLength:
    return read_answer_length(document.part("answers")) if "answers" in document.value else NO_ANSWER_LENGTH


def _suggestions(document: Part) -> tuple[Suggestion, ...]:
    """At the top of the document, or in the older spelling within the part `vote`."""
    holder = (
        document if "suggestions" in document.value or "vote" not in document.value else document.part("vote")
    )
    return read_suggestions(holder)
