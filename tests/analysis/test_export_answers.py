"""Exports of answers: any questionnaire, a row for each person and question, with what became of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analysis.exports import jobs
from analysis.exports.answers_format import COLUMNS, FILES
from analysis.exports.release import Scope
from analysis.models import Export
from prism.lib.spreadsheets import defused
from surveys import withdrawal
from surveys.coding import schemes, texts
from surveys.consent_documents import PUBLICATION
from surveys.models import (
    Answer,
    Consent,
    ConsentDocument,
    Enrolment,
    PageSubmission,
    Presentation,
    Questionnaire,
    Study,
)
from surveys.models.people import Role
from tests.analysis.releases import export_to, manifest_of, study_with_talks
from tests.factories import CONSENT_BOXES, make_enrolment, make_member, make_study, make_user, submit_page

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators"),
]
OWN = """\
format: prism-questionnaire/1
key: own
title: Our own questions
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
        declinable: true
        options: [None of them, {value: Mine, label: My own words, asks_text: true, needs_coding: true}]
      - {key: why, type: text, text: "Why?", show_if: {question: faith, answered: true}, required: false}
      - {key: born, type: birth_year, text: "When were you born?"}
  - key: what
    title: What you think
    minutes: 1
    randomise: questions
    questions:
      - key: sets
        type: sliders
        text: How much?
        items: [{key: fair, label: Fair}, {key: fast, label: Fast}]
        scale: {minimum: -5, maximum: 5, low: Little, high: Much}
      - {key: tools, type: multiple, text: "Which?", shuffle: true, options: [pen, brush, ink]}
