"""Portals: an arena under a host of its own, in its languages and look, and nothing else there."""

import io
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import Image, PngImagePlugin

from conversations.arena import portal_hosts
from conversations.coordinate.arena_forms import PortalForm
from conversations.models import Portal, Vote
from surveys.models import AuditEvent, Enrolment, Study
from surveys.models.people import Role
from tests.conversations.talking import answer, field
from tests.conversations.test_arenas import make_arena, signed_in
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db
HOST = "arene.example.org"
PAGE = "/coordinate/studies/schools/arena/"
FORM = {
    "host": HOST,
    "name": "L’Arène",
    "languages": ["fr"],
    "language": "fr",
    "accent": "#0b5d3b",
    "heading_fr": "Deux réponses des écoles",
    "text_fr": "Pour les classes.",
    "legal_url": "https://example.org/legal",
    "contact_url": "https://example.org/contact",
}


@pytest.fixture(autouse=True)
def no_portal_is_remembered() -> Iterator[None]:
    portal_hosts.forget()
    yield
    portal_hosts.forget()


@pytest.fixture
def study():
    return make_arena()


@pytest.fixture
def owner(study):
    return signed_in(make_member(study))


def stored(client: Client, **changes: object) -> Portal:
    answered = client.post(f"{PAGE}portals/new/", FORM | changes)
    assert answered.status_code == 302, answered.context["form"].errors
    return Portal.objects.get(host=changes.get("host", HOST))


def switched_on(client: Client, **changes: object) -> Portal:
    portal = stored(client, **changes)
    client.post(f"{PAGE}portals/{portal.pk}/switch/", {"on": "1"})
    return portal


def at(host: str = HOST, **options: object) -> Client:
    return Client(HTTP_HOST=host, **options)


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 300), **more: object) -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", size, "#123456").save(file, kind, **more)
    return SimpleUploadedFile("logo", file.getvalue())


def test_a_portal_is_made_previewed_switched_on_used_and_switched_off(study, owner):
    portal = stored(owner)
    assert at().get("/").status_code == 400  # no host of ours before it is on
    shown = owner.get(f"{PAGE}portals/{portal.pk}/preview/").content.decode()
    assert "L’Arène" in shown
    assert "this is test data" in shown
    Study.objects.update(state="draft")
    test = {"consent": "on", "door_key": "k", "test": field(shown, "test")}
    assert owner.post("/arena/schools/begin/", test | {"test": "forged"}).status_code == 410
    assert owner.post("/arena/schools/begin/", test).status_code == 302
    assert Enrolment.objects.get().is_test
    assert "What would you like to ask?" in owner.get("/arena/schools/").content.decode()
    Study.objects.update(state="open")
    owner.post(f"{PAGE}portals/{portal.pk}/switch/", {"on": "1"})
    visitor = at(enforce_csrf_checks=True)
    secure = {"secure": True, "headers": {"origin": f"https://{HOST}"}}
    assert visitor.get("/", secure=True)["Location"] == "/arena/"
    front = visitor.get("/arena/", secure=True).content.decode()
    assert '<html lang="fr"' in front
    assert "Deux réponses des écoles" in front
    assert "https://example.org/legal" in front
    assert "<progress" not in front
    token = field(front, "csrfmiddlewaretoken")
    sent = {"csrfmiddlewaretoken": token, "consent": "on", "door_key": field(front, "door_key")}
    elsewhere = {"secure": True, "headers": {"origin": "https://evil.example"}}
    assert visitor.post("/arena/schools/begin/", sent, **elsewhere).status_code == 403
    assert visitor.post("/arena/schools/begin/", sent, **secure).status_code == 302
    asked = {"csrfmiddlewaretoken": token, "text": "Quoi ?", "form_key": "k", "mode": "random"}
    where = visitor.post("/arena/", asked, **secure)["Location"]
    talk = Enrolment.objects.get(is_test=False).conversations.get()
    answer(talk.turns.get())
    page = visitor.get(where, secure=True).content.decode()
    assert '<html lang="fr"' in page
    assert "Deux réponses côte à côte" in page
    aim = {"votes": "5", "since": "2026-01-01"}
    assert owner.post("/coordinate/studies/schools/votes/", aim).status_code == 302
    ballot = {"csrfmiddlewaretoken": token, "turn": 0, "choice": "both_good"}
    assert visitor.post(f"{where}vote/", ballot, **secure).status_code == 302
    assert (Vote.objects.get().turn.conversation.study, Vote.objects.get().language) == (study, "fr")
    goal = at().get("/arena/")
    assert (goal.context["goal"].votes, goal.context["goal"].goal) == (1, 5)
    assert "sur 5 votes" in goal.content.decode()
    owner.post(f"{PAGE}portals/{portal.pk}/switch/", {"on": "0"})
    assert visitor.get("/arena/", secure=True).status_code == 400
    acts = AuditEvent.objects.filter(study=study, action__startswith="portal.").order_by("pk")
    assert [act.action for act in acts] == ["portal.stored", "portal.opened", "portal.closed"]


def test_a_portal_shows_its_arena_and_nothing_of_the_workbench_or_of_other_studies(study, owner):
    switched_on(owner)
    make_arena("other", models=0)
    client = at()
    hidden = ("/coordinate/", "/accounts/login/", "/api/v1/studies/", "/annotate/", "/arena/other/")
    for path in (*hidden, "/studies/other/", "/studies/nothing/"):
        assert client.get(path).status_code == 404, path
    for path in ("/arena/", "/arena/schools/", "/leaderboard/", "/health/"):
        assert client.get(path).status_code == 200, path
    assert at("unknown.example.org").get("/arena/").status_code == 400
    assert "L’Arène" not in Client().get("/arena/schools/").content.decode()


