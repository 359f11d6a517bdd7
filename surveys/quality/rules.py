"""A study's rules on quality: a small document, checked by part and name before it is stored as a version."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit
from surveys.models import Device, QualityRules, Study

FLAG, END = "flag", "end"
LONG_MINUTES = 5


class RulesError(Exception):
    """The rules cannot be stored; the message names the part and says what would be right."""


@dataclass(frozen=True)
class Checks:
    """Attention checks. `end` needs that participants were told so, and `least_failures` or more."""

    announced: bool = False
    fail_after: int = 2
    consequence: str = FLAG


@dataclass(frozen=True)
class Timing:
    """Very fast: below the study's log-mean by so many standard deviations, and faster than one can read."""

    deviations: float = 3.0
    least_people: int = 30
    words_per_minute: int = 400


@dataclass(frozen=True)
class Lines:
    """The same value in all items of a block that has so many at least."""

    least_items: int = 5


@dataclass(frozen=True)
class Texts:
    """Two texts are the same when they share this part of their three-word sequences; never if short."""

    least_words: int = 8
    share: float = 0.7


@dataclass(frozen=True)
class Typing:
    """Pasting and typing, for texts of so many characters at least."""

    least_characters: int = 50
    pasted_share: float = 0.5
    characters_per_second: float = 15.0


@dataclass(frozen=True)
class Devices:
    """The forms asked for (none named: any), and from how many browsers on it is worth a look."""

    allowed: tuple[str, ...] = ()
    several: int = 3


@dataclass(frozen=True)
class Rules:
    """All rules of a study; `version` is 0 for the ones that hold where nobody stored any."""

    checks: Checks = field(default_factory=Checks)
    timing: Timing = field(default_factory=Timing)
    lines: Lines = field(default_factory=Lines)
    texts: Texts = field(default_factory=Texts)
    typing: Typing = field(default_factory=Typing)
    devices: Devices = field(default_factory=Devices)
    version: int = 0

    def document(self) -> dict[str, Any]:
        """The rules as they are stored; `parse` reads them again."""
        parts = {part: asdict(getattr(self, part)) for part in PARTS}
        parts["devices"]["allowed"] = list(self.devices.allowed)
        return parts


PARTS: dict[str, type] = {
    "checks": Checks,
    "timing": Timing,
    "lines": Lines,
    "texts": Texts,
    "typing": Typing,
    "devices": Devices,
}
# Smallest and largest value of each figure.
RANGES: dict[str, tuple[float, float]] = {
    "checks.fail_after": (1, 20),
    "timing.deviations": (2, 6),
    "timing.least_people": (10, 10_000),
    "timing.words_per_minute": (100, 2000),
    "lines.least_items": (3, 100),
    "texts.least_words": (4, 200),
    "texts.share": (0.5, 1),
    "typing.least_characters": (10, 5000),
    "typing.pasted_share": (0.1, 1),
    "typing.characters_per_second": (5, 100),
    "devices.several": (2, 50),
}


def least_failures(study: Study) -> int:
    """How many failed checks may end a participation: two in a study of five minutes or more, else one.

    Prolific's rule for rejections (recruitment policy, "attention checks").
    """
    return 2 if study.minutes >= LONG_MINUTES else 1


def parse(document: Any, version: int = 0) -> Rules:
    """The rules in the document; parts and figures it leaves out have their usual values.

    Raises RulesError for a part or figure that is unknown, of the wrong kind or out of its range.
    """
    if not isinstance(document, Mapping):
        raise RulesError(_("The rules must be a mapping of parts."))
    unknown = sorted(set(document) - set(PARTS))
    if unknown:
        raise RulesError(_("Unknown part: %s.") % ", ".join(map(str, unknown)))
    parts = {name: _part(name, kind, document.get(name, {})) for name, kind in PARTS.items()}
    return Rules(**parts, version=version)


def _part(name: str, kind: type, given: Any) -> Any:
    known = {known.name: known for known in fields(kind)}
    if not isinstance(given, Mapping) or set(given) - set(known):
        raise RulesError(_("“%s” has a figure that is not known there.") % name)
    return kind(**{key: _value(f"{name}.{key}", known[key].default, value) for key, value in given.items()})


def _value(path: str, usual: Any, value: Any) -> Any:
    if path == "checks.consequence":
        return _one_of(path, value, (FLAG, END))
    if path == "devices.allowed":
        given = value if isinstance(value, list | tuple) else [value]
        return tuple(_one_of(path, form, tuple(Device.Form.values)) for form in given)
    if isinstance(usual, bool):
        return _one_of(path, value, (True, False))
    low, high = RANGES[path]
    is_number = isinstance(value, int) or (isinstance(value, float) and isinstance(usual, float))
    if isinstance(value, bool) or not is_number or not low <= value <= high:
        raise RulesError(
            _("“%(path)s” must be a number from %(low)s to %(high)s.")
            % {"path": path, "low": low, "high": high}
        )
    return type(usual)(value)


def _one_of(path: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    if any(value is known or (isinstance(known, str) and value == known) for known in allowed):
        return value
    choices = ", ".join(map(str, allowed))
    raise RulesError(_("“%(path)s” must be one of: %(choices)s.") % {"path": path, "choices": choices})


def refuse_unfair(rules: Rules, study: Study) -> None:
    """Raise RulesError for checks that would end a participation unannounced or too soon."""
    if rules.checks.consequence != END:
        return
    if not rules.checks.announced:
        raise RulesError(_("Checks may end a participation only if participants are told so beforehand."))
    least = least_failures(study)
    if rules.checks.fail_after < least:
        raise RulesError(
            _("In a study of %(minutes)d minutes at least %(least)d failed checks may end a participation.")
            % {"minutes": study.minutes, "least": least}
        )


def in_force(study: Study) -> Rules:
    """The newest stored rules, or the usual ones."""
    stored = study.quality_rules.order_by("-version").first()
    return parse(stored.document, stored.version) if stored else Rules()


def store(study: Study, document: Any, by: User | None) -> Rules:
    """Make a document the rules in force, as a new version if it differs; raises RulesError."""
    rules = parse(document)
    refuse_unfair(rules, study)
    with transaction.atomic():
        Study.objects.select_for_update().get(pk=study.pk)
        before = in_force(study)
        if before.version and before.document() == rules.document():
            return before
        version = before.version + 1
        QualityRules.objects.create(study=study, version=version, document=rules.document(), by=by)
        audit.record(by, "quality.rules_stored", study=study, subject=f"v{version}")
    return parse(rules.document(), version)
