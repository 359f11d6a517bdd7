"""How text travels: whatever is split, lost, repeated or late, a reader ends with the text as written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.live.wire import (
    Cursor,
    SlotText,
    cursor_of,
    endings,
    event,
    mark,
    news,
    pack,
    read_cursor,
    stream_key,
    unpack,
    write_cursor,
)

Piece = tuple[int, int, str, str]
TEXT = st.text(max_size=60)
CURSORS: st.SearchStrategy[Cursor] = st.dictionaries(
    st.sampled_from("ABCDEFGH"), st.tuples(st.integers(0, 999_999), st.integers(0, 99_999_999))
)


@st.composite
def splits(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text and the pieces in which a worker sends it."""
    text = draw(st.text(min_size=1, max_size=60))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return text, pieces


def as_entries(pieces: list[str], run: int, state: str = "streaming") -> list[Piece]:
    entries, offset = [], 0
    for piece in pieces:
        entries.append((run, offset, piece, state))
        offset += len(piece)
    return entries


def take(slot: SlotText, entries: list[Piece]) -> list[bool]:
    return [slot.add(*entry) for entry in entries]


@given(splits(), st.integers(1, 300))
def test_pieces_in_order_give_the_text(split: tuple[str, list[str]], run: int):
    text, pieces = split
    slot = SlotText()
    assert all(take(slot, as_entries(pieces, run)))
    assert (slot.run, slot.text, slot.state) == (run, text, "streaming")


@given(splits(), st.data())
def test_lost_repeated_and_late_pieces_are_healed_by_a_snapshot(
    split: tuple[str, list[str]], data: st.DataObject
):
    text, pieces = split
    entries = as_entries(pieces, 1)
    arriving = data.draw(st.lists(st.sampled_from(entries), max_size=20))
    slot = SlotText()
    for entry in arriving:
        slot.add(*entry)
        assert text.startswith(slot.text)
    snapshot = data.draw(st.integers(0, len(text)))
    slot.add(1, 0, text[:snapshot], "streaming")
    assert text.startswith(slot.text)
    assert len(slot.text) >= snapshot
    slot.add(1, 0, text, "done")
    assert (slot.text, slot.state) == (text, "done")
    take(slot, arriving)
    assert (slot.text, slot.state) == (text, "done")


@given(splits(), st.data())
def test_a_missing_piece_is_noticed(split: tuple[str, list[str]], data: st.DataObject):
    text, pieces = split
    entries = as_entries([piece for piece in pieces if piece], 1)
    lost = data.draw(st.integers(0, len(entries) - 1))
    slot = SlotText()
    taken = take(slot, entries[:lost] + entries[lost + 1 :])
    assert all(taken) == (lost == len(entries) - 1)
    assert slot.text == "".join(entry[2] for entry in entries[:lost])
    assert slot.add(1, 0, text, "streaming")
    assert slot.text == text


@given(splits(), splits(), st.data())
def test_a_new_run_starts_the_slot_again_and_late_pieces_of_the_old_change_nothing(
    first: tuple[str, list[str]], second: tuple[str, list[str]], data: st.DataObject
):
    old, new = as_entries(first[1], 1), as_entries(second[1], 2)
    slot = SlotText()
    take(slot, old[: data.draw(st.integers(0, len(old)))])
    late = data.draw(st.lists(st.sampled_from(old)))
    for entry in new:
        slot.add(*entry)
        take(slot, late)
    assert (slot.run, slot.text) == (2, second[0])


def test_the_end_of_an_old_run_does_not_end_the_new_one():
    slot = SlotText()
    slot.add(100, 0, "", "waiting")
    assert slot.add(1, 0, "what came before", "failed")
    assert not slot.is_over
    assert slot.text == ""


def test_a_late_piece_does_not_reopen_an_ended_slot():
    slot = SlotText()
    slot.add(1, 0, "all of it", "done")
    slot.add(1, 0, "all", "streaming")
    assert (slot.text, slot.state) == ("all of it", "done")


@given(st.lists(splits(), min_size=1, max_size=3), st.data())
def test_what_browsers_are_told_adds_up_to_the_text_whenever_they_ask(
    runs: list[tuple[str, list[str]]], data: st.DataObject
):
    """Each run of a slot replaces what was there; a browser may ask after any piece, or not."""
    slots, cursor, seen = {"A": SlotText(), "B": SlotText()}, Cursor(), {"A": "", "B": ""}
    for run, (_, pieces) in enumerate(runs, start=1):
        for entry in as_entries(pieces, run):
            slots["A"].add(*entry)
            slots["B"].add(run, entry[1], entry[2].upper()[: len(entry[2])], "streaming")
            if data.draw(st.booleans()):
                cursor = hear(slots, cursor, seen)
    hear(slots, cursor, seen)
    assert seen == {name: slot.text for name, slot in slots.items()}
    assert seen["A"] == runs[-1][0]


