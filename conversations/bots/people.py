"""Who the bots are: seeded habits and tastes, so that the same seed plays the same people again."""

import random
import secrets
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Habits:
    """How often a person does what makes a server's life hard; each a chance from 0 to 1."""

    declines: float
    skips: float  # leaves out what is optional
    overlooks: float  # leaves out what is required, and is sent back
    not_applicable: float
    double_clicks: float
    loses_connection: float
    reloads: float
    autosaves: float


@dataclass(frozen=True)
class Taste:
    """What makes an answer good. `words` is the length liked best, `step` how finely somebody rates."""

    level: float
    words: int
    lists: float
    headings: float
    noise: float
    step: int

    def score(self, text: str, low: int, high: int, dice: random.Random) -> int:
        """A score on the scale from `low` to `high`."""
        length = len(text.split())
        distance = abs(length - self.words) / max(length, self.words, 1)
        points = self.level - 40 * distance + dice.gauss(0, self.noise)
        points += self.lists * any(line.lstrip().startswith(("-", "*", "1.")) for line in text.splitlines())
        points += self.headings * ("#" in text or "**" in text)
        rounded = self.step * round(points / self.step)
        return max(low, min(high, round(low + (high - low) * rounded / 100)))


@dataclass(frozen=True)
class Person:
    """One bot; `ids` are what the panel would call the person and the session."""

    seed: int
    number: int
    ids: tuple[str, str] = field(default_factory=lambda: (secrets.token_hex(12), secrets.token_hex(12)))

    def dice(self, *purpose: object) -> random.Random:
        """Dice of their own for each purpose, so that no choice depends on the order of the others."""
        return random.Random("/".join(map(str, (self.seed, self.number, *purpose))))

    @cached_property
    def habits(self) -> Habits:
        dice = self.dice("habits")
        return Habits(
            declines=dice.choice((0.0, 0.05, 0.3)),
            skips=dice.choice((0.0, 0.2, 0.5)),
            overlooks=dice.choice((0.0, 0.0, 0.1)),
            not_applicable=dice.choice((0.05, 0.2)),
            double_clicks=dice.choice((0.0, 0.0, 0.3)),
            loses_connection=dice.choice((0.0, 0.0, 0.4)),
            reloads=dice.choice((0.0, 0.0, 0.4)),
            autosaves=dice.choice((0.0, 0.3)),
        )

    @cached_property
    def taste(self) -> Taste:
        dice = self.dice("taste")
        return Taste(
            level=dice.uniform(55, 95),
            words=dice.randint(30, 220),
            lists=dice.uniform(-12, 12),
            headings=dice.uniform(-10, 8),
            noise=dice.uniform(3, 14),
            step=dice.choice((1, 1, 5, 10)),
        )

    def does(self, chance: float, *purpose: object) -> bool:
        return self.dice(*purpose).random() < chance


def crowd(number: int, seed: int, *, are_same: bool = False) -> list[Person]:
    """`number` people of a seed. With `are_same` the panel's ids come from the seed too."""
    people = [Person(seed, place) for place in range(1, number + 1)]
    return [Person(p.seed, p.number, _seeded_ids(p)) for p in people] if are_same else people


def _seeded_ids(person: Person) -> tuple[str, str]:
    dice = person.dice("ids")
    return f"{dice.getrandbits(96):024x}", f"{dice.getrandbits(96):024x}"
