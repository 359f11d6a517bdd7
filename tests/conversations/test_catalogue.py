"""The registry as a file: all of it or nothing, with lines for what is wrong, and never a key."""

import json

import pytest
import yaml
from django.core.management import CommandError, call_command

from conversations import catalogue
from conversations.models import LanguageModel, Provider
from surveys.models import AuditEvent
from surveys.questionnaires import QuestionnaireError
from tests.factories import make_models

pytestmark = pytest.mark.django_db
SECRET = "sk-never-in-a-file-0123456789"


@pytest.fixture
def models():
    found = make_models(2)
    provider = found[0].provider
    provider.set_api_key(SECRET)
    provider.save()
    first = found[0]
    first.languages, first.currency, first.context_length = ["en", "fr"], "EUR", 8192
    first.status, first.status_reason, first.price_in = "disabled", "Its answers break off", "0.1234"
    first.released_on, first.billions = "2025-03-01", 7.5
    first.save()
    return list(LanguageModel.objects.select_related("provider"))


def document(models) -> dict:
    return yaml.safe_load(catalogue.export(models))


def refusal(text: str) -> str:
    with pytest.raises(QuestionnaireError) as error:
        catalogue.check(text)
    return str(error.value)


@pytest.mark.parametrize("name", ["models.yaml", "models.json"])
def test_what_was_exported_can_be_imported_elsewhere_without_any_key(models, tmp_path, name):
    file = tmp_path / name
    call_command("models", "export", file)
    text = file.read_text()
    assert SECRET not in text
    assert models[0].provider.encrypted_key not in text
    assert name.endswith("yaml") or json.loads(text)["format"] == "prism-catalogue/1"
    assert catalogue.check(text) == catalogue.Catalogue([], [])
    LanguageModel.objects.all().delete()
    Provider.objects.all().update(base_url="https://api.example.org/v1")
    moved = text.replace("http://127.0.0.1:1/v1", "https://api.example.org/v1")
    file.write_text(moved)
    call_command("models", "import", file)
    assert catalogue.export(LanguageModel.objects.all(), as_json=name.endswith("json")) == moved
    assert Provider.objects.get().api_key == SECRET
    assert AuditEvent.objects.filter(action="model.added").count() == 2


def test_a_new_provider_comes_without_a_key_and_its_models_with_it(models):
    given = document(models)
    given["providers"] = [{"name": "New house", "base_url": "https://new.example.org/v1"}]
    for entry in given["models"]:
        entry |= {"provider": "New house", "name": entry["name"] + "-new"}
    assert catalogue.store(catalogue.check(json.dumps(given)), None) == (1, 2)
    provider = Provider.objects.get(name="New house")
    assert (provider.api_key, provider.is_fake, provider.models.count()) == ("", False, 2)
    assert AuditEvent.objects.get(action="provider.added").subject == "New house"


def test_only_what_changed_is_stored_and_audited(models):
    given = document(models)
    given["models"][1] |= {"price_in": 2.5, "status": "archived", "status_reason": "Too old"}
    assert catalogue.store(catalogue.check(json.dumps(given)), None) == (0, 1)
    event = AuditEvent.objects.get(action="model.edited")
    assert event.detail["fields"] == ["price_in", "status", "status_reason"]
    changed = LanguageModel.objects.get(name=models[1].name)
    assert (float(changed.price_in), changed.status, changed.status_reason) == (2.5, "archived", "Too old")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("currency", "euro", "models[1].currency"),
        ("currency", "eur", "models[1]"),
        ("status", "sleeping", "models[1].status"),
        ("price_in", "cheap", "models[1].price_in: is of the wrong kind"),
        ("price_in", -1, "models[1].price_in: is of the wrong kind"),
        ("context_length", 1.5, "models[1].context_length: is of the wrong kind"),
        ("languages", ["English"], "models[1].languages: is of the wrong kind"),
        ("parameters", [], "models[1].parameters: is of the wrong kind"),
        ("header", "a\x00b", "models[1].header: "),
        ("released_on", "soon", "models[1].released_on"),
        ("link", "javascript:alert(1)", "models[1].link"),
        ("provider", "Nobody", "models[1].provider: is neither"),
        ("encrypted_key", "x", "models[1].encrypted_key: there is no such key"),
        ("name", "maker/first", "models[1].name: stands in the file twice"),
        ("identifier", "", "models[1].identifier"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_nothing_is_stored(models, tmp_path, key, value, reason):
    given = document(models)
    given["models"][0] |= {"name": "maker/first"}
    given["models"][1] |= {key: value}
    file = tmp_path / "models.json"
    file.write_text(json.dumps(given, indent=1))
    with pytest.raises(CommandError, match=r"(?s)Nothing was stored.*line [1-9][0-9]+: ") as error:
        call_command("models", "import", file)
    assert reason in str(error.value)
    assert not LanguageModel.objects.filter(name="maker/first").exists()
    assert not AuditEvent.objects.exists()


def test_a_file_cannot_send_a_stored_key_to_another_server(models):
    given = document(models)
    given["providers"][0]["base_url"] = "https://elsewhere.example.org/v1"
    assert "providers[0].base_url: is known here with another address" in refusal(json.dumps(given))


@pytest.mark.parametrize(
    "text", ["", "[]", "a: b", "format: prism-catalogue/1\nmodels: []", "{", "x: &a 1\ny: *a"]
)
def test_what_is_no_catalogue_is_refused(text):
    assert "line 1" in refusal(text) or "line 2" in refusal(text)


def test_a_provider_that_the_site_may_not_call_is_refused():
    given = {"format": "prism-catalogue/1", "models": []}
    for url in ("http://169.254.169.254/v1", "ftp://example.org", "https://name:word@example.org"):
        text = json.dumps(given | {"providers": [{"name": "New", "base_url": url}]})
        assert "providers[0].base_url" in refusal(text)
