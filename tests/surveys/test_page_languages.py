"""The language of the pages around the survey: the door, a person's own pages, the conversations."""

import io
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from surveys.models import ConsentDocument, Device, Draft, Enrolment, Participant, Questionnaire, Study
from surveys.panels import links
from tests.factories import make_member, make_study
from tests.surveys.test_questionnaire_languages import HOME, switch
from tests.surveys.visitors import address, arrive, new_panel_id, newcomer, submit, text_of

pytestmark = pytest.mark.django_db
CONSENT = Path(__file__).parent.parent / "e2e" / "consent.yaml"
Marks = tuple[str, str, list[str]]
ENGLISH, ARABIC = ("en", "ltr", ["fr", "ar"]), ("ar", "rtl", ["en", "fr"])


def make_home(kind: str = "prolific") -> Study:
    return make_study(slug="home", questionnaire=Questionnaire.load(HOME), panel={"kind": kind})


def marks(answer: HttpResponse) -> Marks:
    """What the page says of its language, and which others its switch offers."""
    page = LexborHTMLParser(text_of(answer))
    html = page.css_first("html").attributes
    return html["lang"], html["dir"], [node.attributes["value"] for node in page.css("[name=_language]")]


def heading(answer: HttpResponse) -> str:
    return LexborHTMLParser(text_of(answer)).css_first("h1").text()


def press(client: Client, page: HttpResponse, language: str) -> HttpResponse:
    """Press a button of the page's switch, as a browser does, and follow it."""
    form = LexborHTMLParser(text_of(page)).css_first("#switch-language")
    fields = {node.attributes["name"]: node.attributes["value"] for node in form.css("input[type=hidden]")}
    button = LexborHTMLParser(text_of(page)).css_first(f"[name=_language][value={language}]")
    return client.post(button.attributes["formaction"], {**fields, "_language": language}, follow=True)


# A person's own pages


@pytest.mark.parametrize(
    ("rest", "title"), [("mine/", "بياناتك وكيفية التوقف"), ("mine/withdraw/", "الانسحاب من الدراسة")]
)
def test_ones_own_pages_speak_every_language_of_the_study(rest: str, title: str) -> None:
    study = make_home()
    client, _ = newcomer(study)
    page = client.get(address(study, rest))
    assert marks(page) == ENGLISH
    page = press(client, page, "ar")
    assert (page.request["PATH_INFO"], marks(page), heading(page)) == (address(study, rest), ARABIC, title)


def test_ones_own_page_puts_questions_and_answers_in_the_language_chosen() -> None:
    study = make_home()
    client, _ = newcomer(study)
    submit(client, study, "you", {"name": "Ada", "drink": "tea", "land": "DEU"})
    switch(client, study, "ar")
    page = text_of(client.get(address(study, "mine/")))
    assert "ما اسمك؟" in page
    assert "شاي" in page
    assert "ألمانيا" in page
    assert "Your name?" not in page


EVERY_ANSWER = """\
format: prism-questionnaire/1
key: said
title: {en: Said, ar: قيل}
language: en
languages: [en, ar]
pages:
  - key: all
    title: {en: All, ar: الكل}
    minutes: 1
    questions:
      - {key: ok, type: consent, text: {en: OK?, ar: موافق؟}}
      - {key: word, type: text, text: {en: Word?, ar: كلمة؟}, declinable: true}
      - key: rate
        type: sliders
        text: {en: Rate, ar: قيّم}
        scale: {minimum: 0, maximum: 10, low: Low, high: High, not_applicable: true}
        items: [{key: fair, label: {en: Fair, ar: منصف}}]
"""


def test_ones_own_page_says_in_words_what_has_none_in_the_document() -> None:
    study = make_study(questionnaire=Questionnaire.load(EVERY_ANSWER))
    client, _ = newcomer(study)
    submit(client, study, "all", {"ok": "on", "word.declined": "on", "rate.fair__na": "on"})
    switch(client, study, "ar")
    page = LexborHTMLParser(text_of(client.get(address(study, "mine/"))))
    said = [node.text().strip() for node in page.css("details dd")]
    assert said == ["نعم", "أفضّل عدم الإجابة", "منصف: لا ينطبق"]


def test_ones_own_page_names_the_consent_in_the_language_chosen() -> None:
    text = CONSENT.read_text(encoding="utf-8")
    study = make_study(
        questionnaire=Questionnaire.load(HOME), consent_document=ConsentDocument.load_file(text)
    )
    client = Client()
    arrive(client, study, new_panel_id())
    client.post(address(study, "consent/"), {"consent": "on"})
    switch(client, study, "ar")
    page = LexborHTMLParser(text_of(client.get(address(study, "mine/"))))
    assert page.css_first("section[aria-labelledby=agreed] li bdi").text() == "المشاركة في الدراسة"


def test_ones_own_page_puts_each_question_as_it_was_put() -> None:
    study = make_home()
    client, _ = newcomer(study)
    submit(client, study, "you", {"name": "<b>Ada</b>", "drink": "tea"})
    submit(client, study, "then", {"more": "It is warm."})
    page = text_of(client.get(address(study, "mine/")))
    assert "Why Tea in" in page
    assert "{{" not in page
    assert "<b>Ada" not in page
    switch(client, study, "ar")
    late = client.post(address(study, "survey/then/"), {"more": "On second thoughts"})
    assert late.status_code == 409
    assert '<dt dir="auto">Why شاي in' in text_of(late)


