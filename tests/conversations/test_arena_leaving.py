"""What leaves the arena: personal data in messages and comments, shared comparisons, reports."""

import pytest
from django.test import Client

from conversations.models import (
    Conversation,
    Provider,
    Reaction,
    Report,
    Turn,
    Vote,
)
from conversations.privacy import versions
from surveys.models.people import Role
from tests.conversations.comparing import (
    HOME,
    ask,
    asked_and_answered,
    enter,
    names,
    open_arena,
    page,
    vote,
    voted,
    where,
)
from tests.conversations.talking import answer
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def arena():
    return open_arena()


@pytest.fixture
def visitor(arena):
    return enter()


# Personal data


def test_a_first_message_with_personal_data_is_held_back_and_goes_at_the_second_word(visitor, arena):
    versions.store(arena, {"message": {"email": "warn"}, "feedback": {"email": "warn"}}, None)
    text = "Write to amina.khan@orange.fr for me."
    fields = {"text": text, "mode": "random"}
    answered = visitor.post(HOME, {**fields, "form_key": "k1"})
    assert answered.status_code == 409
    assert "amina.khan@orange.fr" in answered.content.decode()
    assert not Turn.objects.exists()
    assert visitor.post(HOME, {**fields, "form_key": "k2", "anyway": "1"}).status_code == 302
    assert Turn.objects.get().text == text
    assert Conversation.objects.count() == 1


def test_a_comment_with_personal_data_holds_the_vote_back_and_keeps_the_choice(visitor, arena):
    versions.store(arena, {"feedback": {"email": "warn"}}, None)
    talk, _turn = asked_and_answered(visitor)
    answered = vote(visitor, talk, "both_bad", comment="Mine is amina.khan@orange.fr")
    assert answered.status_code == 409
    assert not Vote.objects.exists()
    assert [choice["value"] for choice in answered.context["ballot"]["choices"] if choice["checked"]] == [
        "both_bad"
    ]
    vote(visitor, talk, "both_bad", comment="Mine is amina.khan@orange.fr", anyway="1")
    assert Vote.objects.get().choice == "both_bad"


def test_a_remark_with_personal_data_holds_the_reaction_back_and_stays_in_its_field(visitor, arena):
    versions.store(arena, {"feedback": {"email": "warn"}}, None)
    talk, _turn = voted(visitor)
    fields = {"turn": 0, "slot": "A", "thumb": "down", "remark": "Write to amina.khan@orange.fr"}
    refused = visitor.post(where(talk, "react/"), fields)
    assert refused.status_code == 409
    assert ">Write to amina.khan@orange.fr</textarea>" in refused.content.decode()
    assert not Reaction.objects.exists()
    visitor.post(where(talk, "react/"), {**fields, "anyway": "1"})
    assert Reaction.objects.get().comment == "Write to amina.khan@orange.fr"


JUDGE = {"provider": "Judge", "model": "omni", "places": ["message", "feedback"]}


@pytest.mark.parametrize(
    ("rules", "outcome"),
    [
        ({"message": {"email": "mask"}, "feedback": {"email": "mask"}}, ("masked", "")),
        ({"moderation": JUDGE}, ("clean", "failed")),
    ],
    ids=["masked in both", "moderated in both"],
)
def test_a_vote_with_a_comment_is_kept_where_the_message_was_checked_too(visitor, arena, rules, outcome):
    Provider.objects.create(name="Judge", base_url="http://127.0.0.1:9/v1", is_fake=True)
    versions.store(arena, rules, None)
    typed = "Mine is amina.khan@orange.fr"
    talk, turn = asked_and_answered(visitor, text=typed)
    assert vote(visitor, talk, comment=f"{typed}, said it").status_code == 302
    sent = typed.replace("amina.khan@orange.fr", "[EMAIL]") if outcome[0] == "masked" else typed
    assert (turn.text, Vote.objects.get().comment) == (sent, f"{sent}, said it")
    checks = talk.text_checks.order_by("id").values_list("place", "turn", "outcome", "moderation")
    assert [*checks] == [("message", turn.pk, *outcome), ("feedback", None, *outcome)]


# Sharing


