"""How much of what people should not have written is found, and how much of what is found is none.

`python -m tests.lib.pii.measure` prints the tables of docs/privacy.md.
"""

import random
import re
from collections import Counter
from dataclasses import dataclass, field

from prism.lib.intervals import wilson
from prism.lib.pii import Kind, find
from tests.lib.pii.making import MAKERS
from tests.lib.pii.sentences import BEYOND, FRENCH, HELD_OUT, NEGATIVES, TUNED

SEED = 20261122
REPEATS = 60
PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Case:
    """A text, and the places and kinds of what was put into it."""

    text: str
    planted: tuple[tuple[int, int, str], ...]


@dataclass
class Figures:
    planted: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    missed: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)


def fill(template: str, rng: random.Random) -> Case:
    text, planted, last = "", [], 0
    for place in PLACE.finditer(template):
        kind, make = MAKERS[place[1]]
        text += template[last : place.start()]
        value = make(rng)
        planted.append((len(text), len(text) + len(value), kind))
        text, last = text + value, place.end()
    return Case(text + template[last:], tuple(planted))


def cases(templates: dict[str, list[str]], negatives: list[str], seed: int = SEED) -> list[Case]:
    rng = random.Random(seed)
    made = [fill(one, rng) for family in templates.values() for one in family for _ in range(REPEATS)]
    return made + [Case(text, ()) for text in negatives]


def measured(some: list[Case]) -> Figures:
    """A value counts as found when all its characters lie in spans, of whatever kind: it would be masked.

    A span is right when it touches a value that was put there and has its kind.
    """
    figures = Figures()
    for case in some:
        spans = find(case.text)
        hidden = {place for span in spans for place in range(span.start, span.end)}
        for start, end, kind in case.planted:
            figures.planted[kind] += 1
            if hidden.issuperset(range(start, end)):
                figures.covered[kind] += 1
            else:
                figures.missed.append((kind, case.text))
        for span in spans:
            figures.found[span.kind] += 1
            if any(
                kind == span.kind and start < span.end and span.start < end
                for start, end, kind in case.planted
            ):
                figures.right[span.kind] += 1
            else:
                figures.wrong.append((span.rule, case.text))
    return figures


def share(successes: int, n: int) -> str:
    interval = wilson(successes, n)
    return (
        f"{interval.percent:.1f} % ({interval.low:.1f}–{interval.high:.1f}), n = {n}" if interval else "none"
    )


def table(figures: Figures) -> str:
    lines = ["| kind | recall | precision |", "|---|---|---|"]
    kinds = [kind for kind in Kind if figures.planted[kind]]
    for kind in kinds:
        recall = share(figures.covered[kind], figures.planted[kind])
        lines.append(f"| {kind} | {recall} | {share(figures.right[kind], figures.found[kind])} |")
    recall = share(figures.covered.total(), figures.planted.total())
    lines.append(f"| all | {recall} | {share(figures.right.total(), figures.found.total())} |")
    return "\n".join(lines)


def tuned() -> Figures:
    return measured(cases(TUNED, NEGATIVES["tuned"]))


def held_out() -> Figures:
    return measured(cases(HELD_OUT, NEGATIVES["held_out"], SEED + 1))


def by_language() -> str:
    """Recall and precision in the held-out sentences that hold something, English and French apart."""
    lines = ["| language | recall | precision |", "|---|---|---|"]
    for name, is_french in (("English", False), ("French", True)):
        families = {
            family: [one for one in some if bool(FRENCH.search(one)) == is_french]
            for family, some in HELD_OUT.items()
        }
        told = measured(cases(families, [], SEED + 3))
        recall = share(told.covered.total(), told.planted.total())
        lines.append(f"| {name} | {recall} | {share(told.right.total(), told.found.total())} |")
    return "\n".join(lines)


def beyond() -> str:
    """Recall of each form that the patterns are not made for."""
    lines = ["| form | recall |", "|---|---|"]
    for name, templates in BEYOND.items():
        figures = measured(cases({name: templates}, [], SEED + 2))
        lines.append(f"| {name} | {share(figures.covered.total(), figures.planted.total())} |")
    return "\n".join(lines).replace("_", " ")


if __name__ == "__main__":
    for name, figures in (("At hand", tuned()), ("Held out", held_out())):
        print(f"{name}\n\n{table(figures)}\n")
    print(f"Held out, by language\n\n{by_language()}\n")
    print(f"Beyond the patterns\n\n{beyond()}")
