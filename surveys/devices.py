"""What form a device has, by what its browser says; nothing else of it is kept."""

import re

from django.http import HttpRequest

from surveys.models import Device

Form = Device.Form
SHARED = "shared device"  # the kind of event that says it
_TABLET = re.compile(r"iPad|Tablet|PlayBook|Silk/|Android(?!.*\bMobile\b)", re.IGNORECASE)
_PHONE = re.compile(r"Mobi|iPhone|iPod|Windows Phone|Opera Mini", re.IGNORECASE)
_DESKTOP = re.compile(r"Windows NT|Macintosh|X11|CrOS", re.IGNORECASE)


def device_form(request: HttpRequest) -> str:
    """Phone, tablet or desktop; blank where the browser says nothing clear.

    A tablet that presents itself as a desktop (iPadOS does by default) counts as one.
    """
    said = request.headers.get("User-Agent", "")[:500]
    if _TABLET.search(said):
        return Form.TABLET
    if request.headers.get("Sec-CH-UA-Mobile") == "?1" or _PHONE.search(said):
        return Form.PHONE
    return Form.DESKTOP if _DESKTOP.search(said) else ""
