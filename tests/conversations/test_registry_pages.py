"""Providers, models and pools over HTTP; a key goes in and never comes out."""

import pytest
from django.test import Client
from django.urls import reverse

from conversations.fakellm.server import running
from conversations.models import LanguageModel, PoolEntry, Provider
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.factories import make_member, make_models, make_study

pytestmark = pytest.mark.django_db
SECRET = "sk-this-is-the-secret-0123456789"
PROVIDER = {
    "name": "House server",
    "base_url": "http://127.0.0.1:9/v1",
    "key": SECRET,
    "is_on": "on",
    "max_concurrent": "4",
    "silence_seconds": "5",
}


@pytest.fixture
def study():
    return make_study(slug="values")


@pytest.fixture
def coordinator(study, client):
    user = make_member(study, Role.COORDINATOR, email="cora@example.org")
    client.force_login(user)
    return user


@pytest.fixture(scope="module")
def fake():
    with running(seed=0, speed=1000.0) as base_url:
        yield base_url


def model_fields(provider, **fields):
    return {
        "provider": provider.pk,
        "identifier": "aurora-7b",
        "name": "maker/aurora-7b",
        "short_name": "aurora",
        "code": "A1",
        "kind": "Chat",
        "default_parameters": "{}",
        "parameters": '{"temperature": 1}',
        "price_in": "0.5",
        "price_out": "1.5",
        "daily_limit": "100",
        "status": "active",
    } | fields


def everything_audited() -> str:
    return str(list(AuditEvent.objects.values("action", "subject", "detail")))


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.COORDINATOR, 200), (Role.ANALYST, 403), (Role.ANNOTATOR, 403), (None, 403)],
)
def test_who_may_come_to_the_registry(client, study, role, status):
    from tests.factories import make_user

    model = make_models(1)[0]
    client.force_login(make_member(study, role) if role else make_user())
    paths = [
        "models/",
        "models/add/",
        f"models/{model.pk}/",
        "providers/add/",
        f"providers/{model.provider.pk}/",
    ]
    for path in paths:
        assert client.get(f"/coordinate/{path}").status_code == status
    if status == 403:
        assert client.post("/coordinate/providers/add/", PROVIDER).status_code == 403
        assert client.post(f"/coordinate/models/{model.pk}/test/").status_code == 403
        assert Provider.objects.count() == 1


def test_who_is_not_signed_in_is_sent_to_the_sign_in(client):
    assert client.get("/coordinate/models/")["Location"].startswith("/accounts/login/")


def test_an_empty_registry_says_where_to_begin(client, coordinator):
    assert "Begin with a provider" in client.get("/coordinate/models/").content.decode()


def test_a_key_is_stored_encrypted_and_never_shown_or_audited(client, coordinator):
    client.post("/coordinate/providers/add/", PROVIDER)
    provider = Provider.objects.get()
    assert provider.api_key == SECRET
    assert SECRET not in provider.encrypted_key
    for path in ("/coordinate/models/", f"/coordinate/providers/{provider.pk}/"):
        page = client.get(path).content.decode()
        assert SECRET not in page
        assert provider.encrypted_key not in page
    assert SECRET not in everything_audited()
    assert "provider.added" in everything_audited()


def test_a_refused_form_does_not_give_the_key_back(client, coordinator):
    answer = client.post("/coordinate/providers/add/", PROVIDER | {"silence_seconds": "0"})
    assert SECRET not in answer.content.decode()
    assert "Between 1 and 600" in answer.content.decode()


def test_a_blank_key_keeps_the_stored_one(client, coordinator):
    client.post("/coordinate/providers/add/", PROVIDER)
    provider = Provider.objects.get()
    client.post(f"/coordinate/providers/{provider.pk}/", PROVIDER | {"key": "", "name": "Renamed"})
    provider.refresh_from_db()
    assert (provider.name, provider.api_key) == ("Renamed", SECRET)


def test_a_new_key_replaces_the_stored_one_and_the_audit_says_that_it_changed(client, coordinator):
    client.post("/coordinate/providers/add/", PROVIDER)
    provider = Provider.objects.get()
    client.post(f"/coordinate/providers/{provider.pk}/", PROVIDER | {"key": "another-key"})
    provider.refresh_from_db()
    assert provider.api_key == "another-key"
    assert AuditEvent.objects.get(action="provider.edited").detail["fields"] == ["key"]


