"""Texts in several languages and texts with earlier answers in them: what is read, refused and shown."""

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from surveys.models import Answer, Draft, PageSubmission, Questionnaire
from surveys.questionnaires import filled, parse
from tests.factories import make_study
from tests.surveys.test_questionnaires import problems_of, the_problem_of
from tests.surveys.visitors import address, newcomer, submit, text_of

HOME = """\
format: prism-questionnaire/1
key: home
title: {en: At home, fr: Chez vous, ar: في المنزل}
language: en
languages: [en, fr, ar]
pages:
  - key: you
    title: {en: About you, fr: Sur vous, ar: عنك}
    minutes: 1
    questions:
      - {key: name, type: text, text: {en: Your name?, fr: Votre nom ?, ar: ما اسمك؟}, required: false}
      - key: drink
        type: single
        text: {en: Tea or coffee?, fr: Thé ou café ?}
        options:
          - {value: tea, label: {en: Tea, fr: Thé, ar: شاي}}
          - {value: other, label: {en: Another, fr: Autre, ar: غيره}, asks_text: true}
      - {key: land, type: country, text: {en: Country?, fr: Pays ?, ar: البلد؟}, required: false}
  - key: then
    title: {en: 'Well, {{answer:name|you}}', fr: 'Eh bien, {{answer:name|vous}}'}
    minutes: 1
    questions:
      - key: more
        type: long_text
        text: {en: 'Why {{answer:drink}} in {{study:locale}}?', fr: 'Pourquoi {{ answer:drink }} ?'}
      - key: arabic
        type: text
        text: Only here.
        show_if: {study: language, is: ar}
"""
ONE_LINE = "      - {key: q, type: text, text: %s}\n"


@pytest.fixture
def study(db):
    return make_study(slug="home", questionnaire=Questionnaire.load(HOME))


@pytest.fixture
def person(study) -> Client:
    return newcomer(study)[0]


def shown(client: Client, study, page: str) -> LexborHTMLParser:
    return LexborHTMLParser(text_of(client.get(address(study, f"survey/{page}/"))))


def switch(client: Client, study, language: str, **fields: str):
    return client.post(address(study, "language/"), {"_language": language, **fields})


# What is read


def test_a_file_is_read_once_for_each_of_its_languages() -> None:
    document = parse(HOME)
    assert document.languages == ("en", "fr", "ar")
    french = document.in_language("fr")
    assert (french.title, french.page("you").title) == ("Chez vous", "Sur vous")
    assert french.question("name").text == "Votre nom ?"
    assert document.question("name").text == "Your name?"


def test_values_keys_and_answers_are_the_same_in_every_language() -> None:
    document = parse(HOME)
    for code in document.languages:
        other = document.in_language(code)
        assert [page.answer_keys for page in other.pages] == [page.answer_keys for page in document.pages]
        for question in document.questions():
            assert sorted(other.question(question.key).values) == sorted(question.values)


def test_countries_are_called_as_the_language_calls_them() -> None:
    document = parse(HOME)
    named = {
        code: document.in_language(code).question("land").option("DEU").label for code in document.languages
    }
    assert named == {"en": "Germany", "fr": "Allemagne", "ar": "ألمانيا"}


def test_a_missing_translation_is_the_documents_own_text_and_says_so() -> None:
    arabic = parse(HOME).in_language("ar")
    assert (arabic.question("drink").text, arabic.question("drink").text.lang) == ("Tea or coffee?", "en")
    assert getattr(arabic.question("name").text, "lang", "") == ""


@pytest.mark.parametrize(
    ("code", "language"),
    [("fr", "fr"), ("FR", "fr"), ("fr-CA", "fr"), ("en-GB", "en"), ("de", "en"), ("", "en")],
)
def test_a_variety_leads_to_its_language_and_an_unknown_one_to_the_documents_own(
    code: str, language: str
) -> None:
    assert parse(HOME).in_language(code).language == language


