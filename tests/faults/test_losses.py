"""With short leases: an answer that is lost twice, and a house that is stopped while answers arrive."""

from collections.abc import Iterator

import pytest

from conversations.models import Response
from surveys.models import Study
from tests.faults import rows
from tests.faults.house import LIVE_WORKERS, House, running, wait_until
from tests.faults.participant import Participant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def house(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    short = {"LIVE_LEASE_SECONDS": "3", "LIVE_SWEEP_SECONDS": "1"}
    with running(tmp_path_factory.mktemp("house"), database, **short) as house:
        yield house


@pytest.fixture
def study(house: House) -> Study:
    return rows.make_slow_study(house.provider_url, rate=15)


@pytest.fixture
def participant(house: House, study: Study) -> Participant:
    return Participant.in_conversation(house.url, study)


def test_an_answer_that_is_lost_twice_is_given_up_and_the_participant_can_go_on(
    house: House, study: Study, participant: Participant
) -> None:
    listening = participant.say("Which book should I read next?")
    wait_until(lambda: rows.are_in_mid_stream(study))
    house.kill(*LIVE_WORKERS)
    wait_until(lambda: len(rows.attempts(study, "lost")) == 4)
    house.revive(*LIVE_WORKERS)
    wait_until(lambda: rows.are_in_mid_stream(study))
    house.kill(*LIVE_WORKERS)

    listening.wait_for_end()
    assert listening.heard.over == dict.fromkeys("ABCD", "stopped")
    for row in rows.responses(study):
        assert (row.state, row.failure, row.attempt) == (Response.State.FAILED, "worker_lost", 2)
        assert row.text
    assert len(rows.attempts(study, "lost")) == 8
    assert rows.calls_for(study, house.calls()) == rows.names(rows.attempts(study))

    house.revive(*LIVE_WORKERS)
    participant.reload()
    assert "This answer stopped before its end" in participant.html()
    participant.rate()
    shown = participant.say("Then tell me about the winner.").wait_for_end()
    assert shown == rows.texts(participant.code)
    assert len(shown) == 2


def test_what_was_streaming_when_everything_was_stopped_is_answered_after_the_next_start(
    house: House, study: Study, participant: Participant
) -> None:
    participant.say("Which book should I read next?")
    wait_until(lambda: rows.are_in_mid_stream(study))
    house.prism.stop(grace=1)
    assert all(child.popen is None for child in house.prism.children)

    house.start_again()
    participant.reload()
    assert participant.listen().wait_for_end() == rows.texts(participant.code)
    for row in rows.responses(study):
        assert (row.state, row.attempt) == (Response.State.DONE, 2)
    assert [attempt.state for attempt in rows.attempts(study)] == ["lost", "finished"] * 4
    participant.reload()
    participant.rate()
