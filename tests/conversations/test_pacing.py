"""When text is shown: with one cadence, or all at once, the time of arrival tells nothing of a model."""

import asyncio
import random
import re
import threading
from dataclasses import dataclass

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from benchmarks.guessing import Seen, half_width, share_right
from conversations.fakellm.server import running
from conversations.live import answering, feed
from conversations.live.pacing import LEAST_RATE, LONGEST_STEP, RESERVE, Pace
from conversations.live.wire import Cursor, SlotText, endings, mark, news
from conversations.protocols import CADENCE, STREAM, TOGETHER, ProtocolError, parse
from tests.conversations.listening import Heard, hear
from tests.conversations.talking import a_turn, address, let_models_answer, page, rules

TURNS = 400
FAST, SLOW = "aurora-7b;chunks=30;rate=200;first=0.1", "cirrus-mini;chunks=30;rate=30;first=0.8"
TICK = 0.1


@dataclass(frozen=True)
class Speaker:
    """Seconds to the first word, then characters a second."""

    first: float
    rate: float

    def said(self, length: int, now: float) -> int:
        return max(0, min(length, int((now - self.first) * self.rate)))


def watch(rule: str, speakers: dict[str, Speaker], lengths: dict[str, int]) -> Seen:
    """A turn on a clock of its own, through what serves every browser."""
    turn, seen, cursor, now = feed.Feed(1, Pace(rule)), Seen(), Cursor(), 0.0
    turn.take_rows([(slot, 1, "", "streaming") for slot in speakers])
    told: dict[str, str] = {}
    while len(told) < len(speakers):
        now += TICK
        for slot, speaker in speakers.items():
            had, has = len(turn.slots[slot].text), speaker.said(lengths[slot], now)
            state = "done" if has == lengths[slot] else "streaming"
            turn.take_entry([(slot, 1, had, "x" * (has - had), state)])
        shown = turn.pace.shown(turn.slots, now)
        data, cursor = news(shown, cursor)
        over = endings(shown, told)
        told |= over
        seen.take(data | ({"over": over} if over else {}), now)
    return seen


@dataclass(frozen=True)
class Pair:
    """Between what bounds a fast and a slow model begin and write, and how long answers are by either."""

    first: tuple[float, float, float, float]
    rates: tuple[float, float, float, float]
    lengths: tuple[int, int]

    def turn(self, rule: str, dice: random.Random) -> tuple[Seen, bool]:
        """What is seen of a turn, and whether A was the fast one."""
        fast = Speaker(dice.uniform(*self.first[:2]), dice.uniform(*self.rates[:2]))
        slow = Speaker(dice.uniform(*self.first[2:]), dice.uniform(*self.rates[2:]))
        is_a = dice.random() < 0.5
        speakers = {"A": fast, "B": slow} if is_a else {"A": slow, "B": fast}
        return watch(rule, speakers, {slot: dice.randint(*self.lengths) for slot in "AB"}), is_a

    def share_right(self, rule: str) -> float:
        dice = random.Random(7)
        return share_right([self.turn(rule, dice) for _ in range(TURNS)])


VARIED = Pair((0.1, 0.4, 0.6, 1.6), (300, 500, 90, 200), (300, 500))
KNOWN = Pair((0.1, 0.1, 0.8, 0.8), (1200, 1200, 60, 60), (200, 600))  # to the tenth of a second, always so


@pytest.mark.parametrize("pair", [VARIED, KNOWN], ids=["varied", "known"])
def test_with_streams_as_they_come_arrival_times_tell_the_fast_model(pair):
    assert pair.share_right(STREAM) > 0.95


@pytest.mark.parametrize("rule", [CADENCE, TOGETHER])
@pytest.mark.parametrize("pair", [VARIED, KNOWN], ids=["varied", "known"])
def test_with_pacing_a_classifier_over_arrival_times_does_no_better_than_chance(pair, rule):
    assert pair.share_right(rule) <= 0.5 + half_width(TURNS)


