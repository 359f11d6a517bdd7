"""Surveys under load: a short one without thinking beside oTree, and PRISM's with many people who think."""

import asyncio
import secrets
import statistics
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from benchmarks import otree_server, steps
from benchmarks.streaming import quantile
from conversations.studies import make_prism_study
from surveys.entry import resume_path
from surveys.models import Enrolment, Participant, Questionnaire, Study

CROWDS = (25, 100)
THINKING, THINKERS = (3.0, 10.0), 200
PAGE = """  - key: p{page}
    title: Page {page}
    minutes: 1
    questions:
      - {{key: q{page}a, type: single, text: Which?, options: [One, Two, Three]}}
      - {{key: q{page}b, type: text, text: Say something, required: false}}
"""


def short_study(name: str) -> Study:
    """Four pages with two questions each, and nothing else."""
    head = f"format: prism-questionnaire/1\nkey: {name}\ntitle: A short survey\nlanguage: en\npages:\n"
    document = head + "".join(PAGE.format(page=page) for page in range(4))
    return Study.objects.create(
        slug=name,
        title=name,
        kind=Study.Kind.DEMO,
        state=Study.State.OPEN,
        questionnaire=Questionnaire.load(document),
    )


def links(study: Study, base_url: str, people: int) -> list[str]:
    """Personal links of new participants; unlike panels' links they need no address of their own each."""
    new = [
        Enrolment.objects.create(participant=Participant.objects.create(), study=study) for _ in range(people)
    ]
    return [base_url + resume_path(enrolment) for enrolment in new]


def measure_steps(base_url: str, rounds: int, say: Callable[[str], object]) -> dict[str, Any]:
    """Steps a second of both, alternately, for each crowd: {steps_25, otree_25, steps_ratio_25, …}."""
    study = short_study(f"bench-{secrets.token_hex(3)}")
    found: dict[str, Any] = {}
    asyncio.run(steps.everybody(links(study, base_url, 10)))  # warm up
    with ExitStack() as stack:
        try:
            otree = stack.enter_context(otree_server.running())
            asyncio.run(steps.everybody(otree_server.links(otree, 5)))
        except (OSError, subprocess.SubprocessError) as error:
            say(f"oTree could not be started ({type(error).__name__}); only Prism is measured.")
            otree = ""
        for people in CROWDS:
            found |= _crowd(study, base_url, otree, people, rounds, say)
    return found


def _crowd(
    study: Study, base_url: str, otree: str, people: int, rounds: int, say: Callable[[str], object]
) -> dict[str, Any]:
    ours, theirs = [], []
    for number in range(rounds):
        say(f"{people} people at once, round {number + 1} of {rounds} …")
        if otree:
            theirs.append(asyncio.run(steps.everybody(otree_server.links(otree, people))))
        ours.append(asyncio.run(steps.everybody(links(study, base_url, people))))
    speed = statistics.median(walked.per_second for walked in ours)
    other = statistics.median(walked.per_second for walked in theirs) if theirs else None
    return {
        f"steps_{people}": speed,
        f"steps_p95_{people}": quantile([step for walked in ours for step in walked.steps], 0.95),
        f"otree_{people}": other,
        f"otree_p95_{people}": quantile([s for w in theirs for s in w.steps], 0.95) if theirs else None,
        f"steps_ratio_{people}": speed / other if other else None,
        f"steps_errors_{people}": sum(len(walked.errors) for walked in ours),
    }


def measure_thinking(base_url: str) -> dict[str, Any]:
    """Many people through consent and the PRISM survey with pauses: pages, errors, times of a page."""
    name = f"bench-{secrets.token_hex(3)}"
    study = make_prism_study(name, name, kind=Study.Kind.DEMO, state=Study.State.OPEN)
    study.protocols.all().delete()  # the survey is all there is
    walked = asyncio.run(steps.everybody(links(study, base_url, THINKERS), THINKING))
    screened_out = study.enrolments.filter(outcome=Enrolment.Outcome.SCREENED_OUT).count()
    finished = study.enrolments.exclude(survey_finished_at=None).count()
    return {
        "thinking_people": THINKERS,
        "thinking_finished": finished,
        "thinking_screened_out": screened_out,
        "thinking_ended": finished + screened_out,
        "thinking_pages": len(walked.steps),
        "thinking_errors": len(walked.errors),
        "thinking_p50_s": quantile(walked.steps, 0.5),
        "thinking_p95_s": quantile(walked.steps, 0.95),
        "thinking_pages_per_s": walked.per_second,
    }
