"""Making a study from what is shipped: questionnaire, consent and protocol in one step."""

from typing import Any

from django.db import transaction

from conversations import protocols
from conversations.models import Protocol
from surveys import consents
from surveys.instruments import instrument
from surveys.models import ConsentDocument, Questionnaire, Study
from surveys.models.study import sha256


@transaction.atomic
def make_prism_study(slug: str, title: str, **fields: Any) -> Study:
    """A study with the PRISM instrument, consent and protocol; a draft unless `state` says otherwise."""
    study = Study.objects.create(
        slug=slug,
        title=title,
        questionnaire=Questionnaire.load(instrument("prism"), source="prism.yaml"),
        consent_document=ConsentDocument.load_file(consents.shipped("prism"), source="consent-prism.yaml"),
        **fields,
    )
    load_protocol(study, protocols.preset("prism"))
    return study


def load_protocol(study: Study, document: str) -> Protocol:
    """The study's protocol with this text, made as the next version if it is new. Raises ProtocolError."""
    protocols.parse(document)
    newest = study.protocols.order_by("-version").first()
    if newest and newest.sha256 == sha256(document):
        return newest
    version = newest.version + 1 if newest else 1
    return Protocol.objects.create(study=study, version=version, document=document, sha256=sha256(document))
