"""A participant's own page: what is stored, by which link it opens, and to whom it does not."""

import io
import json
import zipfile
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from conversations import own
from prism.lib.crypto import decrypt
from surveys.entry import resume_path
from surveys.models import Consent, ConsentDocument, Device, Enrolment, Notice, Study
from tests.factories import CONSENT_BOXES, make_user
from tests.surveys.test_erasure import talk
from tests.surveys.visitors import (
    START,
    address,
    arrive,
    make_small_study,
    new_panel_id,
    newcomer,
    submit,
    text_of,
)

pytestmark = pytest.mark.django_db
WORDS = "zebra finches"
BOXES = [
    *CONSENT_BOXES,
    {"key": "publication", "label": "You may publish what I write", "required": False},
    {"key": "contact", "label": "You may write to me again", "required": False},
]


@pytest.fixture
def study() -> Study:
    document = ConsentDocument.load("purposes", "Taking part", "Text.", BOXES)
    return make_small_study(consent_document=document, contact_email="ask@example.org")


def agreed(study: Study, **ticked: str) -> tuple[Client, Enrolment]:
    client = Client()
    arrive(client, study, new_panel_id())
    client.post(address(study, "consent/"), {"consent": "on", "consent_age": "on", **ticked})
    return client, study.enrolments.latest("pk")


def mine(client: Client, study: Study) -> str:
    return text_of(client.get(address(study, "mine/")))


def own_link(enrolment: Enrolment) -> str:
    return resume_path(enrolment, "conversations:mine")


def files_of(client: Client, study: Study) -> dict[str, str]:
    answer = client.get(address(study, "mine/archive.zip"))
    assert answer.status_code == 200
    assert answer["Content-Disposition"].endswith('.zip"')
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def test_every_page_of_the_journey_leads_there(study):
    client = Client()
    arrive(client, study, new_panel_id())
    link = f'href="{address(study, "mine/")}"'
    assert link in text_of(client.get(address(study, "consent/")))
    client.post(address(study, "consent/"), {"consent": "on", "consent_age": "on"})
    assert link in text_of(client.get(address(study, "survey/start/")))
    Enrolment.objects.update(survey_finished_at=timezone.now())
    assert link in text_of(client.get(address(study), follow=True))
    Enrolment.objects.update(outcome="complete", outcome_at=timezone.now(), stage="done")
    assert link in text_of(client.get(address(study, "done/")))


def test_it_shows_consent_answers_and_only_the_end_of_the_panels_id(study):
    client, enrolment = agreed(study)
    submit(client, study, "start", START | {"why": WORDS})
    page = mine(client, study)
    assert enrolment.code in page
    assert WORDS in page
    assert "How old are you?" in page
    assert "version 1" in page
    pid = panel_id_of(enrolment)
    assert pid not in page
    assert f"…{pid[-4:]}" in page


def panel_id_of(enrolment: Enrolment) -> str:
    return decrypt(enrolment.participant.identity.encrypted_id)


def test_the_archive_holds_all_that_was_given_and_names_no_model(study):
    client, enrolment = agreed(study)
    submit(client, study, "start", START | {"why": WORDS})
    submit(client, study, "start", START | {"why": "On second thoughts"})
    talk(client, study, enrolment, WORDS)
    Notice.objects.create(enrolment=enrolment, text="Please come back", by=make_user())
    found = files_of(client, study)
    assert {"README.txt", "about.json", "answers.json", "consents.json", "earlier_answers.json"} <= set(found)
    assert json.loads(found["answers.json"])["why"]["value"] == "On second thoughts"
    assert WORDS in found["earlier_answers.json"]
    assert json.loads(found["consents.json"])[0]["document_sha256"] == study.consent_document.sha256
    assert json.loads(found["messages.json"])[0]["text"] == "Please come back"
    talks = [json.loads(text) for name, text in found.items() if name.startswith("conversations/")]
    assert len(talks) == 1
    assert any(WORDS in turn["text"] for turn in talks[0]["turns"])
    assert json.loads(found["about.json"])["code"] == enrolment.code
    everything = "\n".join(found.values())
    assert "fake" not in everything.lower()
    assert panel_id_of(enrolment) not in everything


def test_the_page_and_the_archive_hold_the_same_record(study):
    client, enrolment = agreed(study)
    submit(client, study, "start", START)
    record = client.get(address(study, "my-data.json")).json()
    assert record["answers"]["why"]["value"] == START["why"]
    assert record.keys() == own.record(enrolment).keys()


