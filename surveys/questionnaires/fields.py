"""What a template needs to show one question: names, ids, present values, and the link to its error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from surveys.declined import DECLINED

from .conditions import NOT_APPLICABLE
from .definitions import ONE_SLIDER, Item, Option, Question, Scale
from .reading import birth_years, is_missing


@dataclass(frozen=True)
class TextField:
    """The text beside an option or item; `label` is what it belongs to."""

    name: str
    id: str
    label: str
    value: str


@dataclass(frozen=True)
class OptionField:
    id: str
    value: str
    label: str
    is_chosen: bool
    text: TextField | None


@dataclass(frozen=True)
class SliderField:
    """One slider; `value` is None while untouched. `help` says after a refused submit that it must be set."""

    id: str
    name: str
    label: str
    value: int | None
    is_not_applicable: bool
    help: str
    trace: str
    text: TextField | None


@dataclass(frozen=True)
class CellField:
    """One column of a row of a matrix."""

    id: str
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class RowField:
    """One row of a matrix. `is_missing` says after a refused submit that it must be answered."""

    id: str
    name: str
    label: str
    cells: tuple[CellField, ...]
    is_missing: bool


@dataclass(frozen=True)
class PlaceField:
    """One entry of a ranking, with the place that was typed for it."""

    id: str
    name: str
    label: str
    place: str


@dataclass(frozen=True)
class QuestionFields:
    """One question as shown to one person. `template` renders what is particular to its type."""

    question: Question
    id: str
    name: str
    template: str
    value: str
    error: str
    is_declined: bool
    options: tuple[OptionField, ...]
    sliders: tuple[SliderField, ...]
    rows: tuple[RowField, ...] = ()
    places: tuple[PlaceField, ...] = ()
    typing: str = ""

    @property
    def option_tags(self) -> SafeString:
        """The entries of a list, made here: a template takes 20 ms for the countries of the world."""
        return SafeString("\n".join(map(_option_tag, self.options)))

    @property
    def option_texts(self) -> list[TextField]:
        return [option.text for option in self.options if option.text]

    @property
    def years(self) -> tuple[int, int]:
        """The first and last year of birth that make sense."""
        return birth_years(self.question)

    @property
    def shows_position(self) -> bool:
        """A number would anchor the next person's feeling for a visual analogue scale."""
        return self.question.type != "visual_analogue"

    @property
    def paste_id(self) -> str:
        """The id of the words about pasting; empty where nothing is watched."""
        return "" if self.question.paste == "allow" else f"{self.id}-paste"

    @property
    def help_id(self) -> str:
        return f"{self.id}-help" if self.question.help else ""

    @property
    def error_id(self) -> str:
        return f"{self.id}-error" if self.error else ""

    @property
    def described_by(self) -> str:
        """Ids of help, words about pasting, and error for aria-describedby."""
        return " ".join(filter(None, (self.help_id, self.paste_id, self.error_id)))

    @property
    def declined_name(self) -> str:
        return f"{self.name}.declined"

    @property
    def scale(self) -> Scale | None:
        return self.question.scale


def _option_tag(option: OptionField) -> str:
    language = getattr(option.label, "lang", "")
    spoken = f' lang="{escape(language)}"' if language else ""
    chosen = " selected" if option.is_chosen else ""
    return f'<option value="{escape(option.value)}"{spoken}{chosen}>{escape(option.label)}</option>'


def question_fields(
    question: Question,
    order: Sequence[str],
    values: Mapping[str, Any],
    errors: Mapping[str, str],
    traces: Mapping[str, Any] | None = None,
) -> QuestionFields:
    """What to show for `question`, its options or items in `order` (see display_order), filled with `values`
    of a reading, valid or not, and with the message of `errors`. `traces` of that reading let sliders go on
    with the movements recorded so far."""
    value = values.get(question.key)
    error = str(errors.get(question.key, ""))
    trace = (traces or {}).get(question.key, {})
    shown = _Shown(
        value=value,
        texts=values.get(question.text_key) or {},
        movements=trace.get("movements", {}),
        was_refused=bool(error),
    )
    return QuestionFields(
        question=question,
        id=f"q-{question.key}",
        name=question.key,
        template=f"surveys/questions/{question.type}.html",
        value=_shown_value(value),
        error=error,
        is_declined=value == DECLINED,
        options=_option_fields(question, order, shown),
        sliders=_slider_fields(question, order, shown),
        rows=_row_fields(question, order, shown),
        places=_place_fields(question, order, shown),
        typing=json.dumps(trace["typing"]) if "typing" in trace else "",
    )


