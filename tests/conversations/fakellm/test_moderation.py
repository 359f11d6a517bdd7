"""The fake provider's /moderations: OpenAI's shape, and the faults that a caller must live with."""

import httpx2
import pytest

from conversations.fakellm.moderation import WORDS
from conversations.fakellm.server import running
from conversations.privacy.rules import CATEGORIES


@pytest.fixture(scope="module")
def base_url():
    with running() as url:
        yield url


def ask(base_url, model="omni", text="You idiot"):
    return httpx2.post(f"{base_url}/moderations", json={"model": model, "input": text}, timeout=10)


def test_it_scores_every_category_and_flags_by_words(base_url):
    result = ask(base_url).json()["results"][0]
    assert result["category_scores"].keys() == result["categories"].keys() == set(CATEGORIES) == WORDS.keys()
    assert [name for name, is_flagged in result["categories"].items() if is_flagged] == ["harassment"]
    assert result["flagged"] is True
    assert ask(base_url, text="Good morning").json()["results"][0]["flagged"] is False


def test_several_texts_get_a_result_each_in_their_order(base_url):
    results = ask(base_url, text=["Good morning", "beat him up"]).json()["results"]
    assert [result["flagged"] for result in results] == [False, True]


@pytest.mark.parametrize(
    ("model", "status"), [("omni;fail=500", 500), ("omni;fail=429", 429), ("omni;x=1", 400)]
)
def test_it_fails_as_its_options_say(base_url, model, status):
    assert ask(base_url, model).status_code == status


def test_what_is_no_text_is_refused(base_url):
    assert ask(base_url, text=5).status_code == 400
