"""With the settings a study has: a worker, the web, Redis and its queue fail while answers arrive."""

from collections.abc import Iterator

import pytest

from conversations.models import Response
from surveys.models import Study
from tests.faults import rows
from tests.faults.house import LIVE_WORKERS, House, running, wait_until
from tests.faults.participant import Listening, Participant

pytestmark = pytest.mark.django_db(transaction=True)
PROMISE = 15.0  # seconds in which a killed worker is noticed


@pytest.fixture(scope="module")
def house(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("house"), database) as house:
        yield house


@pytest.fixture
def study(house: House) -> Study:
    return rows.make_slow_study(house.provider_url)


@pytest.fixture
def participant(house: House, study: Study) -> Participant:
    return Participant.in_conversation(house.url, study)


@pytest.fixture
def listening(study: Study, participant: Participant) -> Listening:
    """Four answers that the participant sees arriving."""
    listening = participant.say("Which book should I read next?")
    wait_until(lambda: rows.are_in_mid_stream(study))
    listening.wait_for_text()
    return listening


def assert_whole(study: Study, participant: Participant, listening: Listening) -> None:
    """The browser shows exactly what is stored, which is all that the models had to say."""
    assert_heard(participant, listening)
    assert {row.state for row in rows.responses(study)} == {Response.State.DONE}


def assert_heard(participant: Participant, listening: Listening) -> None:
    shown = listening.wait_for_end()
    assert shown == rows.texts(participant.code)
    assert {len(text.split()) for text in shown.values()} == {rows.CHUNKS}


def assert_one_call_each(house: House, study: Study) -> None:
    made = rows.attempts(study)
    assert [attempt.state for attempt in made] == ["finished"] * 4
    assert rows.calls_for(study, house.calls()) == rows.names(made)


def test_a_killed_worker_is_noticed_in_time_and_another_one_answers_instead(
    house: House, study: Study, participant: Participant
) -> None:
    friend = Participant.in_conversation(house.url, study)
    people = {person: person.say("Which book should I read next?") for person in (participant, friend)}
    wait_until(lambda: rows.are_in_mid_stream(study, 8))
    before = rows.responses(study)
    victim = house.live_worker(before[0].worker)
    house.kill(victim)
    hit = {row.pk: row for row in before if row.worker == before[0].worker}
    assert wait_until(lambda: len(rows.attempts(study, "lost")) == len(hit)) < PROMISE

    for person, listening in people.items():
        assert_heard(person, listening)
    for row in rows.responses(study):
        assert row.state == Response.State.DONE
        assert row.attempt == (2 if row.pk in hit else 1)
        assert row.worker != before[0].worker
        assert row.model_id == next(old.model_id for old in before if old.pk == row.pk)
    for attempt in rows.attempts(study, "lost"):
        assert attempt.text.startswith(hit[attempt.response_id].text)
        assert attempt.failure == "worker_lost"
    assert sorted(slot for heard in people.values() for slot in heard.heard.again) == sorted(
        row.slot for row in hit.values()
    )
    # No finished call was repeated, and none beyond those that were in flight.
    assert rows.calls_for(study, house.calls()) == rows.names(rows.attempts(study))
    assert len(rows.attempts(study)) == 8 + len(hit)
    house.revive(victim)


def test_a_killed_web_server_costs_a_reader_nothing(
    house: House, study: Study, participant: Participant, listening: Listening
) -> None:
    house.kill("web")
    house.revive("web")
    assert_whole(study, participant, listening)
    assert listening.follower.interruptions >= 1
    # Not sent again from the start: the rest was added to what the browser had.
    assert listening.heard.again == []
    assert_one_call_each(house, study)


@pytest.mark.parametrize("is_emptied", [False, True], ids=["with its data", "without its data"])
def test_answers_arrive_whole_although_redis_is_started_again(
    house: House, study: Study, participant: Participant, listening: Listening, is_emptied: bool
) -> None:
    house.kill("redis")
    if is_emptied:
        house.forget_redis()
    house.revive("redis")
    assert_whole(study, participant, listening)
    assert_one_call_each(house, study)
    assert_next_turn_works(participant)


def assert_next_turn_works(participant: Participant) -> None:
    """The workers take tasks from Redis again, and the web gives them there."""
    participant.reload()
    participant.rate()
    shown = participant.say("And the one after that?").wait_for_end()
    assert shown == rows.texts(participant.code)
    assert len(shown) == 2


def test_a_message_sent_while_redis_is_away_is_kept_and_answered_when_it_is_back(
    house: House, study: Study, participant: Participant
) -> None:
    house.kill("redis")
    listening = participant.say("Which book should I read next?")
    assert len(rows.responses(study)) == 4
    house.revive("redis")
    assert_whole(study, participant, listening)
    assert_one_call_each(house, study)


def test_tasks_that_the_broker_lost_are_handed_over_again(
    house: House, study: Study, participant: Participant
) -> None:
    house.kill(*LIVE_WORKERS)
    listening = participant.say("Which book should I read next?")
    with house.redis() as redis:
        assert redis.llen("live") == 4
        redis.delete("live")
    house.revive(*LIVE_WORKERS)
    wait_until(lambda: rows.are_taken(study), 30)
    assert_whole(study, participant, listening)
    assert_one_call_each(house, study)
