"""What a panel says of a person at the door: parameters, checked by their shape and its signature."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from surveys.models import EntryLink, Study
from surveys.panels import shapes
from surveys.panels.definitions import panel_of
from surveys.panels.errors import EntryError, PreviewVisit
from surveys.panels.signing import Proof, proof_in


@dataclass(frozen=True)
class Arrival:
    """Who the panel says is at the door. What a panel does not name is ""."""

    panel: str
    participant: str
    study: str = ""
    session: str = ""
    proof: Proof | None = None
    link: EntryLink | None = None
    door_key: str = ""

    @property
    def is_signed(self) -> bool:
        return self.proof is not None or self.link is not None


def arrival(study: Study, query: Mapping[str, str]) -> Arrival:
    """Read the panel's parameters; raises EntryError when one is missing or malformed.

    A signed token, where the study asks for one, must say the same as the address.
    """
    panel = panel_of(study)
    names = panel["parameters"]
    if not names:
        raise EntryError(_("This study is entered by another kind of link."))
    values = {part: query.get(name, "") for part, name in names.items()}
    missing = [name for part, name in names.items() if not values[part]]
    if missing:
        raise EntryError(_("The link is not complete: %(names)s is missing.") % {"names": ", ".join(missing)})
    if any(values[part] in marks for part, marks in panel["previews"].items()):
        raise PreviewVisit(_("You see the study before you accepted it. Accept it there, and then open it."))
    for part, name in names.items():
        if not shapes.fits(_pattern(panel, part), values[part]):
            raise EntryError(_("The link is damaged: %(name)s does not look as it should.") % {"name": name})
    proof = proof_in(panel, query.get(panel["token_parameter"], ""), values)
    return Arrival(
        panel=panel["name"],
        participant=values["participant"],
        study=values.get("study", ""),
        session=values.get("session", ""),
        proof=proof,
    )


def anybody(study: Study, door_key: str) -> Arrival:
    """Somebody by the open link, of whom nobody knows more than that they pressed its button."""
    if panel_of(study)["door"] != "open":
        raise EntryError(_("This study is entered by another kind of link."))
    return Arrival(panel="open", participant=door_key)


def _pattern(panel: dict[str, Any], part: str) -> str:
    return str(panel["patterns"].get(part, panel["pattern"]))
