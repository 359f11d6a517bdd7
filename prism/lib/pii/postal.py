"""Postal addresses by pattern: a number and a street, in English and French, and the town that follows."""

import re
from collections.abc import Iterator

from prism.lib.pii.spans import Kind, Span

_WORD = r"[^\W\d_][\w'.-]{0,29}"
_CAPITAL_WORD = r"(?-i:[A-ZÀ-Ý][\w'.-]{0,29})"
_ARTICLES = r"(?:(?:de la|des|du|de|la|le|les|et|sur|sous|aux?) |(?:de )?l'|d')"
_NO_STREET = (
    r"(?:et|à|a|depuis|dans|avec|pour|qui|que|mais|est|sont|je|tu|il|elle|on|nous|vous|au|aux|en|sur|par|pas|"
    r"ou|où|ici|chez|près|à|c'est|j'ai|où|and|in|with|merci|svp|puis|car|donc|s'il)\b"
)
_FR_TYPES = (
    r"rue|av\.?|avenue|bd\.?|boulevard|bld\.?|place|pl\.|all[ée]es?|chemin|ch\.|impasse|imp\.|quai|cours|route|"
    r"rte\.?|square|passage|faubourg|villa|sentier|rond-point|esplanade|ruelle|venelle|lotissement|r[ée]sidence|"
    r"hameau|mont[ée]e|promenade"
)
_FR_TOWN = rf"(?:,? ?(?:à |- ?)?(?:F-)?[0-9]{{5}} {_WORD}(?: {_CAPITAL_WORD}){{0,2}})?"
_FR = re.compile(
    rf"(?<![\w.,])(?P<number>[0-9]{{1,4}}(?: ?(?:bis|ter|quater|[a-d]))?),? (?P<type>{_FR_TYPES}) "
    rf"{_ARTICLES}?{_WORD}(?: {_ARTICLES}?{_CAPITAL_WORD}){{0,4}}"
    rf"(?: (?!{_NO_STREET})[a-zà-ÿ]{{3,20}}\b)?{_FR_TOWN}",
    re.I,
)
_FR_HOME = re.compile(r"\b(?:habit\w+|domicil\w+|adresse|chez moi|r[ée]side|vis|vit|livr\w+)\b", re.I)
# These are counted as often as they are streets: `3 cours`, `27 square cm`, `1 place`.
_COUNTED = frozenset({"cours", "allées", "square"})
_STRONG = r"Street|St|Road|Rd|Avenue|Ave|Boulevard|Blvd|Lane|Ln|Crescent|Terrace|Mews"
_WEAK = (
    r"Drive|Dr|Close|Court|Ct|Way|Place|Pl|Square|Sq|Gardens|Gdns|Grove|Hill|Row|Park|Parkway|Pkwy|Circle|Cir|"
    r"Trail|Highway|Hwy"
)
_CAPITAL = r"(?:[A-Z][\w'.-]{0,24}|[1-9][0-9]{0,2}(?:st|nd|rd|th))"
_POSTCODE = r"[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][ABD-HJLNP-UW-Z]{2}"
_TOWN_CODE = rf"(?:{_POSTCODE}|[A-Z]{{2}} [0-9]{{5}}(?:-[0-9]{{4}})?)"
_EN = re.compile(
    rf"(?<![\w.,$£€/-])(?P<number>[1-9][0-9]{{0,4}}[A-Za-z]?),? (?P<name>(?:{_CAPITAL} ){{1,4}}?)"
    rf"(?:{_STRONG}|{_WEAK})\b\.?(?: (?:{_STRONG}|Close|Drive|Court|Way)\b\.?)?"
    r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|#)\.? ?#?[\w-]{1,6})?"
    rf"(?:(?:,? [A-Z][\w'.-]{{1,24}}(?: [A-Z][\w'.-]{{1,24}}){{0,2}})?,? (?P<code>{_TOWN_CODE}))?"
)
_EN_SMALL = re.compile(
    r"(?<![\w.,$£€/-])[1-9][0-9]{0,4}[a-z]? (?P<name>[a-z][a-z'-]{2,20}(?: [a-z][a-z'-]{2,20})?) "
    r"(?:street|road|avenue|boulevard|crescent|rd|ave|blvd)\b"
)
# As people type in a chat; so much may look like it that a word such as "live" must stand before.
_EN_TYPED = re.compile(
    r"(?<![\w.,$£€/-])[1-9][0-9]{0,4}[a-z]? (?P<name>[a-z][a-z'-]{2,20}(?: [a-z][a-z'-]{2,20})?) "
    r"(?:st|lane|ln|terrace|mews|drive|dr|close|court|ct|place|pl|square|sq|gardens|gdns|grove)\b",
    re.I,
)
_BE_TYPES = r"rue|avenue|av\.|boulevard|bd\.?|chauss[ée]e|place|chemin|quai|route|square|dr[èe]ve|clos"
# In Belgium and Switzerland the number follows the street.
_BE = re.compile(
    rf"\b(?:{_BE_TYPES}) {_ARTICLES}?{_CAPITAL_WORD}(?: {_ARTICLES}?{_CAPITAL_WORD}){{0,4}},? "
    rf"[0-9]{{1,4}}[a-z]?(?P<town>,? (?:[BF]-|CH-)?[1-9][0-9]{{3}} {_CAPITAL_WORD})?(?![\w-])",
    re.I,
)
# Between a number and such a word, these are no name of a street: `3 hour drive`, `2 way street`.
_NO_NAME = re.compile(
    r"\b(?:way|lanes?|miles?|min|mins|km|met(?:er|re)s?|foot|feet|hours?|minutes?|days?|years?|wide|busy|long|short|open|the|an?"
    r"|of|on|in|at|down|up|from|to|and|or|per|new|old|different|small|big|large|major|other|more|dirt|side|city|most"
    r"|best|good|nice|great|quiet|popular|english|french|blocks?|star|supreme|high|district|appeals|tennis|food|central|us|federal|county"
    r"|crown|world)\b",
    re.I,
)
_POSTCODE_ALONE = re.compile(rf"(?<![\w-]){_POSTCODE}(?![\w-])")
_EN_HOME = re.compile(
    r"\b(?:live|lives|living|address|home|house|flat|send|deliver|post ?code|moved)\b", re.I
)
_HOME_BEFORE = 60


