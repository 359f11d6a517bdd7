"""What pages show of a protocol's scale, and in which words they speak of the answer that goes on."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from conversations.ballots import Labels, spoken
from conversations.protocols import (
    AFTER,
    AT_END,
    LIKERT,
    NEVER,
    PAIRWISE,
    PARTICIPANT,
    RANKING,
    SLIDER,
    Protocol,
    RatingScale,
)
from conversations.protocols.rating import BOTH_BAD, BOTH_GOOD, EQUAL
from surveys.questionnaires.texts import Text


def scale_context(scale: RatingScale, answers: int) -> dict[str, Any]:
    """The scale in the reader's language, for a turn with so many answers."""
    return {
        "kind": scale.kind,
        "compares": scale.compares,
        "minimum": scale.minimum,
        "maximum": scale.maximum,
        "low": _spoken(scale.low),
        "high": _spoken(scale.high),
        "points": _points(scale) if scale.kind == LIKERT else [],
        "places": [str(place) for place in range(1, answers + 1)],
        "may_tie": scale.may_tie,
        "ties": [{"value": tie, "label": tie_label(tie, answers)} for tie in scale.ties],
    }


def _spoken(labels: Labels) -> str:
    """The words in the reader's language; those of another one say so."""
    if not labels:
        return ""
    language = get_language() or ""
    text = spoken(labels, language)
    lang = next(key for key, words in labels.items() if words == text)
    is_foreign = lang.partition("-")[0] not in {"", language.partition("-")[0]}
    return Text.of(text, lang) if is_foreign else text


def _points(scale: RatingScale) -> list[dict[str, str]]:
    """Every point with its word; where only the ends have words these stand beside them."""
    numbers = range(scale.minimum, scale.maximum + 1)
    words = [_spoken(point) for point in scale.points] or [""] * len(numbers)
    return [{"value": str(number), "label": word} for number, word in zip(numbers, words, strict=True)]


def tie_label(tie: str, answers: int) -> str:
    """How no answer was better, in the words for two answers or for more."""
    two = {EQUAL: _("Neither is better"), BOTH_GOOD: _("Both are good"), BOTH_BAD: _("Both are bad")}
    more = {EQUAL: _("None is better"), BOTH_GOOD: _("All are good"), BOTH_BAD: _("All are bad")}
    return (two if answers == 2 else more)[tie]


def verdict(answer: Mapping[str, Any], answers: int) -> str:
    """What a person said of an answer of their record, in words: a score, a place, or how none was best."""
    if answer["score"] is not None:
        return _("you gave %(score)s") % {"score": answer["score"]}
    if answer.get("tie"):
        return tie_label(answer["tie"], answers)
    if answer.get("place") is None:
        return ""
    return _("you gave it place %(place)s") % {"place": answer["place"]}


def praise(rules: Protocol) -> str:
    """Why an answer stands out from the others of its turn."""
    if rules.continuation.who == PARTICIPANT:
        return _("you went on with it")
    return _("found best") if rules.rating.compares else _("rated highest")


def invitation(rules: Protocol) -> list[str]:
    """What will happen in a conversation, sentence by sentence, before the first one."""
    return [
        ngettext(
            "Your first message goes to %(models)s AI model.",
            "Your first message goes to %(models)s AI models at once.",
            rules.opening_models,
        )
        % {"models": rules.opening_models},
        _RATING[rules.rating.kind](),
        _continuation(rules),
        _REVEAL[rules.reveal](),
    ]


_RATING = {
    SLIDER: lambda: _("You rate the answers."),
    LIKERT: lambda: _("You rate the answers."),
    PAIRWISE: lambda: _("You say which answer is best."),
    RANKING: lambda: _("You put the answers in order."),
}
_REVEAL = {
    NEVER: lambda: _("You do not learn which models they are."),
    AFTER: lambda: _("Then you learn which models they are."),
    AT_END: lambda: _("At the end of each conversation you learn which models they were."),
}


def _continuation(rules: Protocol) -> str:
    if rules.all_go_on:
        return _("All of them go on with you.")
    if rules.continuation.who == PARTICIPANT:
        return _("You choose with which one you go on.")
    return _("You go on with the one you liked best.")


def by_place(letters: Sequence[str], places: Sequence[str]) -> list[str]:
    """The letters in the order of their places, where these are an order; else as they come."""
    wanted = [str(place) for place in range(1, len(letters) + 1)]
    if sorted(places) != sorted(wanted):
        return list(letters)
    return [letter for _place, letter in sorted(zip(map(int, places), letters, strict=True))]
