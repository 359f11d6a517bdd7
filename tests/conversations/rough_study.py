"""A short study in which every way to end occurs: under age, a full cell, failed checks, one conversation."""

from conversations.demo import CODES, load_demo
from conversations.models import PoolEntry
from conversations.studies import load_protocol
from conversations.study_templates import template
from surveys.models import ConsentDocument, Questionnaire, Study
from surveys.quality import rules
from surveys.quotas import versions
from tests.factories import make_user

SLUG = "rough"
ASKS = """\
format: prism-questionnaire/1
key: rough
title: Who and how
language: en
pages:
  - key: who
    title: About you
    minutes: 1
    questions:
      - key: age
        type: single
        text: How old are you?
        options: [{value: Under 18, label: Under 18, screens_out: true}, 18 or older]
      - {key: side, type: single, text: On which side do you live?, options: [North, South]}
  - key: how
    title: What you think
    minutes: 1
    questions:
      - {key: look, type: single, text: Choose green., options: [red, green], check: {expects: green}}
      - {key: story, type: long_text, text: Which story?}
"""
QUOTAS = """\
format: prism-quotas/1
strata: [{key: side, question: side, categories: {North: [North], South: [South]}}]
tables:
  - key: sides
    strata: [side]
    undisclosed: outside
    targets: [{cell: [North], places: 1}, {cell: [South], places: 50}]
"""


def make() -> Study:
    """The study, with the models of the demonstration."""
    pool, files = load_demo().pool.all(), template("comparison")
    study = Study.objects.create(
        slug=SLUG,
        title="Rough",
        kind=Study.Kind.DEMO,
        state=Study.State.OPEN,
        minutes=4,
        questionnaire=Questionnaire.load(ASKS),
        consent_document=ConsentDocument.load_file(files["consent.yaml"]),
        panel={"codes": {**CODES, "failed_checks": "DEMOFAIL"}},
    )
    load_protocol(study, files["protocol.yaml"])
    PoolEntry.objects.bulk_create(PoolEntry(study=study, model=entry.model) for entry in pool)
    versions.store(study, QUOTAS, make_user(), before=None)
    rules.store(study, {"checks": {"announced": True, "fail_after": 1, "consequence": "end"}}, None)
    return study