def postal_addresses(text: str, start: int, end: int) -> Iterator[Span]:
    for found in _FR.finditer(text, start, end):
        is_counted = found["type"].lower() in _COUNTED or found["number"] == "1"
        if not is_counted or _is_home(_FR_HOME, text, found.start()):
            yield _span(found, "street_fr", 0.8)
    for found in _EN.finditer(text, start, end):
        is_street = not _NO_NAME.search(found["name"])
        if is_street and (found["code"] or not _is_year(found["number"])):
            yield _span(found, "street_en", 0.8)
    for found in _EN_SMALL.finditer(text, start, end):
        if not _NO_NAME.search(found["name"]):
            yield _span(found, "street_en_small", 0.6)
    for found in _EN_TYPED.finditer(text, start, end):
        if not _NO_NAME.search(found["name"]) and _is_home(_EN_HOME, text, found.start()):
            yield _span(found, "street_en_typed", 0.6)
    for found in _BE.finditer(text, start, end):
        if found["town"] or _is_home(_FR_HOME, text, found.start()):
            yield _span(found, "street_be", 0.75)
    for found in _POSTCODE_ALONE.finditer(text, start, end):
        if _is_home(_EN_HOME, text, found.start()):
            yield _span(found, "postcode_gb", 0.65)


def _span(found: re.Match[str], rule: str, confidence: float) -> Span:
    """The address without the full stop of the sentence behind it."""
    end = found.start() + len(found.group().rstrip(".'- "))
    return Span(found.start(), end, Kind.ADDRESS, rule, confidence)


def _is_home(words: re.Pattern[str], text: str, start: int) -> bool:
    return bool(words.search(text, max(0, start - _HOME_BEFORE), start))


def _is_year(number: str) -> bool:
    """`In 2019 Baker Street …`: the number may be a year, and then nothing says that it is a house."""
    return number.isdigit() and 1800 <= int(number) <= 2099
