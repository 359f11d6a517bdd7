"""When text is shown: with one cadence, or all at once, the time of arrival tells nothing of a model."""

import random
import re
import statistics
import threading
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from conversations.fakellm.server import running
from conversations.live import answering, feed
from conversations.live.pacing import RATE, RESERVE, Pace
from conversations.live.wire import Cursor, SlotText, news
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


@dataclass
class Seen:
    """When each slot's characters came, as a browser sees it."""

    times: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: {"A": [], "B": []})

    def figures(self, slot: str) -> list[float]:
        """What a curious person could measure of a slot."""
        times = self.times[slot]
        gaps = [b - a for (a, _), (b, _) in pairwise(times)] or [0.0]
        total = sum(count for _, count in times)
        middle = sum(at * count for at, count in times) / total
        most = max(count for _, count in times)
        return [times[0][0], times[-1][0], middle, max(gaps), statistics.median(gaps), len(times), most]


def watch(rule: str, speakers: dict[str, Speaker], lengths: dict[str, int]) -> Seen:
    """A turn on a clock of its own, through what serves every browser."""
    turn, seen, cursor, now = feed.Feed(1, Pace(rule)), Seen(), Cursor(), 0.0
    turn.take_rows([(slot, 1, "", "streaming") for slot in speakers])
    told: set[str] = set()
    while True:
        for slot, speaker in speakers.items():
            had, has = len(turn.slots[slot].text), speaker.said(lengths[slot], now)
            state = "done" if has == lengths[slot] else "streaming"
            turn.take_entry([(slot, 1, had, "x" * (has - had), state)])
        shown = turn.pace.shown(turn.slots, now)
        data, cursor = news(shown, cursor)
        for slot in set(data) & set("AB"):
            seen.times[slot].append((now, len(str(data[slot]))))
        told |= {slot for slot in shown if shown[slot].is_over}
        if told == {"A", "B"}:
            return seen
        now += TICK


def turns(rule: str, seed: int) -> list[tuple[list[float], bool]]:
    """Figures of A less those of B, and whether A was the fast one; answers are as long by either model."""
    dice, found = random.Random(seed), []
    for _ in range(TURNS):
        fast = Speaker(dice.uniform(0.1, 0.4), dice.uniform(300, 500))
        slow = Speaker(dice.uniform(0.6, 1.6), dice.uniform(90, 200))
        is_a = dice.random() < 0.5
        speakers = {"A": fast, "B": slow} if is_a else {"A": slow, "B": fast}
        seen = watch(rule, speakers, {"A": dice.randint(300, 500), "B": dice.randint(300, 500)})
        differences = [a - b for a, b in zip(seen.figures("A"), seen.figures("B"), strict=True)]
        found.append((differences, is_a))
    return found


def share_right(rule: str) -> float:
    """How often the best rule on one figure, learned on half of the turns, is right on the others."""
    found = turns(rule, seed=7)
    learned, judged = found[: TURNS // 2], found[TURNS // 2 :]
    best = max(
        ((figure, sign) for figure in range(len(found[0][0])) for sign in (1, -1)),
        key=lambda guess: _right(learned, *guess),
    )
    return _right(judged, *best) / len(judged)


def _right(found: list[tuple[list[float], bool]], figure: int, sign: int) -> int:
    return sum((sign * differences[figure] > 0) == is_a for differences, is_a in found)


def test_with_streams_as_they_come_arrival_times_tell_the_fast_model():
    assert share_right(STREAM) > 0.95


@pytest.mark.parametrize("rule", [CADENCE, TOGETHER])
def test_with_pacing_a_classifier_over_arrival_times_does_no_better_than_chance(rule):
    """Its 99 % interval around one half, over 200 turns it has not seen."""
    half_width = 2.576 * (0.25 / (TURNS // 2)) ** 0.5
    assert abs(share_right(rule) - 0.5) <= half_width


def test_with_one_cadence_all_slots_arrive_at_the_very_same_moments():
    dice = random.Random(3)
    for _ in range(50):
        length = dice.randint(200, 600)
        speakers = {"A": Speaker(0.2, dice.uniform(50, 900)), "B": Speaker(1.0, dice.uniform(50, 900))}
        seen = watch(CADENCE, speakers, {"A": length, "B": length})
        assert seen.times["A"] == seen.times["B"]


def test_with_one_cadence_the_last_event_ends_both_however_long_they_are():
    seen = watch(CADENCE, {"A": Speaker(0.2, 400), "B": Speaker(1.0, 100)}, {"A": 900, "B": 150})
    assert seen.times["A"][-1][0] == seen.times["B"][-1][0]


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
    pace.shown(ended, now)
    assert pace.shown(ended, now + 400 / RATE + 1) == ended


@given(SLOTS, st.lists(st.floats(0.01, 5), max_size=30))
def test_nobody_is_shown_further_than_the_others_while_one_still_speaks(drawn, steps):
    pace, slots, now = Pace(CADENCE), slots_of(drawn), 0.0
    slots["A"].state = "streaming"
    for step in steps:
        now += step
        lengths = {len(slot.text) for name, slot in pace.shown(slots, now).items() if slots[name].text}
        assert len(lengths) <= 1 or not slots["A"].text
        assert not any(slot.is_over for slot in pace.shown(slots, now).values())


def test_a_cursor_that_somebody_made_up_opens_nothing():
    pace = Pace(CADENCE)
    slots = {"A": SlotText(1, "a" * 500, "streaming"), "B": SlotText(1, "b" * 50, "streaming")}
    pace.resume(slots, [99_999_999])
    assert {len(slot.text) for slot in pace.shown(slots, 0.0).values()} == {50 - RESERVE}


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


@pytest.mark.django_db(transaction=True)
def test_with_one_cadence_every_event_on_the_wire_carries_all_sides(fake):
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
    """The conversation of a page, without the token against forgery, which is new in every page."""
    talk = LexborHTMLParser(html).css_first("#talk")
    assert talk is not None
    return re.sub(r'value="\w{64}"', "", talk.html or "")


@pytest.mark.django_db(transaction=True)
def test_signs_of_life_are_sent_while_nothing_is_shown(fake, monkeypatch):
    monkeypatch.setattr(feed, "HEARTBEAT_SECONDS", 0.3)
    monkeypatch.setattr(feed, "REFRESH_SECONDS", 0.1)  # news of the row alone are no sign of life
    client, talk, _ = a_turn(fake, FAST, SLOW, pacing=TOGETHER)
    heard = hear(client, address(talk, "events", 0), enough=lambda heard: len(heard.parts) > 3)
    assert heard.parts[1:] == [": still here\n\n"] * 3
