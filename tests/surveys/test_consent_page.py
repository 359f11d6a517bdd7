"""The coordinator's page of a consent document: storing versions, asking again, and who may."""

from typing import Any

import pytest
from django.test import Client

from surveys.models import AuditEvent, Consent, ConsentDocument, Enrolment, Study
from tests.conversations.talking import at_once
from tests.factories import CONSENT_BOXES, make_enrolment, make_member
from tests.surveys.test_consent_documents import FILE
from tests.surveys.visitors import (
    START,
    address,
    agree,
    arrive,
    make_small_study,
    new_panel_id,
    newcomer,
    submit,
    text_of,
    where,
)

pytestmark = pytest.mark.django_db
PLAIN = FILE.replace("reconsent: true", "reconsent: false")


@pytest.fixture
def study() -> Study:
    return make_small_study(
        consent_document=ConsentDocument.load_file(PLAIN.replace("I agree", "I do agree"))
    )


@pytest.fixture
def owner(study) -> Client:
    return signed_in(make_member(study, "owner"))


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def path(study: Study, rest: str = "") -> str:
    return f"/coordinate/studies/{study.slug}/consent/{rest}"


def store(client: Client, study: Study, text: str, base: object = None) -> Any:
    return client.post(path(study), {"text": text, "base": base or study.consent_document_id})


def test_the_page_shows_the_text_every_language_and_the_versions(owner, study):
    page = text_of(owner.get(path(study)))
    assert "key: values" in page
    for words in ("What you do", "Ce que vous ferez", "ما ستفعله", 'dir="rtl"'):
        assert words in page
    assert "in use" in page
    assert study.consent_document.sha256[:12] in page


def test_a_changed_text_becomes_the_next_version_and_leaves_a_trace(owner, study):
    assert store(owner, study, PLAIN).status_code == 302
    study.refresh_from_db()
    assert (study.consent_document.version, study.consent_document.document) == (2, PLAIN)
    event = AuditEvent.objects.get(action="consent.changed")
    assert event.subject == "values v2"
    assert event.detail == {"sha256": study.consent_document.sha256, "reconsent": False}


def test_faults_are_shown_with_their_lines_and_nothing_is_stored(owner, study):
    before = ConsentDocument.objects.count()
    answer = store(owner, study, PLAIN.replace("key: publication", "key: consent"))
    assert answer.status_code == 422
    page = text_of(answer)
    assert "line 16" in page
    assert "1 problem; it cannot be stored yet." in page
    assert ConsentDocument.objects.count() == before


def test_the_preview_stores_nothing_and_shows_faults_too(owner, study):
    good = text_of(owner.post(path(study, "preview/"), {"text": PLAIN.replace("I agree", "So be it")}))
    assert "So be it" in good
    bad = text_of(owner.post(path(study, "preview/"), {"text": "format: x"}))
    assert "line 1" in bad
    assert "So be it" not in "".join(ConsentDocument.objects.values_list("document", flat=True))


def test_hostile_words_stay_words(owner, study):
    text = PLAIN.replace("What you do", "<script>alert(1)</script>").replace("I agree", "<img src=x>")
    page = text_of(owner.post(path(study, "preview/"), {"text": text}))
    assert "<script>alert" not in page
    assert "<img" not in page


def test_another_key_is_refused_because_proofs_would_mix(owner, study):
    answer = store(owner, study, PLAIN.replace("key: values", "key: others"))
    assert answer.status_code == 409
    assert "Keep that one" in text_of(answer)


def test_of_two_who_store_at_once_the_second_is_told(owner, study):
    base = study.consent_document_id
    assert store(owner, study, PLAIN, base).status_code == 302
    answer = store(owner, study, FILE, base)
    assert answer.status_code == 409
    assert "Somebody else changed the document" in text_of(answer)
    study.refresh_from_db()
    assert study.consent_document.document == PLAIN


@pytest.mark.django_db(transaction=True)
def test_two_requests_in_the_same_moment_leave_one_version_in_use():
    study = make_small_study(consent_document=ConsentDocument.load_file(FILE))
    client, base = signed_in(make_member(study, "owner")), study.consent_document_id
    texts = [PLAIN.replace("I agree", word) for word in ("Sure", "Indeed")]

    def post(text: str) -> int:
        mine = Client()
        mine.cookies = client.cookies
        return store(mine, study, text, base).status_code

    codes = at_once(lambda: post(texts[0]), lambda: post(texts[1]))
    assert sorted(codes) == [302, 409]
    assert AuditEvent.objects.filter(action="consent.changed").count() == 1


def test_a_study_without_a_document_begins_with_the_one_that_is_shipped():
    study = make_small_study(consent_document=None)
    owner = signed_in(make_member(study, "owner"))
    assert "prism-consent/1" in text_of(owner.get(path(study)))
    assert owner.post(path(study), {"text": PLAIN, "base": ""}).status_code == 302
    study.refresh_from_db()
    assert study.consent_document.document == PLAIN


