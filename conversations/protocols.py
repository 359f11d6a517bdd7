"""The rules of a study's conversations, as a validated document. Pure: no database, no Django models."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")
PRESETS = Path(__file__).parent / "presets"


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
    """`exposure`: weight 1/(n+s)^a, n = times the model was drawn in the study. `uniform`: all alike."""

    rule: str = "exposure"
    a: float = 1.0
    s: float = 1.0


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

    def type(self, key: str) -> ConversationType | None:
        return next((kind for kind in self.types if kind.key == key), None)

    @property
    def conversations(self) -> int:
        return sum(kind.required for kind in self.types)


@lru_cache(maxsize=64)
def parse(text: str) -> Protocol:
    """The protocol in a YAML or JSON text; raises ProtocolError with place and reason."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProtocolError(f"not readable as YAML: {error}") from error
    if not isinstance(document, dict) or "protocol" not in document:
        raise ProtocolError("not a conversation protocol: the key `protocol` is missing")
    try:
        return _build(document)
    except KeyError as error:
        raise ProtocolError(f"the key {error} is missing") from error
    except (TypeError, AttributeError) as error:
        raise ProtocolError(f"a part has the wrong shape: {error}") from error


def preset(name: str) -> str:
    """The text of a shipped protocol, for example `prism`."""
    return (PRESETS / f"{name}.yaml").read_text(encoding="utf-8")


def _build(document: dict[str, Any]) -> Protocol:
    opening, turns = document["opening"], document["turns"]
    protocol = Protocol(
        name=str(document["protocol"]),
        types=tuple(_part(ConversationType, kind, "types") for kind in document["types"]),
        opening_models=_whole(opening["models"], "opening.models", 1, 8),
        sampling=_part(Sampling, opening["sampling"], "opening.sampling"),
        replacements=_whole(opening.get("replacements", 0), "opening.replacements", 0, 10),
        samples=_whole(document["continuation"]["samples"], "continuation.samples", 1, 8),
        minimum_turns=_whole(turns["minimum"], "turns.minimum", 1, 100),
        maximum_turns=_whole(turns["maximum"], "turns.maximum", 1, 100),
        maximum_characters=_whole(document["prompt"]["maximum_characters"], "prompt", 1, 100_000),
        rating=_part(RatingScale, document["rating"], "rating"),
        tie=str(document["tie"]),
        generation=dict(document.get("generation") or {}),
        feedback=_feedback(document["feedback"]),
    )
    _check(protocol)
    return protocol


def _feedback(part: dict[str, Any]) -> FeedbackForm:
    return FeedbackForm(
        performance=_part(Block, part["performance"], "feedback.performance"),
        choice=_part(Block, part["choice"], "feedback.choice"),
        attributes={str(key): str(label) for key, label in part["attributes"].items()},
        open_text=str(part["open"]["text"]),
        open_maximum=_whole(part["open"]["maximum_characters"], "feedback.open", 1, 100_000),
        open_required=bool(part["open"].get("required", False)),
    )


def _part(kind: type[T], part: dict[str, Any], where: str) -> T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    unknown = set(part) - known
    if unknown:
        raise ProtocolError(f"{where}: unknown keys {', '.join(sorted(map(str, unknown)))}")
    return kind(**part)


def _whole(number: Any, where: str, low: int, high: int) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
        raise ProtocolError(f"{where}: must be a whole number from {low} to {high}, not {number!r}")
    return number


def _check(protocol: Protocol) -> None:
    if not protocol.types:
        raise ProtocolError("types: at least one conversation type is needed")
    if len({kind.key for kind in protocol.types}) < len(protocol.types):
        raise ProtocolError("types: two types have the same key")
    if protocol.minimum_turns > protocol.maximum_turns:
        raise ProtocolError("turns: the minimum is above the maximum")
    if protocol.tie not in {"choose", "random"}:
        raise ProtocolError("tie: must be `choose` or `random`")
    if protocol.sampling.rule not in {"exposure", "uniform"}:
        raise ProtocolError("opening.sampling.rule: must be `exposure` or `uniform`")
    if protocol.sampling.s <= 0 or protocol.sampling.a < 0:
        raise ProtocolError(
            "opening.sampling: s must be above 0 and a at least 0, or a model could get no chance"
        )
    if not 1 <= protocol.rating.minimum < protocol.rating.maximum <= 100:
        raise ProtocolError("rating: the scale must lie within 1 to 100")
