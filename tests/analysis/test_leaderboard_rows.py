"""The public file of votes, and what is computed from it."""

import csv
import hashlib
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from analysis.leaderboard import keeping, public_rows
from analysis.leaderboard.choices import Choice, choice_of, read_choice
from analysis.leaderboard.public_rows import COLUMNS
from analysis.models import Leaderboard, LeaderboardDay, LeaderboardTable, Subject
from conversations.models import Turn
from surveys import erasure
from surveys.erasure import append_only_lifted
from surveys.models import Decision, Enrolment
from tests.analysis.arena_votes import make_arena, next_vote, some_votes, vote_in
from tests.factories import make_enrolment, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path


@pytest.fixture
def arena():
    return make_arena()


def rows_in(board):
    with keeping.rows_file(board).open(newline="") as file:
        return list(csv.DictReader(file))


def table(choice=None):
    return keeping.table(keeping.recompute(), choice or Choice()).document


def test_without_an_arena_there_is_nothing_to_compute():
    assert keeping.recompute() is None
    assert not Leaderboard.objects.exists()


def test_an_arena_without_votes_has_an_empty_table(arena):
    board = keeping.recompute()
    assert board.rows_total == 0
    assert keeping.table(board, Choice()).document["rows"] == []


def test_the_file_has_a_row_a_vote_its_hash_and_no_code_or_text(arena):
    study, models = arena
    vote = vote_in(study, models[:2], comment="I live in Paris", reasons_a=["useful", "complete"])
    board = keeping.recompute()
    content = keeping.rows_file(board).read_bytes()
    (row,) = rows_in(board)
    assert board.rows_total == 1
    assert board.rows_sha256 == hashlib.sha256(content).hexdigest()
    assert tuple(row) == COLUMNS
    assert (row["model_a"], row["choice"], row["reasons_a"]) == (
        models[0].name,
        "a_better",
        "useful complete",
    )
    enrolment = vote.turn.conversation.enrolment
    for secret in ("Paris", enrolment.participant.code, vote.turn.text, vote.turn.conversation.code):
        assert secret not in content.decode()


def test_votes_of_one_person_share_a_pseudonym_and_others_do_not(arena):
    study, models = arena
    person = make_enrolment(study)
    for enrolment in (person, person, None):
        vote_in(study, models[:2], enrolment=enrolment)
    voters = [row["voter"] for row in rows_in(keeping.recompute())]
    assert voters[0] == voters[1] != voters[2]


def test_the_table_is_computed_from_the_file_alone(arena):
    study, models = arena
    some_votes(study, models)
    board = keeping.recompute()
    first = keeping.table(board, Choice()).document
    assert first["rows"][0]["item"] == models[0].name
    assert first["votes"] == first["people"] == 12
    *lines, _last = keeping.rows_file(board).read_text().splitlines(keepends=True)
    keeping.rows_file(board).write_text("".join(lines))
    assert keeping.table(board, Choice(ties="half")).document["votes"] == 11


def test_people_who_withdrew_were_erased_or_excluded_and_tests_are_not_in_it(arena):
    study, models = arena
    gone = make_enrolment(study, outcome=Enrolment.Outcome.WITHDRAWN, outcome_at=timezone.now())
    vote_in(study, models[:2])
    vote_in(study, models[:2], enrolment=make_enrolment(study, is_test=True))
    vote_in(study, models[:2], enrolment=gone)
    excluded = vote_in(study, models[:2]).turn.conversation.enrolment
    Decision.objects.create(
        enrolment=excluded,
        matter="inclusion",
        value=Decision.Value.EXCLUDE,
        reason="A bot",
        by=make_member(study),
    )
    assert keeping.recompute().rows_total == 1


def test_erasing_a_person_removes_the_file_and_the_next_one_is_without_them(
    arena, django_capture_on_commit_callbacks
):
    study, models = arena
    some_votes(study, models)
    gone = vote_in(study, models[:2]).turn.conversation.enrolment
    board = keeping.recompute()
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(gone.participant, reason="asked")
    assert not keeping.rows_file(board).exists()
    after = keeping.recompute()
    assert after != board
    assert after.rows_total == 12


