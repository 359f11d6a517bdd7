"""The texts that models were told, so that a header edited later falsifies no export."""

import hashlib
from collections.abc import Iterable

from django.db import models
from django.utils import timezone


class SystemPromptQuerySet(models.QuerySet["SystemPrompt"]):
    def keep(self, texts: Iterable[str]) -> None:
        """Store those that are not there yet, in one order, so that two workers never wait for each other."""
        kept = [self.model(sha256=digest(text), text=text) for text in sorted(set(texts))]
        self.bulk_create(kept, ignore_conflicts=True)


class SystemPrompt(models.Model):
    """A system prompt as sent, once for all calls: attempts name it by `system_sha256`. Append-only."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    objects = SystemPromptQuerySet.as_manager()

    def __str__(self) -> str:
        return f"system prompt {self.sha256[:8]}"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