def hear(slots: dict[str, SlotText], cursor: Cursor, seen: dict[str, str]) -> Cursor:
    """What the page does with an event; gives the cursor back as the browser sends it."""
    told, after = news(slots, cursor)
    again: Any = told.pop("again", [])
    for name in again:
        seen[name] = ""
    for name, text in told.items():
        seen[name] += str(text)
    return read_cursor(write_cursor(after))


@given(TEXT, st.data())
def test_resuming_from_any_place_gives_exactly_the_rest(text: str, data: st.DataObject):
    slots = {"A": SlotText(run=3, text=text, state="streaming")}
    have = data.draw(st.integers(0, len(text)))
    told, after = news(slots, cursor_of({"A": text[:have]}))
    assert told == ({"A": text[have:]} if text[have:] else {})
    assert news(slots, after) == ({}, after)


@given(CURSORS)
def test_a_cursor_survives_its_way_through_the_browser(cursor: Cursor):
    assert read_cursor(write_cursor(cursor)) == cursor


@given(st.text(max_size=700), TEXT)
def test_a_garbage_cursor_does_no_harm(garbage: str, text: str):
    slots = {"A": SlotText(run=1, text=text, state="done")}
    told, after = news(slots, read_cursor(garbage))
    assert after == cursor_of({"A": text})
    assert news(slots, after) == ({}, after)
    assert str(told.get("A", "")) == text[len(text) - len(str(told.get("A", ""))) :]


@given(CURSORS, TEXT)
def test_a_cursor_from_elsewhere_at_worst_begins_again(cursor: Cursor, text: str):
    slots = {"A": SlotText(run=1, text=text, state="streaming")}
    told, _ = news(slots, cursor)
    known, offset = cursor.get("A", (0, 0))
    if known != mark(text[:offset]) or offset > len(text):
        assert told.get("again", []) == (["A"] if offset else [])  # nothing was shown: it only begins
        assert told.get("A", "") == text
    else:
        assert told.get("A", "") == text[offset:]


@pytest.mark.parametrize("garbage", ["", "A", "A1", "A1.", "Z1.2", "a1.2", "A-1.5", "١.٢", "A" + "9" * 400])
def test_what_is_no_cursor_counts_as_nothing_seen(garbage: str):
    assert read_cursor(garbage) == {}


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(0), st.integers(0), TEXT, TEXT), max_size=4))
def test_an_entry_is_unpacked_as_it_was_packed(entry: list[tuple[str, int, int, str, str]]):
    stored = {name.encode(): value.encode() for name, value in pack(entry).items()}
    assert unpack(stored) == entry


@given(st.dictionaries(st.sampled_from("ABCD"), TEXT, min_size=1), CURSORS)
def test_an_event_is_one_line_of_data_with_the_cursor_as_its_id(texts: dict[str, object], cursor: Cursor):
    lines = event(texts, cursor).split("\n")
    assert len(lines) == 4
    assert lines[2:] == ["", ""]
    assert lines[0] == f"id: {write_cursor(cursor)}"
    assert json.loads(lines[1].removeprefix("data: ")) == texts


@given(st.integers(1, 50), st.integers(1, 900), TEXT)
def test_no_event_tells_how_often_a_slot_began(run: int, other: int, text: str):
    """Else a model that failed and was replaced would be told from one that was not."""
    ids = [write_cursor(news({"A": SlotText(one, text, "streaming")}, {})[1]) for one in (run, other)]
    assert ids[0] == ids[1]


def test_an_event_may_have_a_name():
    assert event({}, {"A": (1, 5)}, name="done") == "id: A1.5\nevent: done\ndata: {}\n\n"


def test_each_end_is_told_once_in_words_that_name_no_reason():
    slots = {
        "A": SlotText(1, "x", "done"),
        "B": SlotText(1, "y", "failed"),
        "C": SlotText(1, "z", "streaming"),
    }
    assert endings(slots, set()) == {"A": "done", "B": "stopped"}
    assert endings(slots, {"A"}) == {"B": "stopped"}


def test_every_turn_has_its_own_stream():
    assert len({stream_key(turn) for turn in range(100)}) == 100