def test_a_stored_key_cannot_be_sent_to_another_server(client, coordinator):
    client.post("/coordinate/providers/add/", PROVIDER)
    provider = Provider.objects.get()
    moved = PROVIDER | {"key": "", "base_url": "http://127.0.0.2:9/v1"}
    page = client.post(f"/coordinate/providers/{provider.pk}/", moved).content.decode()
    assert "enter the key for it again" in page
    provider.refresh_from_db()
    assert provider.base_url == PROVIDER["base_url"]
    client.post(f"/coordinate/providers/{provider.pk}/", moved | {"key": "theirs"})
    provider.refresh_from_db()
    assert (provider.base_url, provider.api_key) == (moved["base_url"], "theirs")


def test_an_address_of_the_metadata_service_is_refused(client, coordinator):
    page = client.post("/coordinate/providers/add/", PROVIDER | {"base_url": "http://169.254.169.254/v1"})
    assert "never calls this address" in page.content.decode()
    assert not Provider.objects.exists()


def test_a_model_is_added_and_edited_with_an_audit_event_each(client, coordinator):
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:9/v1")
    client.post("/coordinate/models/add/", model_fields(provider))
    model = LanguageModel.objects.get()
    assert model.parameters == {"temperature": 1}
    client.post(f"/coordinate/models/{model.pk}/", model_fields(provider, status="disabled", daily_limit="7"))
    model.refresh_from_db()
    assert (model.status, model.daily_limit) == ("disabled", 7)
    assert AuditEvent.objects.get(action="model.edited").detail["fields"] == ["daily_limit", "status"]


@pytest.mark.parametrize("parameters", ["[1, 2]", '"text"', "not json", "3"])
def test_parameters_that_are_no_object_are_refused_and_kept_in_the_form(client, coordinator, parameters):
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:9/v1")
    answer = client.post("/coordinate/models/add/", model_fields(provider, parameters=parameters))
    assert answer.status_code == 200
    assert answer.context["form"].errors["parameters"]
    assert not LanguageModel.objects.exists()


def test_one_click_tests_a_model_and_stores_what_came(client, coordinator, fake):
    provider = Provider.objects.create(name="P", base_url=fake)
    client.post("/coordinate/models/add/", model_fields(provider))
    model = LanguageModel.objects.get()
    page = client.post(f"/coordinate/models/{model.pk}/test/", follow=True).content.decode()
    model.refresh_from_db()
    assert model.tested_at is not None
    assert model.test_result.startswith("answered in ")
    assert "answered in" in page
    assert AuditEvent.objects.get(action="model.tested").detail["failure"] == ""


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [
        ("aurora-7b;fail=500", "server_error"),
        ("aurora-7b;fail=429", "rate_limited"),
        ("aurora-7b;fail=empty", "empty"),
        ("aurora-7b;fail=garbage", "garbage"),
        ("nobody-knows-this", "refused"),
    ],
)
def test_a_failed_test_says_what_kind_of_failure_it_was(client, coordinator, fake, identifier, kind):
    provider = Provider.objects.create(name="P", base_url=fake)
    client.post("/coordinate/models/add/", model_fields(provider, identifier=identifier))
    model = LanguageModel.objects.get()
    client.post(f"/coordinate/models/{model.pk}/test/")
    model.refresh_from_db()
    assert model.test_result.startswith(f"failed: {kind}")


def test_a_provider_that_does_not_answer_is_told_apart(client, coordinator):
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:9/v1")
    client.post("/coordinate/models/add/", model_fields(provider))
    model = LanguageModel.objects.get()
    client.post(f"/coordinate/models/{model.pk}/test/")
    model.refresh_from_db()
    assert model.test_result.startswith("failed: unreachable")


def test_a_test_never_calls_a_refused_address(client, coordinator, settings):
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:9/v1")
    client.post("/coordinate/models/add/", model_fields(provider))
    settings.ALLOW_PRIVATE_PROVIDERS = False
    model = LanguageModel.objects.get()
    client.post(f"/coordinate/models/{model.pk}/test/")
    model.refresh_from_db()
    assert model.test_result.startswith("failed: address")


