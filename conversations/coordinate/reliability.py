"""What a protocol says of prompts, lengths and reliability in plain words, and how reliable ratings were."""

from typing import Any

from django.utils.translation import gettext as _

from conversations.protocols import Protocol
from conversations.protocols.reliability import NO_OVERLAP, NO_REPEATS, STORED, Overlap, Repeats
from conversations.reliability_figures import agreement, given_messages
from surveys.models import Study


def described(rules: Protocol) -> list[tuple[str, Any]]:
    """The rules that are set, each as what it is about and what it says."""
    bounded = [f"{kind.label} ({kind.most})" for kind in rules.types if kind.most]
    found = [
        (_("At most so many in the study"), ", ".join(bounded)),
        (_("Length of a message"), rules.lengths.told),
        (_("Told to the models"), _prompts(rules)),
        (_("Asked of answers"), rules.answers.request),
        (_("Suggested messages"), ", ".join(one.topic for one in rules.suggestions)),
        (_("Answers rated once more"), _repeats(rules.repeats)),
        (_("Messages that several people get"), _overlap(rules.overlap)),
        (_("Own questions at the end"), _blocks(rules)),
        (_("Languages"), ", ".join(rules.languages) if len(rules.languages) > 1 else ""),
    ]
    return [(label, value) for label, value in found if value]


def _prompts(rules: Protocol) -> str:
    own = [kind.label for kind in rules.types if kind.system]
    said = [_("a system prompt for all types")] if rules.system else []
    return " · ".join([*said, *([_("one of its own for: %s") % ", ".join(own)] if own else [])])


def _repeats(rule: Repeats) -> str:
    if rule == NO_REPEATS:
        return ""
    if rule.number:
        return _("%(number)d times for each person who holds all conversations") % {"number": rule.number}
    share = {"percent": round(100 * rule.chance, 1), "most": rule.most}
    if rule.most:
        return _("after %(percent)s %% of the conversations, at most %(most)d times a person") % share
    return _("after %(percent)s %% of the conversations") % share


def _overlap(rule: Overlap) -> str:
    if rule == NO_OVERLAP:
        return ""
    share = {"percent": round(100 * rule.chance, 1), "number": len(rule.messages)}
    said = _("one of %(number)d in %(percent)s %% of the conversations for which there is one") % share
    return f"{said} · {_('always with the same answers')}" if rule.answers == STORED else said


def _blocks(rules: Protocol) -> str:
    document = rules.feedback.blocks
    return ", ".join(question.key for question in document.questions()) if document else ""


def measured(study: Study, rules: Protocol) -> dict[str, Any]:
    """The figures of the page, only where the protocol asks for what they count."""
    return {
        "agreement": agreement(study) if rules.repeats != NO_REPEATS else None,
        "given_messages": given_messages(study) if rules.overlap != NO_OVERLAP else [],
    }
