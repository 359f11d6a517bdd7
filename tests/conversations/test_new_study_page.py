"""Making a study on the page: templates, ZIPs and clones; who may, what is refused, what is kept."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from conversations import study_files
from conversations.study_templates import TEMPLATES, template
from surveys.coordinate.navigation import STUDY
from surveys.models import AuditEvent, Study
from surveys.models.people import Role
from surveys.study_folder import MOST_UPLOADED, from_zip, to_zip
from tests.conversations.talking import address, answer, begin, come_in, enrolment_of, post, say
from tests.factories import make_enrolment, make_member, make_models, make_study, make_user

pytestmark = pytest.mark.django_db
PAGE = "/coordinate/studies/new/"


def signed_in(user, **options) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


@pytest.fixture
def study():
    return make_study(slug="values", title="Values and answers")


@pytest.fixture
def owner(study):
    return make_member(study, Role.OWNER)


def upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("study.zip", content, "application/zip")


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_template_becomes_a_draft_of_ones_own_with_every_page_of_the_workbench_that_can_open(
    name, owner
):
    client = signed_in(owner)
    answer = client.post(PAGE, {"source": name, "slug": "mine", "title": "My study"})
    assert answer.status_code == 302
    study = Study.objects.get(slug="mine")
    assert (study.title, study.state) == ("My study", Study.State.DRAFT)
    assert [(member.user, member.role) for member in study.memberships.all()] == [(owner, Role.OWNER)]
    assert study.protocols.exists() == (name != "annotation")
    pages = [reverse(place.name, args=["mine"]) for place in STUDY]
    assert {page: client.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)
    client.post("/coordinate/studies/mine/state/", {"state": Study.State.OPEN})
    assert Study.objects.get(slug="mine").is_open


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_written_as_an_export_of_it_would_be(name):
    files = template(name)
    made = study_files.load(study_files.check(files))
    exported = study_files.export(made)
    assert exported == files


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_participant_walks_into_each_template_up_to_what_is_asked_first(name):
    make_models(4)
    study = study_files.load(study_files.check(template(name)))
    client = signed_in(make_user(is_superuser=True))
    client.post(f"/coordinate/studies/{study.slug}/preview/")
    page = client.get(f"/studies/{study.slug}/", follow=True)
    assert "consent" in page.redirect_chain[-1][0]
    agreed = {"consent": "on", "consent_age": "on"}
    page = client.post(page.redirect_chain[-1][0], agreed, follow=True)
    assert page.status_code == 200
    assert ("/arena/" if name == "arena" else "/survey/") in page.redirect_chain[-1][0]


def test_a_comparison_is_one_message_two_answers_a_choice_and_a_reveal():
    study = study_files.load(study_files.check(template("comparison")))
    make_models(3, study)
    Study.objects.filter(pk=study.pk).update(consent_document=None, questionnaire=None, state="open")
    client = come_in(study)
    talk = begin(client, study, "comparison")
    turn = say(client, talk)
    assert len(answer(turn)) == 2
    assert post(client, talk, "rate", turn=0, best="B").status_code == 302
    assert turn.choice.response.slot == "B"
    assert post(client, talk, "say", text="And more?", form_key="another").status_code == 409
    post(client, talk, "finish")
    told = client.post(address(talk, "feedback"), {"open_feedback": ""}, follow=True)
    assert "Who answered" in told.content.decode()
    client.get(f"/studies/{study.slug}/", follow=True)
    assert enrolment_of(client, study).outcome == "complete"


def test_only_who_coordinates_a_study_makes_further_ones(study):
    form = {"source": "prism", "slug": "mine"}
    for role, status in (
        *((Role.OWNER, 302), (Role.COORDINATOR, 302)),
        *((Role.ANALYST, 403), (Role.ANNOTATOR, 403)),
    ):
        answer = signed_in(make_member(study, role)).post(PAGE, form | {"slug": f"mine-{role}"})
        assert answer.status_code == status, role
    assert signed_in(make_user()).post(PAGE, form).status_code == 403
    assert signed_in(make_user(is_superuser=True)).post(PAGE, form | {"slug": "root"}).status_code == 302
    assert Client().post(PAGE, form).status_code == 302
    assert not Study.objects.filter(slug="mine").exists()
    assert signed_in(make_member(study), enforce_csrf_checks=True).post(PAGE, form).status_code == 403


def test_a_clone_takes_the_definition_and_nobody_along(study, owner):
    make_enrolment(study)
    client = signed_in(owner)
    page = client.get(f"{PAGE}?source=copy&study=values").content.decode()
    assert '<option value="values" selected>' in page
    client.post(PAGE, {"source": "copy", "study": "values", "slug": "copy", "title": ""})
    clone = Study.objects.get(slug="copy")
    assert (clone.title, clone.enrolments.count()) == (study.title, 0)
    assert AuditEvent.objects.get(study=clone).action == "study.made"


def test_nobody_clones_a_study_that_they_do_not_run(study):
    elsewhere = make_member(make_study(), Role.OWNER)
    make_member_too = study.memberships.create(user=elsewhere, role=Role.ANALYST)
    answer = signed_in(make_member_too.user).post(PAGE, {"source": "copy", "study": "values", "slug": "copy"})
    assert answer.status_code == 422
    assert study.title not in answer.content.decode()
    assert not Study.objects.filter(slug="copy").exists()


def test_an_export_from_the_page_makes_the_same_study_elsewhere(study, owner):
    client = signed_in(owner)
    answer = client.get("/coordinate/studies/values/definition.zip")
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="values.zip"'
    sent = {"source": "upload", "slug": "back", "folder": upload(answer.content)}
    assert client.post(PAGE, sent).status_code == 302
    again = client.get("/coordinate/studies/back/definition.zip").content
    ours, theirs = from_zip(answer.content), from_zip(again)
    assert {name for name in ours if ours[name] != theirs[name]} == {"study.yaml"}
    assert AuditEvent.objects.filter(study=study, action="study.exported", actor=owner).exists()


def test_only_who_runs_a_study_exports_its_definition(study):
    address = "/coordinate/studies/values/definition.zip"
    statuses = {
        Role.OWNER: 200,
        Role.COORDINATOR: 200,
        Role.ANALYST: 403,
        Role.ANNOTATOR: 403,
    }
    for role, status in statuses.items():
        assert signed_in(make_member(study, role)).get(address).status_code == status
    assert signed_in(make_member(make_study(), Role.OWNER)).get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_faults_are_listed_by_file_and_line_and_what_was_typed_stays(study, owner):
    files = study_files.export(study)
    files["protocol.yaml"] = files["protocol.yaml"].replace("tie: choose", "tie: whatever")
    line = files["protocol.yaml"].splitlines().index("tie: whatever") + 1
    sent = {"source": "upload", "slug": "back", "title": "Kept title", "folder": upload(to_zip(files, "x"))}
    answer = signed_in(owner).post(PAGE, sent)
    assert answer.status_code == 422
    assert [(problem.file, problem.line) for problem in answer.context["problems"]] == [
        ("protocol.yaml", line)
    ]
    page = answer.content.decode()
    assert "protocol.yaml" in page
    assert 'value="Kept title"' in page
    assert 'value="back"' in page
    assert not Study.objects.filter(slug="back").exists()


def test_hostile_files_are_refused_with_a_reason(owner):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../study.yaml", "format: prism-study/1")
        archive.writestr("questionnaire.yaml", "x")
    client = signed_in(owner)
    for content in (b"not a zip", buffer.getvalue(), b"x" * (MOST_UPLOADED + 1)):
        answer = client.post(PAGE, {"source": "upload", "slug": "back", "folder": upload(content)})
        assert answer.status_code == 422
        assert answer.context["problems"] or answer.context["form"].errors["folder"]
    assert not Study.objects.filter(slug="back").exists()


def test_markup_in_a_file_is_shown_as_text(owner):
    text = "format: prism-study/1\nslug: x\ntitle: T\nparts: ['<script>alert(1)</script>']\n"
    folder = upload(to_zip({"study.yaml": text}, "x"))
    answer = signed_in(owner).post(PAGE, {"source": "upload", "slug": "back", "folder": folder})
    assert "<script>alert" not in answer.content.decode()
    assert "&lt;script&gt;alert" in answer.content.decode()


def test_an_address_in_use_or_of_prisms_own_is_refused(study, owner):
    for slug in ("values", "new", "a b", ""):
        answer = signed_in(owner).post(PAGE, {"source": "prism", "slug": slug})
        assert answer.status_code == 422
        assert answer.context["form"].errors["slug"]
    assert Study.objects.count() == 1


def test_a_model_that_is_not_known_here_is_named(study, owner):
    files = template("arena")
    files["models.yaml"] = "format: prism-models/1\nmodels:\n- maker/unheard-of\n"
    files["study.yaml"] += "- models\n"
    folder = upload(to_zip(files, "x"))
    answer = signed_in(owner).post(PAGE, {"source": "upload", "slug": "back", "folder": folder}, follow=True)
    assert "maker/unheard-of" in answer.content.decode()


def test_the_list_and_the_settings_lead_here(study, owner):
    client = signed_in(owner)
    assert PAGE in client.get("/coordinate/").content.decode()
    assert PAGE not in signed_in(make_member(study, Role.ANALYST)).get("/coordinate/").content.decode()
    page = client.get("/coordinate/studies/values/settings/").content.decode()
    assert "/coordinate/studies/values/definition.zip" in page
    assert f"{PAGE}?source=copy&amp;study=values" in page
