"""Who takes part. The panel's id of a person stands in Identity alone, encrypted; all else knows a code."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from prism.lib.codes import random_code, random_key, random_number
from prism.lib.numbers import whole_number

from .study import Study


class Participant(models.Model):
    code = models.CharField(max_length=16, unique=True, default=random_code)
    created_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.code


class Identity(models.Model):
    """The panel's id of a participant: a keyed hash to find it, the encrypted id to pay or write to it."""

    participant = models.OneToOneField(Participant, models.CASCADE, related_name="identity")
    panel = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    encrypted_id = models.TextField()

    class Meta:
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint(fields=["panel", "digest"], name="identity_once_per_panel")]

    def __str__(self) -> str:
        return f"identity of participant {self.participant_id}"


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def counted(self) -> "EnrolmentQuerySet":
        """Without test rows: what dashboards and exports show unless asked otherwise."""
        return self.filter(is_test=False)

    def in_progress(self) -> "EnrolmentQuerySet":
        return self.filter(outcome="")

    def coded(self, *codes: str) -> "EnrolmentQuerySet":
        """Those with these codes, such as user123456789; what is no code finds nobody."""
        numbers = [whole_number(code.removeprefix("user"), most_digits=9) for code in codes]
        return self.filter(number__in=[number for number in numbers if number is not None])


class Enrolment(models.Model):
    """A participant in a study. `stage` is derived by the journey and stored to be queried."""

    class Outcome(models.TextChoices):
        NONE = "", _("in progress")
        COMPLETE = "complete", _("complete")
        SCREENED_OUT = "screened_out", _("screened out")
        QUOTA_FULL = "quota_full", _("quota full")
        NO_CONSENT = "no_consent", _("no consent")
        FAILED_CHECKS = "failed_checks", _("failed checks")
        TIMED_OUT = "timed_out", _("timed out")
        WITHDRAWN = "withdrawn", _("withdrawn")

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="enrolments")
    study = models.ForeignKey(Study, models.PROTECT, related_name="enrolments")
    number = models.PositiveIntegerField(default=random_number)
    is_test = models.BooleanField(default=False)
    is_preview = models.BooleanField(default=False)
    is_imported = models.BooleanField(
        default=False, db_default=False, help_text=_("Read from a published table; never here themselves")
    )
    stage = models.CharField(max_length=40, default="consent")
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.NONE, blank=True)
    outcome_at = models.DateTimeField(null=True, blank=True)
    order_seed = models.CharField(max_length=40, default=random_key)
    resume_key = models.CharField(max_length=40, default=random_key)
    arrived_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    survey_finished_at = models.DateTimeField(null=True, blank=True)
    identity_erased_at = models.DateTimeField(null=True, blank=True)
    texts_erased_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    has_notice = models.BooleanField(default=False, db_default=False)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "study"], name="enrolment_once_per_study"),
            models.UniqueConstraint(fields=["study", "number"], name="enrolment_number"),
            models.CheckConstraint(
                condition=models.Q(outcome="", outcome_at=None)
                | (~models.Q(outcome="") & models.Q(outcome_at__isnull=False)),
                name="enrolment_outcome_has_time",
            ),
            # Whatever counts live people leaves test people out, and with them those who never came.
            models.CheckConstraint(
                condition=models.Q(is_imported=False) | models.Q(is_test=True), name="imported_is_never_live"
            ),
        ]
        indexes = [
            models.Index(fields=["study", "is_test", "outcome", "stage"]),
            models.Index(fields=["study", "arrived_at", "id"], name="enrolment_by_arrival"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """The participant's code in this study, as exports and coordinators see it."""
        return f"user{self.number}"

    @property
    def is_over(self) -> bool:
        return bool(self.outcome)


class PanelSubmission(models.Model):
    """One arrival from the panel. A person who comes back with a new session id keeps both."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="panel_submissions")
    panel_study = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=64)
    encrypted_session = models.TextField()
    is_signed = models.BooleanField(default=False)
    arrived_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=40, blank=True, help_text=_("What the panel calls it"))
    state_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrolment", "digest"], name="panel_submission_once")]
        indexes = [models.Index(fields=["digest"])]

    def __str__(self) -> str:
        return f"submission {self.pk} of enrolment {self.enrolment_id}"


class Device(models.Model):
    """A browser session on an enrolment. Only a trusted one reads what other devices wrote.

    `form` is all that is kept of what the browser says about itself; blank when it says nothing clear.
    """

    class Form(models.TextChoices):
        PHONE = "phone", _("phone")
        TABLET = "tablet", _("tablet")
        DESKTOP = "desktop", _("desktop")
        PROGRAM = "program", _("program")

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="devices")
    key = models.CharField(max_length=40, unique=True, default=random_key)
    is_trusted = models.BooleanField(default=False)
    form = models.CharField(max_length=8, choices=Form, blank=True, default="", db_default="")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"device {self.pk} of enrolment {self.enrolment_id}"

    def may_read(self, made_by: "Device | int | None") -> bool:
        """Whether this device may see what device `made_by` (row or id) wrote."""
        maker = made_by.pk if isinstance(made_by, Device) else made_by
        return self.is_trusted or maker == self.pk
