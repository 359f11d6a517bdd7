"""A whole protocol, put together from its parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from surveys.questionnaires import QuestionnaireError
from surveys.questionnaires.source import read_tree

from conversations.ballots import SIDES, Ballot, read_ballot
from conversations.calling import STANDARD, Calls, read_calls
from conversations.protocols.continuation import ALL, WINNER, Continuation, read_continuation
from conversations.protocols.feedback import NO_BLOCK, FeedbackForm, read_feedback
from conversations.protocols.generation import read_generation
from conversations.protocols.kinds import ConversationType, read_types
from conversations.protocols.rating import FULL_SLIDER, SLIDER, RatingScale, read_rating
from conversations.protocols.reading import Part, ProtocolError, maximum_characters
from conversations.protocols.reveal import NEVER, read_reveal
from conversations.protocols.sampling import Sampling, read_sampling

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
    maximum_characters: int
    rating: RatingScale
    tie: str
    generation: Mapping[str, Any]
    feedback: FeedbackForm
    ballot: Ballot | None = None
    pacing: str = STREAM
    may_stop: bool = True
    calls: Calls = STANDARD
    reveal: str = NEVER

    def type(self, key: str) -> ConversationType | None:
        return next((kind for kind in self.types if kind.key == key), None)

    @property
    def conversations(self) -> int:
        return sum(kind.required for kind in self.types)

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
        raise ProtocolError(str(error)) from error
    document = Part(tree, (), tree.value)
    if not isinstance(tree.value, dict) or "protocol" not in tree.value:
        raise document.wrong(_("This is no conversation protocol: the key `protocol` is missing."))
    return _protocol(document)


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
)


def _protocol(document: Part) -> Protocol:
    return _voted(document) if "vote" in document.value else _rated(document)


def _rated(document: Part) -> Protocol:
    document.only(*COMMON, "continuation", "rating", "tie", "feedback")
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
    )


def _voted(document: Part) -> Protocol:
    """Two blind models that both go on; nothing is rated, no winner is chosen, no feedback is due."""
    protocol = Protocol(
        **_common(document.only(*COMMON, "vote")),
        continuation=Continuation(ALL, len(SIDES)),
        rating=FULL_SLIDER,
        tie=CHOOSE,
        feedback=FeedbackForm(NO_BLOCK, NO_BLOCK, {}, "", 1, open_required=False),
        ballot=read_ballot(document.part("vote")),
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
        "maximum_characters": maximum_characters(document.part("prompt").only("maximum_characters")),
        "generation": read_generation(document.part("generation", {})),
        "pacing": document.one_of("pacing", PACINGS, default=STREAM),
        "may_stop": document.flag("stop", default=True),
        "calls": read_calls(document.part("calls", {})),
    }
