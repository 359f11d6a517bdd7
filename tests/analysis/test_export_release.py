"""A release as a whole: identical when repeated, streamed, withheld, described."""

import gc
import hashlib
import tracemalloc
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analysis.exports import release, writing
from analysis.exports.people import documents_of, load
from analysis.exports.release import Scope
from tests.analysis.releases import export_to, manifest_of, released, rows_of, study_with_talks
from tests.factories import make_conversation, make_enrolment, make_models, make_study

pytestmark = pytest.mark.django_db


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_a_second_release_of_unchanged_data_is_identical_byte_for_byte(tmp_path):
    study, _ = study_with_talks()
    export_to(tmp_path / "first", study, release_seed="2026")
    export_to(tmp_path / "second", study, release_seed="2026")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert len(contents(tmp_path / "first")) == 6


def test_releases_with_different_seeds_share_no_code(tmp_path):
    study, talker = study_with_talks()
    codes = []
    for seed in ("", "one", "two"):
        rows = released(tmp_path / f"seed{seed}", study, release_seed=seed)
        codes.append(
            {row["user_id"] for row in rows["survey"]}
            | {row["conversation_id"] for row in rows["conversations"]}
        )
    assert talker.code in codes[0]
    assert len(codes[0] | codes[1] | codes[2]) == 3 * len(codes[0])


def test_codes_of_a_release_stay_when_people_join(tmp_path):
    study, _ = study_with_talks()
    before = released(tmp_path / "before", study, release_seed="s")["survey"]
    make_enrolment(study, finished_survey=True)
    after = released(tmp_path / "after", study, release_seed="s")["survey"]
    assert len(after) == len(before) + 1
    assert {row["user_id"] for row in before} < {row["user_id"] for row in after}


def test_rows_are_sorted_by_the_numbers_of_the_release(tmp_path):
    study = make_study()
    for _ in range(6):
        make_enrolment(study, finished_survey=True)
    numbers = [int(row["user_id"][4:]) for row in released(tmp_path, study, release_seed="x")["survey"]]
    assert numbers == sorted(numbers)
    assert len(numbers) == 6


def test_the_manifest_tells_rows_bytes_and_digest_of_every_file(tmp_path):
    study, _ = study_with_talks()
    rows = released(tmp_path, study)
    for name, facts in manifest_of(tmp_path)["files"].items():
        written = (tmp_path / name).read_bytes()
        assert facts == {
            "rows": len(rows[name.removesuffix(".jsonl")]),
            "bytes": len(written),
            "sha256": hashlib.sha256(written).hexdigest(),
        }


def test_the_manifest_names_the_versions_that_people_saw_and_nothing_about_the_job(tmp_path, settings):
    study, _ = study_with_talks()
    export = export_to(tmp_path, study)
    manifest = manifest_of(tmp_path)
    assert study.questionnaire is not None
    assert manifest["versions"]["questionnaires"] == [
        {"key": "prism", "version": study.questionnaire.version, "sha256": study.questionnaire.sha256}
    ]
    assert manifest["versions"]["protocols"] == [{"version": 1, "sha256": study.protocols.get().sha256}]
    assert len(manifest["versions"]["consents"]) == 1
    assert export.code not in (tmp_path / "manifest.json").read_text()
    assert export.manifest == manifest


@pytest.mark.parametrize(("kind", "synthetic"), [("live", False), ("demo", True)])
def test_data_of_a_demonstration_are_labelled_as_synthetic(tmp_path, kind, synthetic):
    export_to(tmp_path, make_study(kind=kind))
    assert manifest_of(tmp_path)["synthetic"] is synthetic


def test_a_de_identified_release_holds_no_text_and_no_date(tmp_path):
    study, _ = study_with_talks()
    export_to(tmp_path, study, is_full=False)
    everything = "".join(path.read_text() for path in tmp_path.glob("*.jsonl"))
    for text in (
        "hear both sides",
        "name your sources",
        "British Indian",
        "Naming my plants",
        "question number",
        "the answer in slot",
        "clear and to the point",
    ):
        assert text not in everything
    rows = rows_of(tmp_path)
    assert all(row["generated_datetime"] is None for row in rows["survey"] + rows["conversations"])
    assert rows["utterances"][0]["score"] == 90
    assert rows["survey"][0]["age"] == "35-44 years old"
    assert {row["language_flag"] for row in rows["metadata"]} == {"en"}
    withheld = manifest_of(tmp_path)["withheld"]
    assert "self_description" in withheld["survey.jsonl"]
    assert "conversation_history[].content" in withheld["conversations.jsonl"]
    assert withheld["utterances.jsonl"].keys() == {"user_prompt", "model_response"}


def test_a_batch_takes_the_same_number_of_queries_for_one_person_and_for_many():
    study = make_study()
    models = make_models(4, study)

    def queries() -> int:
        with (
            release.chosen(Scope(study)),
            CaptureQueriesContext(
                connection,
            ) as captured,
        ):
            for batch in release.numbered_people():
                load(batch, documents_of(study.pk))
        return len(captured)

    make_conversation(make_enrolment(study, finished_survey=True), models=models)
    queries()  # schemes of coding are stored at first use
    for_one = queries()
    for _ in range(4):
        make_conversation(make_enrolment(study, finished_survey=True), models=models, turns=3)
    assert queries() == for_one


def test_memory_does_not_grow_with_the_number_of_people(tmp_path, monkeypatch):
    def load_after_collecting(*batch):
        # Rows refer to each other and wait for Python's collector, which runs when it likes.
        gc.collect()
        return load(*batch)

    monkeypatch.setattr(release, "PEOPLE_AT_ONCE", 1)
    monkeypatch.setattr(writing, "load", load_after_collecting)
    study = make_study()
    models = make_models(4, study)

    def with_people(people: int) -> None:
        while study.enrolments.count() < people:
            make_conversation(make_enrolment(study, finished_survey=True), models=models)

    def peak_with(people: int) -> int:
        with_people(people)
        tracemalloc.start()
        export_to(tmp_path, study)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    with_people(1)
    export_to(tmp_path, study)  # loads what is loaded once
    few = peak_with(2)
    many = peak_with(10)
    assert manifest_of(tmp_path)["files"]["survey.jsonl"]["rows"] == 10
    assert many < 1.03 * few  # rows that were kept would be 1.06