def test_the_signed_link_opens_it_on_another_browser_and_leaves_a_clean_address(study):
    client, enrolment = agreed(study)
    submit(client, study, "start", START | {"why": WORDS})
    other = Client()
    answer = other.get(own_link(enrolment))
    assert (answer.status_code, answer["Location"]) == (303, address(study, "mine/"))
    assert WORDS in mine(other, study)


def test_no_other_link_opens_it(study):
    _, enrolment = agreed(study)
    path = own_link(enrolment)
    token = parse_qs(urlsplit(path).query)["link"][0]
    assert_opens_nothing(study, path.replace(token, token[:-3] + ("aaa" if token[-3:] != "aaa" else "bbb")))
    assert_opens_nothing(study, path[:-12])
    assert_opens_nothing(study, address(make_small_study(), "mine/") + "?" + urlsplit(path).query)
    assert_opens_nothing(study, address(study, "mine/") + "?link=")
    Enrolment.objects.filter(pk=enrolment.pk).update(resume_key="renewed")
    assert_opens_nothing(study, path)


def assert_opens_nothing(study, path: str) -> None:
    stranger = Client()
    assert stranger.get(path).status_code == 404
    assert stranger.get(address(study, "mine/")).status_code == 403


def test_a_browser_that_is_not_trusted_sees_and_changes_nothing(study):
    pid, first, second = new_panel_id(), Client(), Client()
    arrive(first, study, pid)
    first.post(address(study, "consent/"), {"consent": "on", "consent_age": "on", "publication": "on"})
    submit(first, study, "start", START | {"why": WORDS})
    arrive(second, study, pid, session="60d1f5a0c0ffee0000000042")
    assert not Device.objects.latest("pk").is_trusted
    for answer in (
        second.get(address(study, "mine/")),
        second.get(address(study, "mine/archive.zip")),
        second.get(address(study, "mine/withdraw/")),
        second.post(address(study, "mine/purposes/")),
    ):
        assert answer.status_code == 403
        assert WORDS not in text_of(answer)
    assert Consent.objects.count() == 1


def test_a_stranger_and_a_colleague_are_not_let_in(study):
    agreed(study)
    _, theirs = newcomer(make_small_study())
    stranger = Client()
    stranger.get(own_link(theirs))
    assert stranger.get(address(study, "mine/")).status_code == 403
    assert Client().get(address(study, "mine/")).status_code == 403


def test_an_optional_purpose_is_taken_back_and_granted_by_a_row_of_its_own(study):
    client, enrolment = agreed(study, publication="on")
    assert "You may publish what I write" in mine(client, study)
    client.post(address(study, "mine/purposes/"), {"purpose": ["contact", "consent", "nonsense"]})
    client.post(address(study, "mine/purposes/"), {"purpose": ["contact"]})
    rows = list(enrolment.consents.order_by("pk"))
    assert [row.revision for row in rows] == [0, 1]
    assert rows[0].boxes == {"consent": True, "consent_age": True, "publication": True, "contact": False}
    assert rows[1].boxes == {"consent": True, "consent_age": True, "publication": False, "contact": True}
    assert {row.document_sha256 for row in rows} == {study.consent_document.sha256}
    assert "choices changed" in mine(client, study)


def test_who_takes_a_purpose_back_stays_in_the_study(study):
    client, _ = agreed(study, publication="on")
    client.post(address(study, "mine/purposes/"))
    assert client.get(address(study))["Location"] == address(study, "survey/")


def test_it_says_until_when_one_may_withdraw_and_how_long_things_are_kept(study):
    client, enrolment = agreed(study)
    assert "at any time until you are done, and for 14 days afterwards" in mine(client, study)
    Study.objects.filter(pk=study.pk).update(retention={"identity_days": 30})
    Enrolment.objects.filter(pk=enrolment.pk).update(
        outcome="complete", outcome_at=timezone.now() - timedelta(days=1), stage="done"
    )
    page = mine(client, study)
    assert "You can withdraw until" in page
    assert "How long it is kept" in page
    Enrolment.objects.filter(pk=enrolment.pk).update(outcome_at=timezone.now() - timedelta(days=20))
    page = mine(client, study)
    assert "You can withdraw until" not in page
    assert "You could withdraw here until" in page
    assert "ask@example.org" in page


def test_downloads_are_limited(study, settings):
    settings.RATE_LIMITS_ON = True
    client, _ = agreed(study)
    codes = [client.get(address(study, "mine/archive.zip")).status_code for _ in range(21)]
    assert codes == [200] * 20 + [429]
