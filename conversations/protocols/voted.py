"""What a protocol with votes cannot have: people come and go as they like, and nothing is due of them."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from conversations.protocols.kinds import ConversationType
from conversations.protocols.reading import Part

OF_RATINGS = ("continuation", "rating", "tie", "repeats", "overlap", "feedback")


def refuse_parts_of_ratings(document: Part) -> None:
    """Raises ProtocolError where answers would have to be rated within a conversation that ends."""
    for key in OF_RATINGS:
        if key in document.value:
            raise document.wrong(
                _("does not go with `vote`; a study that needs it compares answers with %s instead")
                % "`rating: {kind: pairwise}`",
                key,
            )


def refuse_duties(document: Part, types: Sequence[ConversationType]) -> None:
    """Raises ProtocolError for keys that could not hold where nobody has to do anything."""
    if len(types) > 1:
        raise document.wrong(_("with `vote` there is one type"), "types", 1)
    if types[0].required:
        raise document.wrong(
            _("must be 0 with `vote`: people compare as often as they like"), "types", 0, "required"
        )
    if document.part("turns").whole("minimum", 1, 100) > 1:
        raise document.wrong(_("must be 1 with `vote`: people stop when they like"), "turns", "minimum")
