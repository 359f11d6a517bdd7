"""Models, providers and pools over the API: the verbs of the pages, and no key in any answer."""

import json

import pytest

from conversations import editing
from conversations.fakellm.server import running
from conversations.models import LanguageModel, Provider
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.conversations.talking import rules
from tests.factories import make_member, make_models, make_study
from tests.surveys.programs import asked, assert_problem, secret_of, sent

pytestmark = pytest.mark.django_db
KEY = "sk-this-is-the-secret-0123456789"


@pytest.fixture(scope="module")
def fake():
    with running(seed=0, speed=1000.0) as base_url:
        yield base_url


def test_a_provider_and_a_model_are_added_tested_changed_and_archived(fake):
    study = make_study()
    secret = secret_of(make_member(study, Role.COORDINATOR))
    made = sent("providers/", secret, name="House", base_url="https://api.example.org/v1", key=KEY)
    assert made.status_code == 201, made.content
    provider = made.json()
    assert (provider["has_key"], Provider.objects.get().api_key) == (True, KEY)
    where = f"providers/{provider['id']}/"
    moved = sent(where, secret, "patch", base_url="https://elsewhere.example.org/v1")
    assert "key" in assert_problem(moved, 400)["errors"]
    limited = sent(where, secret, "patch", daily_budget="2.50", tokens_a_minute=1000)
    assert (limited.json()["daily_budget"], limited.json()["base_url"]) == ("2.50", provider["base_url"])
    assert sent(where, secret, "patch", zone="fra").json()["zone"] == "FRA"
    assert "zone" in assert_problem(sent(where, secret, "patch", zone="ZZZ"), 400)["errors"]
    assert "is_fake" in assert_problem(sent(where, secret, "patch", is_fake=True), 400)["errors"]
    Provider.objects.update(base_url=fake, is_fake=True)

    given = {"identifier": "aurora-7b", "name": "maker/aurora-7b", "short_name": "aurora", "code": "A1"}
    said = sent("models/", secret, provider="House", languages=["en", "fr"], price_out="1.5", **given)
    assert said.status_code == 201, said.content
    one = f"models/{said.json()['id']}/"
    assert (said.json()["languages"], said.json()["provider"]) == (["en", "fr"], "House")
    assert assert_problem(sent("models/", secret, provider="House", **given), 400)["errors"].keys() == {
        "name"
    }
    tried = sent(f"{one}test/", secret).json()
    assert (tried["failure"], bool(tried["text"])) == ("", True)
    changed = sent(one, secret, "patch", status="archived", parameters={"temperature": 0.5})
    assert changed.json()["tested_at"] is None  # the call would now be another
    model = LanguageModel.objects.get()
    assert (model.status, model.parameters, model.languages) == (
        "archived",
        {"temperature": 0.5},
        ["en", "fr"],
    )
    assert "status" in assert_problem(sent(one, secret, "patch", status="gone"), 400)["errors"]
    assert "colour" in assert_problem(sent(one, secret, "patch", colour="red"), 400)["errors"]

    listed = asked("models/", secret, status="archived", q="aurora", language="fr").json()["results"]
    assert [row["name"] for row in listed] == [model.name]
    assert asked("models/", secret, status="active").json()["results"] == []
    assert "header" not in listed[0]
    assert asked(one, secret).json()["header"] == ""
    everything = [
        asked(address, secret).content.decode() for address in ("models/", one, "providers/", where)
    ]
    assert KEY not in str(everything)
    assert KEY not in str(list(AuditEvent.objects.values()))
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert actions >= {"provider.added", "provider.edited", "model.added", "model.edited", "model.tested"}


