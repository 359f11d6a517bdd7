"""E-mail addresses, IP addresses, and secrets in URLs.

Every search starts at a rare mark (@, ://, a dot or colon between digits) and looks at a bounded window
around it, so that the time grows with the length of the text and with nothing else.
"""

import ipaddress
import re
from collections.abc import Iterator

from prism.lib.pii.spans import Kind, Span

_LOCAL = re.compile(r"[\w.!#$%&'*+=?^~-]{1,64}\Z")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,50})(?![\w-])", re.I
)
_SPOKEN = re.compile(
    r"(?<![\w.])([\w.+-]{1,40}) ?(?:\[at\]|\(at\)|\{at\}| at | arobase |\[arobase\]|\(arobase\)) ?"
    r"([\w-]{1,40}(?: ?(?:\[dot\]|\(dot\)|\{dot\}| dot | point |\[point\]|\(point\)|\.) ?[\w-]{1,40}){0,3}"
    r" ?(?:\[dot\]|\(dot\)|\{dot\}| dot | point |\[point\]|\(point\)|\.) ?"
    r"(?:com|org|net|edu|info|fr|uk|eu|be|ch|de|ca|io|us|me))(?![\w-])",
    re.I,
)
_MARKED = re.compile(r"[\[({]|arobase| (?:dot|point) ", re.I)
_SECRET_USER = re.compile(r"[a-z][a-z0-9+.-]{1,15}://[^\s/@:?#]{0,100}:[^\s/@]{1,200}@[^\s/]{1,253}\Z", re.I)
_SECRET_KEY = re.compile(
    r"[?&;#](?:access_token|api[_-]?key|auth[_-]?token|client_secret|passwd|password|pwd|secret|sig|token|mdp)="
    r"([^\s&#\"'<>\[\]{}()]{4,300})",
    re.I,
)
_V4 = re.compile(r"(?<![\w.])(?<!\w/)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w]|\.[0-9])")
_VERSION = re.compile(
    r"(?:version|release|firmware|build|v\.?|ver\.?|section|§|chapter|chapitre|article)\s{0,2}\Z", re.I
)
_V6 = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}(?![\w:])", re.I)
_V6_HINT = re.compile(r":[0-9a-f]{0,4}:", re.I)
_ALL_SINGLE = len("1.2.3.4")
_LONGEST_LOCAL, _LONGEST_DOMAIN, _LONGEST_URL = 64, 255, 600


def emails(text: str) -> Iterator[Span]:
    at = text.find("@")
    while at >= 0:
        local = _LOCAL.search(text, max(0, at - _LONGEST_LOCAL), at)
        domain = _DOMAIN.match(text, at + 1, at + 1 + _LONGEST_DOMAIN)
        if local and domain and local.group().strip(".'"):
            start = local.start() + len(local.group()) - len(local.group().lstrip(".'=*?&#!"))
            yield Span(start, domain.end(), Kind.EMAIL, "email", 0.95)
        at = text.find("@", at + 1)


def spoken_emails(text: str) -> Iterator[Span]:
    """`jane at example dot org`: two signs are spelt out, or the text is only about a place."""
    for found in _SPOKEN.finditer(text):
        if _MARKED.search(found.group()):
            yield Span(found.start(), found.end(), Kind.EMAIL, "email_spoken", 0.8)


def credentials(text: str) -> Iterator[Span]:
    """A password before the host of a URL, or a token in its query."""
    mark = text.find("://")
    while mark >= 0:
        start = _scheme_start(text, mark)
        at = text.rfind("@", mark, _end_of_host(text, mark + 3))
        if at > 0 and _SECRET_USER.match(text, start, at + 2):
            yield Span(start, _end_of_host(text, at), Kind.CREDENTIALS, "url_password", 0.97)
        mark = text.find("://", mark + 3)
    for found in _SECRET_KEY.finditer(text):
        yield Span(found.start(1), found.end(1), Kind.CREDENTIALS, "url_token", 0.85)


def _scheme_start(text: str, mark: int) -> int:
    start = mark
    while start > max(0, mark - 16) and (text[start - 1].isalnum() or text[start - 1] in "+.-"):
        start -= 1
    return start


def _end_of_host(text: str, start: int) -> int:
    end = start
    while (
        end < min(len(text), start + _LONGEST_URL) and not text[end].isspace() and text[end] not in "/<>\"'"
    ):
        end += 1
    return end


def ipv4_addresses(text: str, start: int, end: int) -> Iterator[Span]:
    """Addresses that belong to somebody: no loopback, private network or number of a version or section."""
    for found in _V4.finditer(text, start, end):
        is_version = _VERSION.search(text, max(0, found.start() - 12), found.start())
        if len(found.group()) > _ALL_SINGLE and not is_version and _is_public(found.group()):
            yield Span(found.start(), found.end(), Kind.IP, "ipv4", 0.85)


def ipv6_addresses(text: str) -> Iterator[Span]:
    if not _V6_HINT.search(text):
        return
    for found in _V6.finditer(text):
        if any(sign.isdigit() for sign in found.group()) and _is_public(found.group()):
            yield Span(found.start(), found.end(), Kind.IP, "ipv6", 0.9)


def _is_public(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False
