"""How a persona writes: its own sentences around the person's words, in its own layout."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random

from conversations.fakellm.personas import PERSONAS, Persona
from conversations.fakellm.phrases import ENGLISH, Phrases
from conversations.fakellm.phrases_fr import FRENCH
from conversations.fakellm.reading import Prompt, read

_BANKS = {"en": ENGLISH, "fr": FRENCH}
_OWN_POINTS = 8
_STRIDE = 5
_ABOUT_US = ("greeting", "identity")
_DULL_NAMES = ("python", "function", "code", "script")

_CODE = (
    "```python\ndef {name}(items):\n    return sorted(item for item in items if item)\n```",
    "```python\ndef {name}(text):\n    counts = {{}}\n    for word in text.split():\n"
    "        counts[word] = counts.get(word, 0) + 1\n    return counts\n```",
    "```python\ndef {name}(values):\n    if not values:\n        return None\n"
    "    return sum(values) / len(values)\n```",
)


@dataclass(frozen=True)
class Draft:
    """The parts of an answer before they are laid out."""

    opening: str
    points: list[str]
    closing: str


def compose(persona: Persona, said: Sequence[str], rng: Random) -> str:
    """The persona's answer, in Markdown, to what a person ``said``, oldest first.

    It depends on the arguments alone, so the same state of ``rng`` gives the same text.
    """
    prompt = read(said)
    phrases = _BANKS[prompt.language]
    draft = _draft(persona, prompt, phrases, rng)
    text = _LAYOUTS[persona.layout](draft, phrases, rng)
    return f"{_write_code(prompt, rng)}\n\n{text}" if prompt.intent == "code" else text


def _draft(persona: Persona, prompt: Prompt, phrases: Phrases, rng: Random) -> Draft:
    voice = phrases.voices[persona.tone]
    fill = _filler(prompt, phrases)
    opening = fill(rng.choice(voice.greetings if prompt.intent in _ABOUT_US else voice.openings))
    points = [fill(sentence) for sentence in _order_points(persona, prompt, phrases, rng)]
    closing = "" if prompt.intent == "greeting" else fill(rng.choice(voice.closings))
    room = rng.randint(*persona.words) - _count_words(opening) - _count_words(closing)
    return Draft(opening, _take_what_fits(points, room), closing)


def _filler(prompt: Prompt, phrases: Phrases) -> Callable[[str], str]:
    other = phrases.quoted.format(prompt.other) if prompt.other else phrases.anyone
    topics = _name_topic(prompt, phrases)

    def fill(sentence: str) -> str:
        topic = next(topics) if "{topic}" in sentence else ""
        filled = sentence.format(topic=topic, other=other, earlier=phrases.quoted.format(prompt.earlier))
        return filled[:1].upper() + filled[1:]

    return fill


def _name_topic(prompt: Prompt, phrases: Phrases) -> Iterator[str]:
    """How the topic is named each time it comes up: repeating it in full would sound like a form letter."""
    full = [phrases.quoted.format(prompt.topic)] if prompt.topic else []
    return cycle([*full, phrases.again[0], *full, phrases.again[1]])


def _order_points(persona: Persona, prompt: Prompt, phrases: Phrases, rng: Random) -> Iterator[str]:
    """What the persona could say, best first: a recall of earlier words, then its views among the points."""
    own = _pick_own(persona, phrases.points[prompt.intent])
    views = list(phrases.voices[persona.tone].views)
    rng.shuffle(own)
    rng.shuffle(views)
    if prompt.earlier:
        yield rng.choice(phrases.recalls)
    if prompt.intent in _ABOUT_US:
        yield from own
    else:
        yield from _alternate(own, views) if prompt.intent == "code" else _alternate(views, own)


def _pick_own(persona: Persona, bank: Sequence[str]) -> list[str]:
    """Neighbouring personas keep to different points, so that answers shown side by side overlap little."""
    start = list(PERSONAS).index(persona.id) * _STRIDE % len(bank)
    return [bank[(start + step) % len(bank)] for step in range(min(_OWN_POINTS, len(bank)))]


def _alternate(first: list[str], second: list[str]) -> list[str]:
    shared = min(len(first), len(second))
    pairs = zip(first, second, strict=False)
    return [sentence for pair in pairs for sentence in pair] + first[shared:] + second[shared:]


def _take_what_fits(sentences: Sequence[str], room: int) -> list[str]:
    """Sentences in order while they fit into ``room`` words; at least one."""
    taken: list[str] = []
    for sentence in sentences:
        words = _count_words(sentence)
        if words <= room or not taken:
            taken.append(sentence)
            room -= words
    return taken


def _count_words(text: str) -> int:
    return len(text.split())


def _write_code(prompt: Prompt, rng: Random) -> str:
    words = re.findall(r"[a-z]+", f"{prompt.topic} {prompt.other}".lower())
    name = "_".join(word for word in words if word not in _DULL_NAMES) or "answer"
    return rng.choice(_CODE).format(name=name)


def _join(*blocks: str) -> str:
    return "\n\n".join(block for block in blocks if block)


def _lay_out_prose(draft: Draft, phrases: Phrases, rng: Random) -> str:
    sentences = [draft.opening, *draft.points, draft.closing]
    size = rng.choice((3, 4))
    return _join(*(" ".join(sentences[at : at + size]).strip() for at in range(0, len(sentences), size)))


def _lay_out_bullets(draft: Draft, phrases: Phrases, rng: Random) -> str:
    mark = rng.choice("-*")
    return _join(draft.opening, "\n".join(f"{mark} {point}" for point in draft.points), draft.closing)


def _lay_out_numbers(draft: Draft, phrases: Phrases, rng: Random) -> str:
    lines = (f"{number}. {point}" for number, point in enumerate(draft.points, 1))
    return _join(draft.opening, "\n".join(lines), draft.closing)


def _lay_out_headings(draft: Draft, phrases: Phrases, rng: Random) -> str:
    size = rng.choice((3, 4))
    starts = range(0, len(draft.points), size)
    titles = [*rng.sample(phrases.headings, min(len(starts), len(phrases.headings))), *[""] * len(starts)]
    sections = (
        _join(f"## {title}" if title else "", " ".join(draft.points[at : at + size]))
        for title, at in zip(titles, starts, strict=False)
    )
    return _join(draft.opening, *sections, draft.closing)


def _lay_out_bold(draft: Draft, phrases: Phrases, rng: Random) -> str:
    labels = rng.sample(phrases.labels, len(phrases.labels))
    lines = (f"**{label}** {point}" for label, point in zip(labels, draft.points, strict=False))
    return _join(draft.opening, *lines, *draft.points[len(labels) :], draft.closing)


def _lay_out_sides(draft: Draft, phrases: Phrases, rng: Random) -> str:
    half = (len(draft.points) + 1) // 2
    halves = (draft.points[:half], draft.points[half:])
    lists = (
        _join(f"**{side}**", "\n".join(f"- {point}" for point in points))
        for side, points in zip(phrases.sides, halves, strict=True)
        if points
    )
    return _join(draft.opening, *lists, draft.closing)


_LAYOUTS: dict[str, Callable[[Draft, Phrases, Random], str]] = {
    "prose": _lay_out_prose,
    "bullets": _lay_out_bullets,
    "numbered": _lay_out_numbers,
    "headings": _lay_out_headings,
    "bold": _lay_out_bold,
    "sides": _lay_out_sides,
}
