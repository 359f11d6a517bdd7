"""A study and the versioned documents it shows: consent and questionnaire."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models
from django.db.models.lookups import Exact
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys import consent_documents, questionnaires

if TYPE_CHECKING:
    from accounts.models import User


Version = TypeVar("Version", bound=models.Model)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def same_or_latest(versions: "models.QuerySet[Version]", digest: str) -> "Version | None":
    """Of a document's versions the one with this text, and where none has it the latest one."""
    return versions.order_by(Exact(models.F("sha256"), digest).desc(), "-version").first()


MOST_DOCUMENTS = 64
_documents: "dict[int, questionnaires.Questionnaire]" = {}


@lru_cache(maxsize=MOST_DOCUMENTS)
def _parsed(document: str, source: str = "") -> "questionnaires.Questionnaire":
    return questionnaires.parse(document, source=source)


@lru_cache(maxsize=64)
def _parsed_consent(document: str, source: str = "") -> "consent_documents.ConsentText":
    return consent_documents.parse(document, source=source)


class Questionnaire(models.Model):
    """One version of a questionnaire; the row never changes, an edit makes the next version."""

    key = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    document = models.TextField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="questionnaire_version"),
            models.UniqueConstraint(fields=["key", "sha256"], name="questionnaire_text"),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"

    @classmethod
    def load(cls, document: str, source: str = "") -> "Questionnaire":
        """The version that holds exactly this text, made as the next one if it is new.

        Raises QuestionnaireError, with line and reason, when the text is no questionnaire.
        """
        parsed = _parsed(document, source)
        digest = sha256(document)
        found = same_or_latest(cls.objects.filter(key=parsed.key), digest)
        if found and found.sha256 == digest:
            return found
        version = found.version + 1 if found else 1
        return cls.objects.create(
            key=parsed.key, version=version, title=parsed.title, document=document, sha256=digest
        )

    def parsed(self) -> "questionnaires.Questionnaire":
        return _parsed(self.document)

    @classmethod
    def document_of(cls, pk: int) -> "questionnaires.Questionnaire":
        """The parsed text of a version; kept in memory, for it never changes. Raises DoesNotExist."""
        if pk not in _documents:
            if len(_documents) >= MOST_DOCUMENTS:
                _documents.clear()
            _documents[pk] = cls.objects.get(pk=pk).parsed()
        return _documents[pk]


class ConsentDocument(models.Model):
    """One version of what a participant is asked to agree to. Boxes: [{key, label, required}]."""

    key = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField(help_text=_("Markdown"))
    boxes = models.JSONField(default=list)
    document = models.TextField(
        blank=True, default="", help_text=_("The file, as surveys.consent_documents reads it")
    )
    reconsent = models.BooleanField(default=False, help_text=_("Who is on the way is asked again"))
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "version"], name="consent_document_version")]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"

    @classmethod
    def load(
        cls, key: str, title: str, body: str, boxes: list[dict[str, Any]], **more: Any
    ) -> "ConsentDocument":
        """As `load_file`, for a document in one language; `more` are further keys of the file."""
        return cls.load_file(consent_documents.as_file(key, title, body, boxes, **more))

    @classmethod
    def load_file(cls, document: str, source: str = "") -> "ConsentDocument":
        """The version that holds exactly this text, made as the next one if it is new.

        Raises QuestionnaireError, with line and reason, when the text is no consent document.
        """
        parsed = _parsed_consent(document, source)
        digest = sha256(document)
        found = same_or_latest(cls.objects.filter(key=parsed.key), digest)
        if found and found.sha256 == digest:
            return found
        return cls.objects.create(
            key=parsed.key,
            version=found.version + 1 if found else 1,
            title=parsed.title,
            body=parsed.body,
            boxes=[{"key": box.key, "label": box.label, "required": box.required} for box in parsed.boxes],
            document=document,
            reconsent=parsed.reconsent,
            sha256=digest,
        )

    def parsed(self) -> "consent_documents.ConsentText":
        return _parsed_consent(self.document)


class StudyQuerySet(models.QuerySet["Study"]):
    def visible_to(self, user: "User") -> "StudyQuerySet":
        """The studies a person who signs in takes part in running; a superuser sees all."""
        return self if user.is_superuser else self.filter(memberships__user=user)

    def slugs(self) -> Iterable[str]:
        return self.values_list("slug", flat=True)


class Study(models.Model):
    class Kind(models.TextChoices):
        LIVE = "live", _("live")
        DEMO = "demo", _("demonstration")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    class Withdrawal(models.TextChoices):
        ERASE = "erase", _("erase everything the person gave")
        ANONYMISE = "anonymise", _("erase who it was and what they wrote; keep choices and scores")

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.LIVE)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    locale = models.CharField(
        max_length=60, blank=True, help_text=_("Where people were recruited, lower case")
    )
    minutes = models.PositiveIntegerField(default=30)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(blank=True)
    ethics_board = models.CharField(max_length=200, blank=True)
    ethics_email = models.EmailField(blank=True)
    withdrawal_days = models.PositiveIntegerField(default=14)
    withdrawal = models.CharField(max_length=10, choices=Withdrawal, default=Withdrawal.ERASE)
    retention = models.JSONField(default=dict, blank=True)
    panel = models.JSONField(default=dict)
    questionnaire = models.ForeignKey(Questionnaire, models.PROTECT, null=True, blank=True)
    consent_document = models.ForeignKey(ConsentDocument, models.PROTECT, null=True, blank=True)
    quota = models.ForeignKey(
        "surveys.Quota", models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = StudyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "studies"
        ordering = ["-created_at", "id"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("surveys:study", args=[self.slug])

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_demo(self) -> bool:
        return self.kind == self.Kind.DEMO
