"""Why an act of a participant is not done."""

from collections.abc import Sequence


class Refused(Exception):
    """The act is not possible now or the input is wrong; the message tells the person what to do."""


class Held(Refused):
    """A text was not sent for what stands in it. `found` are the places as the person wrote them."""

    def __init__(
        self, message: str, found: Sequence[str] = (), notice: str = "", is_final: bool = True
    ) -> None:
        super().__init__(message)
        self.found = found
        self.notice = notice
        self.may_send_anyway = not is_final


def held(refusal: Refused) -> Held | None:
    """What the page shows beside the message, where it is a text that was held back."""
    return refusal if isinstance(refusal, Held) else None
