"""The studies that the tests in a browser play; runs in a process of its own, on their own database."""

from pathlib import Path
from typing import Any

from django.core.management import call_command

from conversations import protocols
from conversations.demo import load_demo, load_protocol
from conversations.models import LanguageModel, PoolEntry
from surveys.models import ConsentDocument, Questionnaire, Study

EVERY_TYPE = Path(__file__).with_name("every_type.yaml")
CONSENT = Path(__file__).with_name("consent.yaml")


def build(fake_url: str) -> None:
    """`demo`, the whole journey; `talks`, conversations alone; `types`, every question; `closed`."""
    call_command("migrate", verbosity=0)
    load_demo(fake_url)
    _study("closed", state=Study.State.CLOSED)
    _study(
        "types",
        questionnaire=Questionnaire.load(EVERY_TYPE.read_text(encoding="utf-8")),
        consent_document=ConsentDocument.load_file(CONSENT.read_text(encoding="utf-8")),
    )
    talks = _study("talks")
    load_protocol(talks, protocols.preset("prism"))
    PoolEntry.objects.bulk_create(
        PoolEntry(study=talks, model=model) for model in LanguageModel.objects.all()
    )


def _study(slug: str, **fields: Any) -> Study:
    given = {"kind": Study.Kind.DEMO, "state": Study.State.OPEN, "contact_email": "contact@demo.example"}
    return Study.objects.create(slug=slug, title=f"The study {slug}", **(given | fields))
