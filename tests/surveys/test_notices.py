"""Messages of coordinators: on the participant's next page, until read, by nobody else."""

import pytest
from django.core import mail
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from prism.lib.crypto import encrypt
from surveys.erasure import erase
from surveys.models import EntryLink, InvitedPerson, Notice
from surveys.monitor import notices
from surveys.views.visit import PART_HEADER
from tests.conversations.talking import at_once
from tests.factories import make_member
from tests.surveys.visitors import START, address, hidden, make_small_study, newcomer, text_of

TEXT = "The study stood still <b>last night</b>; please go on."


@pytest.fixture
def study(db):
    return make_small_study()


def sent(study, *people, text=TEXT):
    return notices.send(study, people, text, make_member(study))


def banners(client, study) -> list[str]:
    page = LexborHTMLParser(text_of(client.get(address(study), follow=True)))
    return [node.attributes["id"] or "" for node in page.css("section.notice[id]")]


def read(client, study, notice):
    return client.post(address(study, f"notices/{notice.pk}/read/"))


def test_a_message_stands_on_each_page_until_it_is_read(study):
    browser, person = newcomer(study)
    (notice,) = sent(study, person)
    page = text_of(browser.get(address(study), follow=True))
    assert "The study stood still &lt;b&gt;last night&lt;/b&gt;" in page
    assert banners(browser, study) == [f"notice-{notice.pk}"]
    assert read(browser, study, notice)["Location"] == address(study)
    assert banners(browser, study) == []
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_the_next_part_of_a_page_that_a_script_fetches_has_it_too(study):
    browser, person = newcomer(study)
    form = hidden(browser.get(address(study, "survey/start/")))
    sent(study, person)
    answer = browser.post(
        address(study, "survey/start/"),
        {**form, **START},
        headers={PART_HEADER: "survey"},
    )
    assert "<html" not in text_of(answer)
    assert "Message from the researchers" in text_of(answer)


def test_reading_one_leaves_the_others(study):
    browser, person = newcomer(study)
    (first,), (second,) = sent(study, person), sent(study, person, text="And thank you.")
    read(browser, study, first)
    assert banners(browser, study) == [f"notice-{second.pk}"]


def test_a_script_gets_nothing_back_but_an_empty_place(study):
    browser, person = newcomer(study)
    (notice,) = sent(study, person)
    path = address(study, f"notices/{notice.pk}/read/")
    answer = browser.post(path, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (200, b"")


def test_nobody_else_sees_or_reads_it(study):
    _browser, person = newcomer(study)
    other, _other_person = newcomer(study)
    (notice,) = sent(study, person)
    assert banners(other, study) == []
    read(other, study, notice)
    assert read(Client(), study, notice).status_code == 403
    notice.refresh_from_db()
    assert notice.read_at is None


def test_who_has_no_message_costs_no_query(study, django_assert_num_queries):
    person = newcomer(study)[1]
    with django_assert_num_queries(0):
        assert notices.waiting(person) == []


def test_an_empty_or_endless_message_is_refused(study):
    person = newcomer(study)[1]
    for text in ("", "   ", "x" * 1001):
        with pytest.raises(notices.NoticeError):
            sent(study, person, text=text)
        assert not Notice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_message_sent_while_another_is_read_is_not_lost():
    study = make_small_study()
    by = make_member(study)
    for _ in range(5):
        browser, person = newcomer(study)
        (notice,) = notices.send(study, [person], TEXT, by)
        results = at_once(
            lambda person=person, notice=notice: notices.mark_read(person, notice.pk),
            lambda person=person: notices.send(study, [person], "Another one", by),
        )
        assert not [result for result in results if isinstance(result, Exception)]
        assert len(banners(browser, study)) == 1


def test_erasing_a_person_takes_the_messages(study):
    person = newcomer(study)[1]
    sent(study, person)
    erase(person.participant, reason="her wish")
    assert not Notice.objects.exists()


def invited(study, person, state="sent"):
    link = EntryLink.objects.create(study=study, number=1, digest="x", enrolment=person)
    return InvitedPerson.objects.create(
        study=study, link=link, digest="y", encrypted_address=encrypt("ada@example.org"), state=state
    )


def test_who_was_invited_by_e_mail_gets_it_there_once(study):
    person = newcomer(study)[1]
    invited(study, person)
    (notice,) = sent(study, person)
    assert [notices.mail(notice.pk), notices.mail(notice.pk)] == [True, False]
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]
    assert TEXT in mail.outbox[0].body


def test_who_wants_no_mail_or_came_by_a_panel_gets_none(study):
    wants_none, by_panel = newcomer(study)[1], newcomer(study)[1]
    invited(study, wants_none, state="opted_out")
    found = sent(study, wants_none, by_panel)
    assert notices.to_mail(found) == []
    assert [notices.mail(notice.pk) for notice in found] == [False, False]
    assert mail.outbox == []
