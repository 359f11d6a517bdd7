"""A worker, the web, Redis and its queue fail while answers arrive, in a study's talk and in the arena."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from conversations.models import Response
from surveys.models import Study
from tests.faults import rows
from tests.faults.house import LIVE_WORKERS, House, running, wait_until
from tests.faults.participant import Listening, Participant, Visitor
from tests.faults.windows import Windows, shown

pytestmark = pytest.mark.django_db(transaction=True)
PROMISE = 15.0  # seconds in which a killed worker is noticed
QUESTION = "Which book should I read next?"
ANSWERS = 6  # four in the study's talk, two in the arena
SECOND = 4  # to each later message: two in either


@pytest.fixture(scope="module")
def house(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """With the settings that a study has."""
    with running(tmp_path_factory.mktemp("house"), database) as house:
        yield house


@dataclass
class People:
    """Somebody in a study's conversation and somebody in the arena, who do the same things."""

    house: House
    studies: tuple[Study, Study]
    participant: Participant
    visitor: Visitor

    def say(self, text: str = QUESTION) -> list[tuple[Participant, Listening]]:
        return [(one, one.say(text)) for one in (self.participant, self.visitor)]

    def rate(self) -> None:
        for one in (self.participant, self.visitor):
            one.reload()
            one.rate()

    def rows(self) -> list[Response]:
        return rows.responses(*self.studies)

    def are_in_mid_stream(self) -> bool:
        return rows.are_in_mid_stream(*self.studies, count=ANSWERS)

    def are_in_mid_stream_again(self) -> bool:
        """The answers to a message after the first."""
        return sum(row.state == Response.State.STREAMING and bool(row.text) for row in self.rows()) == SECOND

    def assert_every_call_is_known(self, number: int) -> None:
        """No finished call was repeated, and so many were made in all."""
        made = rows.attempts(*self.studies)
        assert rows.calls_for(self.house.calls(), *self.studies) == rows.names(made)
        assert len(made) == number


@pytest.fixture
def people(house: House) -> People:
    study, arena = rows.make_slow_study(house.provider_url), rows.make_slow_arena(house.provider_url)
    participant = Participant.in_conversation(house.url, study)
    return People(house, (study, arena), participant, Visitor.in_arena(house.url, arena))


@pytest.fixture
def listening(people: People) -> list[tuple[Participant, Listening]]:
    """Six answers that are seen arriving."""
    found = people.say()
    wait_until(people.are_in_mid_stream)
    for _person, one in found:
        one.wait_for_text()
    return found


def assert_heard(listening: list[tuple[Participant, Listening]]) -> None:
    """The browser shows exactly what is stored, which is all that the models had to say."""
    for person, one in listening:
        shown = one.wait_for_end()
        assert shown == rows.texts(person.code)
        assert {len(text.split()) for text in shown.values()} == {rows.CHUNKS}


def assert_whole(people: People, listening: list[tuple[Participant, Listening]]) -> None:
    """As above, and each answer took one call."""
    assert_heard(listening)
    assert {row.state for row in people.rows()} == {Response.State.DONE}
    assert {attempt.state for attempt in rows.attempts(*people.studies)} == {"finished"}
    people.assert_every_call_is_known(ANSWERS)


def test_a_killed_worker_is_noticed_in_time_and_another_one_answers_instead(
    house: House, people: People
) -> None:
    house.revive(*LIVE_WORKERS)
    listening = people.say()
    wait_until(people.are_in_mid_stream)
    before = people.rows()
    victim = house.live_worker(before[0].worker)
    house.kill(victim)
    hit = {row.pk: row for row in before if row.worker == before[0].worker}
    assert wait_until(lambda: len(rows.attempts(*people.studies, state="lost")) == len(hit)) < PROMISE

    assert_heard(listening)
    for row in people.rows():
        assert row.state == Response.State.DONE
        assert row.attempt == (2 if row.pk in hit else 1)
        assert row.worker != before[0].worker
        assert row.model_id == next(old.model_id for old in before if old.pk == row.pk)
    for attempt in rows.attempts(*people.studies, state="lost"):
        assert attempt.text.startswith(hit[attempt.response_id].text)
        assert attempt.failure == "worker_lost"
    again = sorted(slot for _person, one in listening for slot in one.heard.again)
    assert again == sorted(row.slot for row in hit.values())
    # None was repeated beyond those that were in flight.
    people.assert_every_call_is_known(ANSWERS + len(hit))
    people.rate()


def test_a_killed_web_server_costs_a_reader_nothing(
    house: House, people: People, listening: list[tuple[Participant, Listening]]
) -> None:
    house.kill("web")
    house.revive("web")
    assert_whole(people, listening)
    for _person, one in listening:
        assert one.follower.interruptions >= 1
        # Not sent again from the start: the rest was added to what the browser had.
        assert one.heard.again == []


