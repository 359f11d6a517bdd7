"""The arena's study, and coming in: somebody without an account who agreed to its terms."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from conversations import finding, protocols
from conversations.arena.addresses import SLUG, slug_at
from conversations.models import Protocol
from conversations.studies import load_protocol
from surveys import consents, entry
from surveys.models import ConsentDocument, Enrolment, Study
from surveys.panels import anybody


def arena() -> Study | None:
    """The default arena, at /arena/; None where there is none."""
    return Study.objects.filter(slug=SLUG).first()


def arena_at(request: HttpRequest, slug: str) -> Study | None:
    """The arena that is meant by an address with this slug, or without one; None where there is none."""
    slug = slug_at(request, slug)
    study = Study.objects.filter(slug=slug).select_related("consent_document").first()
    return study if study and is_shown(study) else None


def is_shown(study: Study) -> bool:
    """Whether the study has pages of an arena; the default one has them before it has rules."""
    return study.slug == SLUG or is_arena(study)


def is_arena(study: Study) -> bool:
    """Whether its conversations are compared by votes, on the arena's pages."""
    protocol = rules(study)
    return protocol is not None and protocol.parsed().ballot is not None


@transaction.atomic
def make_arena(title: str, **fields: Any) -> Study:
    """The arena's study with the shipped terms and protocol, made if it is missing; a draft until opened."""
    study = arena() or Study.objects.create(
        slug=SLUG,
        title=title,
        minutes=5,
        panel={"kind": "open"},
        consent_document=ConsentDocument.load_file(consents.shipped("arena"), source="consent-arena.yaml"),
        **fields,
    )
    if not study.protocols.exists():
        load_protocol(study, protocols.preset("arena"))
    return study


def rules(study: Study) -> Protocol | None:
    """The newest version, which holds for new conversations."""
    return finding.newest_protocol(study.pk)


def come_in(request: HttpRequest, study: Study, boxes: Mapping[str, bool], language: str) -> Enrolment:
    """Store that somebody agreed, and tie this browser to them. What is not sent is not stored."""
    document = study.consent_document
    assert document is not None  # the page that sends here shows it
    key = request.POST.get("door_key", "")[:40]
    with transaction.atomic():
        enrolment, is_new = entry.enrol(study, anybody(study, key), is_test=_is_test(request, study))
        consents.decide(enrolment, document, agreed=True, boxes=boxes, language=language)
        entry.open_session(request, enrolment, trusted=is_new)
    return enrolment


def _is_test(request: HttpRequest, study: Study) -> bool:
    return entry.is_test_token(study, request.POST.get("test", ""))