HEAD = "format: prism-questionnaire/1\nkey: small\ntitle: Small\nlanguage: en\n"
PAGES = "pages:\n  - key: first\n    title: First\n    minutes: 1\n    questions:\n"
SECOND = "  - key: second\n    title: Second\n    minutes: 1\n    questions:\n"
EARLIER = PAGES + "      - {key: name, type: text, text: Name?}\n"
REFUSED = {
    "a language that is not offered": (
        HEAD + PAGES + ONE_LINE % "{en: Say, fr: Dites}",
        10,
        "pages[0].questions[0].text.fr",
        "not among the document's “languages”",
    ),
    "a text without the document's own": (
        HEAD + "languages: [en, fr]\n" + PAGES + ONE_LINE % "{fr: Dites}",
        11,
        "pages[0].questions[0].text",
        "lacks the document's own language",
    ),
    "languages without the document's own": (
        HEAD + "languages: [fr]\n" + PAGES + ONE_LINE % "Say",
        5,
        "languages",
        "the document's own language too",
    ),
    "a language given twice": (
        HEAD + "languages: [en, en]\n" + PAGES + ONE_LINE % "Say",
        5,
        "languages[1]",
        "given twice",
    ),
    "a text that is empty in one language": (
        HEAD + "languages: [en, fr]\n" + PAGES + ONE_LINE % "{en: Say, fr: ''}",
        11,
        "pages[0].questions[0].text.fr",
        "is empty",
    ),
    "a text in no language": (
        HEAD + PAGES + ONE_LINE % "{}",
        10,
        "pages[0].questions[0].text",
        "empty group",
    ),
    "a text whose key is no language": (
        HEAD + PAGES + ONE_LINE % "{english: Say}",
        10,
        "pages[0].questions[0].text.english",
        "BCP 47",
    ),
    "an answer to no question": (
        HEAD + EARLIER + SECOND + ONE_LINE % "'Dear {{answer:nmae}}'",
        15,
        "pages[1].questions[0].text",
        "no question “nmae” on a page before",
    ),
    "an answer of the same page": (
        HEAD + EARLIER + ONE_LINE % "'Dear {{answer:name}}'",
        11,
        "pages[0].questions[1].text",
        "on a page before this one",
    ),
    "an answer that is no words": (
        HEAD
        + PAGES
        + "      - {key: ok, type: consent, text: OK?}\n"
        + SECOND
        + ONE_LINE % "'{{answer:ok}}'",
        15,
        "pages[1].questions[0].text",
        "type consent cannot be put into a text",
    ),
    "a field that no study has": (
        HEAD + PAGES + ONE_LINE % "'In {{study:town}}'",
        10,
        "pages[0].questions[0].text",
        "no field “town”",
    ),
    "braces that are no pipe": (
        HEAD + PAGES + ONE_LINE % "'In {{locale}}'",
        10,
        "pages[0].questions[0].text",
        "{{answer:key}}",
    ),
    "an answer in the title of all": (
        (HEAD + EARLIER).replace("title: Small", "title: 'For {{answer:name}}'"),
        3,
        "title",
        "no question “name”",
    ),
}


