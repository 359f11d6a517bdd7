"""Consent: what must be ticked, what is stored as its proof, and what declining does."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from surveys import consents, journey
from surveys.models import Consent, ConsentDocument, Enrolment
from tests.factories import CONSENT_BOXES
from tests.surveys.visitors import (
    CONSENT,
    START,
    address,
    agree,
    arrive,
    make_small_study,
    new_panel_id,
    newcomer,
    same_browser,
    submit,
    text_of,
    where,
)

pytestmark = pytest.mark.django_db
DECLINE = {"decline": "1"}
CODES = {"codes": {"no_consent": "CNOCONSENT", "complete": "CDONE"}}


@pytest.fixture
def study():
    return make_small_study(panel=CODES)


@pytest.fixture
def visitor(client, study):
    arrive(client, study, new_panel_id())
    return client


def decide(client, study, fields):
    return client.post(address(study, "consent/"), fields)


def next_version(study, body="What it is about, and for whom.") -> ConsentDocument:
    study.consent_document = ConsentDocument.load("prism", "Taking part", body, CONSENT_BOXES, reconsent=True)
    study.save()
    return study.consent_document


def test_the_page_shows_the_text_the_boxes_and_the_version(visitor, study):
    page = text_of(visitor.get(address(study, "consent/")))
    assert "What it is about." in page
    for box in CONSENT_BOXES:
        assert str(box["label"]) in page
    assert f"Version {study.consent_document.version} of this text" in page
    assert "checked" not in page


@pytest.mark.parametrize(("minutes", "words"), [(1, "about 1 minute."), (25, "about 25 minutes.")])
def test_the_page_says_before_anybody_decides_how_long_it_takes(visitor, study, minutes, words):
    type(study).objects.filter(pk=study.pk).update(minutes=minutes)
    page = text_of(visitor.get(address(study, "consent/")))
    assert page.index(words) < page.index("I do not want to take part")


def test_without_every_needed_box_nobody_goes_on_and_the_ticks_are_kept(visitor, study):
    for ticked in ({}, {"consent": "on"}, {"consent_age": "on"}, {"consent": "off"}):
        answer = decide(visitor, study, ticked)
        assert answer.status_code == 422, ticked
        assert "tick every box" in text_of(answer)
        assert text_of(answer).count("checked") == list(ticked.values()).count("on")
        assert not Consent.objects.exists()
        assert where(visitor, study) == "consent/"


def test_a_box_that_is_not_needed_may_stay_empty_and_is_stored_so(client):
    boxes = [*CONSENT_BOXES, {"key": "contact", "label": "You may write to me", "required": False}]
    study = make_small_study(consent_document=ConsentDocument.load("more", "Taking part", "Text", boxes))
    arrive(client, study, new_panel_id())
    decide(client, study, CONSENT)
    assert Consent.objects.get().boxes == {"consent": True, "consent_age": True, "contact": False}


def test_what_was_agreed_is_stored_with_version_hash_and_time(visitor, study):
    before = timezone.now()
    assert agree(visitor, study)["Location"] == address(study, "survey/start/")
    proof = Consent.objects.get()
    assert proof.document == study.consent_document
    assert proof.document_sha256 == study.consent_document.sha256
    assert len(proof.document_sha256) == 64
    assert before <= proof.at <= timezone.now()
    assert (proof.agreed, proof.boxes, proof.language) == (True, {"consent": True, "consent_age": True}, "en")
    assert proof.enrolment.events.get(kind="consented").detail == {"version": study.consent_document.version}


def test_the_hash_changes_with_any_word_or_box():
    texts = ("key", "Title", "Body")
    first = ConsentDocument.load(*texts, CONSENT_BOXES)
    assert ConsentDocument.load(*texts, CONSENT_BOXES) == first
    optional = [CONSENT_BOXES[0], CONSENT_BOXES[1] | {"required": False}]
    others = [
        ConsentDocument.load("key", "Title", "Body.", CONSENT_BOXES),
        ConsentDocument.load("key", "Other title", "Body", CONSENT_BOXES),
        ConsentDocument.load(*texts, CONSENT_BOXES[:1]),
        ConsentDocument.load(*texts, optional),
    ]
    assert len({document.sha256 for document in [first, *others]}) == 5
    assert [document.version for document in others] == [2, 3, 4, 5]


def test_agreeing_twice_leaves_one_row(visitor, study):
    agree(visitor, study)
    assert agree(visitor, study).status_code == 302
    assert Consent.objects.count() == 1
    assert where(visitor, study) == "survey/start/"


def test_declining_ends_with_its_own_outcome_page_and_code(visitor, study):
    answer = decide(visitor, study, CONSENT | DECLINE)
    assert answer["Location"] == address(study, "done/")
    enrolment = Enrolment.objects.get()
    assert enrolment.outcome == "no_consent"
    assert Consent.objects.get().agreed is False
    page = text_of(visitor.get(address(study, "done/")))
    assert "You chose not to take part" in page
    assert "CNOCONSENT" in page
    assert "CDONE" not in page


def test_who_declined_cannot_go_on_by_any_address(visitor, study):
    decide(visitor, study, DECLINE)
    for page in ("consent/", "survey/", "survey/start/", "conversations/"):
        assert visitor.get(address(study, page))["Location"] == address(study, "done/")
    assert agree(visitor, study)["Location"] == address(study, "done/")
    visitor.post(address(study, "survey/start/"), START)
    enrolment = Enrolment.objects.get()
    assert enrolment.outcome == "no_consent"
    assert Consent.objects.get().agreed is False
    assert not enrolment.page_submissions.exists()


def test_who_declined_stays_out_when_the_panel_sends_them_again(study):
    pid = new_panel_id()
    first, second = Client(), Client()
    arrive(first, study, pid)
    decide(first, study, DECLINE)
    arrive(second, study, pid, session="60d1f5a0c0ffee0000000009")
    assert where(second, study) == "done/"


def test_nobody_passes_the_consent_by_another_address(visitor, study):
    for page in ("survey/", "survey/start/", "conversations/", "done/"):
        assert visitor.get(address(study, page))["Location"] == address(study, "consent/")
    too_early = visitor.post(address(study, "survey/start/"), START)
    assert too_early.status_code == 409
    assert address(study, "consent/") in text_of(too_early)
    assert not Enrolment.objects.get().page_submissions.exists()


def test_a_new_version_asks_again_and_both_proofs_stay(study):
    client, enrolment = newcomer(study)
    submit(client, study, "start", START)
    old, new = study.consent_document, next_version(study)
    assert where(client, study) == "consent/"
    assert "and for whom" in text_of(client.get(address(study, "consent/")))
    agree(client, study)
    assert where(client, study) == "survey/use/"
    proofs = enrolment.consents.order_by("pk")
    assert [proof.document for proof in proofs] == [old, new]
    assert [proof.document_sha256 for proof in proofs] == [old.sha256, new.sha256]


def test_who_declines_the_new_version_is_out_and_the_first_proof_stays(study):
    client, enrolment = newcomer(study)
    next_version(study)
    decide(client, study, DECLINE)
    enrolment.refresh_from_db()
    assert enrolment.outcome == "no_consent"
    assert list(enrolment.consents.order_by("pk").values_list("agreed", flat=True)) == [True, False]


def test_a_study_without_a_consent_text_begins_with_the_survey(client):
    study = make_small_study(consent_document=None)
    arrive(client, study, new_panel_id())
    assert where(client, study) == "survey/start/"
    assert client.get(address(study, "consent/"))["Location"] == address(study, "survey/")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second", [DECLINE, CONSENT])
def test_two_clicks_at_once_leave_one_row_and_one_event(monkeypatch, second):
    """Both requests stand behind every check when the first one is stored."""
    study = make_small_study(panel=CODES)
    client = Client()
    arrive(client, study, new_panel_id())
    meet = Barrier(2, timeout=20)

    def decide_together(*args: Any, **kwargs: Any) -> bool:
        meet.wait()
        return decide_once(*args, **kwargs)

    decide_once = consents.decide
    monkeypatch.setattr(consents, "decide", decide_together)
    threads = [Thread(target=click, args=(study, client, fields)) for fields in (DECLINE, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    enrolment = Enrolment.objects.get()
    assert enrolment.consents.count() == 1
    assert enrolment.events.filter(kind__in=["consented", "declined"]).count() == 1
    assert enrolment.consents.get().agreed == journey.has_consented(enrolment)
    assert enrolment.outcome == ("" if enrolment.consents.get().agreed else "no_consent")


def click(study: Any, client: Client, fields: dict[str, str]) -> None:
    try:
        same_browser(client).post(address(study, "consent/"), fields)
    finally:
        connection.close()
