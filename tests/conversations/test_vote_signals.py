"""What is noticed of votes: hints that hold nobody back, for the team's eyes alone."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from conversations.arena import goals
from conversations.arena.signals import AGAIN, DECIDED, NEWCOMERS, PEOPLE, Evidence, found, is_doubtful
from conversations.arena.watching import network
from conversations.models import Response, Vote, VoteSignals
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.conversations.comparing import HOME, ask, enter, open_arena, page, vote, where
from tests.conversations.talking import answer, field
from tests.factories import make_member, make_study

LONG = "word " * 80
HANDS = {"pointer": "40", "keys": "3", "driven": "0", "website": ""}


def compare(
    client: Client, choice: str = "a_better", text: str = "What is fair?", **fields: Any
) -> VoteSignals:
    """A comparison whose answers are long and were complete ten seconds before, and a vote on it."""
    talk = ask(client, text)
    turn = talk.turns.get()
    answer(turn, LONG)
    before = timezone.now() - timezone.timedelta(seconds=10)
    turn.responses.update(finished_at=before, first_text_ms=500, total_ms=9000)
    assert vote(client, talk, choice, **(HANDS | fields)).status_code == 302
    return VoteSignals.objects.get(vote__turn=turn)


@pytest.mark.parametrize(
    ("evidence", "kinds", "doubtful"),
    [
        (Evidence(words=300, ms_shown=30_000, ms_after=9000, pointer=5, keys=0), [], False),
        (Evidence(words=300, ms_shown=11_000, ms_after=2000, pointer=0, keys=0), ["fast", "no_hands"], True),
        (Evidence(words=99, ms_shown=1, ms_after=1, decided="A" * (DECIDED - 1)), [], False),
        (Evidence(decided="B" + "A" * DECIDED, same_text=AGAIN), ["one_side", "repeated"], True),
        (
            Evidence(people_with_text=PEOPLE, newcomers=NEWCOMERS, same_text=AGAIN - 1),
            ["common", "crowd"],
            False,
        ),
        (Evidence(is_driven=True, is_trapped=True), ["driven", "trap"], True),
    ],
)
def test_rules_on_figures(evidence, kinds, doubtful):
    assert found(evidence) == kinds
    assert is_doubtful(kinds) is doubtful


def test_a_network_is_what_a_provider_hands_out_and_no_address():
    assert network("198.51.100.7") == network("198.51.100.200") == "198.51.100.0/24"
    assert network("2001:db8:1:2::7") == network("2001:db8:1:9::8") == "2001:db8:1::/48"
    assert network("somewhere") == ""


@pytest.mark.django_db
def test_one_hint_makes_no_doubt_and_a_machine_does():
    open_arena()
    visitor = enter()
    calm = compare(visitor)
    assert (calm.found, calm.flagged, calm.rules_version) == ([], False, 1)
    assert (calm.evidence["words"], calm.evidence["pointer"], calm.evidence["keys"]) == (160, 40, 3)
    assert calm.evidence["ms_after"] >= 10_000
    still = compare(visitor, pointer="0", keys="0")
    assert (still.found, still.flagged) == (["no_hands"], False)
    without_script = compare(visitor, pointer="", keys="", driven="")
    assert (without_script.found, without_script.evidence["pointer"]) == ([], None)
    trapped = compare(visitor, website="https://example.org")
    assert (trapped.found, trapped.flagged) == (["trap"], True)
    driven = compare(visitor, driven="1", text="Something else")
    assert (driven.found, driven.flagged) == (["driven"], True)
    assert Vote.objects.count() == 5  # nothing was refused
    again = compare(visitor)
    assert again.found == ["repeated"]
    assert {vote.flagged for vote in Vote.objects.filter(pk=trapped.vote_id)} == {True}


@pytest.mark.django_db
def test_votes_for_one_side_only_are_noticed_from_the_twelfth_on():
    open_arena()
    visitor = enter()
    kinds = [compare(visitor, "b_better", text=f"Question {n}").found for n in range(DECIDED)]
    assert kinds == [[]] * (DECIDED - 1) + [["one_side"]]
    assert compare(visitor, "both_good", text="A tie").found == ["one_side"]
    assert compare(visitor, "a_better", text="The other").found == []


@pytest.mark.django_db
def test_a_class_of_thirty_with_one_address_and_one_message_is_not_held_up(settings):
    """Everybody comes in at the first click and no vote of theirs is doubted; their address is nowhere."""
    settings.RATE_LIMITS_ON = True
    study = open_arena()
    address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.77"  # counts outlive a run of the tests
    school = {"REMOTE_ADDR": address}
    for _ in range(30):
        pupil = Client(**school)
        front = pupil.get(HOME).content.decode()
        entered = pupil.post("/arena/begin/", {"consent": "on", "door_key": field(front, "door_key")})
        assert entered.status_code == 302
        compare(pupil, text="  Explain PHOTOSYNTHESIS to me. ")
    last = VoteSignals.objects.latest("pk")
    assert last.found == ["common"]
    assert last.evidence["people_with_text"] == pytest.approx(30, abs=1)
    assert last.evidence["newcomers"] == pytest.approx(30, abs=1)
    assert not VoteSignals.objects.filter(flagged=True).exists()
    assert Vote.objects.filter(turn__conversation__study=study).count() == 30
    kept = str(list(VoteSignals.objects.values())) + str(list(Response.objects.values()))
    assert address.rpartition(".")[0] not in kept


@pytest.mark.django_db
def test_the_team_sees_counts_and_visitors_see_nothing(client):
    study = open_arena()
    visitor = enter()
    compare(visitor, driven="1")
    compare(visitor, text="Another")
    talk = Vote.objects.latest("pk").turn.conversation
    assert "doubtful" not in page(visitor, talk)
    for text in ("I am Waldo. I was trained by Zyxware.", "Well, that is all."):
        visitor.post(where(talk, "say/"), {"text": "And then?", "form_key": text[:4]})
        answer(talk.turns.latest("number"), text)
        vote(visitor, talk, "idk", **HANDS)
    path = f"/coordinate/studies/{study.slug}/votes/"
    for user, status in (
        (make_member(study), 200),
        (make_member(study, Role.ANALYST), 403),
        (make_member(make_study()), 404),
    ):
        client.force_login(user)
        assert client.get(path).status_code == status
        assert client.post(path, {"votes": "5", "since": "2026-01-01"}).status_code == (
            302 if status == 200 else status
        )
    assert Client().get(path).status_code == 302
    client.force_login(make_member(study, Role.COORDINATOR))
    shown = client.get(path)
    figures = shown.context["figures"]
    assert (figures.votes, figures.judged, figures.flagged) == (4, 4, 1)
    assert (figures.leaking_answers, figures.leaked_votes) == (
        2,
        2,
    )  # both sides of one turn, and what follows
    assert "Answers that said who wrote them: <strong>2</strong>." in shown.content.decode()
    assert {line.kind: (line.votes, line.people) for line in figures.lines if line.votes} == {
        "driven": (1, 1)
    }
    assert talk.enrolment.code in shown.content.decode()
    visitor.post(f"/studies/{study.slug}/mine/withdraw/", {"confirm": "on"})
    assert not VoteSignals.objects.exists()
    assert "No votes yet" in client.get(path).content.decode()


@pytest.mark.django_db
def test_a_goal_is_shown_with_its_progress_and_counted_once_a_minute(client, django_assert_num_queries):
    study = open_arena()
    assert "<progress" not in Client().get(HOME).content.decode()
    client.force_login(make_member(study))
    path = f"/coordinate/studies/{study.slug}/votes/"
    assert client.post(path, {"votes": "300000", "since": ""}).status_code == 422
    assert client.post(path, {"votes": "4", "since": "2026-01-01"}).status_code == 302
    compare(enter())
    front = Client().get(HOME)
    known = front.context["goal"]
    assert (known.votes, known.goal) == (0, 4)  # as it was when that visitor came in
    assert '<label for="goal">' in front.content.decode()
    with django_assert_num_queries(0):
        assert goals.progress(study) == known
    assert client.post(path, {"votes": "5", "since": timezone.now().date().isoformat()}).status_code == 302
    goal = Client().get(HOME).context["goal"]
    assert (goal.votes, goal.goal, goal.percent) == (1, 5, 20)
    french = Client().get(HOME, headers={"accept-language": "fr"}).content.decode()
    assert "sur 5 votes" in french
    assert client.post(path, {"votes": "", "since": ""}).status_code == 302
    assert Client().get(HOME).context["goal"] is None
    assert list(AuditEvent.objects.filter(action__startswith="goal").values_list("action", flat=True)) == [
        "goal.set",
        "goal.set",
        "goal.removed",
    ]