def shared_path(client: Client, talk: Conversation) -> str:
    client.post(where(talk, "share/"))
    key = Conversation.objects.get(pk=talk.pk).share_key
    return f"/arena/shared/{key}/"


def test_a_shared_comparison_is_open_to_anybody_who_has_the_link(visitor):
    talk, _turn = voted(visitor, text="What is fair, please?")
    assert visitor.post(where(talk, "share/")).status_code == 409
    visitor.post(where(talk, "reveal/"))
    path = shared_path(visitor, talk)
    answered = Client().get(path)
    html = answered.content.decode()
    assert "What is fair, please?" in html
    assert sum(name in html for name in names()) == 2
    assert talk.code not in html
    assert talk.enrolment.code not in html
    assert "noindex" in answered["X-Robots-Tag"]
    assert shared_path(visitor, talk) == path


def test_a_shared_comparison_shows_no_more_than_an_export_would(visitor, arena):
    talk = ask(visitor, text="I am amina.khan@orange.fr")
    answer(talk.turns.get(), "Slot {slot}: call **06 12 34 56 78**, amina.khan@orange.fr.")
    vote(visitor, talk)
    visitor.post(where(talk, "reveal/"))
    path = shared_path(visitor, talk)
    html = Client().get(path).content.decode()
    assert "I am [EMAIL]" in html
    assert "Slot B: call <strong>[PHONE]</strong>, [EMAIL]." in html
    assert not [found for found in ("amina", "06 12") if found in html]
    assert "amina" in page(visitor, talk)
    versions.store(arena, {"export": {"email": "off", "phone": "block"}}, None)
    html = Client().get(path).content.decode()
    assert html.count("This text is not shown here: it may hold personal data.") == 2
    assert "I am amina.khan@orange.fr" in html
    assert "06 12" not in Client().post(f"{path}report/", {"kind": "?"}).content.decode()


def test_a_link_ends_when_the_visitor_takes_it_back_or_withdraws(visitor, arena):
    talk, _turn = voted(visitor)
    visitor.post(where(talk, "reveal/"))
    first = shared_path(visitor, talk)
    visitor.post(where(talk, "unshare/"))
    assert Client().get(first).status_code == 404
    second = shared_path(visitor, talk)
    assert second != first
    visitor.post(f"/studies/{arena.slug}/mine/withdraw/", {"confirm": "on"})
    assert Client().get(second).status_code == 404


def test_what_was_not_shared_is_not_found(visitor):
    voted(visitor)
    for key in ("None", "x", "0", "é"):
        assert Client().get(f"/arena/shared/{key}/").status_code == 404


# Reports


def test_the_visitor_and_whoever_has_the_link_can_report(visitor):
    talk, _turn = voted(visitor)
    visitor.post(where(talk, "report/"), {"kind": "harmful", "text": "See answer A."})
    visitor.post(where(talk, "reveal/"))
    path = shared_path(visitor, talk)
    answered = Client().post(f"{path}report/", {"kind": "personal", "text": "That is me."})
    assert answered.status_code == 302
    assert list(Report.objects.order_by("pk").values_list("kind", "text")) == [
        ("harmful", "See answer A."),
        ("personal", "That is me."),
    ]
    assert visitor.post(where(talk, "report/"), {"kind": "no such kind", "text": ""}).status_code == 409
    assert Client().post("/arena/shared/nothing/report/", {"kind": "personal"}).status_code == 404


def test_the_team_reads_reports_and_nobody_else_does(visitor, arena):
    talk, _turn = voted(visitor)
    visitor.post(where(talk, "report/"), {"kind": "harmful", "text": "See <b>answer</b> A."})
    path = f"/coordinate/studies/{arena.slug}/reports/"
    for user, status in (
        (make_member(arena), 200),
        (make_member(arena, Role.ANNOTATOR), 403),
        (make_member(make_study()), 404),
    ):
        client = Client()
        client.force_login(user)
        answered = client.get(path)
        assert answered.status_code == status
        assert ("See &lt;b&gt;answer&lt;/b&gt; A." in answered.content.decode()) == (status == 200)
    assert Client().get(path).status_code == 302
