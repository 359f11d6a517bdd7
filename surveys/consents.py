"""Asking for consent: what a person agreed to, asking again, taking a purpose back, a new version."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit, journey
from surveys.consent_documents import Box, parse
from surveys.instruments import HERE
from surveys.models import Consent, ConsentDocument, Enrolment, Study


class ConsentProblem(Exception):
    """The change was refused; the message says why and what to do."""


def shipped(name: str) -> str:
    """The text of a consent document that comes with Prism. Raises FileNotFoundError for others."""
    return (HERE / f"consent-{name}.yaml").read_text(encoding="utf-8")


def current(enrolment: Enrolment) -> Consent | None:
    """What the person agreed to last, with the document they read."""
    agreed = enrolment.consents.filter(agreed=True).select_related("document")
    return agreed.order_by("-pk").first()


def decide(
    enrolment: Enrolment, document: ConsentDocument, *, agreed: bool, boxes: Mapping[str, bool], language: str
) -> bool:
    """Store the decision once: of a double click, or of two windows, the first one stands."""
    with transaction.atomic():
        Enrolment.objects.select_for_update().get(pk=enrolment.pk)
        if enrolment.consents.filter(document=document).exists():
            return False
        _store(enrolment, document, agreed=agreed, boxes=boxes, language=language)
        journey.note(enrolment, "consented" if agreed else "declined", version=document.version)
        if not agreed:
            journey.finish(enrolment, Enrolment.Outcome.NO_CONSENT)
    return True


def optional_boxes(consent: Consent) -> list[Box]:
    """The purposes that the person may take back or grant, in the language they read."""
    text = consent.document.parsed().in_language(consent.language)
    return [box for box in text.boxes if not box.required]


def change_purposes(enrolment: Enrolment, ticked: Mapping[str, bool], language: str) -> bool:
    """Store what the person now agrees to of the optional purposes; False where nothing changed."""
    with transaction.atomic():
        Enrolment.objects.select_for_update().get(pk=enrolment.pk)
        before = current(enrolment)
        if before is None:
            return False
        keys = [box.key for box in optional_boxes(before)]
        boxes = {**before.boxes, **{key: ticked.get(key, False) for key in keys}}
        if boxes == before.boxes:
            return False
        after = _store(enrolment, before.document, agreed=True, boxes=boxes, language=language, last=before)
        journey.note(enrolment, "purposes changed", version=before.document.version, revision=after.revision)
    return True


def _store(
    enrolment: Enrolment,
    document: ConsentDocument,
    *,
    agreed: bool,
    boxes: Mapping[str, bool],
    language: str,
    last: Consent | None = None,
) -> Consent:
    return Consent.objects.create(
        enrolment=enrolment,
        document=document,
        document_sha256=document.sha256,
        agreed=agreed,
        boxes=dict(boxes),
        language=language,
        revision=last.revision + 1 if last else 0,
    )


def store(study: Study, text: str) -> ConsentDocument:
    """The version with this text, made as the next one if it is new.

    Raises QuestionnaireError for a text that is no consent document, and ConsentProblem for one with the key
    of another document: who agreed to that one could not be told from who agreed to this.
    """
    key, before = parse(text).key, study.consent_document
    if before and key != before.key:
        raise ConsentProblem(
            _("The key is “%(key)s”, and that of this study's document is “%(own)s”. Keep that one.")
            % {"key": key, "own": before.key}
        )
    try:
        with transaction.atomic():
            return ConsentDocument.load_file(text)
    except IntegrityError:  # somebody took the number of the version in this very moment
        return ConsentDocument.load_file(text)


def use(study: Study, document: ConsentDocument, by: User | None, *, instead_of: int | None) -> None:
    """The study shows this version from now on, provided that it still shows the one with id `instead_of`.

    Where the version says so, everybody on the way is asked again. Raises ConsentProblem when somebody else
    was faster.
    """
    with transaction.atomic():
        same = Study.objects.filter(pk=study.pk, consent_document=instead_of)
        if not same.update(consent_document=document):
            raise ConsentProblem(
                _("Somebody else changed the document meanwhile. Copy your text, and open the page again.")
            )
        if document.reconsent:
            study.enrolments.in_progress().exclude(stage="consent").update(stage="consent")
        audit.record(
            by,
            "consent.changed",
            study=study,
            subject=document,
            sha256=document.sha256,
            reconsent=document.reconsent,
        )
    study.consent_document = document
