"""The studies that the tests in a browser play; runs in a process of its own, on their own database."""

import json
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from conversations import protocols
from conversations.demo import load_demo, load_protocol
from conversations.models import LanguageModel, PoolEntry, Provider
from surveys.models import ConsentDocument, Questionnaire, Study
from tests.conversations.talking import rules
from tests.e2e import annotating, judging

EVERY_TYPE = Path(__file__).with_name("every_type.yaml")
CONSENT = Path(__file__).with_name("consent.yaml")
BLIND_ID, BLIND_PROVIDER = 8_240_000, "Zyxware Hosting"


def build(fake_url: str) -> None:
    """`demo` and `journey`, the whole; `talks` and `blind`, no survey; `types`, every question; `closed`;
    `annotated` and `judging`, tasks. Prints the cookie's name, then those of who annotates, signed in."""
    _shorter(load_demo(fake_url))
    _study("closed", state=Study.State.CLOSED)
    _study(
        "types",
        questionnaire=Questionnaire.load(EVERY_TYPE.read_text(encoding="utf-8")),
        consent_document=ConsentDocument.load_file(CONSENT.read_text(encoding="utf-8")),
    )
    _scales()
    talks = _study("talks")
    load_protocol(talks, protocols.preset("prism"))
    PoolEntry.objects.bulk_create(
        PoolEntry(study=talks, model=model) for model in LanguageModel.objects.all()
    )
    blind = _study("blind")
    kind = {"key": "unguided", "label": "Anything", "text": "Talk.", "required": 1}
    load_protocol(blind, rules(types=[kind], opening__models=6))
    _add_blind_models(fake_url, blind, Study.objects.get(slug="arena"))
    judging.build()
    print(json.dumps([settings.SESSION_COOKIE_NAME, *annotating.build()]))


def _add_blind_models(fake_url: str, *studies: Study) -> None:
    """Models whose every word and number would be noticed, for tests that look for them; not drawn yet."""
    provider = Provider.objects.create(
        name=BLIND_PROVIDER, base_url=fake_url, is_fake=True, silence_seconds=6
    )
    for number in range(8):
        model = LanguageModel.objects.create(
            pk=BLIND_ID + number,
            provider=provider,
            identifier="aurora-7b",
            name=f"quuxmaker/grault-{number}-chat!",
            short_name=f"grault-{number}",
            code=f"GRLT{number}",
            family="Garplyfam",
            maker="Quuxmaker",
            header="You are Waldo of Frobnitz.",
            link="https://quuxmaker.example/card",
            licence="Frobnitz Licence 9",
        )
        PoolEntry.objects.bulk_create(PoolEntry(study=study, model=model, is_on=False) for study in studies)


def _shorter(demo: Study) -> None:
    """The study `journey`: all of the demonstration, with one conversation of each type instead of two."""
    pool = list(demo.pool.values_list("model", flat=True))
    demo.pk, demo.slug = None, "journey"
    demo.save()
    load_protocol(demo, protocols.preset("prism").replace("required: 2", "required: 1"))
    PoolEntry.objects.bulk_create(PoolEntry(study=demo, model_id=model) for model in pool)


def _study(slug: str, **fields: Any) -> Study:
    given = {"kind": Study.Kind.DEMO, "state": Study.State.OPEN, "contact_email": "contact@demo.example"}
    return Study.objects.create(slug=slug, title=f"The study {slug}", **(given | fields))


SCALES = {
    "likert": {
        "rating": {"kind": "likert", "labels": ["Poor", "Fair", {"en": "Good", "fr": "Bonne"}, "Superb"]},
        "continuation": {"who": "all"},
        "reveal": "after_rating",
    },
    "points": {"rating": {"kind": "likert", "points": 11, "low": "Awful", "high": "Superb"}},
    "best": {
        "rating": {"kind": "pairwise", "ties": ["both_good", "both_bad"]},
        "continuation": {"who": "participant", "samples": 2},
    },
    "order": {"rating": {"kind": "ranking"}, "reveal": "at_end"},
    "places": {"rating": {"kind": "ranking", "ties": True}},
}


def _scales() -> None:
    """A study of conversations for each way to rate answers."""
    for slug, changes in SCALES.items():
        document = yaml.safe_load(protocols.preset("prism"))
        document |= {"types": document["types"][:1], "turns": {"minimum": 1, "maximum": 3}, **changes}
        study = _study(f"scale-{slug}")
        load_protocol(study, yaml.safe_dump(document))
        PoolEntry.objects.bulk_create(
            PoolEntry(study=study, model=model) for model in LanguageModel.objects.all()[:5]
        )
