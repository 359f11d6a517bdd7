"""A study's rules as data: what is done with each kind of find at each place, and what moderation may do.

    {"message": {"email": "mask", …}, "feedback": {…}, "export": {…},
     "moderation": {"provider": "…", "model": "…", "places": ["message"], "if_silent": "open",
                    "categories": {"harassment": {"threshold": 0.5, "action": "warn"}, …}, "notice": "…"}}

What is not mentioned is off, but exports mask.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from prism.lib.pii import Kind
from prism.lib.pii.names import is_installed


class Place(StrEnum):
    MESSAGE = "message"
    FEEDBACK = "feedback"
    EXPORT = "export"


class Action(StrEnum):
    """What is done with a find, from the least to the most."""

    OFF = "off"
    MARK = "mark"
    MASK = "mask"
    WARN = "warn"
    BLOCK = "block"


class Reply(StrEnum):
    """What is done with a text that moderation gives a category."""

    OFF = "off"
    LOG = "log"
    WARN = "warn"
    BLOCK = "block"


# The categories of OpenAI's endpoint; a provider that names others adds them to the rules.
CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors"),
    *("violence", "violence/graphic"),
)
SENT = (Place.MESSAGE, Place.FEEDBACK)
CLOSED, OPEN = "closed", "open"
MOST_NOTICE = 500


def findable() -> tuple[Kind, ...]:
    """The kinds that can be found here: names by an installed model alone."""
    return tuple(kind for kind in Kind if kind != Kind.NAME or is_installed())


class RulesError(ValueError):
    """The document is no set of rules; the message says why."""


@dataclass(frozen=True)
class Threshold:
    threshold: float
    reply: Reply


@dataclass(frozen=True)
class Moderation:
    provider: str = ""
    model: str = ""
    places: frozenset[Place] = frozenset()
    is_closed_if_silent: bool = False
    categories: Mapping[str, Threshold] = field(default_factory=dict)
    notice: str = ""

    def asks(self, place: Place) -> bool:
        return bool(self.provider and place in self.places)

    def flagged(self, scores: Mapping[str, float]) -> dict[str, Reply]:
        """The categories at or over their threshold, each with what is done about it."""
        return {
            name: rule.reply
            for name, rule in self.categories.items()
            if rule.reply != Reply.OFF and scores.get(name, 0.0) >= rule.threshold
        }


@dataclass(frozen=True)
class Rules:
    version: int
    actions: Mapping[Place, Mapping[Kind, Action]]
    moderation: Moderation = Moderation()

    def action(self, place: Place, kind: Kind) -> Action:
        return self.actions.get(place, {}).get(kind, Action.OFF)

    def kinds(self, place: Place, *actions: Action) -> tuple[Kind, ...]:
        """The kinds that are looked for at a place; with `actions`, those that get one of them."""
        wanted = actions or tuple(action for action in Action if action != Action.OFF)
        return tuple(kind for kind in findable() if self.action(place, kind) in wanted)


def parse(document: Any, version: int = 0) -> Rules:
    """The rules in a document as it is stored. Raises RulesError."""
    if not isinstance(document, dict) or set(document) - {*Place, "moderation"}:
        raise RulesError(
            _("The rules have parts for message, feedback, export and moderation, and no others.")
        )
    actions = {place: _actions(place, document.get(place, {})) for place in Place}
    return Rules(version, actions, _moderation(document.get("moderation") or {}))


def _actions(place: Place, part: Any) -> dict[Kind, Action]:
    if not isinstance(part, dict) or not set(part) <= set(Kind):
        raise RulesError(_("%(place)s: kinds are %(kinds)s.") % {"place": place, "kinds": ", ".join(Kind)})
    if not set(part.values()) <= set(Action):
        raise RulesError(
            _("%(place)s: actions are %(actions)s.") % {"place": place, "actions": ", ".join(Action)}
        )
    start = Action.MASK if place == Place.EXPORT else Action.OFF
    return {kind: Action(part.get(kind, start)) for kind in Kind}


def _moderation(part: Any) -> Moderation:
    known = {"provider", "model", "places", "if_silent", "categories", "notice"}
    if not isinstance(part, dict) or set(part) - known:
        raise RulesError(_("Moderation has the keys %s and no others.") % ", ".join(sorted(known)))
    words = [part.get(key, "") for key in ("provider", "model", "notice")]
    if not all(isinstance(word, str) and len(word) <= MOST_NOTICE for word in words):
        raise RulesError(_("Moderation: provider, model and notice are short texts."))
    if part.get("if_silent", OPEN) not in {OPEN, CLOSED}:
        raise RulesError(_("Moderation: if_silent is open or closed."))
    return Moderation(
        provider=words[0],
        model=words[1],
        places=_places(part.get("places", ())),
        is_closed_if_silent=part.get("if_silent") == CLOSED,
        categories=_categories(part.get("categories", {})),
        notice=words[2],
    )


def _places(names: Iterable[Any]) -> frozenset[Place]:
    if not isinstance(names, list | tuple) or not set(names) <= set(SENT):
        raise RulesError(_("Moderation: places are message and feedback."))
    return frozenset(Place(name) for name in names)


def _categories(part: Any) -> dict[str, Threshold]:
    if not isinstance(part, dict):
        raise RulesError(_("Moderation: categories is a table of name, threshold and action."))
    return {str(name)[:60]: _threshold(str(name), rule) for name, rule in part.items()}


def _threshold(name: str, rule: Any) -> Threshold:
    rule = rule if isinstance(rule, dict) else {}
    threshold, reply = rule.get("threshold"), rule.get("action")
    is_number = isinstance(threshold, int | float) and not isinstance(threshold, bool)
    if not is_number or not 0 < float(threshold or 0) <= 1 or reply not in set(Reply):
        raise RulesError(_("%s: a threshold over 0 up to 1, and off, log, warn or block.") % name)
    return Threshold(float(threshold or 0), Reply(reply))
