"""Making, changing and switching portals, and their look: colours that can be read, a logo written anew."""

import io

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from accounts.models import User
from conversations.arena.portal_hosts import forget
from conversations.models import Portal
from prism.lib.colours import is_readable, lightened, mixed, rgb
from surveys import audit

# The grounds on which the accent stands, as static/css/prism.css has them.
LIGHT = ("#f7f6f2", "#ffffff", "#f0eee9")
DARK = ("#131219", "#1c1b25", "#262430", "#17142f")
MOST_BYTES, MOST_PIXELS = 500_000, 4_000_000
LOGO_SIZE = (480, 160)


class LogoRefused(ValueError):
    """The file cannot be a logo; the message says why."""


def store(portal: Portal, by: User, changed: list[str]) -> None:
    """Store a portal, new or edited."""
    portal.changed_at = timezone.now()
    with transaction.atomic():
        portal.save()
        audit.record(by, "portal.stored", study=portal.study, subject=portal.host, fields=changed)
    forget()


def switch(portal: Portal, is_on: bool, by: User) -> bool:
    """Answer under its host, or no more; False where it was so already."""
    with transaction.atomic():
        changed = Portal.objects.filter(pk=portal.pk, is_active=not is_on).update(is_active=is_on)
        if changed:
            act = "portal.opened" if is_on else "portal.closed"
            audit.record(by, act, study=portal.study, subject=portal.host)
    forget()
    return bool(changed)


def is_accent(colour: str) -> bool:
    """Whether white can be read on it, and it on every light ground of Prism, its own soft one included."""
    return is_readable(colour, (*LIGHT, _soft(colour)))


def _soft(colour: str) -> str:
    return mixed(colour, "#ffffff", 0.92)


def stylesheet(portal: Portal) -> str:
    """The tokens of static/css/prism.css that a portal has of its own, in both looks."""
    light, soft = portal.accent, mixed(portal.accent, DARK[1], 0.8)
    dark = lightened(light, (*DARK, soft))
    return _tokens(':root,[data-bs-theme="light"]', light, mixed(light, "#000000", 0.25), _soft(light)) + (
        _tokens('[data-bs-theme="dark"]', dark, mixed(dark, "#ffffff", 0.4), soft)
    )


def _tokens(where: str, accent: str, hover: str, soft: str) -> str:
    return (
        f"{where}{{--accent:{accent};--accent-rgb:{_channels(accent)};"
        f"--accent-hover:{hover};--accent-hover-rgb:{_channels(hover)};--accent-soft:{soft}}}\n"
    )


def _channels(colour: str) -> str:
    return ", ".join(map(str, rgb(colour)))


def clean_logo(given: bytes) -> bytes:
    """The picture alone, at most as large as a page shows it, as PNG: nothing else of the file is kept.

    Raises LogoRefused for what is no PNG or WebP, or too large.
    """
    if len(given) > MOST_BYTES:
        raise LogoRefused(_("The file is too large: 500 kB at most."))
    try:
        with Image.open(io.BytesIO(given), formats=["PNG", "WEBP"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise LogoRefused(_("The picture is too large: 4 million pixels at most."))
            small = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, LogoRefused):
            raise
        raise LogoRefused(_("This is no picture that can be read. Choose a PNG or WebP file.")) from error
    small.thumbnail(LOGO_SIZE)
    clean, file = Image.new("RGBA", small.size), io.BytesIO()
    clean.paste(small)
    clean.save(file, "PNG", optimize=True)
    return file.getvalue()
