"""How a batch came about, in words."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.models import Batch

Line = tuple[str | Promise, Any]
LEFT_OUT = {
    "leak": gettext_lazy("a response says who wrote it"),
    "gone": gettext_lazy("a response is gone"),
    "held_back": gettext_lazy("the study lets no text with such personal data out"),
}


def made(batch: Batch) -> list[Line]:
    """The source, what was drawn by which seed, what was left out and why, and what was masked."""
    return [*_of_choice(batch.description.get("choice") or {}), *_of_file(batch), *_of_reading(batch)]


def _of_choice(choice: dict[str, Any]) -> list[Line]:
    if not choice:
        return []
    lines: list[Line] = [(_("Kinds of conversations"), ", ".join(choice["types"]) or _("all"))]
    if choice["since"] or choice["until"]:
        lines.append((_("Messages of (UTC)"), f"{choice['since'] or '…'} – {choice['until'] or '…'}"))
    messages = _("only the first of each conversation") if choice["is_first_only"] else _("all")
    drawn = _("every response or pair of a message") if choice["is_each"] else _("one drawn for each message")
    if choice.get("with_excluded"):
        lines.append((_("People excluded from the data"), _("taken too")))
    return [
        *lines,
        (_("Messages"), messages),
        (_("Tasks"), drawn),
        (_("Drawn in all"), choice["most"] or _("all")),
        (_("Seed"), choice["seed"]),
    ]


def _of_file(batch: Batch) -> list[Line]:
    """An uploaded file, or records that were imported with their annotations."""
    file = batch.description.get("file")
    if "records" in batch.description:
        file = {"name": batch.description["records"], "sha256": batch.description["sha256"]}
    return [(_("File"), file["name"]), (_("SHA-256"), file["sha256"])] if file else []


def _of_reading(batch: Batch) -> list[Line]:
    left_out, masked = (batch.description.get(name) or {} for name in ("left_out", "masked"))
    lines: list[Line] = [
        (_("Left out"), f"{number:,}: {LEFT_OUT.get(reason, reason)}") for reason, number in left_out.items()
    ]
    if batch.is_looked_through and not masked:
        lines.append((_("Masked"), _("nothing was found")))
    if masked:
        lines.append(
            (_("Masked"), ", ".join(f"{kind} {number:,}" for kind, number in sorted(masked.items())))
        )
    return lines