def test_somebody_erased_while_the_file_is_written_is_not_in_it_afterwards(arena, monkeypatch):
    study, models = arena
    some_votes(study, models)
    gone = vote_in(study, models[:2]).turn.conversation.enrolment
    write = public_rows.write

    def write_slowly(*arguments):
        written = write(*arguments)
        erasure.erase(gone.participant, reason="asked")
        return written

    with monkeypatch.context() as patched:
        patched.setattr(public_rows, "write", write_slowly)
        assert keeping.recompute() is None
    assert list(keeping.folder().glob("*.csv")) == []
    assert keeping.recompute().rows_total == 12


def test_erasing_somebody_without_votes_leaves_the_file(arena, django_capture_on_commit_callbacks):
    study, models = arena
    some_votes(study, models)
    board = keeping.recompute()
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(make_enrolment(study).participant, reason="asked")
    assert keeping.rows_file(board).exists()


def test_unchanged_votes_make_no_new_state_and_new_ones_do(arena):
    study, models = arena
    some_votes(study, models)
    first = keeping.recompute()
    assert keeping.recompute() == first
    keeping.table(first, Choice(ties="half"))
    vote_in(study, models[:2])
    second = keeping.recompute()
    assert second != first
    assert not keeping.rows_file(first).exists()
    assert [table.choice for table in LeaderboardTable.objects.all()] == [""]


def test_other_software_makes_a_new_state_for_the_same_votes(arena, monkeypatch):
    study, models = arena
    some_votes(study, models)
    first = keeping.recompute()
    assert set(first.software) == {"Python", "numpy"}
    monkeypatch.setattr(keeping, "software", lambda: {"Python": "9.9"})
    second = keeping.recompute()
    assert (second == first, second.rows_sha256 == first.rows_sha256) == (False, True)


def test_the_last_state_of_each_day_stays_as_history(arena):
    """Two days, the first with two states: the earlier one is gone, the other has its scores and origin."""
    study, models = arena
    some_votes(study, models)
    yesterday = timezone.now() - timedelta(days=1)
    states = []
    for _ in range(2):
        states.append(keeping.recompute())
        vote_in(study, models[:2])
    Leaderboard.objects.update(made_at=yesterday)
    LeaderboardDay.objects.update(day=yesterday.date())
    today = keeping.recompute()
    kept = list(LeaderboardDay.objects.all())
    assert [(one.day, one.leaderboard) for one in kept] == [
        (yesterday.date(), states[1]),
        (today.made_at.date(), today),
    ]
    assert not Leaderboard.objects.filter(pk=states[0].pk).exists()
    row = keeping.table(today, Choice()).document["rows"][0]
    assert kept[1].scores[0] == {name: row[name] for name in keeping.REMEMBERED}


def test_a_doubtful_vote_is_left_out_counted_and_can_be_taken_in(arena):
    study, models = arena
    some_votes(study, models)
    doubts: dict[str, dict[str, object]] = {
        "not_blind": {"blind": False},
        "leaked": {"leaked_b": True},
        "custom": {"custom": True, "mode": "custom"},
        "cached": {"cached": True},
        "cut": {"failed_a": True},
        "replaced": {"replaced_b": True},
    }
    for fields in doubts.values():
        vote_in(study, models[:2], **fields)
    found = table()
    assert found["votes"] == 12
    assert {reason: found["left_out"][reason] for reason in doubts} == dict.fromkeys(doubts, 1)
    assert found["votes"] + sum(found["left_out"].values()) == found["all_votes"] == 18
    for reason in doubts:
        with_it = table(Choice(including=(reason,)))
        assert with_it["votes"] == 13
        assert {one for one in doubts if with_it["left_out"][one] == 0} == {reason}


def test_who_does_not_know_never_votes(arena):
    study, models = arena
    vote_in(study, models[:2])
    vote_in(study, models[:2], "idk")
    assert (table()["votes"], table()["left_out"]["idk"]) == (1, 1)


def test_the_first_vote_of_a_conversation_counts_or_all_of_them(arena):
    study, models = arena
    later = next_vote(vote_in(study, models[:2], "idk"), "b_better")
    next_vote(later, "a_better")
    found = table()
    assert (found["votes"], found["left_out"]["later"]) == (1, 1)
    assert found["matrix"]["wins"] == [[0, 0], [1, 0]]
    assert table(Choice(turns="all"))["votes"] == 2


