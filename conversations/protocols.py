"""The rules of a study's conversations, as a validated document. Pure: no database, no Django models."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from conversations.ballots import SIDES, Ballot, read_ballot
from conversations.calling import STANDARD, Calls, read_calls
from surveys.questionnaires import QuestionnaireError
from surveys.questionnaires.source import Tree, read_tree

PRESETS = Path(__file__).parent / "presets"
# How text is shown: as it comes; at one rate on all sides; or everything at once at the end.
STREAM, CADENCE, TOGETHER = PACINGS = ("stream", "cadence", "together")
# Which models are drawn for an opening: those drawn less weigh more; all alike; the least drawn ones.
EXPOSURE, UNIFORM, LEAST = RULES = ("exposure", "uniform", "least")
MOST_PAIRS = 100  # so few that it is soon known whether a pool can be drawn apart
# What the caller of a model decides itself; a protocol must not overrule it.
RESERVED = ("model", "messages", "stream", "stream_options", "seed", "n")


class ProtocolError(ValueError):
    """The text is no conversation protocol; the message says where and why."""


@dataclass(frozen=True)
class ConversationType:
    key: str
    label: str
    text: str
    required: int
    hint: str = ""


@dataclass(frozen=True)
class Sampling:
    """`exposure`: weight 1/(n+s)^a, n = times the model was drawn in the study. `uniform`: all alike.

    `least`: those with the smallest n. The models of a pair in `apart`, by name, never stand side by side.
    """

    rule: str = EXPOSURE
    a: float = 1.0
    s: float = 1.0
    apart: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RatingScale:
    minimum: int
    maximum: int
    low: str
    high: str


@dataclass(frozen=True)
class Block:
    text: str
    low: str
    high: str


NO_BLOCK = Block("", low="", high="")


@dataclass(frozen=True)
class FeedbackForm:
    performance: Block
    choice: Block
    attributes: Mapping[str, str]
    open_text: str
    open_maximum: int
    open_required: bool


@dataclass(frozen=True)
class Protocol:
    name: str
    types: tuple[ConversationType, ...]
    opening_models: int
    sampling: Sampling
    replacements: int
    samples: int
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

    def type(self, key: str) -> ConversationType | None:
        return next((kind for kind in self.types if kind.key == key), None)

    @property
    def conversations(self) -> int:
        return sum(kind.required for kind in self.types)


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


@dataclass(frozen=True)
class Part:
    """A mapping of the document: gives typed values, and names the place of what is wrong."""

    tree: Tree
    path: tuple[str | int, ...]
    value: Any

    def wrong(self, reason: str, *keys: str | int) -> ProtocolError:
        return ProtocolError(str(self.tree.problem((*self.path, *keys), reason)))

    def only(self, *known: str) -> "Part":
        """This part; refuses any key that is not known, which would be a typing error without effect."""
        for key in self.value:
            if key not in known:
                raise self.wrong(_("there is no such key here; known are %s") % ", ".join(known), key)
        return self

    def get(self, key: str, default: Any = None) -> Any:
        found = self.value.get(key, default)
        if found is None:
            raise self.wrong(_("is missing"), key)
        return found

    def part(self, key: str, default: dict[str, Any] | None = None) -> "Part":
        return self._inner(self.get(key, default), key)

    def parts(self, key: str) -> list["Part"]:
        found = self.get(key)
        if not isinstance(found, list):
            raise self.wrong(_("must be a list"), key)
        return [self._inner(entry, key, number) for number, entry in enumerate(found)]

    def _inner(self, found: Any, *keys: str | int) -> "Part":
        if not isinstance(found, dict):
            raise self.wrong(_("must be a part with keys of its own"), *keys)
        return Part(self.tree, (*self.path, *keys), found)

    def text(self, key: str, default: str | None = None, most: int = 10_000) -> str:
        text = self.get(key, default)
        if not isinstance(text, str):
            raise self.wrong(_("must be text; put it in quotes"), key)
        if len(text) > most or not (text.strip() or text == default):
            raise self.wrong(_("must have 1 to %s characters") % most, key)
        return text

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        number = self.get(key, default)
        if isinstance(number, bool) or not isinstance(number, int | float) or not low <= number <= high:
            raise self.wrong(_("must be a number from {low:g} to {high:g}").format(low=low, high=high), key)
        return number

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        number = self.get(key, default)
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise self.wrong(_("must be a whole number from {low} to {high}").format(low=low, high=high), key)
        return number

    def one_of(self, key: str, words: tuple[str, ...], default: str | None = None) -> str:
        word = self.get(key, default)
        if word not in words:
            raise self.wrong(_("must be one of: %s") % ", ".join(words), key)
        return str(word)

    def flag(self, key: str, default: bool = False) -> bool:
        flag = self.get(key, default)
        if not isinstance(flag, bool):
            raise self.wrong(_("must be true or false"), key)
        return flag


COMMON = ("protocol", "types", "opening", "turns", "prompt", "generation", "pacing", "stop", "calls")


def _protocol(document: Part) -> Protocol:
    return _voted(document) if "vote" in document.value else _rated(document)


def _rated(document: Part) -> Protocol:
    document.only(*COMMON, "continuation", "rating", "tie", "feedback")
    return Protocol(
        **_common(document),
        samples=document.part("continuation").only("samples").whole("samples", 1, 8),
        rating=_rating(document.part("rating").only("minimum", "maximum", "low", "high")),
        tie=document.one_of("tie", ("choose", "random")),
        feedback=_feedback(document.part("feedback").only("performance", "choice", "attributes", "open")),
    )


def _voted(document: Part) -> Protocol:
    """Two blind models that both go on; nothing is rated, no winner is chosen, no feedback is due."""
    protocol = Protocol(
        **_common(document.only(*COMMON, "vote")),
        samples=1,
        rating=RatingScale(1, 100, low="", high=""),
        tie="choose",
        feedback=FeedbackForm(NO_BLOCK, NO_BLOCK, {}, "", 1, open_required=False),
        ballot=read_ballot(document.part("vote")),
    )
    if protocol.opening_models != len(SIDES):
        raise document.wrong(_("a vote compares the answers of two models"), "opening", "models")
    return protocol


def _common(document: Part) -> dict[str, Any]:
    opening = document.part("opening").only("models", "sampling", "replacements")
    turns = document.part("turns").only("minimum", "maximum")
    return {
        "name": document.text("protocol"),
        "types": _types(document),
        "opening_models": opening.whole("models", 1, 8),
        "sampling": _sampling(opening.part("sampling", {})),
        "replacements": opening.whole("replacements", 0, 10, default=0),
        "minimum_turns": turns.whole("minimum", 1, 100),
        "maximum_turns": turns.whole("maximum", turns.whole("minimum", 1, 100), 100),
        "maximum_characters": _maximum_characters(document.part("prompt").only("maximum_characters")),
        "generation": _generation(document.part("generation", {})),
        "pacing": document.one_of("pacing", PACINGS, default=STREAM),
        "may_stop": document.flag("stop", default=True),
        "calls": read_calls(document.part("calls", {})),
    }


def _types(document: Part) -> tuple[ConversationType, ...]:
    parts = document.parts("types")
    types = tuple(_type(part.only("key", "label", "text", "required", "hint")) for part in parts)
    if not types:
        raise document.wrong(_("at least one conversation type is needed"), "types")
    for number, kind in enumerate(types):
        if kind.key in {other.key for other in types[:number]}:
            raise document.wrong(_("another type has the same key"), "types", number, "key")
    return types


def _type(part: Part) -> ConversationType:
    return ConversationType(
        key=part.text("key", most=40),
        label=part.text("label"),
        text=part.text("text"),
        required=part.whole("required", 0, 100),
        hint=part.text("hint", default=""),
    )


def _sampling(part: Part) -> Sampling:
    part.only("rule", "a", "s", "apart")
    # Within these bounds no weight falls to 0, however often a model was drawn.
    return Sampling(
        rule=part.one_of("rule", RULES, default=EXPOSURE),
        a=float(part.number("a", 0, 10, default=1.0)),
        s=float(part.number("s", 0.001, 1_000_000, default=1.0)),
        apart=_pairs(part),
    )


def _pairs(part: Part) -> tuple[tuple[str, str], ...]:
    pairs = part.get("apart", [])
    if not isinstance(pairs, list) or len(pairs) > MOST_PAIRS:
        raise part.wrong(_("must be a list of at most %d pairs") % MOST_PAIRS, "apart")
    for number, pair in enumerate(pairs):
        if not _is_pair(pair):
            raise part.wrong(_("must be the names of two different models: [name, name]"), "apart", number)
    return tuple((pair[0], pair[1]) for pair in pairs)


def _is_pair(pair: Any) -> bool:
    is_two = isinstance(pair, list) and len(pair) == 2 and pair[0] != pair[1]
    return is_two and all(isinstance(name, str) and name.strip() for name in pair)


def _maximum_characters(part: Part) -> int:
    return part.whole("maximum_characters", 1, 100_000)


def _rating(part: Part) -> RatingScale:
    minimum = part.whole("minimum", 1, 99)
    return RatingScale(
        minimum, part.whole("maximum", minimum + 1, 100), low=part.text("low"), high=part.text("high")
    )


def _generation(part: Part) -> dict[str, Any]:
    for key in part.value:
        if key in RESERVED:
            raise part.wrong(_("is set for every call and cannot be changed"), key)
    if "max_tokens" in part.value:
        part.whole("max_tokens", 1, 1_000_000)
    return dict(part.value)


def _feedback(part: Part) -> FeedbackForm:
    attributes, text = (
        part.part("attributes"),
        part.part("open").only("text", "maximum_characters", "required"),
    )
    return FeedbackForm(
        performance=_block(part.part("performance")),
        choice=_block(part.part("choice")),
        attributes={key: attributes.text(key) for key in attributes.value},
        open_text=text.text("text"),
        open_maximum=_maximum_characters(text),
        open_required=text.flag("required"),
    )


def _block(part: Part) -> Block:
    part.only("text", "low", "high")
    return Block(part.text("text"), low=part.text("low"), high=part.text("high"))
