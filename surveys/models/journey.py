"""What a participant submitted: append-only rows, and the one mutable draft of a page."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .participant import Device, Enrolment
from .study import ConsentDocument, Questionnaire


class EnrolmentEvent(models.Model):
    """What happened on the way, append-only: arrived, second device, consented, outcome, …"""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["enrolment", "kind"])]

    def __str__(self) -> str:
        return f"{self.kind} of enrolment {self.enrolment_id}"


class Consent(models.Model):
    """Proof of what was agreed or declined: document version, its hash, the boxes, the time. Append-only.

    Who changes an optional box later leaves a further row of the same version, counted by `revision`.
    """

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="consents")
    document = models.ForeignKey(ConsentDocument, models.PROTECT)
    document_sha256 = models.CharField(max_length=64)
    agreed = models.BooleanField()
    boxes = models.JSONField(default=dict)
    revision = models.PositiveSmallIntegerField(default=0)
    language = models.CharField(max_length=12, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "document", "revision"], name="consent_once_a_revision"
            )
        ]

    def __str__(self) -> str:
        return f"consent of enrolment {self.enrolment_id}"


class Presentation(models.Model):
    """The order in which a question's options or items were shown to a participant."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="presentations")
    questionnaire = models.ForeignKey(Questionnaire, models.PROTECT)
    question = models.CharField(max_length=80)
    order = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "questionnaire", "question"], name="presentation_once_per_question"
            )
        ]

    def __str__(self) -> str:
        return f"order of {self.question} for enrolment {self.enrolment_id}"


class PageSubmission(models.Model):
    """One valid submit of a questionnaire page. Going back and submitting again adds a row. Append-only."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="page_submissions")
    questionnaire = models.ForeignKey(Questionnaire, models.PROTECT)
    device = models.ForeignKey(Device, models.PROTECT)
    page = models.CharField(max_length=80)
    key = models.CharField(max_length=40, help_text=_("Idempotency key of the form"))
    shown_at = models.DateTimeField(null=True)
    language = models.CharField(max_length=35, blank=True, help_text=_("In which the page was shown"))
    submitted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrolment", "key"], name="page_submission_once")]
        indexes = [models.Index(fields=["enrolment", "questionnaire", "page"])]

    def __str__(self) -> str:
        return f"page {self.page} of enrolment {self.enrolment_id}"


# How the key of an answer that holds an option's own words ends.
TEXT_SUFFIX = "_text"


class Answer(models.Model):
    """One question's answer in one submit; the newest row of a question is current. Append-only."""

    class Status(models.TextChoices):
        ANSWERED = "answered", _("answered")
        DECLINED = "declined", _("declined")
        NOT_SHOWN = "not_shown", _("not shown")
        NOT_REACHED = "not_reached", _("not reached")

    submission = models.ForeignKey(PageSubmission, models.CASCADE, related_name="answers")
    question = models.CharField(max_length=80)
    value = models.JSONField(null=True)
    status = models.CharField(max_length=12, choices=Status)
    trace = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "question"], name="answer_once_per_submit")
        ]
        # Own words are looked for in whole studies. Other answers get no entry: sending them costs nothing.
        indexes = [
            models.Index(
                fields=["question", "submission"],
                condition=models.Q(question__endswith=TEXT_SUFFIX),
                name="answer_own_words",
            )
        ]

    def __str__(self) -> str:
        return f"answer to {self.question} in submission {self.submission_id}"


class Draft(models.Model):
    """What a participant typed on a page and has not submitted yet; deleted at submit."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="drafts")
    device = models.ForeignKey(Device, models.CASCADE)
    page = models.CharField(max_length=120)
    fields = models.JSONField(default=dict)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrolment", "page", "device"], name="draft_per_page")]

    def __str__(self) -> str:
        return f"draft of {self.page} of enrolment {self.enrolment_id}"
