"""What a panel is to us: names of its entry parameters, the shape of its ids, an exit for each outcome."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from django.utils.translation import gettext as _

from surveys.models import Study


class EntryError(Exception):
    """The link does not let anybody in; the message says why and what to do."""


@dataclass(frozen=True)
class Arrival:
    """What a panel said of a person at the door."""

    panel: str
    participant: str
    study: str
    session: str
    is_signed: bool = False


@dataclass(frozen=True)
class Exit:
    code: str
    url: str


PROLIFIC: dict[str, Any] = {
    "name": "Prolific",
    "parameters": {"participant": "PROLIFIC_PID", "study": "STUDY_ID", "session": "SESSION_ID"},
    "pattern": "^[0-9a-f]{24}$",
    "token_parameter": "prolific_token",
    "signed_entry": None,
    "exit_url": "https://app.prolific.com/submissions/complete?cc={code}",
    "codes": {},
}


def arrival(study: Study, query: Mapping[str, str]) -> Arrival:
    """Read the panel's parameters; raises EntryError when one is missing or malformed.

    A signed token, where the study has keys for it, must say the same as the address.
    """
    panel = {**PROLIFIC, **study.panel}
    values = {part: query.get(name, "") for part, name in panel["parameters"].items()}
    missing = [name for part, name in panel["parameters"].items() if not values[part]]
    if missing:
        raise EntryError(_("The link is not complete: %(names)s is missing.") % {"names": ", ".join(missing)})
    for part, name in panel["parameters"].items():
        if not re.fullmatch(panel["pattern"], values[part]):
            raise EntryError(_("The link is damaged: %(name)s does not look as it should.") % {"name": name})
    return Arrival(panel=panel["name"], is_signed=_is_signed(panel, query, values), **values)


def _is_signed(panel: dict[str, Any], query: Mapping[str, str], values: dict[str, str]) -> bool:
    token, keys = query.get(panel["token_parameter"], ""), panel["signed_entry"]
    if not keys:
        return False
    if not token:
        if keys.get("required"):
            raise EntryError(_("The link carries no proof that it comes from the panel."))
        return False
    claims = _claims(token, keys)
    if any(claims.get(name) != values[part] for part, name in panel["parameters"].items()):
        raise EntryError(_("The link was changed after the panel made it."))
    return True


def _claims(token: str, keys: dict[str, Any]) -> dict[str, Any]:
    """The panel's claims in an RS256 token signed by one of the study's keys for our audience."""
    try:
        key_set = jwt.PyJWKSet.from_dict(keys["jwks"])
        key = key_set[jwt.get_unverified_header(token).get("kid", "")]
        claims = jwt.decode(
            token, key, algorithms=["RS256"], audience=keys["audience"], options={"require": ["exp", "aud"]}
        )
    except jwt.ExpiredSignatureError as error:
        raise EntryError(_("The link has expired.")) from error
    except (jwt.PyJWTError, KeyError) as error:
        raise EntryError(_("The link's signature is not valid.")) from error
    said = claims.get("prolific")
    return said if isinstance(said, dict) else {}


def exit_for(study: Study, outcome: str) -> Exit | None:
    """The panel's code and return link for an outcome; None where the study has no code for it."""
    panel = {**PROLIFIC, **study.panel}
    code = panel["codes"].get(outcome)
    return Exit(code=code, url=panel["exit_url"].format(code=code)) if code else None
