"""Why a panel's link does not let somebody in."""


class EntryError(Exception):
    """The link does not let anybody in; the message says why and what to do."""


class PreviewVisit(EntryError):
    """The panel shows somebody the study before they decide; nothing may be made for them."""
