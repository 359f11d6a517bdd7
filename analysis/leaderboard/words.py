"""What the leaderboard's codes are called on its pages."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

Words = Mapping[str, str | Promise]

REASONS: Words = {
    "idk": _("the person did not know"),
    "filtered": _("not among what is filtered by"),
    "not_blind": _("given after the models were shown"),
    "leaked": _("an answer said who wrote it"),
    "custom": _("the person picked a model by hand"),
    "cached": _("an answer was not made for this message"),
    "cut": _("an answer was cut off"),
    "replaced": _("a model had failed and was replaced"),
    "flagged": _("signs of a machine or of voting without reading"),
    "later": _("a later vote of the same conversation"),
}
FEATURES: Words = {
    "characters": _("visible length"),
    "headers": _("headings"),
    "bold": _("bold"),
    "lists": _("list items"),
    "emoji": _("emoji"),
    "first_text": _("time to the first text"),
    "total": _("time to the last text"),
}
MODES: Words = {
    "random": _("by chance"),
    "small": _("small ones"),
    "big-vs-small": _("big against small"),
    "custom": _("picked by hand"),
}
CATEGORIES: Words = {
    "arts": _("Arts and literature"),
    "business": _("Business and money"),
    "culture": _("Culture, history, geography"),
    "daily-life": _("Daily life and home"),
    "education": _("Education"),
    "entertainment": _("Entertainment and travel"),
    "environment": _("Environment"),
    "food": _("Food and cooking"),
    "health": _("Health"),
    "law": _("Law and justice"),
    "science": _("Science and technology"),
    "career": _("Work and personal development"),
    "politics": _("Politics and government"),
    "religion": _("Religion and spirituality"),
    "shopping": _("Shopping"),
    "society": _("Society and human rights"),
    "sports": _("Sports"),
    "other": _("other subjects"),
}
COLUMNS: Words = {
    "study": _("Arena"),
    "written_in": _("Language of the message"),
    "language": _("Language of the page"),
    "category": _("Category of the message"),
    "topic": _("Suggestion it began with"),
    "mode": _("How the pair was drawn"),
}


def value(column: str, code: str) -> str:
    """A code of a column in the reader's words; the code itself where there are none."""
    if column in ("language", "written_in"):
        return language(code)
    known = {"mode": MODES, "category": CATEGORIES}.get(column, {})
    return str(known.get(code, code))


def language(code: str) -> str:
    try:
        return str(get_language_info(code)["name_local"])
    except KeyError:
        return code
