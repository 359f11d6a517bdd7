"""The energy of answers: a range on the cards of the reveal, in the history and in shared comparisons."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from conversations import energy
from conversations.models import Conversation, LanguageModel, Provider, Response
from tests.conversations.comparing import ask, enter, open_arena, page, vote, voted, where
from tests.conversations.talking import answer

pytestmark = pytest.mark.django_db
RANGE = re.compile(r"\d[\d.,]*–\d[\d.,]* Wh")


def test_the_reveal_tells_a_range_for_each_side_and_how_it_is_estimated():
    open_arena()
    visitor = enter()
    talk, turn = voted(visitor)
    turn.responses.update(tokens_out=500, total_ms=8000)
    assert not RANGE.search(page(visitor, talk))
    visitor.post(where(talk, "reveal/"))
    shown = page(visitor, talk)
    assert len(RANGE.findall(shown)) == 2
    assert f"EcoLogits {energy.method().version}" in shown
    assert "32 to 128 answers at once" in shown
    assert shown.count("g CO₂e") == 2
    assert len(RANGE.findall(visitor.get("/arena/history/").content.decode())) == 1
    visitor.post(where(talk, "share/"))
    key = Conversation.objects.get(pk=talk.pk).share_key
    assert len(RANGE.findall(Client().get(f"/arena/shared/{key}/").content.decode())) == 2


def test_energy_adds_up_over_turns_and_the_bigger_model_takes_more():
    open_arena()
    visitor = enter()
    talk, turn = voted(visitor, mode="big-vs-small")
    visitor.post(where(talk, "reveal/"))

    def highest() -> dict[str, float]:
        shown = visitor.get(where(talk)).context["reveal"]
        return {one.letter: float(one.spent.energy.split("–")[1].split()[0]) for one in shown}

    turn.responses.update(tokens_out=400, total_ms=600_000)
    first = highest()
    big = turn.responses.get(model__billions=200).slot
    assert first[big] > 3 * min(first.values())
    visitor.post(where(talk, "say/"), {"text": "And then?", "form_key": "next"})
    second = talk.turns.latest("number")
    answer(second)
    vote(visitor, talk)
    second.responses.update(tokens_out=400, total_ms=600_000)
    assert highest() == {slot: pytest.approx(2 * wh, rel=0.1) for slot, wh in first.items()}


@pytest.mark.parametrize("missing", ["size", "tokens"])
def test_what_is_not_known_is_said_to_be_and_never_zero(missing):
    open_arena()
    if missing == "size":
        LanguageModel.objects.update(billions=None)
    visitor = enter()
    talk, turn = voted(visitor)
    turn.responses.update(tokens_out=300 if missing == "size" else None)
    visitor.post(where(talk, "reveal/"))
    shown = page(visitor, talk)
    assert [side.spent for side in visitor.get(where(talk)).context["reveal"]] == [None, None]
    assert "not known" in shown
    assert not RANGE.search(shown)
    assert "energy not known" in visitor.get("/arena/history/").content.decode()


def test_a_closed_model_has_the_size_that_ecologits_assumes_and_a_country_its_electricity():
    open_arena()
    LanguageModel.objects.update(billions=None, identifier="openai/gpt-4o")
    visitor = enter()
    talk = ask(visitor)
    answer(talk.turns.get(), tokens_out=500, total_ms=9000)
    vote(visitor, talk)
    visitor.post(where(talk, "reveal/"))
    assert page(visitor, talk).count("with an assumed size") == 2
    gases = visitor.get(where(talk)).context["reveal"][0].spent.gases
    Provider.objects.update(zone="FRA")
    french = visitor.get(where(talk)).context["reveal"][0].spent
    assert french.gases != gases
    assert Response.objects.filter(tokens_out=500).count() == 2