def test_the_archive_explains_itself_in_the_language_chosen() -> None:
    study = make_home()
    client, enrolment = newcomer(study)
    switch(client, study, "ar")
    answer = client.get(address(study, "mine/archive.zip"))
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as packed:
        readme = packed.read("README.txt").decode()
    assert f"رمزك هو {enrolment.code}" in readme


@pytest.mark.parametrize("rest", ["mine/", "mine/archive.zip", "my-data.json", "mine/withdraw/"])
def test_an_untrusted_device_is_refused_in_the_language_chosen(rest: str) -> None:
    study = make_home()
    client, _ = newcomer(study)
    switch(client, study, "ar")
    Device.objects.update(is_trusted=False)
    answer = client.get(address(study, rest))
    assert answer.status_code == 403
    assert '<html lang="ar"' in text_of(answer)
    assert heading(answer) == "افتح رابطك الشخصي أولًا"


def test_a_conversation_speaks_and_offers_the_languages_of_prism_alone() -> None:
    study = make_home()
    client, _ = newcomer(study)
    switch(client, study, "ar")
    Enrolment.objects.update(survey_finished_at=timezone.now())
    page = client.get(address(study), follow=True)
    assert page.request["PATH_INFO"] == address(study, "conversations/")
    assert marks(page) == ("en", "ltr", ["fr"])
    assert marks(press(client, page, "fr")) == ("fr", "ltr", ["en"])


# The door


def door_of(kind: str) -> tuple[Study, str]:
    """A study that is entered by a door, and the address of it for somebody new."""
    study = make_home(kind)
    if kind == "open":
        return study, address(study)
    [(_, link)] = links.make(study, 1, make_member(study))
    return study, f"{address(study)}?{link.partition('?')[2]}"


@pytest.mark.parametrize("kind", ["open", "links", "invited"])
def test_the_door_speaks_every_language_of_the_study_and_still_lets_in(kind: str) -> None:
    study, path = door_of(kind)
    client = Client()
    page = client.get(path)
    assert marks(page) == ENGLISH
    page = press(client, page, "ar")
    assert unquote(page.wsgi_request.get_full_path()) == unquote(path)
    assert marks(page) == ARABIC
    assert not Participant.objects.exists()
    form = LexborHTMLParser(text_of(page)).css_first("main form")
    assert form.css_first("button").text() == "ابدأ"
    fields = {node.attributes["name"]: node.attributes["value"] or "" for node in form.css("[type=hidden]")}
    page = client.post(address(study, "begin/"), fields, follow=True)
    assert page.request["PATH_INFO"] == address(study, "consent/")
    assert marks(page) == ARABIC


def test_the_door_speaks_the_language_that_the_browser_asks_for() -> None:
    _, path = door_of("open")
    assert marks(Client().get(path, headers={"accept-language": "ar-EG,fr;q=0.5"})) == ARABIC


def test_the_door_of_a_study_in_one_language_offers_those_of_prism(db) -> None:
    study = make_study(panel={"kind": "open"})
    assert marks(Client().get(address(study))) == ("en", "ltr", ["fr"])


def test_who_is_not_let_in_is_told_so_in_their_language() -> None:
    study = make_home("links")
    client = Client(headers={"accept-language": "ar"})
    for answer in (
        client.get(address(study), {"link": "damaged"}),
        client.post(address(study, "begin/"), {"link": "damaged"}),
    ):
        assert answer.status_code == 400
        assert heading(answer) == "هذا الرابط لا يتيح لك الدخول"
        assert "link" not in LexborHTMLParser(text_of(answer)).css_first(".lead").text()


def test_who_is_not_known_is_told_so_in_their_language() -> None:
    study = make_home()
    for rest in ("survey/", "mine/", "mine/archive.zip", "my-data.json", "mine/withdraw/"):
        answer = Client(headers={"accept-language": "ar"}).get(address(study, rest))
        assert (answer.status_code, heading(answer)) == (403, "يرجى الدخول عبر رابطك")


@pytest.mark.parametrize("rest", ["resume/", "mine/"])
def test_a_personal_link_that_does_not_work_is_explained_in_the_language_of_the_reader(rest: str) -> None:
    client = Client(headers={"accept-language": "ar"})
    answer = client.get(address(make_home(), rest), {"link": "damaged"})
    assert (answer.status_code, heading(answer)) == (404, "هذا الرابط الشخصي لا يعمل")


def test_at_the_door_only_the_studys_languages_can_be_chosen_and_nothing_is_kept() -> None:
    study, _ = door_of("open")
    assert switch(Client(), study, "de").status_code == 400
    assert switch(Client(), study, "ar", name="Ada").status_code == 302
    assert switch(Client(), study, "ar", _draft="survey:you", name="Ada").status_code == 403
    assert not Draft.objects.exists()
    assert not Enrolment.objects.exists()


def test_the_switch_of_the_door_wants_the_token_of_a_form() -> None:
    study, _ = door_of("open")
    assert switch(Client(enforce_csrf_checks=True), study, "ar").status_code == 403


def test_there_is_no_switch_where_there_is_no_study() -> None:
    assert Client().post("/studies/nowhere/language/", {"_language": "fr"}).status_code == 404
