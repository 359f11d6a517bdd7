"""What a member of a study is known to be able to annotate, and whether that counts."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from surveys.models import Study


class AnnotatorProfile(models.Model):
    """Expertise and languages of one annotator in one study. Without languages, every language is theirs.

    Who is excluded for the quality of their work keeps it; agreement leaves it out.
    """

    study = models.ForeignKey(Study, models.CASCADE, related_name="annotator_profiles", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="annotator_profiles")
    tags = models.JSONField(default=list, blank=True, help_text=_("Expertise, as batches ask for it"))
    languages = models.JSONField(default=list, blank=True, help_text=_("Codes such as en or de-AT"))
    excluded_at = models.DateTimeField(null=True, help_text=_("Since when agreement is told without them"))
    excluded_for = models.CharField(
        max_length=1000, blank=True, default="", help_text=_("Why their annotations were excluded")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="annotator_profile_once"),
            models.CheckConstraint(
                condition=Q(excluded_at=None, excluded_for="")
                | (Q(excluded_at__isnull=False) & ~Q(excluded_for="")),
                name="annotator_excluded_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"profile of annotator {self.user_id} in study {self.study_id}"
