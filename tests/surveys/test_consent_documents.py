"""Consent documents as files: what they may hold, and every fault with its line."""

import pytest
from django.core.management import CommandError, call_command

from surveys import consents
from surveys.consent_documents import FORMAT, as_file, parse, schema
from surveys.models import AuditEvent, ConsentDocument
from surveys.questionnaires import QuestionnaireError
from tests.surveys.visitors import make_small_study

FILE = f"""\
format: {FORMAT}
key: values
language: en
languages: [en, fr, ar]
reconsent: true
title: {{en: Taking part, fr: Participer, ar: المشاركة}}
changes: {{en: We ask for one thing more., fr: Une chose de plus., ar: شيء آخر}}
body:
  en: "## What you do"
  fr: "## Ce que vous ferez"
  ar: "## ما ستفعله"
boxes:
  - key: consent
    required: true
    label: {{en: I agree, fr: J'accepte, ar: أوافق}}
  - key: publication
    label: {{en: Publish my words, fr: Publier mes mots, ar: انشروا كلماتي}}
    help: {{en: Under a code., fr: Sous un code., ar: تحت رمز}}
debriefing: {{en: "**Thank you.**", fr: "**Merci.**", ar: "**شكرا**"}}
"""


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(QuestionnaireError) as caught:
        parse(text)
    return [(problem.line, problem.where) for problem in caught.value.problems]


def test_a_file_is_read_in_each_of_its_languages():
    document = parse(FILE)
    assert document.languages == ("en", "fr", "ar")
    assert document.reconsent
    assert [(box.key, box.required) for box in document.boxes] == [("consent", True), ("publication", False)]
    french = document.in_language("fr-CA")
    assert (french.title, french.boxes[1].help) == ("Participer", "Sous un code.")
    assert (french.body, french.debriefing) == ("## Ce que vous ferez", "**Merci.**")
    assert document.in_language("de") is document


def test_one_language_needs_no_groups():
    document = parse(as_file("k", "Title", "Body", [{"key": "consent", "label": "Yes", "required": True}]))
    assert (document.language, document.title, document.boxes[0].label) == ("en", "Title", "Yes")


@pytest.mark.parametrize(
    ("before", "after", "line", "where"),
    [
        ("key: publication", "key: consent", 16, "boxes[1].key"),
        ("key: publication", "key: decline", 16, "boxes[1].key"),
        (", ar: المشاركة", "", 6, "title"),
        ("{en: Publish my words, fr: Publier mes mots, ar: انشروا كلماتي}", "Publish", 17, "boxes[1].label"),
        ("fr: Participer,", "fr: Participer, de: Teilnehmen,", 6, "title.de"),
        ("languages: [en, fr, ar]", "languages: [fr, ar]", 4, "languages"),
        ("reconsent: true", "reconsent: maybe", 5, "reconsent"),
        ("reconsent: true", "recosent: true", 5, "recosent"),
        ("    required: true\n", "    required: 1\n", 14, "boxes[0].required"),
        (f"format: {FORMAT}", "format: prism-consent/9", 1, "format"),
        ("key: values", "key: Not A Key", 2, "key"),
    ],
)
def test_each_fault_is_named_with_its_line(before, after, line, where):
    assert before in FILE
    assert (line, where) in faults(FILE.replace(before, after, 1))


@pytest.mark.parametrize(
    "text", ["", "just words", "[1, 2]", "a: &x 1\nb: *x", "format: prism-questionnaire/1"]
)
def test_what_is_no_consent_document_is_refused(text):
    assert faults(text)


def test_the_schema_that_is_published_names_every_key():
    assert set(schema()["properties"]) == {
        *("format", "key", "language", "languages", "reconsent", "title", "changes", "body", "boxes"),
        "debriefing",
    }


@pytest.mark.django_db
def test_the_document_that_is_shipped_is_valid_in_english_and_french():
    document = ConsentDocument.load_file(consents.shipped("prism"))
    assert document.parsed().languages == ("en", "fr")
    assert [box["key"] for box in document.boxes] == ["consent", "consent_age"]


@pytest.mark.django_db
def test_the_same_text_is_the_same_version_and_a_changed_one_the_next():
    first = ConsentDocument.load_file(FILE)
    assert ConsentDocument.load_file(FILE) == first
    second = ConsentDocument.load_file(FILE.replace("I agree", "I do agree"))
    assert (first.version, second.version, second.reconsent) == (1, 2, True)
    assert second.sha256 != first.sha256


@pytest.mark.django_db
def test_the_command_loads_a_file_and_puts_it_to_use(tmp_path, capsys):
    study = make_small_study(slug="values")
    file = tmp_path / "consent.yaml"
    file.write_text(FILE, encoding="utf-8")
    call_command("load_consent", str(file), "--study", "values")
    study.refresh_from_db()
    assert study.consent_document.key == "values"
    assert "people on the way are asked again" in capsys.readouterr().out
    assert AuditEvent.objects.filter(action="consent.changed", study=study).count() == 1


@pytest.mark.django_db
def test_the_command_names_faults_a_missing_file_and_an_unknown_study(tmp_path):
    file = tmp_path / "consent.yaml"
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_consent", str(file))
    file.write_text(FILE.replace("key: values", "key: Not A Key"), encoding="utf-8")
    with pytest.raises(CommandError, match="line 2"):
        call_command("load_consent", str(file))
    file.write_text(FILE, encoding="utf-8")
    with pytest.raises(CommandError, match="no study nowhere"):
        call_command("load_consent", str(file), "--study", "nowhere")