def test_what_is_shown_when_is_the_same_if_two_models_change_their_speeds():
    """The lengths are those of the slots, whoever wrote them."""
    dice = random.Random(3)
    for _ in range(30):
        one, other = Speaker(0.2, dice.randint(30, 900)), Speaker(1.0, dice.randint(30, 900))
        lengths = {slot: dice.randint(200, 600) for slot in "AB"}
        for rule in (CADENCE, TOGETHER):
            seen, changed = (
                watch(rule, dict(zip("AB", pair, strict=True)), lengths)
                for pair in ((one, other), (other, one))
            )
            assert changed.end == pytest.approx(seen.end, rel=0.06)
            for slot in "AB":
                assert changed.times[slot][0][0] == pytest.approx(seen.times[slot][0][0], abs=2 * TICK)


def test_a_slot_that_begins_again_comes_back_when_it_has_as_much_as_was_shown():
    pace = Pace(CADENCE, length=300.0)
    slots = {"A": SlotText(1, "a" * 900, "done"), "B": SlotText(2, "b" * 200, "streaming")}
    assert {name: len(slot.text) for name, slot in pace.shown(slots, 0.0).items()} == {"A": 300, "B": 0}
    slots["B"].text = "b" * 320
    assert {len(slot.text) for slot in pace.shown(slots, 0.1).values()} == {300}


# The rule itself


SLOTS = st.fixed_dictionaries(
    {
        name: st.tuples(st.text(max_size=400), st.sampled_from(["streaming", "done", "failed"]))
        for name in "ABC"
    }
)


def slots_of(drawn: dict[str, tuple[str, str]]) -> dict[str, SlotText]:
    return {name: SlotText(1, text, state) for name, (text, state) in drawn.items()}


@given(SLOTS, st.sampled_from([STREAM, CADENCE, TOGETHER]), st.lists(st.floats(0.01, 5), max_size=30))
def test_what_is_shown_is_a_beginning_that_only_grows_and_ends_whole(drawn, rule, steps):
    pace, slots, now = Pace(rule), slots_of(drawn), 0.0
    before: dict[str, int] = dict.fromkeys(slots, 0)
    for step in steps:
        now += step
        shown = pace.shown(slots, now)
        for name, slot in shown.items():
            assert slots[name].text.startswith(slot.text)
            assert len(slot.text) >= before[name]
            before[name] = len(slot.text)
    ended = {name: SlotText(1, slot.text, "done") for name, slot in slots.items()}
    for _ in range(int(400 / LEAST_RATE / LONGEST_STEP) + 20):
        now += LONGEST_STEP
        shown = pace.shown(ended, now)
    assert shown == ended


@given(SLOTS, st.lists(st.floats(0.01, 5), max_size=30))
def test_nobody_is_shown_further_than_the_others_while_one_still_speaks(drawn, steps):
    pace, slots, now = Pace(CADENCE), slots_of(drawn), 0.0
    slots["A"].state = "streaming"
    for step in steps:
        now += step
        shown = pace.shown(slots, now)
        furthest = max(len(slot.text) for slot in shown.values())
        assert furthest <= max(0, len(slots["A"].text) - RESERVE)
        assert all(len(shown[name].text) == min(furthest, len(slots[name].text)) for name in slots)
        assert not any(slot.is_over for slot in shown.values())


def test_a_cursor_opens_no_more_than_what_it_shows_to_have():
    slots = {"A": SlotText(1, "a" * 500, "streaming"), "B": SlotText(1, "b" * 50, "streaming")}
    for rule, cursor, length in (
        (CADENCE, {"A": (0, 99_999_999), "B": (1, 40)}, 0),
        (TOGETHER, {"A": (mark("a" * 400), 400)}, 0),
        (CADENCE, {"A": (mark("a" * 30), 30), "H": (1, 300)}, 30),
    ):
        pace = Pace(rule)
        pace.resume(slots, cursor)
        assert {len(slot.text) for slot in pace.shown(slots, 0.0).values()} == {length}


