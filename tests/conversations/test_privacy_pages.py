"""The workbench's pages on personal data: who may see, change, try and open what."""

import pytest
from django.test import Client
from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser

from conversations.coordinate.privacy_forms import PrivacyForm, fields_of
from conversations.fakellm import server
from conversations.models import PrivacyRules, Provider, RawText, TextCheck
from conversations.own import record
from conversations.privacy import versions
from surveys.models.people import Role
from tests.conversations.comparing import asked_and_answered, enter, open_arena, vote
from tests.conversations.talking import begin, come_in, make_talk_study, post, say
from tests.factories import make_member

pytestmark = pytest.mark.django_db
HELD_BACK = "hold the export back until it is released anyway"
PERSONAL = "Write to amina.khan@orange.fr or 06 12 34 56 78 for me."


@pytest.fixture
def study():
    return make_talk_study()


def signed_in(study, role=Role.COORDINATOR, email="cora@example.org", **rights):
    client = Client()
    client.force_login(make_member(study, role, email=email, **rights))
    return client


def path(study, name="privacy", *rest):
    return reverse(f"registry:{name}", args=[study.slug, *rest])


def fields(study, **changes):
    usual = fields_of(versions.rules_for(study))
    return {**usual, **{name.replace("__", "."): value for name, value in changes.items()}}


def talked(study, **document):
    """Somebody sent a text under these rules."""
    versions.store(study, document, None)
    client = come_in(study)
    talk = begin(client, study)
    say(client, talk, PERSONAL)
    return talk


@pytest.mark.parametrize("name", ["privacy", "privacy_try", "privacy_texts"])
def test_strangers_learn_nothing_and_who_is_not_signed_in_is_sent_to_do_so(study, name):
    assert Client().get(path(study, name)).status_code == 302
    stranger = signed_in(make_talk_study(), email="stranger@example.org")
    assert stranger.get(path(study, name)).status_code == 404


@pytest.mark.parametrize(
    ("role", "may_look", "may_run"),
    [
        (Role.OWNER, 200, 200),
        (Role.COORDINATOR, 200, 200),
        (Role.ANALYST, 200, 403),
        (Role.ANNOTATOR, 403, 403),
    ],
)
def test_roles_see_and_change_what_is_theirs(study, role, may_look, may_run):
    client = signed_in(study, role)
    assert client.get(path(study)).status_code == may_look
    assert client.get(path(study, "privacy_try")).status_code == may_run
    assert client.get(path(study, "privacy_texts")).status_code == 403
    answer = client.post(path(study), fields(study, message__email="mask"))
    assert (answer.status_code, PrivacyRules.objects.count()) == ((302, 1) if may_run == 200 else (403, 0))


def test_what_the_form_stores_is_what_holds_and_the_form_shows_it_again(study):
    client = signed_in(study)
    Provider.objects.create(name="Judge", base_url="http://127.0.0.1:9/v1", is_fake=True)
    given = {
        **fields(study, message__email="warn", feedback__phone="block", export__card="block"),
        "provider": "Judge",
        "model": "omni",
        "places": ["message"],
        "if_silent": "closed",
        "reply.harassment": "warn",
        "from.harassment": "0.7",
        "notice": "Call 3114",
    }
    assert client.post(path(study), given).status_code == 302
    rules = versions.rules_for(study)
    assert (rules.version, rules.action("message", "email"), rules.action("export", "card")) == (
        1,
        "warn",
        "block",
    )
    assert rules.action("export", "email") == "mask"
    assert rules.moderation.is_closed_if_silent
    assert rules.moderation.flagged({"harassment": 0.7, "hate": 0.9}) == {"harassment": "warn"}
    shown = LexborHTMLParser(client.get(path(study)).content.decode())
    assert shown.css_first('select[name="message.email"] option[selected]').attributes["value"] == "warn"
    assert shown.css_first('input[name="from.harassment"]').attributes["value"] == "0.7"
    assert not PrivacyForm(rules=rules).errors
    assert client.post(path(study), given).status_code == 302
    assert PrivacyRules.objects.count() == 1  # the same rules make no version


@pytest.mark.parametrize(
    "wrong",
    [{"message.email": "shred"}, {"from.hate": "2"}, {"reply.hate": "mask"}, {"provider": "Nobody"}],
)
def test_a_refused_form_changes_nothing(study, wrong):
    assert signed_in(study).post(path(study), {**fields(study), **wrong}).status_code == 422
    assert not PrivacyRules.objects.exists()


