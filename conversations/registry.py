"""Providers, models and the pools of studies: storing changes, with an audit event that never holds a key."""

from django.db import transaction

from accounts.models import User
from conversations.endpoints import breaker
from conversations.models import LanguageModel, PoolEntry, Provider
from surveys import audit
from surveys.models import Study


def store_provider(provider: Provider, by: User | None, changed: list[str], key: str = "") -> None:
    """Store a new or edited provider; a blank `key` keeps the stored one."""
    action = "provider.edited" if provider.pk else "provider.added"
    fields = [name for name in changed if name != "key"]
    if "base_url" in changed:
        provider.is_fake = False  # the fake one may be on this machine, what a person entered may not
    if key:
        provider.set_api_key(key)
        fields.append("key")
    if not fields:
        return
    with transaction.atomic():
        provider.save()
        audit.record(by, action, subject=provider.name, fields=fields, base_url=provider.base_url)


def store_model(model: LanguageModel, by: User | None, changed: list[str]) -> None:
    """Store a new or edited model; what a test found is dropped when the call would now be another."""
    action = "model.edited" if model.pk else "model.added"
    if not changed:
        return
    if {"identifier", "provider", "parameters"} & set(changed):
        model.tested_at, model.test_result = None, ""
    with transaction.atomic():
        model.save()
        audit.record(by, action, subject=model.name, fields=changed, status=model.status)


def bring_back(provider: Provider, by: User | None) -> bool:
    """Let a provider that rests be drawn again at once; False where it was not resting."""
    with transaction.atomic():
        is_back = provider.open_until is not None and breaker.bring_back(provider)
        if is_back:
            reason = provider.open_reason
            audit.record(by, "provider.brought_back", subject=provider.name, reason=reason)
    return is_back


def choose_pool(study: Study, models: list[LanguageModel], by: User) -> tuple[int, int]:
    """Let the study draw exactly these models; returns how many were added and taken out.

    Who is in a conversation keeps its models; the change holds for the next draw.
    """
    with transaction.atomic():
        Study.objects.select_for_update().get(pk=study.pk)
        entries = {
            entry.model_id: entry for entry in PoolEntry.objects.filter(study=study).select_related("model")
        }
        added = [model for model in models if model.pk not in entries or not entries[model.pk].is_on]
        chosen = {model.pk for model in models}
        removed = [entry.model for pk, entry in entries.items() if entry.is_on and pk not in chosen]
        for model in added:
            PoolEntry.objects.update_or_create(study=study, model=model, defaults={"is_on": True})
            audit.record(by, "pool.added", study=study, subject=model.name)
        for model in removed:
            PoolEntry.objects.filter(study=study, model=model).update(is_on=False)
            audit.record(by, "pool.removed", study=study, subject=model.name)
    return len(added), len(removed)
