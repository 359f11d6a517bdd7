"""Groups of the people who voted, by what they answered in the survey, as judges of their own.

Only people who may be released count: who agreed, did not withdraw and was not excluded. A group of fewer
than LEAST_PEOPLE is never made a judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from django.db.models import Exists, OuterRef

from analysis.dissection.pairs import Pairs, Votes
from analysis.exports.release import ARENA, Scope, people
from annotations.models import Batch
from conversations.models import Vote
from surveys.models import Answer, Consent, Enrolment, Study
from surveys.quotas.picture import SMALL as LEAST_PEOPLE

HUMAN = "human"
ONE_OF_SEVERAL = frozenset({"single", "dropdown"})


def questions(study: Study) -> list[tuple[str, str]]:
    """Questions of the study's survey that ask for one of several options: key and text."""
    if study.questionnaire is None:
        return []
    asked = study.questionnaire.parsed().questions()
    return [(one.key, one.text) for one in asked if one.options and one.type in ONE_OF_SEVERAL]


def with_groups(pairs: Pairs, batch: Batch, question: str) -> Pairs:
    """The pairs with a judge for each answer to the question, of those who voted on them; `human` stays."""
    if HUMAN not in pairs.votes or not question:
        return pairs
    votes = {
        f"{HUMAN}: {question} = {answer}": _of(pairs, keys) for answer, keys in _keys(batch, question).items()
    }
    return replace(pairs, votes={**pairs.votes, **votes})


def _of(pairs: Pairs, keys: frozenset[str]) -> Votes:
    """The votes of people on these tasks alone."""
    there = np.array([key in keys for key in pairs.keys])
    human = pairs.votes[HUMAN]
    every = (human.for_a, human.for_b, human.ties, human.inconsistent)
    return Votes(*(np.where(there, of, 0.0) for of in every))


def _keys(batch: Batch, question: str) -> dict[str, frozenset[str]]:
    """{answer: keys of the tasks whose voter gave it}, in the order of the answers."""
    voters = dict(_voters(batch))
    answers = _answers(batch.study, frozenset(voters.values()), question)
    people_of, found = defaultdict(set), defaultdict(set)
    for key, enrolment in voters.items():
        if answer := answers.get(enrolment):
            people_of[answer].add(enrolment)
            found[answer].add(key)
    large = sorted(answer for answer, those in people_of.items() if len(those) >= LEAST_PEOPLE)
    return {answer: frozenset(found[answer]) for answer in large}


def _voters(batch: Batch) -> list[tuple[str, int]]:
    """Keys of the tasks that come from a vote, with the voter."""
    voted = Exists(Vote.objects.filter(turn=OuterRef("turn")))
    tasks = batch.tasks.filter(voted, erased_at=None, turn__isnull=False)
    return list(tasks.values_list("key", "turn__conversation__enrolment"))


def _answers(study: Study, enrolments: frozenset[int], question: str) -> Mapping[int, str]:
    """The newest answer of each who may be released and agreed to take part."""
    agreed = Exists(Consent.objects.filter(enrolment=OuterRef("pk"), agreed=True))
    allowed = people(Scope(study, format=ARENA)).filter(agreed, pk__in=enrolments)
    rows = Answer.objects.filter(
        submission__enrolment__in=Enrolment.objects.filter(pk__in=allowed.values("pk")),
        question=question,
        status=Answer.Status.ANSWERED,
    ).order_by("submission_id", "id")
    said = rows.values_list("submission__enrolment", "value")
    return {enrolment: value[:150] for enrolment, value in said if isinstance(value, str) and value}