@pytest.mark.parametrize(("text", "line", "where", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_fault_of_texts_is_refused_with_its_line(text: str, line: int, where: str, reason: str) -> None:
    assert the_problem_of(text)[:2] == (line, where)
    assert reason in the_problem_of(text)[2]


def test_a_pipe_is_checked_in_every_language() -> None:
    text = HEAD + "languages: [en, fr]\n" + PAGES + ONE_LINE % "{en: '{{answer:a}}', fr: '{{answer:b}}'}"
    assert [where for _, where, _ in problems_of(text)] == [
        "pages[0].questions[0].text.en",
        "pages[0].questions[0].text.fr",
    ]


# Answers in texts


def question_text(answers: dict, language: str = "en") -> tuple[str, str]:
    document = parse(HOME).in_language(language).for_person("seed", {"locale": "uk"})
    page = filled(document, document.page("then"), answers)
    return page.title, page.questions[0].text


def test_answers_and_fields_stand_in_texts_by_their_labels() -> None:
    assert question_text({"name": "Ada", "drink": "tea"}) == ("Well, Ada", "Why Tea in uk?")
    assert question_text({"name": "Ada", "drink": "tea"}, "fr") == ("Eh bien, Ada", "Pourquoi Thé ?")


def test_what_was_typed_beside_an_option_stands_for_it() -> None:
    assert question_text({"drink": "other", "drink_text": {"other": "Maté"}})[1] == "Why Maté in uk?"


@pytest.mark.parametrize("nothing", [{}, {"name": None}, {"name": ""}, {"name": "Prefer not to say"}])
def test_without_an_answer_the_words_behind_the_bar_stand(nothing: dict) -> None:
    assert question_text(nothing)[0] == "Well, you"


@given(st.text())
def test_an_answer_is_never_read_as_a_pipe(words: str) -> None:
    title = question_text({"name": words, "drink": "tea"})[0]
    assert title == f"Well, {words or 'you'}" or words == "Prefer not to say"


def test_an_answer_in_a_text_is_escaped(study, person) -> None:
    submit(person, study, "you", {"name": "<script>alert(1)</script>{{answer:drink}}", "drink": "tea"})
    page = shown(person, study, "then")
    assert page.css_first("h1").text() == "Well, <script>alert(1)</script>{{answer:drink}}"
    assert not page.css("h1 script")


# The switch


def test_the_switch_offers_the_documents_languages_by_their_own_names(study, person) -> None:
    page = shown(person, study, "you")
    assert [(b.attributes["value"], b.text()) for b in page.css("[name=_language]")] == [
        ("fr", "Français"),
        ("ar", "العربيّة"),
    ]


def test_a_study_in_one_language_offers_those_of_prism(db) -> None:
    study = make_study()
    client = newcomer(study)[0]
    page = shown(client, study, "familiarity")
    assert [button.attributes["value"] for button in page.css("[name=_language]")] == ["fr"]


def test_switching_keeps_what_was_typed_and_shows_the_page_in_the_language(study, person) -> None:
    path = address(study, "survey/you/")
    answer = switch(person, study, "ar", _next=path, _draft="survey:you", name="Ada", drink="tea")
    assert answer["Location"] == path
    page = LexborHTMLParser(text_of(person.get(path)))
    html = page.css_first("html")
    assert (html.attributes["lang"], html.attributes["dir"]) == ("ar", "rtl")
    assert page.css_first("h1").text() == "عنك"
    assert page.css_first("[name=name]").attributes["value"] == "Ada"
    assert page.css_first("[name=drink][checked]").attributes["value"] == "tea"
    assert page.css_first("legend [lang=en]").text() == "Tea or coffee?"
    assert Draft.objects.get().fields == {"name": ["Ada"], "drink": ["tea"]}


def test_a_page_of_prism_in_another_language_keeps_the_texts_of_the_document(db) -> None:
    study = make_study()
    client = newcomer(study)[0]
    switch(client, study, "fr")
    page = shown(client, study, "familiarity")
    assert page.css_first("html").attributes["lang"] == "fr"
    assert page.css_first("h1").attributes["lang"] == "en"


def test_a_language_that_is_not_offered_changes_nothing(study, person) -> None:
    for language in ("de", "", "en\n", "tlh"):
        assert switch(person, study, language).status_code == 400, language
        assert shown(person, study, "you").css_first("html").attributes["lang"] == "en"


def test_the_switch_leads_only_to_pages_of_ours(study, person) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)", ""):
        assert switch(person, study, "fr", _next=elsewhere)["Location"] == address(study)


def test_a_draft_without_a_proper_name_is_not_kept(study, person) -> None:
    for draft in ("", "a b", "x" * 121, "survey:you\n"):
        assert switch(person, study, "fr", _draft=draft, name="Ada").status_code == 302, draft
        assert not Draft.objects.exists()


def test_a_stranger_can_switch_nothing(study) -> None:
    assert switch(Client(), study, "fr", _draft="survey:you", name="Ada").status_code == 403
    assert not Draft.objects.exists()


def test_the_switch_wants_the_token_of_a_form(study, person) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = person.cookies
    assert switch(strict, study, "fr").status_code == 403


def test_a_browser_that_asks_for_a_language_of_the_study_gets_it(study, person) -> None:
    page = person.get(address(study, "survey/you/"), headers={"accept-language": "ar-EG,fr;q=0.5"})
    assert '<html lang="ar"' in text_of(page)


def test_the_language_of_each_page_is_stored_and_values_do_not_depend_on_it(study, person) -> None:
    switch(person, study, "ar")
    submit(person, study, "you", {"drink": "tea", "land": "DEU"})
    assert PageSubmission.objects.get().language == "ar"
    assert set(Answer.objects.values_list("question", "value")) >= {("drink", "tea"), ("land", "DEU")}
    page = shown(person, study, "then")
    assert page.css_first("[name=arabic]")
    assert page.css_first("h1 [lang=en]").text() == "Well, you"


def test_a_question_for_one_language_is_not_shown_in_another(study, person) -> None:
    submit(person, study, "you", {"drink": "tea"})
    assert not shown(person, study, "then").css("[name=arabic]")
    submit(person, study, "then", {"more": "It is warm."})
    assert Answer.objects.get(question="arabic").status == "not_shown"
