"""What the rules noticed about a participant, and what people decided about it: two things kept apart."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .participant import Enrolment
from .study import Study


class QualityRules(models.Model):
    """One version of a study's rules on quality; the newest is in force, an edit makes the next version."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="quality_rules")
    version = models.PositiveIntegerField()
    document = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "quality rules"
        constraints = [
            models.UniqueConstraint(fields=["study", "version"], name="quality_rules_version"),
            models.CheckConstraint(
                condition=~Q(document__checks__consequence="end") | Q(document__checks__announced=True),
                name="only_announced_checks_end",
            ),
        ]

    def __str__(self) -> str:
        return f"quality rules v{self.version} of study {self.study_id}"


class Signal(models.Model):
    """Something a rule noticed; a hint for a person, never a decision. Derived, so that it may come and go.

    `key` is the page or question it is about, `detail` the figures of its reason, `n` how many others it was
    compared with.
    """

    class Kind(models.TextChoices):
        FAILED_CHECK = "failed_check", _("failed attention check")
        FAST_SURVEY = "fast_survey", _("very fast survey")
        FAST_PAGE = "fast_page", _("very fast page")
        STRAIGHT_LINE = "straight_line", _("same value throughout")
        SAME_TEXT = "same_text", _("same text as somebody else")
        COPIED_PAGE = "copied_page", _("text copied from the page")
        PASTED = "pasted", _("pasted text")
        NO_KEYS = "no_keys", _("text without keystrokes")
        FAST_TYPING = "fast_typing", _("impossible typing speed")
        WRONG_DEVICE = "wrong_device", _("device not asked for")
        MANY_DEVICES = "many_devices", _("several devices")
        SHARED_DEVICE = "shared_device", _("device shared with somebody")

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="signals")
    kind = models.CharField(max_length=16, choices=Kind)
    key = models.CharField(max_length=80, blank=True)
    detail = models.JSONField(default=dict)
    n = models.PositiveIntegerField(null=True)
    rules_version = models.PositiveIntegerField(default=0)
    found_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "kind", "key"], name="signal_once"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "failed_check",
                        "fast_survey",
                        "fast_page",
                        "straight_line",
                        "same_text",
                        "copied_page",
                        "pasted",
                        "no_keys",
                        "fast_typing",
                        "wrong_device",
                        "many_devices",
                        "shared_device",
                    ]
                ),
                name="signal_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of enrolment {self.enrolment_id}"


class Assessment(models.Model):
    """When a study was last looked through, over how many people, and up to which submitted page.

    `norms` are the figures of the pages at that moment: shown, sent, quartiles of the seconds.
    """

    study = models.OneToOneField(Study, models.CASCADE, related_name="assessment")
    at = models.DateTimeField(default=timezone.now)
    people = models.PositiveIntegerField(default=0)
    rules_version = models.PositiveIntegerField(default=0)
    last_submission = models.BigIntegerField(default=0)
    norms = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"assessment of study {self.study_id}"


class Decision(models.Model):
    """What a person decided about a participant, with a reason. Append-only: the newest of a matter holds.

    Payment, inclusion in the data and counting for representativeness are separate matters.
    """

    class Matter(models.TextChoices):
        PAYMENT = "payment", _("payment")
        INCLUSION = "inclusion", _("data")
        SAMPLE = "sample", _("representative sample")
        REVIEW = "review", _("review")
        NOTE = "note", _("note")

    class Value(models.TextChoices):
        PAY = "pay", _("pay")
        ASK_RETURN = "ask_return", _("ask for return")
        HOLD = "hold", _("wait")
        KEEP = "keep", _("keep in the data")
        EXCLUDE = "exclude", _("exclude from the data")
        COUNT = "count", _("count")
        LEAVE_OUT = "leave_out", _("leave out")
        MARKED = "marked", _("to be looked at")
        REVIEWED = "reviewed", _("looked at")
        NOTED = "noted", _("noted")

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="decisions")
    matter = models.CharField(max_length=12, choices=Matter)
    value = models.CharField(max_length=12, choices=Value)
    reason = models.CharField(max_length=1000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(matter="payment", value__in=["pay", "ask_return", "hold"])
                | Q(matter="inclusion", value__in=["keep", "exclude"])
                | Q(matter="sample", value__in=["count", "leave_out"])
                | Q(matter="review", value__in=["marked", "reviewed"])
                | Q(matter="note", value="noted"),
                name="decision_fits_its_matter",
            )
        ]
        indexes = [models.Index(fields=["enrolment", "matter", "-id"])]

    def __str__(self) -> str:
        return f"{self.matter}: {self.value} for enrolment {self.enrolment_id}"