def test_a_changed_identifier_drops_the_old_result(client, coordinator, fake):
    provider = Provider.objects.create(name="P", base_url=fake)
    client.post("/coordinate/models/add/", model_fields(provider))
    model = LanguageModel.objects.get()
    client.post(f"/coordinate/models/{model.pk}/test/")
    client.post(f"/coordinate/models/{model.pk}/", model_fields(provider, identifier="ember-pro"))
    model.refresh_from_db()
    assert (model.tested_at, model.test_result) == (None, "")


def test_a_test_is_asked_for_by_a_form_only(client, coordinator):
    model = make_models(1)[0]
    assert client.get(f"/coordinate/models/{model.pk}/test/").status_code == 405


def drawn(study) -> set[str]:
    return set(PoolEntry.objects.filter(study=study, is_on=True).values_list("model__name", flat=True))


def test_the_pool_is_exactly_what_was_ticked_and_each_change_is_audited(client, study, coordinator):
    one, two, three = make_models(3)
    path = f"/coordinate/studies/{study.slug}/models/"
    client.post(path, {"models": [one.pk, two.pk]})
    client.post(path, {"models": [two.pk, three.pk]})
    client.post(path, {"models": [two.pk, three.pk]})
    assert drawn(study) == {two.name, three.name}
    events = study.audit_events.order_by("pk").values_list("action", "subject")
    assert sorted(events[:2]) == sorted([("pool.added", one.name), ("pool.added", two.name)])
    assert list(events[2:]) == [("pool.added", three.name), ("pool.removed", one.name)]
    client.post(path, {"models": [one.pk]})
    assert drawn(study) == {one.name}


def test_a_pool_smaller_than_the_protocol_asks_for_is_pointed_out(client, study, coordinator):
    models = make_models(4, study)
    path = f"/coordinate/studies/{study.slug}/models/"
    assert "fewer than the protocol asks for" not in client.get(path).content.decode()
    models[0].status = "disabled"
    models[0].save()
    assert "fewer than the protocol asks for" in client.get(path).content.decode()


def test_an_unknown_model_changes_nothing(client, study, coordinator):
    make_models(2, study)
    before = drawn(study)
    client.post(f"/coordinate/studies/{study.slug}/models/", {"models": [999999]})
    assert drawn(study) == before


@pytest.mark.parametrize(("role", "status"), [(Role.ANALYST, 403), (Role.ANNOTATOR, 403), (None, 404)])
def test_the_pool_is_closed_to_others(client, study, role, status):
    model = make_models(1)[0]
    client.force_login(make_member(study, role) if role else make_member(make_study()))
    path = f"/coordinate/studies/{study.slug}/models/"
    assert client.get(path).status_code == status
    assert client.post(path, {"models": [model.pk]}).status_code == status
    assert not drawn(study)


def test_a_provider_that_another_study_uses_is_not_moved_by_a_coordinator_of_one():
    mine, theirs = make_study(), make_study(slug="theirs")
    [model] = make_models(1, study=theirs)
    client = Client()
    client.force_login(make_member(mine, Role.COORDINATOR))
    before = model.provider.base_url
    address = reverse("registry:provider", args=[model.provider_id])
    answer = client.post(address, {"name": "x", "base_url": "http://127.0.0.1:9/v1", "silence_seconds": 30})
    assert answer.status_code == 403
    assert "do not run" in answer.content.decode()
    model.provider.refresh_from_db()
    assert model.provider.base_url == before
    assert client.get(reverse("registry:model", args=[model.pk])).status_code == 403


def test_a_provider_stands_in_a_country_whose_electricity_is_known(client, coordinator):
    refused = client.post("/coordinate/providers/add/", {**PROVIDER, "zone": "QQQ"})
    assert "No country of three letters" in refused.content.decode()
    assert not Provider.objects.exists()
    client.post("/coordinate/providers/add/", {**PROVIDER, "zone": "fra"})
    assert Provider.objects.get().zone == "FRA"
