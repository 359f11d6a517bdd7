"""The voting part of a protocol, pairs by mode, how an answer looks, and who it says it is."""

import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conversations.ballots import MODES, Ballot, Reason
from conversations.leaks import leaks
from conversations.pairing import EmptyPool, possible, substitutes, urns
from conversations.protocols import ProtocolError, parse, preset
from conversations.style import style

BALLOT = parse(preset("arena")).ballot
assert BALLOT is not None
TYPE = {"key": "a", "label": "A", "text": "Ask.", "required": 0}
SIZES: dict[int, float | None] = {1: 3, 2: 60, 3: 61, 4: 99, 5: 100, 6: 400, 7: None}


def changed(**parts: Any) -> str:
    document = yaml.safe_load(preset("arena"))
    for path, value in parts.items():
        *keys, last = path.split("__")
        part = document
        for key in keys:
            part = part[key]
        part[last] = value
    return yaml.safe_dump(document)


# The protocol


def test_the_shipped_arena_has_four_modes_and_seven_reasons_in_two_languages():
    assert isinstance(BALLOT, Ballot)
    assert BALLOT.modes == MODES
    assert [reason.key for reason in BALLOT.reasons if not reason.is_praise] == [
        "incorrect",
        "superficial",
        "instructions_not_followed",
    ]
    assert all({"en", "fr"} <= set(reason.labels) for reason in BALLOT.reasons)
    assert all(suggestion.texts("en") and suggestion.texts("fr-CA") for suggestion in BALLOT.suggestions)


def test_a_label_is_in_the_readers_language_or_in_the_first_there_is():
    reason = Reason("useful", {"en": "Useful", "fr": "Utile"}, is_praise=True)
    assert [reason.label(code) for code in ("fr", "fr-CA", "de")] == ["Utile", "Utile", "Useful"]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"opening__models": 3}, "opening.models"),
        ({"vote__modes": ["random", "sideways"]}, "vote.modes"),
        ({"vote__modes": []}, "vote.modes"),
        ({"vote__big_from": 10}, "vote.big_from"),
        ({"rating": {"minimum": 1, "maximum": 100, "low": "a", "high": "b"}}, "rating"),
        ({"types": [TYPE, TYPE | {"key": "b"}]}, r"types\[1\]: with `vote` there is one type"),
        ({"types": [TYPE | {"required": 1}]}, r"types\[0\]\.required: must be 0 with `vote`"),
        ({"turns": {"minimum": 2, "maximum": 9}}, r"turns\.minimum: must be 1 with `vote`"),
        ({"repeats": {"number": 1}}, "repeats: does not go with `vote`.*kind: pairwise"),
        ({"overlap": {"chance": 1}}, "overlap: does not go with `vote`"),
        ({"feedback": {}}, "feedback: does not go with `vote`"),
        ({"vote__reasons__praise": [{"key": "incorrect", "label": {"en": "x"}}]}, "same key"),
        ({"vote__reasons__praise": [{"key": "good", "label": {}}]}, "label"),
        (
            {"vote__suggestions": [{"topic": "a", "label": {"en": "A"}, "messages": {"en": "b"}}]},
            "messages.en",
        ),
    ],
)
def test_each_fault_is_named_with_its_place(parts, said):
    with pytest.raises(ProtocolError, match=said):
        parse(changed(**parts))


def test_only_reasons_of_the_protocol_are_kept_each_once_and_not_too_many():
    assert BALLOT is not None
    assert BALLOT.known_reasons(["useful", "no such", "useful", "incorrect"]) == ["useful", "incorrect"]


# Pairs


def test_each_mode_draws_from_its_models():
    assert BALLOT is not None
    assert [(urn.models, urn.k) for urn in urns("small", (), SIZES, BALLOT)] == [((1, 2), 2)]
    duel = [(urn.models, urn.k) for urn in urns("big-vs-small", (), SIZES, BALLOT)]
    assert duel == [((1, 2), 1), ((5, 6), 1)]
    assert [(urn.models, urn.k) for urn in urns("random", (), SIZES, BALLOT)] == [(tuple(SIZES), 2)]
    assert [urn.models for urn in urns("custom", [3, 7], SIZES, BALLOT)] == [(3,), (7,)]
    assert [urn.models for urn in urns("custom", [3], SIZES, BALLOT)] == [(3,), (1, 2, 4, 5, 6, 7)]


def test_too_few_models_are_never_made_up_for_by_others():
    assert BALLOT is not None
    few: dict[int, float | None] = {1: 3, 3: 61}
    assert possible(MODES, few, BALLOT) == ["random", "custom"]
    for mode, picked in (("small", ()), ("big-vs-small", ()), ("custom", (9,))):
        with pytest.raises(EmptyPool):
            urns(mode, picked, few, BALLOT)


