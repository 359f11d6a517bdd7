"""A study's rules on personal data in versions: the newest holds at once, for everybody."""

from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import User
from conversations.models import Conversation, PrivacyRules
from conversations.privacy.rules import Rules, parse
from surveys import audit
from surveys.models import Study


def rules_for(study: Study) -> Rules:
    """The rules that hold now; a study without any masks its exports and does nothing else."""
    stored = PrivacyRules.objects.filter(study=study).order_by("-version").first()
    return parse(stored.document, stored.version) if stored else parse({})


def with_rules(talks: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Each with the id of the rules that hold now, so that no query of its own asks for them."""
    newest = PrivacyRules.objects.filter(study=OuterRef("study")).order_by("-version")
    return talks.annotate(newest_rules=Subquery(newest.values("pk")[:1]))


def rules_of(talk: Conversation) -> Rules:
    """As `rules_for`; a process reads a version once, for a conversation that was found `with_rules`."""
    if "newest_rules" not in talk.__dict__:
        return rules_for(talk.study)
    pk = talk.__dict__["newest_rules"]
    return _read(pk) if pk else parse({})


@lru_cache(maxsize=256)
def _read(pk: int) -> Rules:
    """A version never changes."""
    stored = PrivacyRules.objects.get(pk=pk)
    return parse(stored.document, stored.version)


def document_of(study: Study) -> dict[str, Any]:
    stored = PrivacyRules.objects.filter(study=study).order_by("-version").first()
    return dict(stored.document) if stored else {}


def store(study: Study, document: dict[str, Any], by: User | None) -> Rules:
    """The next version, written into the audit; nothing happens where nothing changed. Raises RulesError."""
    parse(document)
    with transaction.atomic():
        Study.objects.select_for_update().get(pk=study.pk)
        before = rules_for(study)
        if before.version and document_of(study) == document:
            return before
        version = before.version + 1
        PrivacyRules.objects.create(study=study, version=version, document=document, created_by=by)
        audit.record(by, "privacy.rules_stored", study=study, version=version)
    return parse(document, version)
