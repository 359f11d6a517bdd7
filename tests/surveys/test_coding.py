"""Coding self-descriptions: two people blind to one another, rulings, and who may see the texts."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys import coding, erasure
from surveys.coding import schemes, texts
from surveys.models import (
    Answer,
    AuditEvent,
    Coding,
    CodingRuling,
    CodingScheme,
    CodingSuggestion,
    Questionnaire,
)
from surveys.models.journey import TEXT_SUFFIX
from surveys.models.people import Role
from surveys.questionnaires import QuestionnaireError
from surveys.questionnaires.schema import questionnaire_schema
from tests.conversations.talking import at_once
from tests.factories import make_enrolment, make_member, make_study, submit_page

pytestmark = pytest.mark.django_db
WORDS = "British Indian"


@pytest.fixture
def study():
    return make_study(slug="values")


@pytest.fixture
def person(study):
    return make_enrolment(study, finished_survey=True)


@pytest.fixture
def scheme(db):
    return schemes.current("ethnicity")


def coder(study, role=Role.COORDINATOR):
    return make_member(study, role, may_export_full=True)


def at(study, rest: str = "") -> str:
    return f"/coordinate/studies/{study.slug}/coding/{rest}"


def text_of(study, scheme):
    return texts.to_code(study, scheme).get()


def send(client, user, study, category, answer):
    client.force_login(user)
    return client.post(at(study, "ethnicity/"), {"answer": answer.pk, "category": category})


def test_a_coder_sees_the_text_with_a_suggestion_that_chooses_nothing(client, study, person):
    client.force_login(coder(study))
    answer = client.get(at(study, "ethnicity/"))
    page = answer.content.decode()
    assert WORDS in page
    assert answer.context["suggested"] == "Asian"
    assert " checked" not in page


def test_two_equal_codes_decide(client, study, person, scheme):
    answer = text_of(study, scheme)
    assert coding.coded_value(person, "ethnicity") is None
    send(client, coder(study), study, "Asian", answer)
    assert coding.coded_value(person, "ethnicity") is None
    send(client, coder(study), study, "Asian", answer)
    assert coding.coded_value(person, "ethnicity") == "Asian"
    assert texts.words(text_of(study, scheme)) == WORDS
    assert AuditEvent.objects.filter(study=study, action="coding.coded").count() == 2
    assert WORDS not in str(list(AuditEvent.objects.values()))


def test_no_coder_learns_the_others_code_before_both_are_in(client, study, person, scheme):
    first, second = coder(study), coder(study)
    before = seen_by(client, second, study)
    send(client, first, study, "Mixed", text_of(study, scheme))
    assert seen_by(client, second, study) == before
    client.force_login(second)
    for rest in ("", "ethnicity/rulings/"):
        page = client.get(at(study, rest)).content.decode()
        assert "Mixed" not in page
        assert first.email not in page


def seen_by(client, user, study) -> str:
    """The page of the next text, without the token that changes with every request."""
    client.force_login(user)
    page = client.get(at(study, "ethnicity/")).content.decode()
    return re.sub(r'(value="|&quot;|: ")[A-Za-z0-9]{64}', "", page)


def test_a_coder_codes_a_text_once_and_gets_the_next_one(client, study, person, scheme):
    user, answer = coder(study), text_of(study, scheme)
    other = make_enrolment(study, finished_survey=True)
    send(client, user, study, "Asian", answer)
    send(client, user, study, "White", answer)
    assert [row.category for row in Coding.objects.filter(coder=user)] == ["Asian"]
    assert client.get(at(study, "ethnicity/")).context["answer"].submission.enrolment == other


def test_texts_that_wait_for_a_second_code_come_first(study, person, scheme):
    make_enrolment(study, finished_survey=True)
    later = texts.to_code(study, scheme).order_by("-pk").first()
    texts.code(study, scheme, later, coder(study), "Asian")
    assert texts.next_text(study, scheme, coder(study)) == later


def test_the_next_text_comes_with_how_many_are_left_for_this_coder(study, scheme):
    for _ in range(3):
        make_enrolment(study, finished_survey=True)
    first, second = coder(study), coder(study)
    left = []
    while text := texts.next_text(study, scheme, first):
        assert text.left == texts.progress(study, [scheme], first)[scheme.key].left
        left.append(text.left)
        texts.code(study, scheme, text, first, "White")
    assert left == [3, 2, 1]
    assert texts.next_text(study, scheme, second).left == 3


def test_a_third_code_is_refused(client, study, person, scheme):
    answer = text_of(study, scheme)
    for _ in range(3):
        send(client, coder(study), study, "Asian", answer)
    assert Coding.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_who_code_a_text_at_the_same_moment_two_are_counted():
    study = make_study()
    make_enrolment(study, finished_survey=True)
    scheme = schemes.current("ethnicity")
    answer = text_of(study, scheme)
    people = [coder(study) for _ in range(6)]
    results = at_once(*(lambda who=who: texts.code(study, scheme, answer, who, "Asian") for who in people))
    assert sorted(type(result).__name__ for result in results) == ["Coding"] * 2 + ["CodingError"] * 4
    assert sorted(Coding.objects.values_list("place", flat=True)) == [1, 2]


def disagree(study, scheme):
    answer = text_of(study, scheme)
    coders = [coder(study), coder(study)]
    for who, category in zip(coders, ["Asian", "Mixed"], strict=True):
        texts.code(study, scheme, answer, who, category)
    return answer, coders


def decide(client, user, study, answer, category="Asian", reason="Says so in plain words."):
    client.force_login(user)
    sent = {"answer": answer.pk, "category": category, "reason": reason}
    return client.post(at(study, "ethnicity/rulings/"), sent)


def test_where_codes_differ_a_third_person_decides_with_a_reason(client, study, person, scheme):
    answer, _coders = disagree(study, scheme)
    assert coding.coded_value(person, "ethnicity") is None
    judge = coder(study)
    assert decide(client, judge, study, answer, reason="").status_code == 422
    page = client.get(at(study, "ethnicity/rulings/")).content.decode()
    assert "Mixed</span>" in page
    decide(client, judge, study, answer)
    assert coding.coded_value(person, "ethnicity") == "Asian"
    ruling = CodingRuling.objects.get()
    assert (ruling.by, ruling.reason) == (judge, "Says so in plain words.")


def test_a_coder_does_not_rule_on_their_own_text_unless_they_own_the_study(client, study, person, scheme):
    answer, coders = disagree(study, scheme)
    decide(client, coders[0], study, answer)
    assert not CodingRuling.objects.exists()
    study.memberships.filter(user=coders[0]).update(role=Role.OWNER)
    decide(client, coders[0], study, answer)
    assert CodingRuling.objects.get().by == coders[0]


def test_what_is_agreed_or_ruled_is_not_ruled_again(client, study, person, scheme):
    answer, _coders = disagree(study, scheme)
    decide(client, coder(study), study, answer)
    decide(client, coder(study), study, answer, category="White")
    assert CodingRuling.objects.get().category == "Asian"


def test_progress_and_agreement_are_shown_with_n_and_interval(client, study, person, scheme):
    disagree(study, scheme)
    client.force_login(make_member(study, Role.ANALYST))
    answer = client.get(at(study))
    line = next(row for row in answer.context["rows"] if row["scheme"].key == "ethnicity")
    assert (line["total"], line["counts"]["contested"], line["agreement"].n) == (1, 1, 1)
    page = answer.content.decode()
    assert "n = 1" in page
    assert WORDS not in page


def test_a_new_text_of_the_person_needs_new_codes(study, person, scheme):
    old = text_of(study, scheme)
    for _ in range(2):
        texts.code(study, scheme, old, coder(study), "Asian")
    choice = "Self-describe [please type]"
    submit_page(
        person, person.devices.get(), "background", {"ethnicity": choice, "ethnicity_text": {choice: "White"}}
    )
    assert coding.coded_value(person, "ethnicity") is None
    assert texts.words(text_of(study, scheme)) == "White"


def test_test_data_and_declined_answers_are_not_coded(study, scheme):
    make_enrolment(study, finished_survey=True, is_test=True)
    declined = {"ethnicity": "Prefer not to say", "ethnicity_text": None}
    make_enrolment(study, finished_survey=True, answers=declined)
    assert not texts.to_code(study, scheme).exists()


def test_an_edited_scheme_is_a_new_version_under_which_nothing_is_coded_yet(study, person, monkeypatch):
    first = schemes.current("ethnicity")
    for _ in range(2):
        texts.code(study, first, text_of(study, first), coder(study), "Asian")
    changed = schemes.shipped("ethnicity").replace("title: Ethnicity", "title: Ethnic group")
    monkeypatch.setattr(schemes, "shipped", lambda key: changed)
    second = schemes.current("ethnicity")
    assert (first.version, second.version) == (1, 2)
    assert coding.coded_value(person, "ethnicity") is None
    assert first.codings.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_processes_store_a_new_scheme_once():
    rows = at_once(*[lambda: schemes.current("religion")] * 4)
    assert {row.pk for row in rows} == set(CodingScheme.objects.values_list("pk", flat=True))
    assert CodingScheme.objects.count() == 1


def test_with_a_person_go_their_codes_rulings_and_suggestions(study, person, scheme):
    answer, _coders = disagree(study, scheme)
    texts.rule(study, scheme, answer, coder(study), "Asian", "Says so.")
    CodingSuggestion.objects.create(answer=answer, scheme=scheme, source="a model", category="Asian")
    other = make_enrolment(study, finished_survey=True)
    kept = texts.to_code(study, scheme).get(submission__enrolment=other)
    texts.code(study, scheme, kept, coder(study), "Asian")
    erasure.erase(person.participant, reason="asked for it")
    assert list(Coding.objects.values_list("answer", flat=True)) == [kept.pk]
    assert not CodingRuling.objects.exists()
    assert not CodingSuggestion.objects.exists()
    assert list(texts.to_code(study, scheme)) == [kept]


def test_a_category_outlives_the_text_where_only_texts_are_erased(study, person, scheme):
    answer, _coders = disagree(study, scheme)
    texts.rule(study, scheme, answer, coder(study), "Asian", "Says British Indian.")
    erasure.clear(study.enrolments.all(), frozenset({erasure.Part.TEXTS}), reason="the period is over")
    assert not texts.to_code(study, scheme).exists()
    assert coding.coded_value(person, "ethnicity") == "Asian"
    assert CodingRuling.objects.get().reason == ""


def test_who_may_see_figures_and_who_the_texts(client, study, person, scheme):
    for role, full, figures, words in (
        (Role.OWNER, True, 200, 200),
        (Role.OWNER, False, 200, 403),
        (Role.ANALYST, False, 200, 403),
        (Role.ANNOTATOR, True, 403, 200),
        (Role.ANNOTATOR, False, 403, 403),
        (None, False, 404, 404),
    ):
        user = make_member(study, role, may_export_full=full) if role else coder(make_study())
        client.force_login(user)
        assert client.get(at(study)).status_code == figures, (role, full)
        for rest in ("ethnicity/", "ethnicity/rulings/"):
            assert client.get(at(study, rest)).status_code == words, (role, full)
            if words != 200:
                code = {"answer": text_of(study, scheme).pk, "category": "Asian"}
                assert client.post(at(study, rest), code).status_code == words, (role, full)
        assert words == 200 or not Coding.objects.exists()


def test_a_text_of_another_study_cannot_be_coded(client, study, person, scheme):
    other = make_study()
    make_enrolment(other, finished_survey=True)
    client.force_login(coder(other))
    answer = text_of(study, scheme)
    for rest in ("ethnicity/", "ethnicity/rulings/"):
        sent = {"answer": answer.pk, "category": "Asian", "reason": "Because I can."}
        assert client.post(at(other, rest), sent).status_code == 404
    assert not Coding.objects.exists()


@pytest.mark.parametrize("category", ["", "Martian", "<script>"])
def test_only_a_category_of_the_scheme_is_a_code(client, study, person, scheme, category):
    send(client, coder(study), study, category, text_of(study, scheme))
    assert not Coding.objects.exists()


def test_a_scheme_that_the_study_does_not_ask_for_is_not_found(client):
    study = make_study(questionnaire=None)
    client.force_login(coder(study))
    assert client.get(at(study, "ethnicity/")).status_code == 404
    assert "Nothing to code" in client.get(at(study)).content.decode()


def test_the_overview_of_many_texts_takes_few_queries(client, study, django_assert_max_num_queries):
    for _ in range(5):
        make_enrolment(study, finished_survey=True)
    client.force_login(coder(study))
    client.get(at(study))
    with django_assert_max_num_queries(12):
        client.get(at(study))


OWN_SCHEMES = """\
format: prism-questionnaire/1
key: own-schemes
title: Who you are
language: en
pages:
  - key: who
    title: About you
    minutes: 1
    questions:
      - key: faith
        type: single
        text: Your religion or belief?
        coding: religion
        options: [None of them, {value: Mine, asks_text: true, needs_coding: true}]
      - {key: origins, type: long_text, text: "How do you describe your ethnicity?", coding: ethnicity}
      - key: gender
        type: single
        text: Your gender?
        options: [Woman, {value: Mine, asks_text: true, needs_coding: true}]
