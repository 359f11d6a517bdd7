"""Colours of a look: contrast as WCAG 2.2 defines it, and shades that keep it."""

from collections.abc import Iterable

Rgb = tuple[int, int, int]
LEAST = 4.5  # success criterion 1.4.3, text of usual size


def rgb(colour: str) -> Rgb:
    """The channels of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def written(channels: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*channels)


def luminance(colour: str) -> float:
    """Relative luminance, 0 for black and 1 for white (WCAG 2.2, glossary)."""
    red, green, blue = (_linear(channel / 255) for channel in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(colour: str, other: str, share: float) -> str:
    """The colour with a share, 0 to 1, of the other one in it."""
    pairs = zip(rgb(colour), rgb(other), strict=True)
    red, green, blue = (round(a + (b - a) * share) for a, b in pairs)
    return written((red, green, blue))


def is_readable(colour: str, grounds: Iterable[str]) -> bool:
    """Whether text of this colour can be read on each of these grounds, and the other way round."""
    return all(contrast(colour, ground) >= LEAST for ground in grounds)


def lightened(colour: str, grounds: Iterable[str]) -> str:
    """The colour with as little white in it as makes it readable on these dark grounds; else white."""
    known = list(grounds)
    for step in range(20):
        lighter = mixed(colour, "#ffffff", step / 20)
        if is_readable(lighter, known):
            return lighter
    return "#ffffff"
