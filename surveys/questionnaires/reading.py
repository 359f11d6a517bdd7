"""One reader for each type of question: posted fields in, a Reading out. Nothing posted makes them raise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prism.lib.numbers import latin_digits, typed_number
from surveys.declined import DECLINED

from .conditions import NOT_APPLICABLE
from .definitions import Item, Question, Scale

__all__ = ["NOT_APPLICABLE", "READERS", "Posted", "Reading", "birth_years", "is_missing"]

_MOVEMENT = ("first", "first_ms", "last_ms", "moves")
_TYPING = ("keys", "pastes", "pasted_chars", "first_ms", "last_ms")
_OLDEST = 120
_MAX_NAMED = 3

Posted = MultiValueDict[str, str]


@dataclass(frozen=True)
class Reading:
    """What a person answered to one question. `texts` are all that were typed beside options or items;
    `chosen` names the options or items whose texts count."""

    value: Any = None
    error: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    chosen: tuple[str, ...] = ()
    screens_out: bool = False
    movements: dict[str, dict[str, int]] = field(default_factory=dict)
    typing: dict[str, int] = field(default_factory=dict)

    @property
    def texts_beside_chosen(self) -> dict[str, str]:
        return {name: text for name, text in self.texts.items() if name in self.chosen}


def _typed(posted: Posted, name: str) -> str:
    given = posted.get(name)
    text = given if isinstance(given, str) else ""
    # PostgreSQL stores no zero character; browsers send line ends as two characters.
    return text.replace("\x00", "").replace("\r\n", "\n").strip()


def _typed_beside(question: Question, posted: Posted) -> dict[str, str]:
    typed = {name: _typed(posted, f"{question.key}.{name}_text") for name in question.texts_asked}
    return {name: text for name, text in typed.items() if text}


def _length_error(question: Question, text: str) -> str:
    if len(text) > question.max_length:
        return _("Your text has %(length)d characters; at most %(limit)d fit here. Please shorten it.") % {
            "length": len(text),
            "limit": question.max_length,
        }
    if text and len(text) < question.min_length:
        message = ngettext(
            "Please write at least %(limit)d character.",
            "Please write at least %(limit)d characters.",
            question.min_length,
        )
        return message % {"limit": question.min_length}
    return ""


def _read_single(question: Question, posted: Posted) -> Reading:
    texts = _typed_beside(question, posted)
    # Whoever writes into the field of an option and chooses none means that option.
    chosen = _typed(posted, question.key) or next(iter(texts), "")
    reading = _choice(question, [chosen] if chosen else [], texts)
    return _replace_value(reading, reading.value[0] if reading.value else None)


def _read_multiple(question: Question, posted: Posted) -> Reading:
    texts = _typed_beside(question, posted)
    ticked = set(posted.getlist(question.key))
    if not any(option.exclusive for option in question.options if option.value in ticked):
        ticked |= texts.keys()
    known = [value for value in question.values if value in ticked]
    return _choice(question, known + sorted(ticked - set(known)), texts)


def _replace_value(reading: Reading, value: Any) -> Reading:
    return Reading(value, reading.error, reading.texts, reading.chosen, reading.screens_out)


def _choice(question: Question, chosen: list[str], texts: dict[str, str]) -> Reading:
    """`chosen` may hold anything; what the question does not offer is an error and left out of the value."""
    offered = [value for value in chosen if value in question.values]
    if question.empty_text == "decline" and _lacks_text(question, offered, texts):
        offered = [DECLINED]
    return Reading(
        value=offered,
        error=_choice_error(question, chosen, offered, texts),
        texts=texts,
        chosen=tuple(offered),
        screens_out=any(option.screens_out for option in question.options if option.value in offered),
    )


def _lacks_text(question: Question, offered: list[str], texts: dict[str, str]) -> bool:
    return any(value in question.texts_asked and value not in texts for value in offered)


def _choice_error(question: Question, chosen: list[str], offered: list[str], texts: dict[str, str]) -> str:
    if len(offered) < len(chosen):
        return _("This answer is not one of those offered. Please choose again.")
    if question.required and not offered:
        several = question.type == "multiple"
        return _("Please choose at least one answer.") if several else _("Please choose an answer.")
    return _alone_error(question, offered) or _beside_error(question, offered, texts)


def _alone_error(question: Question, offered: list[str]) -> str:
    alone = [option.label for option in question.options if option.exclusive and option.value in offered]
    if alone and len(offered) > 1:
        return _("“%(answer)s” cannot be combined with other answers.") % {"answer": alone[0]}
    return ""


def _beside_error(question: Question, offered: list[str], texts: dict[str, str]) -> str:
    if question.empty_text == "refuse" and _lacks_text(question, offered, texts):
        return _("Please write your answer beside the option you chose.")
    return next(filter(None, (_length_error(question, texts[name]) for name in texts)), "")


def _read_text(question: Question, posted: Posted) -> Reading:
    if _is_declined(question, posted):
        return Reading(DECLINED)
    text, typing = _typed(posted, question.key), _typing(question, posted)
    if not text:
        return Reading(error=_missing(question, _("Please write an answer.")), typing=typing)
    return Reading(text, _length_error(question, text), typing=typing)


def _typing(question: Question, posted: Posted) -> dict[str, int]:
    """How the text was typed: counts and milliseconds since it was shown. Nothing where pasting is free."""
    if question.paste == "allow":
        return {}
    counted = _counts(_typed(posted, f"{question.key}__typing"), _TYPING)
    return counted if counted and min(counted.values()) >= 0 else {}


def _is_declined(question: Question, posted: Posted) -> bool:
    return question.declinable and posted.get(f"{question.key}.declined") == "on"


def _missing(question: Question, message: str) -> str:
    if not question.required:
        return ""
    alternative = _(" Or tick “Prefer not to say”.") if question.declinable else ""
    return message + alternative


def _read_number(question: Question, posted: Posted) -> Reading:
    if _is_declined(question, posted):
        return Reading(DECLINED)
    text = _typed(posted, question.key)
    if not text:
        return Reading(error=_missing(question, _("Please enter a number.")))
    number = typed_number(text, decimals=question.decimals)
    if number is None:
        return Reading(text, _number_advice(question))
    return Reading(number, _number_error(question, number))


def birth_years(question: Question) -> tuple[int, int]:
    """The first and the last year that make sense, the limits of the file among them."""
    present = timezone.now().year
    first = present - _OLDEST if question.minimum is None else int(question.minimum)
    return first, present if question.maximum is None else int(question.maximum)


def _read_birth_year(question: Question, posted: Posted) -> Reading:
    if _is_declined(question, posted):
        return Reading(DECLINED)
    text = _typed(posted, question.key)
    if not text:
        return Reading(error=_missing(question, _("Please enter the year you were born in.")))
    year = typed_number(text, decimals=False)
    first, last = birth_years(question)
    if not isinstance(year, int) or not first <= year <= last:
        message = _("Please enter a year in four digits, from %(first)d to %(last)d.")
        return Reading(text, message % {"first": first, "last": last})
    return Reading(year)


def _number_advice(question: Question) -> str:
    if question.decimals:
        return _("Please enter a number in digits, with a point for decimals, such as 2.5.")
    return _("Please enter a whole number in digits, such as 3.")


def _number_error(question: Question, number: float) -> str:
    if question.minimum is not None and number < question.minimum:
        return _("Please enter a number that is at least %(limit)s.") % {"limit": question.minimum}
    if question.maximum is not None and number > question.maximum:
        return _("Please enter a number that is at most %(limit)s.") % {"limit": question.maximum}
    return ""


def _read_sliders(question: Question, posted: Posted) -> Reading:
    positions: dict[str, int | str | None] = {}
    movements: dict[str, dict[str, int]] = {}
    outside: list[str] = []
    for item in question.items:
        name = f"{question.key}.{item.key}"
        try:
            positions[item.key] = _position(question.scale, posted, name)
        except ValueError:
            positions[item.key] = None
            outside.append(item.label)
        movement = _movement(_typed(posted, f"{name}__trace"))
        if movement:
            movements[item.key] = movement
    if _is_declined(question, posted):
        return Reading(DECLINED, chosen=tuple(positions), movements=movements)
    texts = _typed_beside(question, posted)
    error = _sliders_error(question, positions, outside) or _beside_error(question, [], texts)
    return Reading(positions, error, texts, tuple(positions), movements=movements)


def _position(scale: Scale | None, posted: Posted, name: str) -> int | str | None:
    """Raises ValueError for what no slider of this scale can send."""
    assert scale is not None
    if scale.not_applicable and posted.get(f"{name}__na") == "on":
        return NOT_APPLICABLE
    text = _typed(posted, name)
    if not text:
        return None
    position = typed_number(text, decimals=False)
    if not isinstance(position, int) or not scale.minimum <= position <= scale.maximum:
        raise ValueError(text)
    return position


def _read_slider(question: Question, posted: Posted) -> Reading:
    movement = _movement(_typed(posted, f"{question.key}__trace"))
    movements = {question.key: movement} if movement else {}
    if _is_declined(question, posted):
        return Reading(DECLINED, movements=movements)
    try:
        position = _position(question.scale, posted, question.key)
    except ValueError:
        return Reading(error=_scale_advice(question.scale), movements=movements)
    error = _missing(question, _("Please set a position.")) if position is None else ""
    return Reading(position, error, movements=movements)


def _scale_advice(scale: Scale | None) -> str:
    assert scale is not None
    message = _("Please set a position from %(minimum)d to %(maximum)d.")
    return message % {"minimum": scale.minimum, "maximum": scale.maximum}


def _read_matrix(question: Question, posted: Posted) -> Reading:
    chosen = {item.key: _typed(posted, f"{question.key}.{item.key}") or None for item in question.items}
    values = {option.value for option in question.options}
    offered = {key: value if value in values else None for key, value in chosen.items()}
    if offered != chosen:
        return Reading(offered, _("This answer is not one of those offered. Please choose again."))
    missing = [item.label for item in question.items if is_missing(question, item, offered)]
    return Reading(offered, _empty_rows_error(missing))


def _empty_rows_error(labels: list[str]) -> str:
    if len(labels) > _MAX_NAMED:
        return _("%(count)d rows have no answer yet. Please answer them too.") % {"count": len(labels)}
    named = ", ".join(f"“{label}”" for label in labels)
    return _("Please answer these rows too: %(labels)s.") % {"labels": named} if labels else ""


def _read_ranking(question: Question, posted: Posted) -> Reading:
    """The value is the whole order; what is no order yet is kept as {option value: what was typed}."""
    if _is_declined(question, posted):
        return Reading(DECLINED)
    typed = {value: latin_digits(_typed(posted, f"{question.key}.{value}")) for value in question.values}
    places = {value: text for value, text in typed.items() if text}
    if not places:
        return Reading(error=_missing(question, _("Please give every entry its place.")))
    wanted = [str(place) for place in range(1, len(question.values) + 1)]
    if sorted(places.values()) == sorted(wanted):
        return Reading(sorted(places, key=lambda value: int(places[value])))
    return Reading(places, _places_error(question, places, wanted))


def _places_error(question: Question, places: dict[str, str], wanted: list[str]) -> str:
    if any(text not in wanted for text in places.values()):
        message = _("Please number the entries from 1 to %(count)d.")
        return message % {"count": len(wanted)}
    twice = sorted({text for text in places.values() if list(places.values()).count(text) > 1}, key=int)
    if twice:
        message = _("Every place can be given once; given twice: %(places)s.")
        return message % {"places": ", ".join(twice)}
    left = [option.label for option in question.options if option.value not in places]
    named = ", ".join(f"“{label}”" for label in left)
    return _("Please give these entries a place too: %(labels)s.") % {"labels": named}


def _sliders_error(question: Question, positions: Mapping[str, int | str | None], outside: list[str]) -> str:
    if outside:
        return _("These sliders have a position outside the scale; please set them again: %(labels)s.") % {
            "labels": ", ".join(outside)
        }
    left = [item.label for item in question.items if is_missing(question, item, positions)]
    return _missing(question, _untouched_error(left)) if left else ""


def _untouched_error(labels: list[str]) -> str:
    if len(labels) > _MAX_NAMED:
        return _("%(count)d sliders are not set yet. Please set them too.") % {"count": len(labels)}
    named = ", ".join(f"“{label}”" for label in labels)
    return _("Please set these sliders too: %(labels)s.") % {"labels": named}


def is_missing(question: Question, item: Item, positions: Mapping[str, Any]) -> bool:
    """Whether a slider that must be touched, or a row that must be answered, was not."""
    return question.required and item.required and positions.get(item.key) is None


def _movement(text: str) -> dict[str, int] | None:
    """How a slider was moved: position at the first touch, milliseconds since it was shown at the first and
    last touch, and the number of moves. A trace that makes no sense is not worth an error: None."""
    return _counts(text, _MOVEMENT)


def _counts(text: str, names: tuple[str, ...]) -> dict[str, int] | None:
    try:
        trace = json.loads(text[:500])
    except (ValueError, RecursionError):
        return None
    if not isinstance(trace, dict) or not all(type(trace.get(key)) is int for key in names):
        return None
    return {key: trace[key] for key in names if abs(trace[key]) < 2**53}


def _read_consent(question: Question, posted: Posted) -> Reading:
    if posted.get(question.key) == "on":
        return Reading(True)
    return Reading(error=_("Please tick this box to go on.") if question.required else "")


READERS: dict[str, Callable[[Question, Posted], Reading]] = {
    "single": _read_single,
    "multiple": _read_multiple,
    "dropdown": _read_single,
    "country": _read_single,
    "text": _read_text,
    "long_text": _read_text,
    "number": _read_number,
    "birth_year": _read_birth_year,
    "sliders": _read_sliders,
    "slider": _read_slider,
    "visual_analogue": _read_slider,
    "matrix": _read_matrix,
    "ranking": _read_ranking,
    "consent": _read_consent,
}