@dataclass(frozen=True)
class _Shown:
    """What was answered or typed so far."""

    value: Any
    texts: Mapping[str, str]
    movements: Mapping[str, Any]
    was_refused: bool

    @property
    def chosen(self) -> list[Any]:
        return self.value if isinstance(self.value, list) else [self.value]

    @property
    def positions(self) -> dict[str, Any]:
        return self.value if isinstance(self.value, dict) else {}


def _shown_value(value: Any) -> str:
    is_plain = isinstance(value, str | int | float) and value != DECLINED
    return str(value) if is_plain else ""


def _option_fields(question: Question, order: Sequence[str], shown: _Shown) -> tuple[OptionField, ...]:
    options = {option.value: option for option in question.options}
    listed = [options[name] for name in order if name in options]
    return tuple(_option_field(question, option, number, shown) for number, option in enumerate(listed, 1))


def _option_label(option: Option) -> str:
    return _("Prefer not to say") if option.label == DECLINED else option.label


def _option_field(question: Question, option: Option, number: int, shown: _Shown) -> OptionField:
    label = _option_label(option)
    text = _text_field(question, option.value, label, number, shown) if option.asks_text else None
    return OptionField(
        id=f"q-{question.key}-{number}",
        value=option.value,
        label=label,
        is_chosen=option.value in shown.chosen,
        text=text,
    )


def _text_field(question: Question, name: str, label: str, number: int, shown: _Shown) -> TextField:
    return TextField(
        name=f"{question.key}.{name}_text",
        id=f"q-{question.key}-{number}-text",
        label=label,
        value=shown.texts.get(name, ""),
    )


def _slider_fields(question: Question, order: Sequence[str], shown: _Shown) -> tuple[SliderField, ...]:
    if question.type in ONE_SLIDER:
        return (_only_slider(question, shown),)
    if question.type != "sliders":
        return ()
    return tuple(
        _slider_field(question, item, number, shown) for number, item in _listed(question.items, order)
    )


def _listed(items: Sequence[Item], order: Sequence[str]) -> Iterator[tuple[int, Item]]:
    """The items in their order, numbered from 1."""
    named = {item.key: item for item in items}
    return enumerate((named[name] for name in order if name in named), 1)


def _only_slider(question: Question, shown: _Shown) -> SliderField:
    movement = shown.movements.get(question.key)
    return SliderField(
        id=f"q-{question.key}-input",
        name=question.key,
        label=question.text,
        value=shown.value if isinstance(shown.value, int) else None,
        is_not_applicable=False,
        help="",
        trace=json.dumps(movement) if movement else "",
        text=None,
    )


def _row_fields(question: Question, order: Sequence[str], shown: _Shown) -> tuple[RowField, ...]:
    if question.type != "matrix":
        return ()
    return tuple(_row_field(question, item, number, shown) for number, item in _listed(question.items, order))


def _row_field(question: Question, item: Item, number: int, shown: _Shown) -> RowField:
    chosen, row = shown.positions.get(item.key), f"q-{question.key}-{number}"
    return RowField(
        id=row,
        name=f"{question.key}.{item.key}",
        label=item.label,
        cells=tuple(
            CellField(f"{row}-{place}", option.value, _option_label(option), option.value == chosen)
            for place, option in enumerate(question.options, 1)
        ),
        is_missing=shown.was_refused and is_missing(question, item, shown.positions),
    )


def _place_fields(question: Question, order: Sequence[str], shown: _Shown) -> tuple[PlaceField, ...]:
    """The entries of a ranking: in the order that was given or, where there is none yet, the one drawn."""
    if question.type != "ranking":
        return ()
    labels = {option.value: option.label for option in question.options}
    given = shown.value if isinstance(shown.value, list) else []
    places = {value: str(place) for place, value in enumerate(given, 1)} or shown.positions
    return tuple(
        PlaceField(
            f"q-{question.key}-{number}", f"{question.key}.{value}", labels[value], places.get(value, "")
        )
        for number, value in enumerate(given or [value for value in order if value in labels], 1)
    )


def _slider_field(question: Question, item: Item, number: int, shown: _Shown) -> SliderField:
    position = shown.positions.get(item.key)
    must_be_set = shown.was_refused and is_missing(question, item, shown.positions)
    movement = shown.movements.get(item.key)
    return SliderField(
        id=f"q-{question.key}-{number}",
        name=f"{question.key}.{item.key}",
        label=item.label,
        value=position if isinstance(position, int) else None,
        is_not_applicable=position == NOT_APPLICABLE,
        help=_("Please set this one too.") if must_be_set else "",
        trace=json.dumps(movement) if movement else "",
        text=_text_field(question, item.key, item.label, number, shown) if item.asks_text else None,
    )