def test_the_page_counts_what_was_found_and_done_in_this_study_alone(study):
    talk = talked(study, message={"email": "mask", "phone": "mark"})
    talked(make_talk_study(), message={"email": "mask"})
    client = come_in(study)
    versions.store(study, {"message": {"phone": "block"}}, None)
    post(client, begin(client, study), "say", text=PERSONAL, form_key="k")
    tables = LexborHTMLParser(signed_in(study).get(path(study)).content.decode()).css(
        ".privacy-figures table"
    )
    rows = [[cell.text(strip=True) for cell in row.css("th, td")] for row in tables[0].css("tbody tr")]
    assert rows == [["sent with the finds masked", "1", "0"], ["refused", "1", "0"]]
    rows = [[cell.text(strip=True) for cell in row.css("th, td")] for row in tables[1].css("tbody tr")]
    assert rows == [["E-mail address", "1", "0"], ["Telephone number", "2", "0"]]
    assert talk.text_checks.count() == 1


def test_a_text_is_tried_and_not_kept(study, caplog):
    versions.store(study, {"message": {"email": "block"}, "export": {"email": "warn"}}, None)
    client = signed_in(study)
    with caplog.at_level("DEBUG", logger="conversations"):
        html = client.post(path(study, "privacy_try"), {"text": PERSONAL}).content.decode()
    shown = LexborHTMLParser(html)
    assert [mark.text() for mark in shown.css("mark")] == ["amina.khan@orange.fr", "06 12 34 56 78"]
    assert "Write to [EMAIL] or [PHONE] for me." in html
    row = [cell.text(strip=True) for cell in shown.css("#found tbody tr")[0].css("th, td")]
    assert row == ["amina.khan@orange.fr", "E-mail address", "email", "refuse", "off", HELD_BACK]
    assert not TextCheck.objects.exists()
    assert "amina" not in caplog.text


def test_a_text_is_tried_with_moderation_and_markup_in_it_is_shown_not_run(study):
    with server.running() as base_url:
        Provider.objects.create(name="Judge", base_url=base_url, is_fake=True)
        rule = {"harassment": {"threshold": 0.5, "action": "warn"}}
        document = {"provider": "Judge", "model": "omni", "places": ["message"], "categories": rule}
        versions.store(study, {"moderation": document}, None)
        given = {"text": "<script>alert(1)</script> you idiot", "with_moderation": "on"}
        html = signed_in(study).post(path(study, "privacy_try"), given).content.decode()
    assert "<script>alert(1)" not in html
    rows = LexborHTMLParser(html).css("#found tbody tr")
    assert [cell.text(strip=True) for cell in rows[0].css("th, td")] == ["harassment", "0.93", "warn"]


def test_a_raw_text_opens_with_the_right_and_a_reason_and_leaves_a_trace(study):
    talk = talked(study, message={"email": "mask"})
    raw = RawText.objects.get()
    for role in (Role.OWNER, Role.COORDINATOR, Role.ANALYST):
        other = signed_in(study, role, email=f"{role}@example.org")
        assert (
            other.post(path(study, "privacy_text", raw.pk), {"reason": "I would like to"}).status_code == 403
        )
    client = signed_in(study, email="opener@example.org", may_reidentify=True)
    assert "amina" not in client.get(path(study, "privacy_texts")).content.decode()
    assert "amina" not in client.get(path(study, "privacy_text", raw.pk)).content.decode()
    answer = client.post(path(study, "privacy_text", raw.pk), {"reason": "short"})
    assert answer.status_code == 422
    assert "amina" not in answer.content.decode()
    assert not study.audit_events.filter(action="privacy.raw_text_opened").exists()
    answer = client.post(path(study, "privacy_text", raw.pk), {"reason": "The person asked us what we hold"})
    assert PERSONAL in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    event = study.audit_events.get(action="privacy.raw_text_opened")
    assert (event.subject, event.actor.email) == (talk.code, "opener@example.org")
    assert "amina" not in str(event.detail)


def test_a_marked_comment_opens_as_it_was_typed_and_is_no_message():
    arena, visitor = open_arena(), enter()
    versions.store(arena, {"message": {"email": "mark"}, "feedback": {"phone": "mark"}}, None)
    talk, turn = asked_and_answered(visitor, text="Nothing of mine")
    assert vote(visitor, talk, comment=PERSONAL).status_code == 302
    client = signed_in(arena, may_reidentify=True)
    answer = client.post(path(arena, "privacy_text", RawText.objects.get().pk), {"reason": "A good reason"})
    opened = answer.context["opened"]
    assert (opened.text, [words for words, *_ in opened.places]) == (PERSONAL, ["06 12 34 56 78"])
    (told,) = record(talk.enrolment)["conversations"][0]["turns"]
    assert (told["text"], "as_typed" in told, told["vote"]["comment"]) == (turn.text, False, PERSONAL)


def test_a_raw_text_of_another_study_is_not_found(study):
    talked(make_talk_study(), message={"email": "mask"})
    client = signed_in(study, may_reidentify=True)
    answer = client.post(path(study, "privacy_text", RawText.objects.get().pk), {"reason": "A good reason"})
    assert answer.status_code == 404


def test_a_post_without_the_pages_token_is_refused(study):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_member(study, Role.OWNER))
    assert client.post(path(study), fields(study)).status_code == 403
