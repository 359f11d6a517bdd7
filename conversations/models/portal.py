"""An arena's faces outside: portals under hosts of their own, and the sites that may frame it."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.models import Study

ACCENT = "#40379b"


class PortalQuerySet(models.QuerySet["Portal"]):
    def without_logo(self) -> "PortalQuerySet":
        """Without the picture itself; `has_logo` says whether there is one."""
        there = models.ExpressionWrapper(Q(logo__isnull=False), output_field=models.BooleanField())
        return self.defer("logo").annotate(has_logo=there)


class Portal(models.Model):
    """An arena under a host of its own, in its own languages and look.

    `texts`: {language: {"heading": …, "text": …}} for the front page; a blank one is Prism's own.
    """

    host = models.CharField(max_length=253, unique=True)
    study = models.ForeignKey(Study, models.PROTECT, related_name="portals")
    name = models.CharField(max_length=60, help_text=_("Stands above every page"))
    languages = ArrayField(models.CharField(max_length=10), help_text=_("That people may choose"))
    language = models.CharField(max_length=10, help_text=_("For whoever reads none of them"))
    texts = models.JSONField(default=dict, blank=True)
    accent = models.CharField(max_length=7, default=ACCENT)
    logo = models.BinaryField(null=True, blank=True, help_text=_("PNG, written anew by Prism"))
    legal_url = models.URLField(blank=True)
    contact_url = models.URLField(blank=True)
    is_active = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = PortalQuerySet.as_manager()

    class Meta:
        ordering = ["host"]
        constraints = [
            models.CheckConstraint(
                condition=Q(host__regex=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"), name="portal_host_lower"
            ),
            models.CheckConstraint(condition=Q(accent__regex=r"^#[0-9a-f]{6}$"), name="portal_accent"),
            models.CheckConstraint(
                condition=Q(languages__contains=[F("language")]), name="portal_speaks_its_language"
            ),
        ]

    def __str__(self) -> str:
        return self.host

    @property
    def look(self) -> str:
        """Changes with what the stylesheet and the logo are made of, for their addresses."""
        return f"{self.changed_at.timestamp():.0f}"

    def words(self, language: str) -> dict[str, Any]:
        """Heading and text of the front page in this language, as far as there are any."""
        found: dict[str, Any] = self.texts.get(language, {})
        return found


class Embedding(models.Model):
    """The sites that may show a study's arena in a frame. No row, or none named: nobody may."""

    study = models.OneToOneField(Study, models.PROTECT, primary_key=True, related_name="embedding")
    origins = ArrayField(models.CharField(max_length=260), default=list, blank=True)

    def __str__(self) -> str:
        return f"frames of {self.study_id}"
