"""The invented models of the fake provider."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Persona:
    """One invented model: how it sounds, how long it goes on and how fast it is.

    ``words`` is the shortest and longest answer, ``first`` the seconds until the first chunk and ``rate``
    the chunks a second, all as defaults that options in the model's id may replace.
    """

    id: str
    tone: str
    layout: str
    words: tuple[int, int]
    first: float
    rate: float


_PERSONAS = (
    Persona("aurora-7b", "warm", "prose", (60, 120), 0.25, 55),
    Persona("basalt-70b", "scholarly", "headings", (150, 225), 0.8, 30),
    Persona("cirrus-mini", "blunt", "prose", (32, 50), 0.15, 80),
    Persona("delta-chat-13b", "playful", "prose", (50, 95), 0.35, 45),
    Persona("ember-pro", "eager", "bullets", (90, 170), 0.5, 60),
    Persona("fjord-lite", "cautious", "bold", (50, 100), 0.2, 70),
    Persona("gneiss-duo", "balanced", "sides", (100, 180), 0.6, 40),
    Persona("halcyon-xl", "practical", "numbered", (110, 200), 0.7, 25),
)

PERSONAS = {persona.id: persona for persona in _PERSONAS}
# No partner of a conversation: it stands in no list of models.
JUDGE = Persona("judge", "blunt", "prose", (32, 50), 0.2, 200)
