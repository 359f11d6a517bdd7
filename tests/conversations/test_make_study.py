import pytest
from django.core.management import CommandError, call_command

from surveys.models import AuditEvent, Study

pytestmark = pytest.mark.django_db


def test_a_study_begins_as_a_complete_draft():
    call_command("make_study", "values", "--title", "Values", "--code", "complete=C1")
    study = Study.objects.get(slug="values")
    assert (study.state, study.kind) == ("draft", "live")
    assert study.questionnaire
    assert study.consent_document
    assert study.protocols.count() == 1
    assert study.panel == {"codes": {"complete": "C1"}}
    assert AuditEvent.objects.filter(study=study, action="study.made").exists()


@pytest.mark.parametrize("slug", ["two words", "../up", "ä"])
def test_a_slug_that_cannot_stand_in_an_address_is_refused(slug: str):
    with pytest.raises(CommandError, match="address"):
        call_command("make_study", slug, "--title", "x")
    assert not Study.objects.exists()


def test_a_taken_slug_is_refused():
    call_command("make_study", "values", "--title", "Values")
    with pytest.raises(CommandError, match="already"):
        call_command("make_study", "values", "--title", "Values")


@pytest.mark.parametrize("pair", ["nonsense=C1", "complete", "complete="])
def test_a_code_for_no_outcome_is_refused(pair: str):
    with pytest.raises(CommandError, match="OUTCOME=CODE"):
        call_command("make_study", "values", "--title", "Values", "--code", pair)