@given(
    st.sampled_from(MODES[:3]),
    st.dictionaries(st.integers(1, 30), st.none() | st.floats(0.1, 1000), min_size=2),
)
def test_whoever_stands_in_is_of_the_same_kind(mode, sizes):
    assert BALLOT is not None
    for model in sizes:
        for other in substitutes(model, mode, (), sizes, BALLOT):
            kind = [size is not None and size <= 60 for size in (sizes[model], sizes[other])]
            assert mode == "random" or kind[0] == kind[1]


def test_nobody_stands_in_for_a_model_picked_by_hand():
    assert BALLOT is not None
    assert substitutes(3, "custom", (3,), SIZES, BALLOT) == ()
    assert 3 not in substitutes(4, "custom", (3,), SIZES, BALLOT)


# What an answer looks like


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("", {}),
        ("Plain words.", {"characters": 12}),
        ("# A\n## B\n\n#hash", {"headers": 2, "characters": 9}),
        ("**a** and __b__ but 2 ** 3 ** 4", {"bold": 2, "characters": 23}),
        ("- a\n* b\n+ c\n1. d\n2) e\n-f", {"lists": 5, "characters": 12}),
        ("```\n# no\n- no\n```\nyes", {"code_blocks": 1, "characters": 3}),
        ("~~~py\n**no**\n~~~", {"code_blocks": 1}),
        ("```\nnever closed", {"code_blocks": 1}),
        ("say `**no**` twice", {"characters": 9}),
        ("👍🏽 ok ✨", {"emoji": 2, "characters": 7}),
    ],
)
def test_marks_are_counted_outside_code(text, counts):
    zero = dict.fromkeys(["characters", "headers", "bold", "lists", "emoji", "code_blocks"], 0)
    assert style(text) == zero | counts


@pytest.mark.parametrize(
    "mark", ["**a ", "`", "``a", "# ", "- ", "__", "~~~\n", "I am trained ", "أنا ", "أنا كلود "]
)
def test_a_hostile_text_is_counted_and_searched_in_a_moment(mark):
    text = mark * (200_000 // len(mark))
    begun = time.monotonic()
    style(text)
    leaks(text, {"name": "aurora-7b", "maker": "Zyxware"})
    assert time.monotonic() - begun < 5


# Who an answer says it is

NAMES = {"name": "aurora-7b", "family": "Aurora", "maker": "Palm"}


def rules(text: str) -> set[str]:
    return {leak.rule for leak in leaks(text, NAMES)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I am Aurora 7B, at your service.", {"first person", "name", "family"}),
        ("As an AI developed by Zyxware, I cannot.", {"first person"}),
        ("I'm Waldo!", {"first person"}),
        ("Je suis Waldo.", {"first person"}),
        ("Je suis un modèle entraîné par Zyxware.", {"first person"}),
        ("Made at Palm.", {"maker"}),
        ("The palm tree, palmistry, Palmyra and an aurora.", set()),
        ("I am happy to help, as was agreed by all.", set()),
        ("je suis content de vous aider", set()),
        ("أنا ChatGPT، كيف أساعدك؟", {"first person"}),
        ("مرحبًا! اسمي كلود.", {"first person"}),
        ("أَنَا كلود، نموذج لغوي.", {"first person"}),
        ("انا نموذج ذكاء اصطناعي طوّرته شركة ميتا.", {"first person"}),
        ("لقد تم تدريبي من قبل غوغل.", {"first person"}),
        ("صمّمتني شركة ما.", {"first person"}),
        ("هذا جواب وAurora 7B كتبه بواسطة Palm.", {"name", "family", "maker"}),
        ("أنا سعيد بمساعدتك، وأنا هنا من أجلك.", set()),
        ("أنا نموذج لغوي، مساعد ذكي ولا رأي لي.", set()),
        ("كتبت اسمي على الورقة. طورت الشركة هاتفًا جديدًا.", set()),
    ],
)
def test_names_are_whole_words_and_phrases_name_somebody(text, found):
    assert rules(text) == found


def test_a_leak_has_the_place_where_it_stands():
    text = "Well: aurora-7b."
    assert [text[leak.start : leak.end] for leak in leaks(text, {"name": "aurora-7b"})] == ["aurora-7b"]


def test_a_very_short_or_empty_name_is_not_looked_for():
    assert leaks("It is a B.", {"name": "", "maker": "B"}) == []