@pytest.mark.parametrize(("value", "named"), [("slow", "pacing"), (3, "pacing")])
def test_an_unknown_pacing_is_refused_with_its_place(value, named):
    with pytest.raises(ProtocolError, match=named):
        parse(rules(pacing=value))
    assert parse(rules(pacing="cadence")).pacing == CADENCE
    assert parse(rules()).pacing == STREAM


# From a model to the browser


@pytest.fixture(scope="module")
def fake():
    with running(speed=1.0) as url:
        yield url


def watched(fake: str, pacing: str) -> tuple[Heard, dict[str, str]]:
    """What a browser hears of a fast and a slow model, and what is stored."""
    client, talk, turn = a_turn(fake, FAST, SLOW, pacing=pacing)
    work = threading.Thread(target=lambda: (let_models_answer(turn), connection.close()))
    work.start()
    heard = hear(client, address(talk, "events", 0))
    work.join(30)
    return heard, dict(turn.responses.values_list("slot", "text"))


class Deaf(asyncio.Event):
    """Raised where a stream lets what arrives decide when it sends."""

    async def wait(self):
        raise AssertionError("a paced stream waits for news, and hurries while a model writes")


@pytest.mark.django_db(transaction=True)
def test_with_one_cadence_every_event_carries_all_sides_and_none_is_hurried_by_what_arrives(
    fake, monkeypatch
):
    monkeypatch.setattr(feed.Feed, "tell", lambda turn: setattr(turn, "changed", Deaf()))
    heard, stored = watched(fake, CADENCE)
    assert heard.texts == stored
    assert heard.over == {"A": "done", "B": "done"}
    told = [set(one) & set("AB") for one in heard.news if set(one) & set("AB")]
    assert len(told) > 5
    assert all(slots == {"A", "B"} for slots in told[:-1])
    assert [set(one["over"]) for one in heard.news if "over" in one] == [{"A", "B"}]


@pytest.mark.django_db(transaction=True)
def test_all_together_is_one_event(fake):
    heard, stored = watched(fake, TOGETHER)
    assert heard.texts == stored
    assert [set(one) for one in heard.news if one] == [{"A", "B", "over"}]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pacing", [CADENCE, TOGETHER])
def test_a_page_tells_nothing_of_paced_answers_before_all_are_over(fake, pacing):
    """One model is through and stored, the other has not begun."""
    client, talk, turn = a_turn(fake, FAST, SLOW, pacing=pacing)
    waiting = page(client, talk)
    answering.answer(turn.responses.get(model__identifier=FAST).pk)
    done = turn.responses.get(model__identifier=FAST)
    assert done.state == "done"
    html = page(client, talk)
    assert done.text[:20] not in html
    assert without_tokens(html) == without_tokens(waiting)
    let_models_answer(turn)
    assert done.text[:20] in page(client, talk)


def without_tokens(html: str) -> str:
    """The conversation of a page, without what is new in every page: the token against forgery, and of the
    ticket to the stream all but its length."""
    talk = LexborHTMLParser(html).css_first("#talk")
    assert talk is not None
    html = re.sub(r'value="\w{64}"', "", talk.html or "")
    return re.sub(r"(?<=;ticket=)[\w=-]+", lambda ticket: "-" * len(ticket[0]), html)


@pytest.mark.django_db(transaction=True)
def test_signs_of_life_are_sent_while_nothing_is_shown(fake, monkeypatch):
    monkeypatch.setattr(feed, "HEARTBEAT_SECONDS", 0.3)
    monkeypatch.setattr(feed, "REFRESH_SECONDS", 0.1)  # news of the row alone are no sign of life
    client, talk, _ = a_turn(fake, FAST, SLOW, pacing=TOGETHER)
    heard = hear(client, address(talk, "events", 0), enough=lambda heard: len(heard.parts) > 3)
    assert heard.parts[1:] == [": still here\n\n"] * 3
