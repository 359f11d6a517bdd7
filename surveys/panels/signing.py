"""Entry that the panel signed: an RS256 token whose claims must say the same as the address."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.conf import settings
from django.utils.translation import gettext as _

from prism.lib.crypto import keyed_hash
from surveys.panels.errors import EntryError
from surveys.panels.keys import KeysUnavailable, key_for


@dataclass(frozen=True)
class Proof:
    """A token that held: its digest, so that it opens one enrolment once, and its end."""

    digest: str
    expires_at: datetime


def proof_in(panel: dict[str, Any], token: str, values: dict[str, str]) -> Proof | None:
    """What the token proves of `values`; None where the study asks for no token and none came.

    Raises EntryError when the token does not hold or says something else than the address.
    """
    wanted = panel["signed_entry"]
    if not wanted or not (token or wanted.get("required")):
        return None
    if not token:
        raise EntryError(_("The link carries no proof that it comes from the panel."))
    claims = _claims(token, wanted)
    said = claims.get("prolific")
    said = said if isinstance(said, dict) else {}
    if any(said.get(name) != values[part] for part, name in panel["parameters"].items()):
        raise EntryError(_("The link was changed after the panel made it."))
    return Proof(keyed_hash("entry token", token), datetime.fromtimestamp(claims["exp"], UTC))


def _claims(token: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """The claims of an RS256 token signed by one of the panel's keys for our audience."""
    try:
        key = _key(wanted, jwt.get_unverified_header(token).get("kid", ""))
        return jwt.decode(
            token, key, algorithms=["RS256"], audience=_audience(wanted), options={"require": ["exp", "aud"]}
        )
    except jwt.ExpiredSignatureError as error:
        raise EntryError(_("The link has expired.")) from error
    except KeysUnavailable as error:
        text = _("The link's signature cannot be checked just now. Try again in a minute.")
        raise EntryError(text) from error
    except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
        raise EntryError(_("The link's signature is not valid.")) from error


def _key(wanted: dict[str, Any], kid: str) -> jwt.PyJWK:
    """A study may hold the keys itself; otherwise they are the panel's published ones."""
    return jwt.PyJWKSet.from_dict(wanted["jwks"])[kid] if wanted.get("jwks") else key_for(kid)


def _audience(wanted: dict[str, Any]) -> list[str]:
    given = wanted.get("audience")
    return [given] if given else [settings.PUBLIC_URL, urlsplit(settings.PUBLIC_URL).netloc]
