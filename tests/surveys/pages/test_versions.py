"""A new version of a questionnaire while people are in it, and the command that loads one."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from surveys.models import AuditEvent, Questionnaire
from tests.surveys.pages.reading import page
from tests.surveys.visitors import SMALL, START, USE, newcomer, submit

pytestmark = pytest.mark.django_db


CHANGED = SMALL.replace("title: At the start", "title: At the very start").replace(
    "text: Why did you?", "text: And why?"
)


def test_an_edit_makes_a_version_and_people_in_progress_keep_theirs(study):
    begun, enrolment = newcomer(study)
    submit(begun, study, "start", START)
    study.questionnaire = Questionnaire.load(CHANGED)
    study.save()
    assert study.questionnaire.version == 2
    assert Questionnaire.load(SMALL).version == 1
    assert Questionnaire.load(CHANGED) == study.questionnaire
    fresh, other = newcomer(study)
    assert "And why?" in page(fresh, study, "start") or "At the very start" in page(fresh, study, "start")
    assert "At the very start" not in page(begun, study, "start")
    submit(begun, study, "use", USE)
    submit(fresh, study, "start", START)
    versions = {row.questionnaire.version for row in enrolment.page_submissions.all()}
    assert versions == {1}
    assert other.page_submissions.get().questionnaire.version == 2


def test_the_command_loads_a_file_once_and_gives_it_to_a_study(study, tmp_path):
    file = tmp_path / "survey.yaml"
    file.write_text(CHANGED, encoding="utf-8")
    assert "small, version 2" in load(file)
    assert "small, version 2" in load(file, study=study.slug)
    study.refresh_from_db()
    assert study.questionnaire.version == 2
    event = AuditEvent.objects.get(action="questionnaire.loaded")
    assert (event.study, event.subject, event.actor) == (study, "small v2", None)


def load(file: Any, **options: Any) -> str:
    out = StringIO()
    call_command("load_questionnaire", str(file), stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALL.replace("type: number", "type: numbr"), ["survey.yaml: line 37", "numbr"]),
        (SMALL.replace("minutes: 1\n", "minutes: soon\n", 1), ["survey.yaml: line 8", "should be a number"]),
        (SMALL.replace("question: uses", "question: used"), ["line 18", "line 22"]),
        ("format: [\n", ["survey.yaml: line 2", "not valid YAML"]),
        ("", ["survey.yaml: line 1"]),
    ],
)
def test_a_file_that_is_no_questionnaire_is_refused_with_line_and_reason(tmp_path, text, said):
    file = tmp_path / "survey.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError) as refusal:
        load(file)
    for words in said:
        assert words in str(refusal.value)
    assert not Questionnaire.objects.exists()


def test_a_file_or_study_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        load(tmp_path / "nowhere.yaml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="cannot be read"):
        load(tmp_path / "binary")
    (tmp_path / "good.yaml").write_text(SMALL, encoding="utf-8")
    with pytest.raises(CommandError, match="no study with the slug"):
        load(tmp_path / "good.yaml", study="nowhere")
