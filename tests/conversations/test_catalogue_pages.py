"""The registry's list and its filter; the catalogue over HTTP: who may take what along and change it."""

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from conversations import catalogue
from conversations.models import LanguageModel, PoolEntry
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.factories import make_member, make_models, make_study, make_user

pytestmark = pytest.mark.django_db
LIST = "/coordinate/models/"
SECRET = "sk-never-in-a-file-0123456789"


@pytest.fixture
def models():
    found = make_models(3)
    found[0].provider.set_api_key(SECRET)
    found[0].provider.save()
    return list(LanguageModel.objects.select_related("provider"))


@pytest.fixture
def owner():
    client = Client()
    client.force_login(make_member(make_study(slug="values"), Role.OWNER))
    return client


def upload(client: Client, text: str | bytes):
    content = text.encode() if isinstance(text, str) else text
    return client.post(f"{LIST}import/", {"file": SimpleUploadedFile("models.yaml", content)})


def raised(models, price: float) -> str:
    document = yaml.safe_load(catalogue.export(models))
    for entry in document["models"]:
        entry["price_in"] = price
    return yaml.safe_dump(document)


def test_the_export_holds_no_key_and_is_audited(owner, models):
    for kind in ("yaml", "json"):
        answer = owner.get(f"{LIST}export.{kind}")
        assert f'filename="models.{kind}"' in answer["Content-Disposition"]
        text = answer.content.decode()
        assert text == catalogue.export(models, as_json=kind == "json")
        assert SECRET not in text
        assert models[0].provider.encrypted_key not in text
    assert AuditEvent.objects.filter(action="models.exported").count() == 2


def test_a_file_is_stored_as_a_whole_and_audited(owner, models):
    answer = upload(owner, raised(models, 3.5))
    assert answer["Location"] == LIST
    assert set(LanguageModel.objects.values_list("price_in", flat=True)) == {3.5}
    assert AuditEvent.objects.filter(action="model.edited", actor__isnull=False).count() == 3


def test_faults_are_listed_with_their_lines_and_nothing_is_stored(owner, models):
    text = raised(models, 3.5).replace("status: active", "status: <b>asleep</b>", 1)
    answer = upload(owner, text)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "models[0].status" in html
    assert "<b>asleep" not in html
    assert set(LanguageModel.objects.values_list("price_in", flat=True)) == {0}
    for wrong in (b"\xff\xfe\x00", b"", b"x" * 1_000_001):
        assert upload(owner, wrong).status_code == 422


def test_a_model_of_somebody_elses_study_is_neither_exported_nor_changed(owner, models):
    theirs = make_study(slug="theirs")
    PoolEntry.objects.create(study=theirs, model=models[0])
    LanguageModel.objects.filter(pk=models[0].pk).update(header="A secret prompt")
    exported = owner.get(f"{LIST}export.yaml").content.decode()
    assert "A secret prompt" not in exported
    assert models[0].name not in exported
    assert models[1].name in exported
    answer = upload(owner, raised(models, 3.5))
    assert answer.status_code == 422
    assert "a study that you do not run" in answer.content.decode()
    assert set(LanguageModel.objects.values_list("price_in", flat=True)) == {0}
    assert upload(owner, raised(models[1:], 3.5)).status_code == 302


def test_who_may_not_come_to_the_registry_may_not_take_it_along(models):
    study = make_study(slug="values")
    for user in (make_member(study, Role.ANALYST), make_user()):
        client = Client()
        client.force_login(user)
        for path in ("export.yaml", "export.json", "import/"):
            assert client.get(LIST + path).status_code == 403
        assert upload(client, raised(models, 3.5)).status_code == 403
    assert Client().get(f"{LIST}export.yaml")["Location"].startswith("/accounts/login/")
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(make_member(study, Role.OWNER, email="owner@example.org"))
    assert upload(guarded, raised(models, 3.5)).status_code == 403


def test_the_list_shows_why_a_model_is_off_and_can_be_filtered(owner, models):
    LanguageModel.objects.filter(pk=models[0].pk).update(
        status="disabled", status_reason="Its answers break off", languages=["fr"], currency="EUR"
    )
    html = owner.get(LIST).content.decode()
    assert "Its answers break off" in html
    assert "0.00 EUR" in html
    for query, shown in [
        ({"status": "disabled"}, models[:1]),
        ({"status": "active"}, models[1:]),
        ({"language": "fr"}, models[:1]),
        ({"q": models[2].name}, models[2:]),
        ({"provider": models[0].provider.pk}, models),
        ({"provider": "none", "status": "asleep", "language": "<"}, models),
        ({"q": "nobody"}, []),
    ]:
        html = owner.get(LIST, query).content.decode()
        assert [model for model in models if model.name in html.partition("<table")[2]] == shown
    assert "No model is like that." in html


def test_the_new_fields_are_edited_on_the_models_page(owner, models):
    model = models[0]
    fields = {
        "provider": model.provider.pk,
        "identifier": "x",
        "name": model.name,
        "short_name": "x",
        "code": "X",
        "kind": "Chat",
        "default_parameters": "{}",
        "parameters": "{}",
        "price_in": "1",
        "price_out": "2",
        "currency": "GBP",
        "daily_limit": "0",
        "status": "archived",
        "status_reason": "Too old",
        "context_length": "4096",
    }
    url = f"{LIST}{model.pk}/"
    assert owner.post(url, {**fields, "languages": "English"}).status_code == 200
    assert owner.post(url, {**fields, "languages": "en", "currency": "pounds"}).status_code == 200
    assert owner.post(url, {**fields, "languages": "en, pt-BR en"}).status_code == 302
    model.refresh_from_db()
    assert (model.languages, model.currency, model.context_length) == (["en", "pt-BR"], "GBP", 4096)
    assert (model.status, model.status_reason) == ("archived", "Too old")
    assert 'value="en, pt-BR"' in owner.get(url).content.decode()
