"""Forms of the monitor: the list's filter, the acts on people, and a study's rules on quality."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from surveys import stages
from surveys.coordinate.forms import ANY, Choices, select
from surveys.models import Decision, Device, Enrolment, Signal
from surveys.monitor.people import SORTS
from surveys.quality import rules
from surveys.quality.deciding import VALUES

TEST: Choices = [
    ("", _("left out")),
    ("with", _("included")),
    ("only", _("only test data")),
    ("imported", _("only imported people")),
]
IDLE: Choices = [
    ANY,
    ("-5", _("seen in the last 5 minutes")),
    ("5", _("not for 5 minutes")),
    ("30", _("not for 30 minutes")),
    ("120", _("not for 2 hours")),
    ("1440", _("not for a day")),
]
KINDS: Choices = [(str(value), label) for value, label in Signal.Kind.choices]
SIGNALS: Choices = [ANY, ("any", _("any")), ("none", _("none")), *KINDS]
ORDERS = [(f"{sign}{key}", key) for key in SORTS for sign in ("", "-")]


def outcomes() -> Choices:
    ends = [(str(value), label) for value, label in Enrolment.Outcome.choices if value]
    return [ANY, ("none", _("in progress")), *ends]


def stage_choices() -> Choices:
    return [ANY, *((stage.key, stage.label) for stage in stages.known()), ("done", _("Done"))]


def decisions() -> Choices:
    kinds = [(str(value), label) for value, label in Decision.Value.choices if value != Decision.Value.NOTED]
    return [ANY, *kinds]


class ParticipantFilter(forms.Form):
    """The state of the participants' list as it stands in the address."""

    q = forms.CharField(
        label=_("Code"),
        required=False,
        max_length=20,
        widget=forms.SearchInput(attrs={"class": "form-control"}),
    )
    outcome = forms.ChoiceField(label=_("Outcome"), required=False, widget=select(), choices=outcomes)
    stage = forms.ChoiceField(label=_("Stage"), required=False, widget=select(), choices=stage_choices)
    idle = forms.ChoiceField(label=_("Seen"), required=False, widget=select(), choices=IDLE)
    signal = forms.ChoiceField(label=_("Signal"), required=False, widget=select(), choices=SIGNALS)
    decision = forms.ChoiceField(label=_("Decided"), required=False, widget=select(), choices=decisions)
    test = forms.ChoiceField(label=_("Test data"), required=False, widget=select(), choices=TEST)
    sort = forms.ChoiceField(required=False, widget=forms.HiddenInput, choices=ORDERS)


ACTS: Choices = [
    ("message", _("Send a message")),
    ("marked", _("Mark to be looked at")),
    ("reviewed", _("Mark as looked at")),
    ("renew", _("Extend the time of their seats")),
    ("release", _("Release their seats")),
]


class ActForm(forms.Form):
    """What to do with the participants that were ticked."""

    act = forms.ChoiceField(label=_("With the ticked ones"), widget=select(), choices=ACTS)
    text = forms.CharField(
        label=_("Message or reason"),
        min_length=5,
        max_length=1000,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 2}),
    )


class MessageForm(forms.Form):
    """A message to one participant."""

    text = forms.CharField(
        label=_("Message"),
        max_length=1000,
        help_text=_("It stands on the person's next page until they say that they read it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def decision_groups() -> list[tuple[Any, Any]]:
    """Every decision under its matter; none is chosen beforehand."""
    groups = [
        (matter.label, [(str(value), value.label) for value in values]) for matter, values in VALUES.items()
    ]
    return [("", _("choose …")), *groups]


class DecisionForm(forms.Form):
    """One decision on one participant; the matters stay apart."""

    value = forms.ChoiceField(label=_("Decision"), choices=decision_groups)
    reason = forms.CharField(
        label=_("Reason"), min_length=5, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )


class RulesForm(forms.Form):
    """A study's rules on quality, field by field; what is stored is a document."""

    announced = forms.BooleanField(
        label=_("Participants are told about attention checks beforehand"), required=False
    )
    consequence = forms.ChoiceField(
        label=_("Failed attention checks"),
        choices=[(rules.FLAG, _("are shown as a signal")), (rules.END, _("end the participation"))],
    )
    fail_after = forms.IntegerField(label=_("From so many failed checks on"))
    deviations = forms.FloatField(
        label=_("Very fast: standard deviations below the mean of the log times"),
        help_text=_("Only who was also faster than one can read is shown."),
    )
    least_people = forms.IntegerField(label=_("Very fast: compare from so many people on"))
    words_per_minute = forms.IntegerField(label=_("Very fast: words a minute that one can read"))
    least_items = forms.IntegerField(label=_("Same value throughout: in so many items at least"))
    least_words = forms.IntegerField(label=_("Same text: compare from so many words on"))
    share = forms.FloatField(label=_("Same text: share of three-word sequences in common"))
    least_characters = forms.IntegerField(label=_("Pasting and typing: look from so many characters on"))
    pasted_share = forms.FloatField(label=_("Pasting: share of the text"))
    characters_per_second = forms.FloatField(
        label=_("Typing: impossible from so many keystrokes a second on")
    )
    allowed = forms.MultipleChoiceField(
        label=_("Devices asked for"),
        required=False,
        choices=Device.Form.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: any device will do."),
    )
    several = forms.IntegerField(label=_("Several devices: from so many browsers on"))

    @staticmethod
    def fields_of(ruled: rules.Rules) -> dict[str, Any]:
        """The form's fields for these rules."""
        return {name: value for part in ruled.document().values() for name, value in part.items()}

    def document(self) -> dict[str, Any]:
        """The cleaned fields as a document for `rules.store`."""
        empty = rules.Rules().document()
        return {part: {name: self.cleaned_data[name] for name in names} for part, names in empty.items()}
