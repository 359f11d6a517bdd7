"""The registry as one file: exporting it, checking such a file, importing it. A key is never in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from conversations import registry
from conversations.models import LanguageModel, Provider
from prism.lib import addresses
from surveys.questionnaires import QuestionnaireError
from surveys.questionnaires.source import Path, Tree, read_tree
from surveys.study_files import dump

FORMAT = "prism-catalogue/1"
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_OWN = {"id", "provider", "created_at", "tested_at", "test_result"}
_FIELDS = {field.name: field for field in LanguageModel._meta.concrete_fields if field.name not in _OWN}
Fault = tuple[Path, str]
MayChange = Callable[[LanguageModel], bool]


@dataclass(frozen=True)
class Catalogue:
    """What a sound file would store: new providers, and models with the fields that change."""

    providers: list[Provider]
    models: list[tuple[LanguageModel, list[str]]]


def export(chosen: Iterable[LanguageModel], *, as_json: bool = False) -> str:
    """The models and their providers, without keys. Importing it into the same registry changes nothing."""
    found = document(chosen)
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n" if as_json else dump(found)


def document(chosen: Iterable[LanguageModel]) -> dict[str, Any]:
    """What stands in the file, as an object."""
    found = sorted(chosen, key=lambda model: model.name)
    addresses_of = {model.provider.name: model.provider.base_url for model in found}
    return {
        "format": FORMAT,
        "providers": [{"name": name, "base_url": url} for name, url in sorted(addresses_of.items())],
        "models": [_entry(model) for model in found],
    }


def _entry(model: LanguageModel) -> dict[str, Any]:
    values = {name: _plain(getattr(model, name), field) for name, field in _FIELDS.items()}
    return {"name": values.pop("name"), "provider": model.provider.name} | values


def _plain(value: Any, field: models.Field[Any, Any]) -> Any:
    if value is None:
        return None
    if isinstance(field, models.DecimalField):
        return float(value)
    return value.isoformat() if isinstance(field, models.DateField) else value


def check(text: str, may_change: MayChange = lambda model: True) -> Catalogue:
    """What the text would store. Raises QuestionnaireError with the line of every fault."""
    tree = read_tree(text)
    if not _is_catalogue(tree.value):
        wanted = _("should hold “format: %(format)s”, and “providers” and “models”, two lists")
        tree.refuse([((), wanted % {"format": FORMAT})])
    providers, faults = _providers(tree)
    known = {provider.name: provider for provider in Provider.objects.all()}
    found, wrong = _models(tree, known | {provider.name: provider for provider in providers}, may_change)
    tree.refuse([*faults, *wrong])
    return Catalogue(providers, found)


def _is_catalogue(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {"format", "providers", "models"}:
        return False
    lists = [value["providers"], value["models"]]
    are_lists = all(isinstance(part, list) and all(isinstance(e, dict) for e in part) for part in lists)
    return value["format"] == FORMAT and are_lists


def _providers(tree: Tree) -> tuple[list[Provider], list[Fault]]:
    """The providers that are new, without a key; one that is known must have the address that is stored."""
    new: list[Provider] = []
    faults: list[Fault] = []
    for number, entry in enumerate(tree.value["providers"]):
        path: Path = ("providers", number)
        if entry.keys() != {"name", "base_url"} or not all(_is_text(value) for value in entry.values()):
            faults.append((path, _("needs a name and a base_url, and nothing else")))
            continue
        known = Provider.objects.filter(name=entry["name"]).first()
        if known and known.base_url != entry["base_url"]:
            faults.append(((*path, "base_url"), _("is known here with another address; change it by hand")))
        if known is None:
            provider = Provider(name=entry["name"], base_url=entry["base_url"])
            wrong = _provider_faults(provider, path)
            faults += wrong
            new.append(provider)
    faults += [
        (("providers", number, "name"), _("stands in the file twice"))
        for number in _repeated(tree.value["providers"])
    ]
    return new, faults


def _provider_faults(provider: Provider, path: Path) -> list[Fault]:
    try:
        provider.full_clean()
        addresses.check(provider.base_url)
    except ValidationError as error:
        return _said(error, path)
    except addresses.AddressRefused as refusal:
        return [((*path, "base_url"), str(refusal))]
    return []


def _models(
    tree: Tree, providers: dict[str, Provider], may_change: MayChange
) -> tuple[list[tuple[LanguageModel, list[str]]], list[Fault]]:
    known = {model.name: model for model in LanguageModel.objects.select_related("provider")}
    found: list[tuple[LanguageModel, list[str]]] = []
    faults: list[Fault] = []
    for number, entry in enumerate(tree.value["models"]):
        path: Path = ("models", number)
        wrong = _entry_faults(entry, path, providers)
        if not wrong:
            model = known.get(entry["name"]) or LanguageModel()
            changed = _filled(model, entry, providers[entry["provider"]])
            wrong = _model_faults(model, path) if changed else []
            if changed and model.pk and not may_change(model):
                wrong = [((*path, "name"), _("is used by a study that you do not run; ask its owner"))]
            found += [(model, changed)] if changed else []
        faults += wrong
    twice = _("stands in the file twice")
    return found, faults + [(("models", number, "name"), twice) for number in _repeated(tree.value["models"])]


def _entry_faults(entry: dict[str, Any], path: Path, providers: dict[str, Provider]) -> list[Fault]:
    """What is wrong with the kinds of the values, which Django would bend into shape without a word."""
    known = _FIELDS.keys() | {"provider"}
    faults = [((*path, key), _("there is no such key here")) for key in entry if key not in known]
    faults += [(path, _("“%s” is missing") % key) for key in ("name", "provider") if key not in entry]
    if "provider" in entry and (not isinstance(entry["provider"], str) or entry["provider"] not in providers):
        faults.append(((*path, "provider"), _("is neither in this file nor known here")))
    for key, field in _FIELDS.items():
        if key in entry and not _is_kind(entry[key], field):
            faults.append(((*path, key), _("is of the wrong kind")))
    return faults


def _is_kind(value: Any, field: models.Field[Any, Any]) -> bool:
    if value is None:
        return bool(field.null)
    if "\\u0000" in json.dumps(value, default=str):
        return False
    if isinstance(field, models.JSONField):
        return _are_languages(value) if field.name == "languages" else isinstance(value, dict)
    if isinstance(field, models.BooleanField):
        return isinstance(value, bool)
    if isinstance(field, models.IntegerField):
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(field, models.FloatField | models.DecimalField):
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return isinstance(value, str)


def _are_languages(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(code, str) and LANGUAGE.fullmatch(code) for code in value
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\x00" not in value


def _filled(model: LanguageModel, entry: dict[str, Any], provider: Provider) -> list[str]:
    """Put the entry into the model; the names of the fields that changed."""
    changed = []
    for name in _FIELDS.keys() & entry.keys():
        if not model.pk or _plain(getattr(model, name), _FIELDS[name]) != entry[name]:
            setattr(model, name, _cleaned(entry[name], _FIELDS[name]))
            changed.append(name)
    if not model.pk or model.provider_id != provider.pk:
        model.provider = provider
        changed.append("provider")
    return sorted(changed)


def _cleaned(value: Any, field: models.Field[Any, Any]) -> Any:
    return str(value) if isinstance(field, models.DecimalField) else value


def _model_faults(model: LanguageModel, path: Path) -> list[Fault]:
    try:
        model.full_clean(exclude=["provider"])
    except ValidationError as error:
        return _said(error, path)
    return []


def _said(error: ValidationError, path: Path) -> list[Fault]:
    said = error.message_dict
    return [((*path, field), message) for field, messages in said.items() for message in messages]


def _repeated(entries: list[dict[str, Any]]) -> list[int]:
    names = [entry.get("name") for entry in entries]
    return [number for number, name in enumerate(names) if name is not None and name in names[:number]]


def store(catalogue: Catalogue, by: User | None) -> tuple[int, int]:
    """Store all of it or nothing; how many providers and models. Raises QuestionnaireError."""
    try:
        with transaction.atomic():
            for provider in catalogue.providers:
                registry.store_provider(provider, by, ["name", "base_url"])
            for model, changed in catalogue.models:
                model.provider = model.provider  # a new one has its key only now
                registry.store_model(model, by, changed)
    except IntegrityError as error:
        tree = Tree()
        again = _("Somebody stored the same thing at the same moment. Nothing was stored; please try again.")
        raise QuestionnaireError([tree.problem((), again)]) from error
    return len(catalogue.providers), len(catalogue.models)
