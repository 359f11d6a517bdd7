"""The page that takes a questionnaire of SurveyJS into the editor."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from surveys.models import AuditEvent, EditorDraft
from surveys.models.people import Role
from tests.factories import make_member, make_study
from tests.surveys.test_surveyjs import EVERY_TYPE, survey

pytestmark = pytest.mark.django_db
TEXT = survey(*EVERY_TYPE, {"type": "file", "name": "photo"})


@pytest.fixture
def study():
    return make_study(slug="values")


@pytest.fixture
def editor(client, study):
    client.force_login(make_member(study, Role.COORDINATOR))
    return client


def at(study, rest: str = "import/") -> str:
    return f"/coordinate/studies/{study.slug}/questionnaire/{rest}"


def test_a_pasted_survey_stands_in_the_editor_and_what_was_left_out_is_listed(editor, study):
    page = editor.post(at(study), {"text": TEXT}).content.decode()
    assert "A question of type “file” cannot be asked here." in page
    assert "pages[0].elements[14]" in page
    answer = editor.get(at(study, ""))
    assert answer.context["document"].question("drink").type == "single"
    assert AuditEvent.objects.get(action="questionnaire.imported").detail["findings"] > 0


def test_every_imported_page_can_be_previewed(editor, study):
    editor.post(at(study), {"text": TEXT})
    assert editor.get(at(study, "preview/")).status_code == 200


def test_a_file_can_be_sent_instead(editor, study):
    file = SimpleUploadedFile("survey.json", b"\xef\xbb\xbf" + TEXT.encode())
    assert editor.post(at(study), {"file": file}).status_code == 200
    assert EditorDraft.objects.get().text.startswith("format: prism-questionnaire/1")


def test_a_draft_is_replaced_only_where_one_says_so(editor, study):
    editor.post(at(study, "check/"), {"text": "my words"})
    assert editor.post(at(study), {"text": TEXT}).status_code == 422
    assert EditorDraft.objects.get().text == "my words"
    assert editor.post(at(study), {"text": TEXT, "replace": "on"}).status_code == 200
    assert EditorDraft.objects.get().text != "my words"


def test_what_cannot_be_imported_is_refused_with_a_reason(editor, study):
    for sent, words in (
        ({"text": ""}, "Choose a file or paste the JSON."),
        ({"text": "{"}, "This is no JSON: line 1"),
        ({"text": json.dumps({"pages": []})}, "There is no question in it"),
        ({"file": SimpleUploadedFile("x.json", b"\xff\xfe\x00")}, "no text in UTF-8"),
        ({"file": SimpleUploadedFile("x.json", b"x" * 600_000)}, "too large"),
    ):
        answer = editor.post(at(study), sent)
        assert answer.status_code == 422, words
        assert words in answer.content.decode()
        assert not EditorDraft.objects.exists()


@pytest.mark.parametrize(("role", "status"), [(Role.OWNER, 200), (Role.ANALYST, 403), (None, 404)])
def test_who_may_import(client, study, role, status):
    client.force_login(make_member(study, role) if role else make_member(make_study()))
    assert client.get(at(study)).status_code == status
    assert client.post(at(study), {"text": TEXT}).status_code == status
    assert EditorDraft.objects.exists() == (status == 200)
