"""What people learn of a model at the reveal."""

from dataclasses import dataclass
from datetime import date

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from conversations.models import LanguageModel


@dataclass(frozen=True)
class Card:
    """A blank field is not known, and is not shown."""

    name: str
    maker: str
    size: str
    licence: str
    released: date | None
    about: str
    link: str


def card(model: LanguageModel) -> Card:
    return Card(
        name=model.short_name or model.name,
        maker=model.maker,
        size=_size(model),
        licence=model.licence or (_("open weights") if model.is_open_access else ""),
        released=model.released_on,
        about=model.about,
        link=model.link,
    )


def _size(model: LanguageModel) -> str:
    if model.billions is None:
        return ""
    whole = _("%(billions)s billion parameters") % {"billions": _figure(model.billions)}
    if model.active_billions is None:
        return whole
    return _("%(whole)s, %(billions)s billion of them active") % {
        "whole": whole,
        "billions": _figure(model.active_billions),
    }


def _figure(billions: float) -> str:
    return str(number_format(f"{billions:g}"))