"""


def test_a_question_of_any_key_names_its_scheme_and_a_text_may_too(client):
    study = make_study(questionnaire=Questionnaire.load(OWN_SCHEMES))
    person = make_enrolment(study)
    said = {"faith": "Mine", "faith_text": {"Mine": "Zen"}, "origins": "Zulu", "gender": "Woman"}
    submit_page(person, person.devices.get(), "who", said)
    assert [row.key for row in texts.schemes_of(study)] == ["ethnicity", "religion", "gender"]
    for scheme, words, category in (
        ("religion", "Zen", "Buddhist"),
        ("ethnicity", "Zulu", "Black / African"),
    ):
        answer = texts.to_code(study, schemes.current(scheme)).get()
        assert texts.words(answer) == words
        for _ in range(2):
            client.force_login(coder(study))
            page = client.get(at(study, f"{scheme}/"))
            assert page.context["suggested"] == category
            client.post(at(study, f"{scheme}/"), {"answer": answer.pk, "category": category})
    assert coding.coded_values([person.pk]) == {
        person.pk: {"faith": "Buddhist", "origins": "Black / African"}
    }
    rows = {line["scheme"].key: line for line in client.get(at(study)).context["rows"]}
    assert {key: line["decided"] for key, line in rows.items()} == {
        "ethnicity": 1,
        "religion": 1,
        "gender": 0,
    }


def test_two_questions_may_share_a_scheme(client):
    twice = OWN_SCHEMES.replace("key: origins, type: long_text", "key: parents, type: text").replace(
        "coding: ethnicity", "coding: religion"
    )
    study = make_study(questionnaire=Questionnaire.load(twice))
    person = make_enrolment(study)
    said = {"faith": "Mine", "faith_text": {"Mine": "Zen"}, "parents": "Sunni", "gender": "Woman"}
    submit_page(person, person.devices.get(), "who", said)
    row = schemes.current("religion")
    for answer in texts.to_code(study, row):
        for _ in range(2):
            category = {"Zen": "Buddhist", "Sunni": "Muslim"}[texts.words(answer)]
            texts.code(study, row, answer, coder(study), category)
    assert coding.coded_values([person.pk]) == {person.pk: {"faith": "Buddhist", "parents": "Muslim"}}
    assert texts.progress(study, [row], coder(study))["religion"].counts.total() == 2


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ("coding: religion", "coding: religon", 13, "Did you mean “religion”"),
        ("coding: religion", "coding: caste", 13, "Known are: ethnicity, religion, gender"),
        (", needs_coding: true}]\n      - {key: or", "}]\n      - {key: or", 13, "needs_coding: true"),
        ("type: long_text", "type: number", 15, "does not belong to a question of type number"),
    ],
)
def test_a_scheme_that_is_unknown_or_out_of_place_is_refused_with_its_line(before, after, line, words):
    assert before in OWN_SCHEMES
    with pytest.raises(QuestionnaireError) as refused:
        Questionnaire.load(OWN_SCHEMES.replace(before, after, 1))
    assert [(p.line, words in p.message) for p in refused.value.problems] == [(line, True)]


def test_the_published_schema_names_every_scheme_that_there_is():
    published = questionnaire_schema()["$defs"]["question"]["properties"]["coding"]["enum"]
    assert tuple(published) == schemes.KEYS


def test_texts_are_found_by_the_index_of_own_words(study, person, scheme):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "answer_own_words" in texts.to_code(study, scheme).explain()
    assert texts.to_code(study, scheme).count() == 1


def test_the_index_of_own_words_holds_no_other_answer(person):
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE surveys_answer")
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'answer_own_words'")
        (entries,) = cursor.fetchone()
    own = Answer.objects.filter(question__endswith=TEXT_SUFFIX).count()
    assert 0 < own == entries < Answer.objects.count()


def test_every_text_beside_an_option_is_in_the_index_of_own_words(study):
    questions = list(study.questionnaire.parsed().questions())
    assert questions
    assert {question.text_key.endswith(TEXT_SUFFIX) for question in questions} == {True}


def test_rulings_are_asked_for_where_codes_differ_under_this_scheme(study, scheme):
    pairs = {("Asian", "White"): None, ("White", "White"): None, ("Asian", "Mixed"): "Asian"}
    other = schemes.current("religion")
    for codes, ruling in pairs.items():
        make_enrolment(study, finished_survey=True)
        answer = texts.to_code(study, scheme).order_by("-pk").first()
        coders = [coder(study) for _ in codes]
        for user, category in zip(coders, codes, strict=True):
            texts.code(study, scheme, answer, user, category)
        for place, user in enumerate(coders, 1):
            Coding.objects.create(answer=answer, scheme=other, coder=user, place=place, category=str(place))
        if ruling:
            texts.rule(study, scheme, answer, coder(study), ruling, "Said so clearly")
    found = texts.contested(study, scheme)
    assert [[coding.category for coding in answer.codes] for answer in found] == [["Asian", "White"]]


def test_rulings_take_as_many_queries_for_many_texts_as_for_one(client, study, scheme):
    third, asked = coder(study), []
    client.force_login(third)
    for _ in range(3):
        make_enrolment(study, finished_survey=True)
        answer = texts.to_code(study, scheme).order_by("-pk").first()
        texts.code(study, scheme, answer, coder(study), "Asian")
        texts.code(study, scheme, answer, third if not asked else coder(study), "White")
        with CaptureQueriesContext(connection) as found:
            listed = client.get(at(study, "ethnicity/rulings/")).context["listed"]
        asked.append(len(found))
    assert [line["may_rule"] for line in listed] == [False, True, True]
    # The first request finds caches empty.
    assert asked[1] == asked[2]
