"""A study at its panel: the connection, what the panel tells, bonuses, and the team's own links."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from prism.lib.codes import random_key

from .participant import Enrolment
from .study import Study


class PanelConnection(models.Model):
    """A study's account at its panel. Token and webhook secret are encrypted and never shown again."""

    study = models.OneToOneField(Study, models.CASCADE, related_name="panel_connection")
    panel_study = models.CharField(max_length=100, blank=True)
    workspace = models.CharField(max_length=100, blank=True)
    encrypted_token = models.TextField(blank=True)
    encrypted_secret = models.TextField(blank=True)
    hook_key = models.CharField(max_length=40, unique=True, default=random_key)
    subscribed_at = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField(null=True, blank=True, help_text=_("When the last webhook came"))
    missed_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When polling last found a change that no webhook had told")
    )
    polled_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"panel of study {self.study_id}"


class PanelEvent(models.Model):
    """A webhook that held. Ids of people and submissions stand here as keyed hashes only."""

    connection = models.ForeignKey(PanelConnection, models.CASCADE, related_name="events")
    event_id = models.CharField(max_length=100)
    signature = models.CharField(max_length=64)
    kind = models.CharField(max_length=60)
    resource_digest = models.CharField(max_length=64)
    person_digest = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=40, blank=True)
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "event_id"], name="panel_event_once"),
            models.UniqueConstraint(fields=["connection", "signature"], name="panel_event_signature_once"),
        ]
        indexes = [
            models.Index(fields=["received_at"], condition=Q(handled_at=None), name="panel_event_open")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"


class UsedEntryToken(models.Model):
    """The digest of a signed entry token that let somebody in; it lets nobody else in."""

    digest = models.CharField(max_length=64, unique=True)
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"token of enrolment {self.enrolment_id}"


class BonusPayment(models.Model):
    """Bonuses paid together. Asking the panel to pay is written down before it is asked, and asked once."""

    class State(models.TextChoices):
        DRAFTED = "drafted", _("drafted")
        SUBMITTED = "submitted", _("submitted")
        PAY_REQUESTED = "pay_requested", _("payment requested")
        CONFIRMED = "confirmed", _("confirmed")
        UNKNOWN = "unknown", _("unknown")

    study = models.ForeignKey(Study, models.PROTECT, related_name="bonus_payments")
    state = models.CharField(max_length=16, choices=State, default=State.DRAFTED)
    panel_payment = models.CharField(max_length=100, blank=True)
    problem = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    pay_requested_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["drafted", "submitted"]) | Q(pay_requested_at__isnull=False),
                name="bonus_payment_asked_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state="drafted") | ~Q(panel_payment=""), name="bonus_payment_has_panel_id"
            ),
        ]

    def __str__(self) -> str:
        return f"bonus payment {self.pk}"


class Bonus(models.Model):
    """The ledger: one bonus for a person and a reason, whatever happens. Drafted until it is in a payment."""

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="bonuses")
    reason = models.CharField(max_length=120)
    amount = models.DecimalField(max_digits=7, decimal_places=2)
    payment = models.ForeignKey(BonusPayment, models.PROTECT, null=True, blank=True, related_name="bonuses")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "bonuses"
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "reason"], name="bonus_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="bonus_is_positive"),
        ]

    def __str__(self) -> str:
        return f"bonus {self.pk} of enrolment {self.enrolment_id}"


class Credit(models.Model):
    """The ledger of credits that the server asks a panel for: one for a person, asked for once.

    Back to waiting only from a call that surely did nothing. `unknown` is one whose answer never came.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        ASKED = "asked", _("being asked for")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")
        UNKNOWN = "unknown", _("unknown")

    enrolment = models.OneToOneField(Enrolment, models.PROTECT, related_name="credit")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="asked") | Q(asked_at__isnull=False), name="credit_asked_has_time"
            )
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(state="waiting"), name="credit_waiting")]

    def __str__(self) -> str:
        return f"{self.state} credit of enrolment {self.enrolment_id}"


class EntryLink(models.Model):
    """A link for one person. Its label is stored as a keyed hash, so that a list of links betrays nobody."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="entry_links")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    is_labelled = models.BooleanField(default=False, help_text=_("The label returns on any device"))
    enrolment = models.OneToOneField(
        Enrolment, models.SET_NULL, null=True, blank=True, related_name="entry_link"
    )
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="entry_link_number"),
            models.UniqueConstraint(fields=["study", "digest"], name="entry_link_label"),
        ]

    def __str__(self) -> str:
        return f"link {self.number} of study {self.study_id}"


class InvitedPerson(models.Model):
    """Somebody to invite by e-mail: the one table with participants' addresses, encrypted."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not sent")
        OPTED_OUT = "opted_out", _("wants no mail")

    study = models.ForeignKey(Study, models.CASCADE, related_name="invited_people")
    link = models.OneToOneField(EntryLink, models.CASCADE, related_name="invited")
    digest = models.CharField(max_length=64)
    encrypted_address = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    released_at = models.DateTimeField(null=True, blank=True, help_text=_("When the team let it be sent"))
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "invited people"
        constraints = [models.UniqueConstraint(fields=["study", "digest"], name="invited_once_per_study")]

    def __str__(self) -> str:
        return f"invitation {self.pk} to study {self.study_id}"


class OptOut(models.Model):
    """The keyed hash of an address whose owner wants no invitation to any study."""

    digest = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"opt-out {self.pk}"
