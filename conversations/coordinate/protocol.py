"""The rules of a study's conversations in plain words, and what they let participants notice."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from conversations.coordinate import reliability
from conversations.models import Conversation, Rating
from conversations.protocols import (
    AFTER,
    AT_END,
    CADENCE,
    CHOOSE,
    LEAST,
    LIKERT,
    NEVER,
    PAIRWISE,
    PARTICIPANT,
    RANKING,
    STREAM,
    TOGETHER,
    UNIFORM,
    WINNER,
    Protocol,
    RatingScale,
    Sampling,
)
from conversations.stage import rules_gaps
from surveys.access import Right
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study

PACING: dict[str, str | Promise] = {
    STREAM: gettext_lazy("As it comes from each model"),
    CADENCE: gettext_lazy("At one cadence for all answers, which the slowest model limits"),
    TOGETHER: gettext_lazy("All answers at once, when the last is complete"),
}

REVEAL: dict[str, str | Promise] = {
    NEVER: gettext_lazy("never"),
    AFTER: gettext_lazy("after they judged the answers to a message"),
    AT_END: gettext_lazy("at the end of a conversation"),
}


@require_safe
@study_page(Right.VIEW)
def protocol(request: HttpRequest, study: Study) -> HttpResponse:
    """The newest version, which holds for whoever begins now."""
    newest = study.protocols.order_by("-version").first()
    rules = newest.parsed() if newest else None
    context = workbench(request, study, "registry:protocol") | {
        "protocol": newest,
        "rules": [*described(rules), *reliability.described(rules)] if rules else [],
        **(reliability.measured(study, rules) if rules else {}),
        "is_speed_visible": bool(rules and rules.pacing == STREAM and rules.opening_models > 1),
        "is_speed_paced": bool(rules and rules.pacing != STREAM and rules.opening_models > 1),
        "gaps": rules_gaps(study),
        "held": Conversation.objects.filter(protocol=newest).count() if newest else 0,
    }
    return render(request, "conversations/coordinate/protocol.html", context)


def described(rules: Protocol) -> list[tuple[str, Any]]:
    """What a rule is about, and what it says."""
    calls = rules.calls
    return [
        (_("Kinds of conversations"), ", ".join(f"{kind.label} ({kind.required})" for kind in rules.types)),
        (_("Models at the opening"), rules.opening_models),
        (_("Models are drawn"), _drawn(rules.sampling)),
        *[(_("Never side by side"), _apart(rules.sampling))][: len(rules.sampling.apart)],
        *_judging(rules),
        (_("Afterwards"), _after(rules)),
        (_("Messages in a conversation"), f"{rules.minimum_turns}–{rules.maximum_turns}"),
        (_("Characters of a message"), rules.maximum_characters),
        (_("Text is shown"), PACING[rules.pacing]),
        (_("Participants learn who answered"), REVEAL[rules.reveal]),
        (_("Stop button"), _("yes") if rules.may_stop else _("no")),
        (_("A model that says nothing"), _when_silent(rules)),
        (_("Calls to one model for an answer"), _("at most %d") % calls.attempts),
    ]


def _drawn(rule: Sampling) -> str:
    if rule.rule == UNIFORM:
        return _("all with the same chance")
    if rule.rule == LEAST:
        return _("those drawn least so far; among equals chance decides")
    weight = _("by chance, with the weight 1/(n+{s:g})^{a:g} after n draws")
    return weight.format(s=rule.s, a=rule.a)


def _apart(rule: Sampling) -> str:
    return ", ".join(f"{one} + {other}" for one, other in rule.apart)


def _judging(rules: Protocol) -> list[tuple[str, str]]:
    """The scale, and what settles a tie; a vote is not on a scale."""
    if rules.ballot:
        return []
    ties = rules.rating.may_tie and rules.continuation.who == WINNER
    tie = _("the participant chooses") if rules.tie == CHOOSE else _("chance decides, with a recorded seed")
    return [(_("Answers are rated"), _scale(rules.rating)), *[(_("Best answers that are tied"), tie)][:ties]]


def _scale(scale: RatingScale) -> str:
    if scale.kind == PAIRWISE:
        ties = [Rating.Tie(tie).label for tie in scale.ties]
        return " · ".join([_("the best is named"), *map(str, ties)])
    if scale.kind == RANKING:
        return _("by places, which may be shared") if scale.ties else _("by places, each given once")
    ends = {"low": scale.minimum, "high": scale.maximum}
    if scale.kind == LIKERT:
        return _("on points from %(low)d to %(high)d") % ends
    return _("on a slider from %(low)d to %(high)d") % ends


def _after(rules: Protocol) -> str:
    if rules.ballot:
        return _("both models go on")
    if rules.all_go_on:
        return _("every model goes on with its own answers")
    later = rules.continuation
    if later.who == PARTICIPANT:
        chosen = _("the answer that the participant chooses goes on")
    else:
        chosen = _("the answer rated best goes on")
    if later.models > 1:
        beside = ngettext(
            "%(chosen)s; %(number)d other model is drawn beside its model for each message",
            "%(chosen)s; %(number)d other models are drawn beside its model for each message",
            later.models - 1,
        )
        return beside % {"chosen": chosen, "number": later.models - 1}
    if later.who == PARTICIPANT:
        again = ngettext(
            "%(chosen)s; its model gives %(number)d answer to each message",
            "%(chosen)s; its model gives %(number)d answers to each message",
            later.samples,
        )
        return again % {"chosen": chosen, "number": later.samples}
    return ngettext(
        "the model rated highest goes on, with %d answer",
        "the model rated highest goes on, with %d answers",
        rules.samples,
    ) % (rules.samples)


def _when_silent(rules: Protocol) -> str:
    if not rules.replacements:
        return _("is not replaced")
    return ngettext(
        "is replaced by another draw, at most %d time a place",
        "is replaced by another draw, at most %d times a place",
        rules.replacements,
    ) % (rules.replacements)
