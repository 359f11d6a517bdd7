"""What a member of a study is known to be able to annotate."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from surveys.models import Study


class AnnotatorProfile(models.Model):
    """Expertise and languages of one annotator in one study. Without languages, every language is theirs."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="annotator_profiles", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="annotator_profiles")
    tags = models.JSONField(default=list, blank=True, help_text=_("Expertise, as batches ask for it"))
    languages = models.JSONField(default=list, blank=True, help_text=_("Codes such as en or de-AT"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "user"], name="annotator_profile_once")]

    def __str__(self) -> str:
        return f"profile of annotator {self.user_id} in study {self.study_id}"