def test_answers_arrive_whole_although_redis_forgets_everything_or_is_away_when_they_are_asked_for(
    house: House, people: People, listening: list[tuple[Participant, Listening]]
) -> None:
    house.kill("redis")
    house.forget_redis()
    house.revive("redis")
    assert_whole(people, listening)
    people.rate()
    house.kill("redis")
    listening = people.say("And the one after that?")
    assert len(people.rows()) == ANSWERS + SECOND
    house.revive("redis")
    # The workers take tasks from Redis again, and the web gives them there.
    assert_second_answers(people, listening)
    assert {(row.state, row.attempt) for row in people.rows()} == {(Response.State.DONE, 1)}


def assert_second_answers(people: People, listening: list[tuple[Participant, Listening]]) -> None:
    """To a message after the first: two each, whole, shown as they are stored."""
    for person, one in listening:
        shown = one.wait_for_end()
        assert shown == rows.texts(person.code)
        assert {len(text.split()) for text in shown.values()} == {rows.CHUNKS}
        assert len(shown) == 2


def test_tasks_that_the_broker_lost_are_handed_over_again(house: House, people: People) -> None:
    house.kill_live_workers()
    listening = people.say()
    with house.redis() as redis:
        assert redis.llen("live") == len(listening), "one message for all answers of a turn"
        redis.delete("live")
    house.revive(LIVE_WORKERS[0])
    wait_until(lambda: rows.are_taken(*people.studies))
    assert_whole(people, listening)


def test_an_answer_that_is_lost_twice_is_given_up_and_both_can_go_on(house: House, people: People) -> None:
    listening = people.say()
    wait_until(people.are_in_mid_stream)
    house.kill_live_workers()
    wait_until(lambda: len(rows.attempts(*people.studies, state="lost")) == ANSWERS)
    house.revive(LIVE_WORKERS[0])
    wait_until(people.are_in_mid_stream)
    house.kill_live_workers()

    for _person, one in listening:
        one.wait_for_end()
        assert set(one.heard.over.values()) == {"stopped"}
    for row in people.rows():
        assert (row.state, row.failure, row.attempt) == (Response.State.FAILED, "worker_lost", 2)
        assert row.text
    assert len(rows.attempts(*people.studies, state="lost")) == 2 * ANSWERS
    people.assert_every_call_is_known(2 * ANSWERS)

    house.revive(LIVE_WORKERS[0])
    people.rate()
    for person, one in people.say("Then tell me about the winner."):
        shown = one.wait_for_end()
        assert shown == rows.texts(person.code)
        assert len(shown) == 2


def test_what_was_streaming_when_everything_was_stopped_is_answered_after_the_next_start(
    house: House, people: People
) -> None:
    people.say()
    wait_until(people.are_in_mid_stream)
    house.prism.stop(grace=1)
    assert all(child.popen is None for child in house.prism.children)

    house.start_again()
    for one in (people.participant, people.visitor):
        one.reload()
    assert_heard([(one, one.listen()) for one in (people.participant, people.visitor)])
    assert {(row.state, row.attempt) for row in people.rows()} == {(Response.State.DONE, 2)}
    states = [attempt.state for attempt in rows.attempts(*people.studies)]
    assert states == ["lost", "finished"] * ANSWERS
    people.rate()


def _stored(study: Study) -> list[list[str]]:
    newest = max(row.turn_id for row in rows.responses(study))
    shown = [row for row in rows.responses(study) if row.turn_id == newest and not row.is_replaced]
    return [row.text.split() for row in sorted(shown, key=lambda row: row.slot)]


@pytest.fixture
def windows(house: House, people: People) -> Iterator[Windows]:
    windows = Windows(house.url, people.studies[0].slug)
    yield windows
    windows.close()


@pytest.mark.browser
def test_two_windows_show_the_truth_without_a_reload_whatever_dies(
    house: House, people: People, windows: Windows
) -> None:
    windows.say(QUESTION)
    wait_until(people.are_in_mid_stream)
    house.kill_live_workers()
    house.revive(LIVE_WORKERS[0])
    windows.each(lambda page: page.get_by_text("This answer starts again").first.wait_for(timeout=30_000))
    assert windows.each(shown) == [_stored(study) for study in people.studies]
    assert {(row.state, row.attempt) for row in people.rows()} == {(Response.State.DONE, 2)}

    windows.judge()
    windows.say("And the one after that?")
    wait_until(people.are_in_mid_stream_again)
    house.kill("web", "redis")
    windows.each(lambda page: page.get_by_text("The connection is interrupted").wait_for())
    house.revive("redis", "web")
    assert windows.each(shown) == [_stored(study) for study in people.studies]

    windows.judge()
    windows.say("And Redis alone?")
    wait_until(people.are_in_mid_stream_again)
    house.kill("redis")
    house.revive("redis")
    assert windows.each(shown) == [_stored(study) for study in people.studies]
    windows.judge()
    assert {row.state for row in people.rows()} == {Response.State.DONE}
    people.assert_every_call_is_known(2 * ANSWERS + 2 * SECOND)
