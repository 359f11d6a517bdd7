"""Coming in without a panel: by the open link, by a link for one person, by an invitation."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from surveys import erasure
from surveys.models import Device, Enrolment, EntryLink, InvitedPerson, OptOut, Participant, Study
from surveys.panels import invitations, links
from tests.conversations.talking import at_once
from tests.factories import make_member
from tests.surveys.visitors import (
    START,
    address,
    agree,
    make_small_study,
    submit,
    tables_with,
    text_of,
    where,
)

pytestmark = pytest.mark.django_db
BOT = {"User-Agent": "prism-bots/1"}


@pytest.fixture
def open_study() -> Study:
    return make_small_study(panel={"kind": "open"})


@pytest.fixture
def study() -> Study:
    return make_small_study(panel={"kind": "links"})


def make_links(study: Study, number: int = 1) -> list[str]:
    return [link for _row, link in links.make(study, number, make_member(study))]


def labelled(study: Study, *labels: str) -> list[str]:
    return [link for _row, link in links.make_labelled(study, labels, make_member(study))]


def door(client: Client, study: Study, link: str = "") -> HttpResponse:
    return client.get(f"{address(study)}?{link.partition('?')[2]}" if link else address(study))


def fields_of(page: HttpResponse) -> dict[str, str]:
    inputs = LexborHTMLParser(text_of(page)).css("main input[type=hidden]")
    return {str(node.attributes["name"]): node.attributes["value"] or "" for node in inputs}


def press(client: Client, study: Study, page: HttpResponse) -> HttpResponse:
    return client.post(address(study, "begin/"), fields_of(page))


def come_in(client: Client, study: Study, link: str = "") -> HttpResponse:
    return press(client, study, door(client, study, link))


# The open link


def test_looking_at_the_open_link_makes_nothing_and_the_button_lets_in(open_study: Study) -> None:
    client = Client()
    page = door(client, open_study)
    assert page.status_code == 200
    assert open_study.title in text_of(page)
    assert not Participant.objects.exists()
    assert press(client, open_study, page).status_code == 303
    assert where(client, open_study) == "consent/"
    assert Device.objects.get().is_trusted


def test_a_browser_enters_an_open_study_once(open_study: Study) -> None:
    client = Client()
    first = door(client, open_study)
    press(client, open_study, first)
    assert press(client, open_study, first).status_code == 302
    assert door(client, open_study)["Location"].endswith("consent/")
    assert Enrolment.objects.count() == 1
    come_in(Client(), open_study)
    assert Enrolment.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_double_click_on_the_button_makes_one_person() -> None:
    study = make_small_study(panel={"kind": "open"})
    fields = fields_of(door(Client(), study))
    answers = at_once(*[lambda: Client().post(address(study, "begin/"), fields).status_code] * 6)
    assert answers == [303] * 6
    assert Enrolment.objects.count() == Participant.objects.count() == 1


def test_the_button_asks_for_its_token(open_study: Study) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(address(open_study, "begin/"), {"door_key": "k"}).status_code == 403
    assert not Participant.objects.exists()


def test_an_open_study_that_is_closed_or_visited_by_bots_lets_nobody_in(open_study: Study) -> None:
    assert come_in(Client(headers=BOT), open_study).status_code == 403
    page = door(Client(), open_study)
    Study.objects.update(state="closed")
    assert door(Client(), open_study).status_code == 410
    assert press(Client(), open_study, page).status_code == 410
    assert not Participant.objects.exists()


def test_too_many_who_begin_at_once_are_asked_to_wait(open_study: Study, settings: Any) -> None:
    settings.RATE_LIMITS_ON = True
    page = fields_of(door(Client(), open_study))

    def begin(client: Client, number: int) -> int:
        return client.post(address(open_study, "begin/"), page | {"door_key": f"k{number}"}).status_code

    again = Client()  # comes in and presses the button once more and once more
    codes = [begin(Client() if number < 3 else again, number) for number in range(60)]
    assert codes == [303] * 4 + [302] * 56
    assert begin(Client(), 60) == 429
    assert open_study.enrolments.count() == 4


def test_the_button_of_a_panel_study_and_of_no_study_lets_nobody_in() -> None:
    client, other = Client(), make_small_study()
    assert client.post(address(other, "begin/"), {"door_key": "k"}).status_code == 400
    assert client.post("/studies/nowhere/begin/").status_code == 404
    assert not Participant.objects.exists()


# Links for one person


def test_a_single_use_link_lets_in_one_person_once(study: Study) -> None:
    (link,) = make_links(study)
    client = Client()
    assert come_in(client, study, link).status_code == 303
    agree(client, study)
    submit(client, study, "start", START)
    assert where(client, study) == "survey/use/"
    answer = come_in(Client(), study, link)
    assert answer.status_code == 400
    assert "was used already" in text_of(answer)
    assert Enrolment.objects.get() == EntryLink.objects.get().enrolment
    assert Device.objects.count() == 1


def test_the_same_browser_goes_on_by_its_link(study: Study) -> None:
    (link,) = make_links(study)
    client = Client()
    come_in(client, study, link)
    agree(client, study)
    assert door(client, study, link)["Location"].endswith("survey/")
    assert Device.objects.count() == 1


def test_the_second_press_of_a_button_whose_first_answer_was_lost_lets_in(study: Study) -> None:
    (link,) = make_links(study)
    page = door(Client(), study, link)
    assert press(Client(), study, page).status_code == 303
    assert press(Client(), study, page).status_code == 303
    assert press(Client(), study, door(Client(), study, link)).status_code == 400
    assert Enrolment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_who_share_a_single_use_link_at_once_are_one_who_is_let_in() -> None:
    study = make_small_study(panel={"kind": "links"})
    (link,) = make_links(study)
    pages = [fields_of(door(Client(), study, link)) for _ in range(10)]
    acts = [lambda page=page: Client().post(address(study, "begin/"), page).status_code for page in pages]
    assert sorted(at_once(*acts)) == [303] + [400] * 9
    assert Enrolment.objects.count() == Device.objects.count() == 1


def test_a_label_leads_back_to_the_same_person_on_any_device(study: Study) -> None:
    ann, ben = labelled(study, "Ann", "Ben")
    client = Client()
    come_in(client, study, ann)
    agree(client, study)
    submit(client, study, "start", START)
    elsewhere = Client()
    come_in(elsewhere, study, ann)
    assert where(elsewhere, study) == "survey/use/"
    assert "Out of curiosity" in text_of(elsewhere.get(address(study, "survey/start/")))
    come_in(elsewhere, study, ben)
    assert where(elsewhere, study) == "consent/"
    assert Enrolment.objects.count() == 2


def test_the_same_labels_give_the_same_links_and_no_second_person(study: Study) -> None:
    assert labelled(study, "Ann", "Ben") == labelled(study, "Ann", " Ben ", "Ben", "")
    assert labelled(study, "Ben", "Cem")[0] == labelled(study, "Ben")[0]
    assert list(EntryLink.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]


def test_labels_are_stored_nowhere_in_readable_form(study: Study) -> None:
    (link,) = labelled(study, "Zyxomma Quux")
    come_in(Client(), study, link)
    assert tables_with("Zyxomma Quux") == set()
    assert tables_with(link.rpartition("=")[2]) == set()


def test_a_link_that_was_guessed_damaged_moved_or_withdrawn_opens_nothing(study: Study) -> None:
    (link,) = labelled(study, "Ann")
    other = make_small_study(panel={"kind": "links"})
    forged = links.address(study, "Ben")  # well signed, but nobody made a link for that label
    for wrong in (link[:-1], link + "A", forged, "?link=%00é", "?link=", links.address(other, "Ann")):
        assert door(Client(), study, wrong).status_code == 400
        assert Client().post(address(study, "begin/"), {"link": wrong[-40:]}).status_code == 400
    row = EntryLink.objects.get()
    assert links.revoke(row, make_member(study))
    assert not links.revoke(row, make_member(study))
    assert "was withdrawn" in text_of(door(Client(), study, link))
    assert not Participant.objects.exists()


def test_a_used_link_is_not_withdrawn(study: Study) -> None:
    (link,) = labelled(study, "Ann")
    come_in(Client(), study, link)
    assert not links.revoke(EntryLink.objects.get(), make_member(study))


def test_an_erased_person_does_not_come_back_by_their_link(study: Study) -> None:
    (link,) = labelled(study, "Ann")
    come_in(Client(), study, link)
    erasure.erase(Participant.objects.get(), reason="wish")
    assert come_in(Client(), study, link).status_code == 400
    assert Participant.objects.count() == 1


def test_a_link_works_beside_the_panel_and_after_the_study_closed_for_who_began() -> None:
    study = make_small_study()
    ann, ben = labelled(study, "Ann", "Ben")
    assert come_in(Client(), study, ann).status_code == 303
    Study.objects.update(state="closed")
    assert come_in(Client(), study, ann).status_code == 303
    assert door(Client(), study, ben).status_code == 410


# Invitations


def invite(study: Study, *people: str) -> tuple[int, int]:
    return invitations.add(study, "\n".join(people), make_member(study))


def send(study: Study) -> int:
    invitations.release(study, make_member(study))
    return invitations.send_some(study.pk)


def links_in(message: Any) -> list[str]:
    return [line for line in message.body.splitlines() if line.startswith("http")]


def test_an_invitation_holds_a_link_for_one_person_and_a_way_to_stop(study: Study) -> None:
    assert invite(study, "ann@example.org", "ben@example.org") == (2, 0)
    assert send(study) == 2
    link, _stop = links_in(mail.outbox[0])
    client = Client()
    assert come_in(client, study, link).status_code == 303
    assert EntryLink.objects.get(enrolment__isnull=False).invited.state == "sent"
    assert mail.outbox[0].extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert send(study) == 0
    assert len(mail.outbox) == 2


def test_addresses_stand_encrypted_in_one_table(study: Study) -> None:
    invite(study, "zyx.quux@example.org")
    send(study)
    come_in(Client(), study, links_in(mail.outbox[0])[0])
    assert tables_with("zyx.quux") == set()
    secret = InvitedPerson.objects.get().encrypted_address
    assert tables_with(secret) == {"surveys_invitedperson"}


def test_who_wants_no_mail_gets_none_from_any_study(study: Study) -> None:
    invite(study, "ann@example.org")
    send(study)
    stop = links_in(mail.outbox[0])[1].removeprefix("http://127.0.0.1:8000")
    client = Client(enforce_csrf_checks=True)
    assert "No more invitations?" in text_of(client.get(stop))
    assert not OptOut.objects.exists()
    assert client.post(stop).status_code == 200
    assert InvitedPerson.objects.get().encrypted_address == ""
    other = make_small_study(panel={"kind": "invited"})
    assert invite(other, "Ann@Example.org", "ben@example.org") == (1, 1)
    assert client.post(stop[:-1]).status_code == 404


def test_who_stops_between_the_list_and_the_mail_gets_none(study: Study) -> None:
    invite(study, "ann@example.org")
    OptOut.objects.create(digest=invitations.digest_of("ann@example.org"))
    assert send(study) == 0
    assert mail.outbox == []
    assert InvitedPerson.objects.get().state == "opted_out"


def test_mails_go_out_some_at_a_time(study: Study, monkeypatch: Any) -> None:
    monkeypatch.setattr(invitations, "SOME", 2)
    invite(study, *[f"p{n}@example.org" for n in range(3)])
    assert send(study) == 2
    assert invitations.unsent() == [study.pk]
    assert invitations.send_some(study.pk) == 1
    assert invitations.unsent() == []


def test_a_mail_that_fails_is_tried_three_times_and_one_half_sent_never_again(
    study: Study, monkeypatch: Any, caplog: Any
) -> None:
    invite(study, "ann@example.org", "ben@example.org")
    ben = InvitedPerson.objects.latest("pk")
    InvitedPerson.objects.filter(pk=ben.pk).update(
        state="sending", sent_at=timezone.now() - timedelta(hours=1)
    )

    def fail(message: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    assert [send(study) for _ in range(4)] == [0] * 4
    invitations.unsent()
    assert list(InvitedPerson.objects.order_by("pk").values_list("state", "tries")) == [
        ("failed", 3),
        ("failed", 0),
    ]
    assert "ann@" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once() -> None:
    study = make_small_study(panel={"kind": "invited"})
    invite(study, *[f"p{n}@example.org" for n in range(6)])
    invitations.release(study, make_member(study))
    sent = at_once(*[lambda: invitations.send_some(study.pk)] * 3)
    assert sum(sent) == 6
    assert len({message.to[0] for message in mail.outbox}) == len(mail.outbox) == 6


def test_an_erased_persons_address_is_gone(study: Study) -> None:
    invite(study, "ann@example.org")
    send(study)
    come_in(Client(), study, links_in(mail.outbox[0])[0])
    erasure.erase(Participant.objects.get(), reason="wish")
    assert InvitedPerson.objects.get().encrypted_address == ""
    assert invite(study, "ann@example.org") == (0, 0)
