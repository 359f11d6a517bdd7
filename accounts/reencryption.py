"""Writing every stored secret anew under the newest key, so that older keys can be retired.

A token shows by itself which key opens it, so a run that broke off is simply started again: what it did is
found done. Rows that somebody changes meanwhile are left to them, and counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models, transaction

from prism.lib.crypto import UnreadableSecret, encrypt, is_encrypted, renewed

PREFIX = "encrypted_"
# Secrets inside of JSON, which other packages keep through hooks of ours: the keys that hold them.
IN_JSON = {"mfa.Authenticator.data": ("secret", "seed")}


@dataclass(frozen=True)
class Secrets:
    """A column of secrets; with `keys`, a column of JSON objects that hold secrets under these keys."""

    model: type[models.Model]
    column: str
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.column}"


@dataclass
class Counts:
    """What became of the values of a column; `unreadable` are the rows whose key is lost."""

    new_already: int = 0
    renewed: int = 0
    changed_meanwhile: int = 0
    unreadable: list[object] = field(default_factory=list)


def registered() -> list[Secrets]:
    """Every column of secrets in the database: those named encrypted_…, and those in JSON."""
    found = []
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            keys = IN_JSON.get(f"{model._meta.label}.{column.name}", ())
            if column.name.startswith(PREFIX) or keys:
                found.append(Secrets(model, column.name, keys))
    return found


def reencrypt(secrets: Secrets, *, batch: int, is_dry_run: bool = False) -> Iterator[Counts]:
    """Renew a column batch by batch, each in a transaction of its own; yields the counts so far."""
    counts, last = Counts(), None
    rows = secrets.model._base_manager.order_by("pk").values_list("pk", secrets.column)
    if not secrets.keys:
        rows = rows.exclude(**{secrets.column: ""})
    while some := list(rows.filter(pk__gt=last)[:batch] if last is not None else rows[:batch]):
        with transaction.atomic():
            for pk, stored in some:
                _renew(secrets, pk, stored, counts, is_dry_run)
        last = some[-1][0]
        yield counts


def _renew(secrets: Secrets, pk: object, stored: object, counts: Counts, is_dry_run: bool) -> None:
    try:
        fresh = _fresh(secrets, stored)
    except UnreadableSecret:
        counts.unreadable.append(pk)
        return
    if fresh == stored:
        counts.new_already += 1
        return
    mine = secrets.model._base_manager.filter(pk=pk, **{secrets.column: stored})
    if is_dry_run or mine.update(**{secrets.column: fresh}):
        counts.renewed += 1
    else:
        counts.changed_meanwhile += 1


def _fresh(secrets: Secrets, stored: object) -> object:
    if not isinstance(stored, dict):
        return renewed(str(stored))
    return stored | {key: _fresh_or_first(stored[key]) for key in secrets.keys if key in stored}


def _fresh_or_first(secret: str) -> str:
    """Second steps that were set up before they were encrypted are in the clear."""
    return renewed(secret) if is_encrypted(secret) else encrypt(secret)
