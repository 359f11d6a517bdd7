"""How a bot rates the answers to a message, on whatever scale the form asks for."""

from dataclasses import dataclass

from conversations.bots.answering import Pairs, slid
from conversations.bots.journal import SentTurn
from conversations.bots.pages import Field, Form
from conversations.bots.people import Person

CLOSE = 5  # points of 100 within which two answers are equally good


@dataclass(frozen=True)
class Judge:
    """A person at a rating form; `where` is the place in their own story, so that a seed repeats."""

    person: Person
    where: str

    def judge(self, form: Form, turn: SentTurn) -> Pairs:
        """What the form sends; `turn` keeps what must be stored of it."""
        if "best" in form.fields:
            return self._name_best(form.fields["best"], turn)
        if any(name.startswith("place-") for name in form.fields):
            return self._place(form, turn)
        return [pair for found in form.fields.values() for pair in self._score(found, turn)]

    def _liking(self, turn: SentTurn, name: str, low: int = 1, high: int = 100) -> int:
        dice = self.person.dice("score", self.where, name)
        return self.person.taste.score(turn.streamed.get(name[-1], ""), low, high, dice)

    def _score(self, found: Field, turn: SentTurn) -> Pairs:
        slot = found.name[-1]
        if found.kind != "slider":
            turn.scores[slot] = self._liking(turn, found.name, 1, len(found.options))
            return [(found.name, str(turn.scores[slot]))]
        turn.scores[slot] = self._liking(turn, found.name, found.minimum, found.maximum)
        return slid(found, turn.scores[slot], self.person.dice("trace", self.where, found.name))

    def _place(self, form: Form, turn: SentTurn) -> Pairs:
        """Places by liking; equal ones share a place where the form has places to choose from."""
        may_tie = all(found.kind == "select" for found in form.fields.values())
        likings = {name: self._liking(turn, name) // (CLOSE if may_tie else 1) for name in form.fields}
        order = sorted(likings, key=lambda name: -likings[name])
        for place, name in enumerate(order, start=1):
            better = sum(other > likings[name] for other in likings.values())
            turn.places[name[-1]] = better + 1 if may_tie else place
        return [(name, str(turn.places[name[-1]])) for name in form.fields]

    def _name_best(self, found: Field, turn: SentTurn) -> Pairs:
        slots = [option.value for option in found.options if len(option.value) == 1]
        ties = sorted({option.value for option in found.options} - {*slots})
        likings = {slot: self._liking(turn, f"best-{slot}") for slot in slots}
        top = sorted(likings.values())[-2:]
        if ties and top[-1] - top[0] < CLOSE:
            turn.tie = self.person.dice("tie", self.where).choice(ties)
        best = max(slots, key=lambda slot: likings[slot])
        turn.places = {slot: 1 if turn.tie or slot == best else 2 for slot in slots}
        return [("best", turn.tie or best)]