"""
WHO = {"faith": "Mine", "faith_text": {"Mine": "Zen"}, "why": "=cmd|' /C calc'!A0", "born": 1980}
WHAT = {"sets": {"fair": -3, "fast": None}, "tools": ["pen", "ink"]}


@pytest.fixture(autouse=True)
def export_dir(settings: Any, tmp_path: Path) -> Path:
    settings.EXPORT_DIR = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture
def study() -> Study:
    return make_study(questionnaire=Questionnaire.load(OWN))


def make_person(study: Study, **answers: Any) -> Enrolment:
    person = make_enrolment(study)
    given = {**WHO, **WHAT, **answers}
    for page, keys in (("who", WHO), ("what", WHAT)):
        submit_page(person, person.devices.get(), page, {key: given[key] for key in keys})
    person.survey_finished_at = timezone.now()
    person.save(update_fields=["survey_finished_at"])
    return person


def exported(directory: Path, study: Study, **wanted: Any) -> list[dict[str, Any]]:
    export_to(directory, study, format="answers", **wanted)
    return lines_of(directory / "answers.jsonl")


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table_of(directory: Path) -> list[dict[str, str]]:
    with (directory / "answers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of(rows: list[dict[str, Any]], person: Enrolment) -> dict[str, dict[str, Any]]:
    return {row["question"]: row for row in rows if row["code"] == person.code}


def test_each_question_of_an_own_questionnaire_has_a_row_for_each_person(study, tmp_path):
    person, other = make_person(study), make_person(study, faith="None of them", faith_text=None)
    rows = exported(tmp_path, study)
    assert len(rows) == 2 * 6
    mine = of(rows, person)
    assert list(mine) == ["faith", "faith_text", "why", "born", "sets", "tools"]
    assert {key: row["value"] for key, row in mine.items()} == {**WHO, **WHAT}
    assert {row["status"] for row in mine.values()} == {"answered"}
    assert {tuple(row) for row in rows} == {COLUMNS}
    place = ("questionnaire", "version", "page", "page_place", "question_place")
    assert [mine["born"][column] for column in place] == ["own", 1, "who", 1, 3]
    sent = PageSubmission.objects.get(enrolment=person, page="who").submitted_at
    assert mine["born"]["submitted_at"] == sent.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert of(rows, other)["faith_text"]["status"] == "not_shown"


def test_the_table_says_the_same_and_holds_no_formula(study, tmp_path):
    make_person(study)
    rows = exported(tmp_path, study)
    table = table_of(tmp_path)
    assert len(table) == len(rows)
    assert tuple(table[0]) == COLUMNS
    cells = {row["question"]: row["value"] for row in table}
    assert cells["why"] == "'" + WHO["why"]
    assert cells["born"] == "1980"
    assert json.loads(cells["sets"]) == WHAT["sets"]
    assert json.loads(cells["tools"]) == WHAT["tools"]
    assert {row["coded"] for row in table} == {""}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_text_that_begins_like_a_formula_is_defused(text):
    assert defused(text) == f"'{text}"
    assert defused(f"a{text}") == f"a{text}"


def test_what_was_declined_hidden_or_never_sent_is_told_apart(study, tmp_path):
    person = make_enrolment(study)
    page = submit_page(person, person.devices.get(), "who", {"born": 1980, "why": None})
    for question in ("faith", "faith_text"):
        Answer.objects.create(submission=page, question=question, status=Answer.Status.DECLINED)
    Enrolment.objects.filter(pk=person.pk).update(survey_finished_at=timezone.now())
    found = {key: row["status"] for key, row in of(exported(tmp_path, study), person).items()}
    assert found["born"] == "answered"
    assert found["faith"] == found["faith_text"] == "declined"
    assert found["why"] == "not_shown"
    assert found["sets"] == found["tools"] == "not_reached"
    assert all(
        row["value"] is None for row in lines_of(tmp_path / "answers.jsonl") if row["question"] != "born"
    )


def test_the_newest_answer_counts_and_each_person_keeps_their_version(study, tmp_path):
    person = make_person(study)
    submit_page(person, person.devices.get(), "who", {**WHO, "born": 1990})
    study.questionnaire = Questionnaire.load(OWN.replace("When were you born?", "In which year?"))
    study.save(update_fields=["questionnaire"])
    later = make_person(study)
    rows = exported(tmp_path, study)
    assert (of(rows, person)["born"]["value"], of(rows, person)["born"]["version"]) == (1990, 1)
    assert of(rows, later)["born"]["version"] == 2
    books = [
        (row["version"], row["text"])
        for row in lines_of(tmp_path / "codebook.jsonl")
        if row["question"] == "born"
    ]
    assert books == [(1, "When were you born?"), (2, "In which year?")]
    versions = manifest_of(tmp_path)["versions"]["questionnaires"]
    assert [version["version"] for version in versions] == [1, 2]


def test_what_coders_decided_and_what_order_was_shown_stand_beside(study, tmp_path):
    person, row = make_person(study), schemes.current("religion")
    for _ in range(2):
        texts.code(study, row, texts.to_code(study, row).get(), make_member(study), "Buddhist")
    for name, order in (("tools", ["ink", "pen", "brush"]), ("page:what", ["tools", "sets"])):
        Presentation.objects.create(
            enrolment=person, questionnaire=study.questionnaire, question=name, order=order
        )
    found = of(exported(tmp_path, study), person)
    assert (found["faith"]["coded"], found["faith_text"]["coded"]) == ("Buddhist", None)
    assert found["tools"]["order_shown"] == ["ink", "pen", "brush"]
    assert (found["tools"]["question_place"], found["sets"]["question_place"]) == (1, 2)
    assert found["faith"]["order_shown"] is None


def test_the_codebook_says_what_was_asked(study, tmp_path):
    make_person(study)
    exported(tmp_path, study)
    book = {row["question"]: row for row in lines_of(tmp_path / "codebook.jsonl")}
    assert list(book) == ["faith", "faith_text", "why", "born", "sets", "tools"]
    assert book["faith"]["options"][1] == {"value": "Mine", "label": "My own words"}
    assert (book["faith"]["coding"], book["faith"]["declinable"]) == ("religion", True)
    assert book["why"]["show_if"] == {"question": "faith", "answered": True}
    assert (book["sets"]["minimum"], book["sets"]["maximum"], book["sets"]["ends"]) == (
        -5,
        5,
        ["Little", "Much"],
    )
    assert {key for key, row in book.items() if row["is_free_text"]} == {"faith_text", "why"}


def test_de_identified_it_has_no_free_text_and_no_time(study, tmp_path):
    person = make_person(study)
    found = of(exported(tmp_path, study, is_full=False), person)
    assert found["faith_text"]["value"] is None
    assert found["why"]["value"] is None
    assert (found["faith"]["value"], found["born"]["value"]) == ("Mine", 1980)
    assert {row["submitted_at"] for row in found.values()} == {None}
    everything = "".join((tmp_path / name).read_text(encoding="utf-8") for name in FILES)
    assert "Zen" not in everything
    assert "calc" not in everything
    assert "submitted_at" in manifest_of(tmp_path)["withheld"]["answers.csv"]


def test_words_of_people_who_did_not_agree_to_publication_are_null(study, tmp_path):
    person, other = make_person(study), make_person(study)
    asks = [*CONSENT_BOXES, {"key": PUBLICATION, "label": "Publish my words", "required": False}]
    document = ConsentDocument.load("asks", "Taking part", "Text.", asks)
    for one, agreed in ((person, False), (other, True)):
        Consent.objects.create(
            enrolment=one,
            document=document,
            document_sha256=document.sha256,
            agreed=True,
            boxes={PUBLICATION: agreed},
        )
    rows = exported(tmp_path, study)
    assert (of(rows, person)["faith_text"]["value"], of(rows, person)["why"]["value"]) == (None, None)
    assert of(rows, person)["born"]["value"] == 1980
    assert of(rows, other)["why"]["value"] == WHO["why"]


def test_a_release_seed_draws_codes_and_the_same_data_give_the_same_bytes(study, tmp_path):
    people = [make_person(study) for _ in range(3)]
    for name in ("a", "b"):
        exported(tmp_path / name, study, release_seed="s")
    for name in (*FILES, "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    codes = {row["code"] for row in lines_of(tmp_path / "a" / "answers.jsonl")}
    assert len(codes) == 3
    assert not codes & {person.code for person in people}


def test_it_holds_whom_every_release_holds(study, tmp_path):
    person = make_person(study)
    gone, tester = make_person(study), make_person(study)
    withdrawal.withdraw(gone)
    Enrolment.objects.filter(pk=tester.pk).update(is_test=True)
    submit_page(unfinished := make_enrolment(study), unfinished.devices.get(), "who", WHO)
    rows = exported(tmp_path / "a", study)
    assert {row["code"] for row in rows} == {person.code}
    assert manifest_of(tmp_path / "a")["left_out"]["test"] == 1
    with_test = exported(tmp_path / "b", study, include_test=True)
    assert {row["code"] for row in with_test} == {person.code, tester.code}


def test_the_queries_do_not_grow_with_the_people(study, tmp_path):
    def asked(name: str) -> int:
        with CaptureQueriesContext(connection) as found:
            exported(tmp_path / name, study)
        return len(found)

    make_person(study)
    few = asked("few")
    for _ in range(20):
        make_person(study)
    # In parts of a thousand rows they are written into the table that fixes the choice.
    assert asked("many") <= few + 1


def test_the_prism_questionnaire_comes_out_too(tmp_path):
    study, talker = study_with_talks()
    found = of(exported(tmp_path, study), talker)
    assert found["ethnicity_text"]["value"] == {"Self-describe [please type]": "British Indian"}
    assert found["lm_usecases"]["order_shown"]


def test_the_command_writes_its_files(study, tmp_path):
    make_person(study)
    call_command("export", study.slug, "--format", "answers", "--out", str(tmp_path / "new"))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted([*FILES, "manifest.json"])
    manifest = manifest_of(tmp_path / "new")
    assert (manifest["format"], manifest["files"]["answers.jsonl"]["rows"]) == ("answers", 6)
    assert Export.objects.get().rows_done == 6 + 6 + 6


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(study: Study, name: str = "exports", *more: str) -> str:
    return reverse(f"analysis:{name}", args=[study.slug, *more])


def test_the_page_starts_one_and_gives_its_files(study):
    make_person(study)
    client = signed_in(make_member(study, Role.OWNER, may_export_full=True))
    sent = client.post(at(study), {"format": "answers", "content": "full"})
    assert sent.status_code == 302
    export = Export.objects.get()
    assert (export.format, export.is_full) == ("answers", True)
    again = client.post(at(study), {"format": "prism", "content": "full"})
    assert (again.status_code, Export.objects.count()) == (302, 2)
    jobs.run(export.pk)
    page = client.get(at(study)).text
    assert "of answers" in page
    for name in FILES:
        assert f"{name}</a>" in page
        got = client.get(at(study, "export_file", export.code, name))
        assert b"".join(got) == (jobs.folder(export) / name).read_bytes()
    assert client.get(at(study, "export_file", export.code, "survey.jsonl")).status_code == 404
    assert client.post(at(study), {"format": "spss", "content": "full"}).status_code == 422


@pytest.mark.parametrize(
    ("maker", "status"),
    [
        (lambda study: make_member(study, Role.OWNER, may_export_full=True), 200),
        (lambda study: make_member(study, Role.ANALYST), 403),
        (lambda study: make_member(make_study(), Role.OWNER, may_export_full=True), 404),
        (lambda study: make_user(), 404),
    ],
    ids=["owner", "analyst", "owner of another study", "stranger"],
)
def test_a_full_one_needs_the_right_to_it(study, maker: Callable[[Study], Any], status: int):
    make_person(study)
    export = jobs.run(jobs.request_export(Scope(study, format="answers"), None).pk)
    assert export is not None
    client = signed_in(maker(study))
    assert client.get(at(study, "export_file", export.code, "answers.csv")).status_code == status


def test_a_withdrawal_deletes_it_and_offers_the_same_again(study, django_capture_on_commit_callbacks):
    person = make_person(study)
    make_person(study)
    export = jobs.run(jobs.request_export(Scope(study, format="answers"), None).pk)
    assert export is not None
    with django_capture_on_commit_callbacks(execute=True):
        assert withdrawal.withdraw(person)
    export.refresh_from_db()
    assert (export.state, export.people_erased) == (Export.State.DELETED, 1)
    assert not jobs.folder(export).exists()
    page = signed_in(make_member(study, may_export_full=True)).get(at(study)).text
    assert "Build it again without them" in page
    assert '<input type="hidden" name="format" value="answers">' in page


def test_every_column_is_documented(study, tmp_path):
    make_person(study)
    exported(tmp_path, study)
    documented = (settings.BASE_DIR / "docs" / "exports.md").read_text(encoding="utf-8")
    chapter = documented.partition("## The files of `answers`")[2]
    columns = {*COLUMNS, *lines_of(tmp_path / "codebook.jsonl")[0]}
    assert not [column for column in columns if f"`{column}`" not in chapter]
