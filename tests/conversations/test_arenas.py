"""Several arenas, each at an address of its own; and one that is made, opened and closed in the workbench."""

import pytest
from django.test import Client
from django.urls import reverse

from conversations import study_files
from conversations.models import Conversation, Embedding, PoolEntry, Vote
from conversations.study_templates import template
from surveys.models import AuditEvent, Enrolment, Study
from surveys.models.people import Role
from tests.conversations.comparing import enter, open_arena
from tests.conversations.talking import answer, field
from tests.factories import make_member, make_models, make_study, make_user

pytestmark = pytest.mark.django_db
NEW = "/coordinate/studies/new/"


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_arena(slug: str = "schools", models: int = 3) -> Study:
    """A further arena from the template, open."""
    study = study_files.load(study_files.check(template("arena"), slug=slug, title=f"Arena {slug}"))
    PoolEntry.objects.bulk_create(PoolEntry(study=study, model=model) for model in make_models(models))
    Study.objects.filter(pk=study.pk).update(state=Study.State.OPEN)
    return study


def come_in(slug: str, client: Client | None = None) -> Client:
    client = client or Client()
    page = client.get(f"/arena/{slug}/").content.decode()
    assert f'action="/arena/{slug}/begin/"' in page
    sent = {"consent": "on", "door_key": field(page, "door_key")}
    assert client.post(f"/arena/{slug}/begin/", sent)["Location"] == f"/arena/{slug}/"
    return client


def test_a_coordinator_makes_an_arena_sees_its_gaps_opens_and_closes_it():
    client = signed_in(make_member(make_study()))
    assert client.post(NEW, {"source": "arena", "slug": "schools", "title": "Schools"}).status_code == 302
    study, page = Study.objects.get(slug="schools"), "/coordinate/studies/schools/arena/"
    shown = client.get(page).content.decode()
    assert "/arena/schools/" in shown
    assert "choose more under" in shown  # too few models
    visitor = Client()
    assert visitor.get("/arena/schools/").status_code == 410
    models = make_models(3)
    client.post("/coordinate/studies/schools/models/", {"models": [model.pk for model in models]})
    assert "choose more under" not in client.get(page).content.decode()
    state = "/coordinate/studies/schools/state/"
    assert "The study is open." in client.post(state, {"state": "open"}, follow=True).content.decode()
    assert Study.objects.get(pk=study.pk).is_open
    come_in("schools", visitor)
    client.post(state, {"state": "closed"})
    assert Client().get("/arena/schools/").status_code == 410
    assert visitor.get("/arena/schools/").status_code == 200  # who is in sees what they had
    acts = list(AuditEvent.objects.filter(study=study).order_by("pk").values_list("action", flat=True))
    assert [act for act in acts if act.startswith("study.")] == ["study.made", "study.opened", "study.closed"]


def test_a_study_with_neither_survey_nor_arena_still_does_not_open():
    study = make_study(questionnaire=None, state=Study.State.DRAFT)
    client = signed_in(make_member(study))
    client.post(f"/coordinate/studies/{study.slug}/state/", {"state": "open"})
    assert not Study.objects.get(pk=study.pk).is_open


def test_a_comparison_of_another_arena_stays_at_its_address_from_the_terms_to_the_shared_link():
    study = make_arena()
    client = come_in("schools")
    sent = client.post("/arena/schools/", {"text": "What is fair?", "form_key": "k1", "mode": "random"})
    talk = Conversation.objects.get()
    where = f"/arena/schools/{talk.code}/"
    assert sent["Location"] == where
    turn = talk.turns.get()
    assert f"{where}turns/0/events/" in client.get(where).content.decode()
    answer(turn)
    assert f'action="{where}vote/#voted"' in client.get(where).content.decode()
    assert client.post(f"{where}vote/", {"turn": 0, "choice": "a_better"})["Location"] == where
    assert Vote.objects.get().turn.conversation.study == study
    client.post(f"{where}reveal/")
    client.post(f"{where}share/")
    talk.refresh_from_db()
    shared = f"/arena/schools/shared/{talk.share_key}/"
    assert shared in client.get(where).content.decode()
    assert Client().get(shared).status_code == 200
    assert Client().get(f"/arena/shared/{talk.share_key}/").status_code == 404
    history = client.get("/arena/schools/history/").content.decode()
    assert f'href="{where}"' in history
    assert client.get("/studies/schools/", follow=True).redirect_chain[-1][0] == "/arena/schools/"


def test_two_arenas_know_nothing_of_each_other():
    open_arena()
    make_arena()
    client = come_in("schools", enter())
    assert Enrolment.objects.count() == 2
    client.post("/arena/", {"text": "Here", "form_key": "k1", "mode": "random"})
    client.post("/arena/schools/", {"text": "There", "form_key": "k2", "mode": "random"})
    here, there = Conversation.objects.order_by("pk")
    assert (here.study.slug, there.study.slug) == ("arena", "schools")
    assert client.get(f"/arena/{there.code}/").status_code == 404
    assert client.get(f"/arena/schools/{here.code}/").status_code == 404
    assert "There" not in client.get("/arena/history/").content.decode()


def test_a_study_without_votes_has_no_page_in_the_arena():
    study = make_study(slug="talks")
    assert Client().get("/arena/talks/").status_code == 404
    assert Client().get("/arena/nothing/").status_code == 404
    client = signed_in(make_member(study))
    page = reverse("registry:arena", args=["talks"])
    assert "This study is no arena" in client.get(page).content.decode()
    client.post(page, {"origins": "https://school.example"})
    assert not Embedding.objects.exists()
    assert client.get(reverse("registry:new_portal", args=["talks"]))["Location"] == page


@pytest.mark.parametrize("slug", ["begin", "history", "shared", "portals", "c123456789"])
def test_no_study_is_called_like_a_page_of_the_arena(slug):
    client = signed_in(make_user(is_superuser=True))
    assert client.post(NEW, {"source": "arena", "slug": slug}).status_code == 422


def test_only_who_runs_the_study_sees_its_arena_page():
    study = make_arena()
    page = reverse("registry:arena", args=[study.slug])
    assert signed_in(make_member(study, Role.COORDINATOR)).get(page).status_code == 200
    assert signed_in(make_member(study, Role.ANALYST)).get(page).status_code == 403
    assert signed_in(make_member(make_study())).get(page).status_code == 404
    assert Client().get(page).status_code == 302