def test_filters_take_languages_topics_modes_and_days(arena):
    study, models = arena
    vote_in(study, models[:2], language="fr", topic="explain", mode="small")
    vote_in(study, models[:2], language="en")
    for choice in (Choice(language="fr"), Choice(topic="explain"), Choice(mode="small")):
        assert table(choice)["votes"] == 1
    assert table(Choice(language="xx"))["votes"] == 0
    assert table(Choice(study=study.slug))["votes"] == 2
    board = keeping.newest()
    assert board.values["language"] == {"en": 1, "fr": 1}
    assert board.values["study"] == {study.slug: 2}


def test_a_period_is_the_last_days_or_a_month(arena):
    study, models = arena
    for day in ("2026-01-31", "2026-03-01", "2026-03-31"):
        vote_in(study, models[:2], at=datetime.fromisoformat(f"{day}T23:30:00+00:00"))
    found = {
        period: table(Choice(period=period))["votes"] for period in ("", "30", "90", "2026-03", "2026-01")
    }
    assert found == {"": 3, "30": 1, "90": 3, "2026-03": 2, "2026-01": 1}
    assert keeping.newest().values["month"] == {"2026-01": 1, "2026-03": 2}


def test_a_conversation_has_the_category_and_language_of_its_first_message(arena):
    study, models = arena
    vote = vote_in(study, models[:2])
    first, second = "Give me a recipe for a cake with rice please", "Une recette de gâteau au chocolat"
    with append_only_lifted():
        Turn.objects.filter(pk=vote.turn.pk).update(text=first)
        Turn.objects.filter(pk=vote_in(study, models[:2]).turn.pk).update(text=second)
    (english, french) = rows_in(keeping.recompute())
    assert (english["category"], english["written_in"]) == ("food", "en")
    assert (french["category"], french["written_in"]) == ("food", "fr")
    assert table(Choice(category="food", written_in="fr"))["votes"] == 1
    Subject.objects.update(category="law", rules="older")
    assert {row["category"] for row in rows_in(keeping.recompute())} == {"food"}
    erasure.erase(vote.turn.conversation.enrolment.participant, reason="asked")
    assert Subject.objects.count() == 1


def test_both_bad_is_a_tie_that_is_also_told_by_itself(arena):
    study, models = arena
    for choice in ("both_bad", "both_good", "a_better", "b_better"):
        vote_in(study, models[:2], choice)
    found = table()
    assert found["tie_share"] == 0.5
    assert {row["both_bad"] for row in found["rows"]} == {0.25}


def test_looks_that_win_are_told_and_held_equal(arena):
    study, models = arena
    person = [make_enrolment(study) for _ in range(40)]
    plain, adorned = {"characters": 100}, {"characters": 100, "bold": 5}
    for number, enrolment in enumerate(person):
        sides = (adorned, plain) if number % 2 else (plain, adorned)
        won_by_looks = number % 8 > 1
        choice = "a_better" if won_by_looks == bool(number % 2) else "b_better"
        vote_in(study, models[:2], choice, enrolment, style_a=sides[0], style_b=sides[1])
    looks = {one["feature"]: one for one in table()["style"]}
    assert looks["bold"]["low"] > 0
    assert looks["headers"]["odds"] is None


def test_a_choice_has_one_address_whatever_is_asked():
    asked = read_choice(
        {"period": "30", "ties": "half", "turns": "nonsense", "least": "100", "x": "1"},
        ["cut", "evil", "leaked"],
    )
    assert asked == Choice(period="30", ties="half", least=100, including=("leaked", "cut"))
    assert asked.query == "period=30&ties=half&least=100&with=leaked&with=cut"
    assert choice_of(asked.query) == asked
    assert asked.numbers.query == "period=30&ties=half&with=leaked&with=cut"
    assert (
        read_choice({"period": "-7", "least": "3"}, []) == read_choice({"period": "2026-13"}, []) == Choice()
    )
    assert read_choice({"days": "90"}, []) == Choice(period="90")
