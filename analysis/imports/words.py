"""What the codes of an import are called on its page: tables, kinds of new rows, reasons of refusal."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = Mapping[str, str | Promise]

STEPS: Words = {
    "conversations": _("conversations"),
    "votes": _("votes"),
    "reactions": _("reactions"),
    "turns": _("turns"),
    "choices": _("choices in turns"),
}
MADE: Words = {"people": _("people"), **STEPS, "models": _("models")}
REASONS: Words = {
    "no JSON": _("no JSON"),
    "no object": _("no object"),
    "not in the form of its table": _("not in the form of its table"),
    "no id of a conversation": _("no id of a conversation"),
    "no time that can be read": _("no time that can be read"),
    "no list where one belongs": _("no list where one belongs"),
    "no text where one belongs": _("no text where one belongs"),
    "no number of a turn": _("no number of a turn"),
    "a text of more than a million characters": _("a text of more than a million characters"),
    "no model": _("no model"),
    "a model against itself": _("a model against itself"),
    "other models than its conversation": _("other models than its conversation"),
    "no choice": _("no choice"),
    "unknown choice": _("unknown choice"),
    "both a winner and a tie": _("both a winner and a tie"),
    "the winner is neither model": _("the winner is neither model"),
    "no answer": _("no answer"),
    "an empty answer": _("an empty answer"),
    "a side has no answer": _("a side has no answer"),
    "sides of unequal length": _("sides of unequal length"),
    "an answer is a printed object": _("an answer is a printed object"),
    "no such turn in its conversation": _("no such turn in its conversation"),
    "neither liked nor disliked, or both": _("neither liked nor disliked, or both"),
    "side and model do not fit": _("side and model do not fit"),
    "out of range or on the wrong message": _("out of range or on the wrong message"),
    "duplicate": _("duplicate"),
    "its person was erased here": _("its person was erased here"),
}