def test_a_version_is_shown_as_people_saw_it_and_only_those_of_the_study(owner, study):
    old = study.consent_document
    newcomer(study)
    store(owner, study, FILE)
    page = text_of(owner.get(path(study, f"versions/{old.pk}/")))
    assert "I do agree" in page
    assert old.sha256 in page
    foreign = ConsentDocument.load("foreign", "Secret", "Body", CONSENT_BOXES)
    assert owner.get(path(study, f"versions/{foreign.pk}/")).status_code == 404


def test_the_versions_say_how_many_agreed_without_test_data(owner, study):
    newcomer(study)
    newcomer(study)
    tester = make_enrolment(study, is_test=True)
    Consent.objects.create(
        enrolment=tester, document=study.consent_document, document_sha256="x", agreed=True
    )
    page = text_of(owner.get(path(study, f"versions/{study.consent_document_id}/")))
    assert "Agreed to by 2" in page


@pytest.mark.parametrize(("role", "status"), [("coordinator", 200), ("analyst", 403), ("annotator", 403)])
def test_members_see_it_as_their_role_allows(study, role, status):
    client = signed_in(make_member(study, role))
    assert client.get(path(study)).status_code == status
    if status != 200:
        assert store(client, study, FILE).status_code == status
        assert client.post(path(study, "preview/"), {"text": FILE}).status_code == status
        assert client.get(path(study, f"versions/{study.consent_document_id}/")).status_code == status


def test_a_stranger_does_not_learn_that_there_is_a_study(study):
    stranger = signed_in(make_member(make_small_study(), "owner"))
    for answer in (stranger.get(path(study)), store(stranger, study, FILE)):
        assert answer.status_code == 404
    assert Client().get(path(study)).status_code == 302


def test_the_form_needs_its_token(study):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_member(study, "owner"))
    assert store(strict, study, FILE).status_code == 403


# What it means for people


def test_who_agreed_keeps_their_version_when_the_new_one_does_not_ask(owner, study):
    client, enrolment = newcomer(study)
    submit(client, study, "start", START)
    store(owner, study, PLAIN)
    assert where(client, study) == "survey/use/"
    assert enrolment.consents.get().document.version == 1
    late, theirs = newcomer(study)
    assert theirs.consents.get().document.version == 2
    assert where(late, study) == "survey/start/"


def test_a_version_that_asks_again_stops_everybody_on_the_way_and_keeps_what_they_sent(owner, study):
    client, enrolment = newcomer(study)
    submit(client, study, "start", START)
    store(owner, study, FILE)
    enrolment.refresh_from_db()
    assert enrolment.stage == "consent"
    assert submit_again(client, study).context["onward"] == address(study, "consent/")
    page = text_of(client.get(address(study, "consent/")))
    assert "This text has changed since you agreed to it." in page
    assert "We ask for one thing more." in page
    agree(client, study)
    assert where(client, study) == "survey/use/"
    assert enrolment.page_submissions.count() == 1


def submit_again(client: Client, study: Study) -> Any:
    return client.post(address(study, "survey/use/"), {"purposes": ["work"]})


def test_a_version_between_that_asks_again_is_not_skipped(owner, study):
    client, _ = newcomer(study)
    store(owner, study, FILE)
    study.refresh_from_db()
    store(owner, study, PLAIN)
    assert where(client, study) == "consent/"


def test_who_is_done_is_not_asked_again(owner, study):
    client, enrolment = newcomer(study)
    Enrolment.objects.filter(pk=enrolment.pk).update(
        outcome="complete", outcome_at=enrolment.arrived_at, stage="done"
    )
    store(owner, study, FILE)
    assert where(client, study) == "done/"


def test_people_read_it_in_their_language_and_the_proof_says_which(study):
    client = Client(headers={"Accept-Language": "fr"})
    arrive(client, study, new_panel_id())
    page = text_of(client.get(address(study, "consent/")))
    assert "Ce que vous ferez" in page
    assert 'lang="fr"' in page
    client.post(address(study, "consent/"), {"consent": "on"})
    proof = Consent.objects.get()
    assert (proof.language, proof.boxes) == ("fr", {"consent": True, "publication": False})


def test_the_debriefing_is_shown_to_those_who_are_done_and_to_nobody_else(owner, study):
    client, enrolment = newcomer(study)
    for outcome, is_shown in (("complete", True), ("screened_out", False)):
        Enrolment.objects.filter(pk=enrolment.pk).update(
            outcome=outcome, outcome_at=enrolment.arrived_at, stage="done"
        )
        assert ("<strong>Thank you.</strong>" in text_of(client.get(address(study, "done/")))) is is_shown


def test_researcher_and_ethics_board_stand_on_every_page(study):
    Study.objects.filter(pk=study.pk).update(
        contact_name="Ada",
        contact_email="ada@example.org",
        ethics_board="Board",
        ethics_email="b@example.org",
    )
    client, _ = newcomer(study)
    for page in ("survey/start/", "mine/", "mine/withdraw/"):
        html = text_of(client.get(address(study, page)))
        assert 'href="mailto:ada@example.org"' in html
        assert 'href="mailto:b@example.org"' in html
        assert "Ethics board: Board" in html