def test_the_catalogue_is_taken_along_and_stored_and_its_faults_have_lines():
    study = make_study()
    secret = secret_of(make_member(study))
    (model,) = make_models(1, study)
    document = asked("models/catalogue/", secret).json()
    assert [entry["name"] for entry in document["models"]] == [model.name]
    document["models"][0]["status"] = "disabled"
    stored = sent("models/catalogue/", secret, document=json.dumps(document))
    assert stored.json() == {"providers": 0, "models": 1}
    model.refresh_from_db()
    assert model.status == "disabled"
    document["models"][0]["colour"] = "red"
    wrong = sent("models/catalogue/", secret, document=json.dumps(document, indent=1))
    (fault,) = assert_problem(wrong, 400)["errors"]["document"]
    assert fault["line"] > 1
    assert "colour" in fault["where"]


def test_a_pool_is_chosen_by_names():
    study = make_study()
    secret = secret_of(make_member(study))
    one, two, three = make_models(3)
    here = f"studies/{study.slug}/models/"
    said = sent(here, secret, "put", models=[one.name, two.name]).json()
    assert said == asked(here, secret).json()
    assert (said["models"], said["needed"], said["drawable"]) == ([one.name, two.name], 4, 2)
    assert sent(here, secret, "put", models=[three.name]).json()["models"] == [three.name]
    wrong = sent(here, secret, "put", models=[three.name, "nobody/knows"])
    assert "nobody/knows" in str(assert_problem(wrong, 400)["errors"]["models"])
    assert asked(here, secret).json()["models"] == [three.name]


def test_health_shows_what_rests_and_it_can_be_brought_back():
    study = make_study()
    secret = secret_of(make_member(study))
    (model,) = make_models(1, study)
    Provider.objects.update(open_until="2099-01-01T00:00Z", open_reason="server_error", open_times=1)
    health = asked("models/health/", secret).json()
    assert [(line["provider"], line["state"], line["reason"]) for line in health["providers"]] == [
        ("Local fake", "rests", "server_error")
    ]
    assert [(line["model"], line["calls"]) for line in health["models"]] == [(model.name, 0)]
    assert sent(f"providers/{model.provider_id}/back/", secret).json()["open_until"] is None
    assert AuditEvent.objects.filter(action="provider.brought_back").count() == 1
    assert sent(f"providers/{model.provider_id}/back/", secret).status_code == 200
    assert AuditEvent.objects.filter(action="provider.brought_back").count() == 1


def test_a_protocol_is_checked_with_lines_stored_once_and_not_over_a_newer_one():
    study = make_study()
    user = make_member(study)
    secret, here = secret_of(user), f"studies/{study.slug}/protocols/"
    assert [(row["version"], row["is_current"]) for row in asked(here, secret).json()["results"]] == [
        (1, True)
    ]
    text = rules(turns__minimum=3)
    assert sent(f"{here}check/", secret, document=text).json()["is_valid"] is True
    wrong = text.replace("minimum: 3", "minimum: many")
    verdict = sent(f"{here}check/", secret, document=wrong).json()
    assert verdict["is_valid"] is False
    (fault,) = verdict["problems"]
    assert "minimum: many" in wrong.splitlines()[fault["line"] - 1]
    assert fault["message"]
    assert assert_problem(sent(here, secret, document=wrong), 400)["errors"]["document"] == [fault]
    assert study.protocols.count() == 1

    editing.keep(study, user, "what they write in the editor", None)
    made = sent(here, secret, document=text, after=1)
    assert (made.status_code, made.json()["version"], made.json()["is_current"]) == (201, 2, True)
    assert sent(here, secret, document=text).status_code == 200
    late = sent(here, secret, document=rules(turns__minimum=4), after=1)
    assert "Somebody else" in assert_problem(late, 409)["detail"]
    assert study.protocols.count() == 2
    assert asked(f"{here}2/", secret).json()["document"] == text
    assert asked(f"{here}1/", secret).json()["is_current"] is False
    assert_problem(asked(f"{here}3/", secret), 404)
    assert editing.writing(study, user).is_draft
    assert AuditEvent.objects.filter(action="protocol.stored", actor=user, study=study).count() == 1
