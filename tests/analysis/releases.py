"""Reading what an export wrote."""

import json
from pathlib import Path
from typing import Any

from analysis.exports import jobs
from analysis.exports.release import Scope
from analysis.models import Export
from surveys.models import Enrolment, Study
from tests.factories import make_conversation, make_enrolment, make_models, make_study

NAMES = ("survey", "conversations", "utterances", "metadata", "models")


def export_to(directory: Path, study: Study, **wanted: Any) -> Export:
    """Run an export the way the command does."""
    scope = Scope(study=study, **wanted)
    export = jobs.run(jobs.request_export(scope, None, source=jobs.BY_COMMAND).pk, directory)
    assert export is not None
    assert export.state == Export.State.DONE, export.failure
    return export


def rows_of(directory: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [
            json.loads(line)
            for line in (directory / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        for name in NAMES
    }


def released(directory: Path, study: Study, **wanted: Any) -> dict[str, list[dict[str, Any]]]:
    export_to(directory, study, **wanted)
    return rows_of(directory)


def manifest_of(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "manifest.json").read_text(encoding="utf-8"))


def study_with_talks() -> tuple[Study, Enrolment]:
    """A study with two people: one with two conversations, one with the survey alone."""
    study = make_study()
    models = make_models(4, study)
    talker = make_enrolment(study, finished_survey=True)
    make_conversation(talker, models=models, turns=3, type="values guided")
    make_conversation(talker, models=models[::-1], turns=2)
    make_enrolment(
        study,
        finished_survey=True,
        answers={
            "lm_indirect_use": "No",
            "lm_direct_use": "Unsure",
            "birth_country": "Prefer not to say",
            "gender": "Prefer to self-describe",
            "religion": "No affiliation",
        },
    )
    return study, talker