def test_who_comes_to_a_portal_reads_one_of_its_languages(owner):
    switched_on(owner, languages=["en", "fr"], language="fr", heading_en="Two answers for schools")
    assert "Two answers for schools" in at(headers={"accept-language": "en"}).get("/arena/").content.decode()
    unknown = at(headers={"accept-language": "pl"}).get("/arena/").content.decode()
    assert "Deux réponses des écoles" in unknown
    switched_on(owner, host="eins.example.org", languages=["fr"])
    alone = at("eins.example.org", headers={"accept-language": "en"}).get("/arena/").content.decode()
    assert '<html lang="fr"' in alone
    assert 'value="en"' not in alone  # no switch to a language that is not offered


def test_colours_are_readable_in_both_looks_and_pale_ones_are_refused(owner):
    refused = owner.post(f"{PAGE}portals/new/", FORM | {"accent": "#ffd166"})
    assert refused.status_code == 422
    assert "contrast is below 4.5" in refused.content.decode()
    portal = switched_on(owner)
    front = at().get("/arena/").content.decode()
    address = f"/arena/portals/{portal.pk}/{Portal.objects.get().look}/look.css"
    assert f'href="{address}"' in front
    sheet = at().get(address)
    assert sheet["Content-Type"].startswith("text/css")
    assert "immutable" in sheet["Cache-Control"]
    assert "--accent:#0b5d3b" in sheet.content.decode()
    assert address not in Client().get("/arena/schools/").content.decode()


def test_a_logo_is_written_anew_small_and_without_what_else_was_in_the_file(owner):
    note = PngImagePlugin.PngInfo()
    note.add_text("Author", "somebody")
    portal = switched_on(owner, logo_file=picture(pnginfo=note))
    front = at().get("/arena/").content.decode()
    assert f"/arena/portals/{portal.pk}/{portal.look}/logo.png" in front
    served = at().get(f"/arena/portals/{portal.pk}/{portal.look}/logo.png")
    assert served["Content-Type"] == "image/png"
    assert b"somebody" not in served.content
    assert Image.open(io.BytesIO(served.content)).size == (480, 160)
    owner.post(f"{PAGE}portals/{portal.pk}/", FORM | {"without_logo": "on"})
    assert Portal.objects.get().logo is None


def test_what_is_no_small_png_or_webp_is_refused(owner):
    files = [
        SimpleUploadedFile("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
        SimpleUploadedFile("logo.png", b"\x89PNG\r\n\x1a\n" + b"x" * 600_000),
        SimpleUploadedFile("logo.png", b"\x89PNG\r\n\x1a\nbroken"),
        picture("JPEG"),
        picture(size=(5000, 5000)),
    ]
    for file in files:
        answered = owner.post(f"{PAGE}portals/new/", FORM | {"logo_file": file})
        assert answered.status_code == 422, file.name
    assert not Portal.objects.exists()


def test_a_host_that_is_no_name_or_is_prisms_own_is_refused(owner):
    for host in ("testserver", "127.0.0.1", "a b.example", "example.org/x", "", "localhost"):
        assert owner.post(f"{PAGE}portals/new/", FORM | {"host": host}).status_code == 422, host
    assert not Portal.objects.exists()


def test_a_host_belongs_to_one_portal_and_the_database_keeps_its_rules(study, owner, monkeypatch):
    stored(owner)
    assert owner.post(f"{PAGE}portals/new/", FORM).status_code == 422
    monkeypatch.setattr(PortalForm, "validate_unique", lambda form: None)  # both looked before either stored
    late = owner.post(f"{PAGE}portals/new/", FORM)
    assert (late.status_code, late.context["form"].errors["host"]) == (422, ["Another portal has this host."])
    good = {"study": study, "name": "x", "languages": ["fr"], "language": "fr"}
    for wrong in ({"host": "Upper.example"}, {"host": "x.example", "language": "en"}, {"host": HOST}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Portal.objects.create(**good | {"host": "y.example"} | wrong)


def test_only_who_runs_the_study_makes_changes_and_switches_its_portals(study, owner):
    portal = stored(owner)
    theirs = make_arena("theirs", models=0)
    elsewhere = signed_in(make_member(theirs))
    one = f"{PAGE}portals/{portal.pk}/"
    for client, status in (
        (signed_in(make_member(study, Role.COORDINATOR)), 200),
        (signed_in(make_member(study, Role.ANALYST)), 403),
        (elsewhere, 404),
        (Client(), 302),
    ):
        assert [client.get(at).status_code for at in (one, f"{one}preview/")] == [status, status]
    for client, status in ((signed_in(make_member(study, Role.ANALYST)), 403), (elsewhere, 404)):
        assert client.post(f"{one}switch/", {"on": "1"}).status_code == status
        assert client.post(one, FORM).status_code == status
    of_theirs = f"/coordinate/studies/theirs/arena/portals/{portal.pk}/"
    assert elsewhere.get(of_theirs).status_code == 404
    assert elsewhere.post(f"{of_theirs}switch/", {"on": "1"}).status_code == 404
    assert not Portal.objects.get().is_active
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(make_member(study))
    assert guarded.post(f"{one}switch/", {"on": "1"}).status_code == 403
    make_study()
