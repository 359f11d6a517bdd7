"""A whole study as files: there and back with the same bytes, every fault by line, all or nothing."""

from functools import partial

import pytest
from django.core.management import CommandError, call_command

from conversations import study_files
from conversations.models import PoolEntry
from surveys.models import AuditEvent, ConsentDocument, Membership, PanelConnection, Questionnaire, Study
from surveys.models.people import Role
from surveys.panels.definitions import KINDS, definition
from surveys.quality import rules
from surveys.quotas import versions
from surveys.study_files import FIELDS, schema
from surveys.study_folder import FolderError, from_zip, to_zip
from tests.conversations.talking import at_once
from tests.factories import make_enrolment, make_models, make_study, make_user
from tests.surveys.visitors import SMALL

pytestmark = pytest.mark.django_db
# What of a study is no part of its definition: it belongs to the running of it, or has a file of its own.
NOT_IN_STUDY_FILE = {"id", "kind", "state", "created_at", "questionnaire", "consent_document", "quota"}
QUOTAS = """\
format: prism-quotas/1
strata:
  - key: uses
    question: uses
    categories: {with: ["Yes"], without: ["No"]}
tables:
  - key: use
    strata: [uses]
    undisclosed: outside
    targets:
      - {cell: [with], places: 3}
      - {cell: [without], places: 4}
"""


def full_study(**fields) -> Study:
    study = make_study(
        **{
            "questionnaire": Questionnaire.load(SMALL),
            "title": "Values: “what do people want?”",
            "summary": "First line\r\n\r\n  indented, with a tab\tand a colon: yes\n",
            "minutes": 12,
            "contact_name": "Ada",
            "contact_email": "ada@example.org",
            "ethics_board": "Ethics & Co",
            "withdrawal": "anonymise",
            "withdrawal_days": 30,
            "panel": {
                "kind": "prolific",
                "codes": {"complete": "CDONE", "no_consent": {"code": "CNO"}},
                "exits": {"quota_full": "https://panel.example/full?id={participant}"},
                "signed_entry": {"required": True, "audience": "us", "jwks": {"keys": []}},
            },
            **fields,
        }
    )
    versions.store(study, QUOTAS, make_user(), before=None)
    rules.store(study, {"checks": {"fail_after": 3}}, None)
    make_models(3, study)
    return Study.objects.get(pk=study.pk)


def problems_of(files, **options) -> list[tuple[str, int]]:
    with pytest.raises(FolderError) as caught:
        study_files.check(files, **options)
    return [(problem.file, problem.line) for problem in caught.value.problems]


def test_every_field_of_a_study_is_in_its_file_or_said_not_to_be():
    names = {field.name for field in Study._meta.concrete_fields}
    assert names == set(FIELDS) | NOT_IN_STUDY_FILE


def test_a_study_comes_back_from_its_files_and_gives_the_same_bytes_again():
    study = full_study()
    files = study_files.export(study)
    assert list(files) == [
        *("study.yaml", "questionnaire.yaml", "consent.yaml", "quotas.yaml"),
        *("quality.yaml", "protocol.yaml", "models.yaml"),
    ]
    Study.objects.filter(pk=study.pk).update(slug="the-first")
    again = study_files.load(study_files.check(from_zip(to_zip(files, "study"))))
    again = Study.objects.get(pk=again.pk)
    assert study_files.export(again) == files
    assert again.state == Study.State.DRAFT
    for name in FIELDS.keys() - {"slug", "summary"}:
        assert getattr(again, name) == getattr(study, name), name
    assert again.summary == study.summary.replace("\r\n", "\n")
    assert (again.questionnaire, again.consent_document) == (study.questionnaire, study.consent_document)
    assert [cell.target for cell in again.quota.cells.exclude(target=None)] == [3, 4]
    assert rules.in_force(again).checks.fail_after == 3


def test_two_exports_of_a_study_are_the_same_zip():
    study = full_study()
    first, second = (to_zip(study_files.export(Study.objects.get(pk=study.pk)), "x") for _ in range(2))
    assert first == second


def test_a_folder_goes_out_and_in_by_the_command_line(tmp_path):
    study = full_study()
    call_command("study", "export", study.slug, "--out", str(tmp_path / "one"))
    call_command("study", "import", str(tmp_path / "one"), "--slug", "second")
    call_command("study", "export", "second", "--out", str(tmp_path / "two"))
    for path in (tmp_path / "one").iterdir():
        other = (tmp_path / "two" / path.name).read_text()
        assert other == path.read_text().replace(f"slug: {study.slug}", "slug: second")


def test_a_dry_run_makes_nothing_and_a_taken_slug_is_refused(tmp_path, capsys):
    study = full_study()
    call_command("study", "export", study.slug, "--out", str(tmp_path))
    call_command("study", "import", str(tmp_path), "--slug", "second", "--dry-run")
    assert Study.objects.count() == 1
    with pytest.raises(CommandError, match=r"study\.yaml: line 2: slug: there is a study"):
        call_command("study", "import", str(tmp_path))
    with pytest.raises(CommandError, match="address of Prism"):
        call_command("study", "import", str(tmp_path), "--slug", "new")
    with pytest.raises(CommandError, match="cannot stand in an address"):
        call_command("study", "import", str(tmp_path), "--slug", "a/b")


def test_an_export_never_writes_over_other_peoples_files(tmp_path):
    study = full_study()
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(CommandError, match=r"thesis\.docx"):
        call_command("study", "export", study.slug, "--out", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_clone_has_the_definition_and_nobody_in_it():
    study, by = full_study(), make_user()
    make_enrolment(study)
    PanelConnection.objects.create(study=study, encrypted_token="secret")
    clone = study_files.clone(study, "copy", "A copy", by)
    assert (clone.title, clone.state, clone.enrolments.count()) == ("A copy", Study.State.DRAFT, 0)
    assert [member.role for member in clone.memberships.filter(user=by)] == [Role.OWNER]
    assert clone.memberships.count() == 1
    assert not PanelConnection.objects.filter(study=clone).exists()
    assert PoolEntry.objects.filter(study=clone).count() == 3
    assert AuditEvent.objects.get(study=clone, action="study.made").actor == by
    ours, theirs = study_files.export(clone), study_files.export(study)
    assert {name for name in ours if ours[name] != theirs[name]} == {"study.yaml"}


def test_no_key_and_no_secret_leaves_the_house():
    study = full_study()
    study.panel = study.panel | {"api_token": "topsecret", "webhook_secret": "topsecret"}
    study.save()
    PanelConnection.objects.create(study=study, encrypted_token="topsecret", hook_key="topsecret")
    provider = study.pool.first().model.provider
    provider.set_api_key("topsecret")
    provider.save()
    text = "\n".join(study_files.export(study).values())
    assert "topsecret" not in text
    assert provider.encrypted_key not in text
    assert provider.base_url not in text


def test_every_fault_of_every_file_is_told_with_its_line():
    files = study_files.export(full_study())
    broken = files | {
        "study.yaml": files["study.yaml"].replace("slug: ", "slug: other-").replace("ada@", "ada at "),
        "questionnaire.yaml": files["questionnaire.yaml"].replace("type: number", "type: numbr"),
        "consent.yaml": "format: prism-consent/1\nkey: x\n",
        "protocol.yaml": files["protocol.yaml"].replace("tie: choose", "tie: whatever"),
        "models.yaml": "format: prism-models/1\nmodels: all\n",
        "quality.yaml": "checks: {fail_after: none}\n",
        "quotas.yaml": QUOTAS.replace("tables:", "table:"),
    }
    found = problems_of(broken)
    assert {file for file, _line in found} == set(files)
    lines = {
        "study.yaml": ("study.yaml", "email: ada at"),
        "questionnaire.yaml": ("questionnaire.yaml", "numbr"),
        "protocol.yaml": ("protocol.yaml", "whatever"),
    }
    for name, text in lines.values():
        wanted = next(i for i, line in enumerate(broken[name].splitlines(), 1) if text in line)
        assert (name, wanted) in found
    assert not Study.objects.filter(slug__startswith="other").exists()


def test_the_other_files_are_checked_although_the_studys_own_cannot_be_read():
    files = study_files.export(full_study()) | {"study.yaml": "- no", "consent.yaml": "- no"}
    assert {file for file, _line in problems_of(files)} == {"study.yaml", "consent.yaml"}


def test_a_file_that_is_named_and_missing_or_there_and_not_named_is_a_fault():
    files = study_files.export(full_study())
    without = {name: text for name, text in files.items() if name != "quality.yaml"}
    assert problems_of(without, slug="other") == [
        ("study.yaml", without["study.yaml"].splitlines().index("- quality") + 1)
    ]
    silent = files | {"study.yaml": files["study.yaml"].replace("- quality\n", "")}
    assert [file for file, _line in problems_of(silent, slug="other")] == ["study.yaml"]


@pytest.mark.parametrize(
    "panel",
    [
        "{exit_url: 'javascript:alert(1)'}",
        "{exits: {complete: 'http://panel.example/'}}",
        "{pattern: '(a+)+$'}",
        "{pattern: '('}",
        "{kind: nowhere}",
        "{codes: {finished: X}}",
        "{codes: {complete: {code: 7}}}",
        "{codes: {complete: 'C DONE'}}",
        "{exit_fields: {code: [1]}}",
        "{signed_entry: {jwks: 'http://internal/'}}",
        "{secret: x}",
    ],
)
def test_a_panel_that_would_harm_is_refused(panel):
    text = f"format: prism-study/1\nslug: other\ntitle: T\nparts: []\npanel: {panel}\n"
    assert problems_of({"study.yaml": text}) == [("study.yaml", 5)]


def test_a_model_that_is_not_known_here_is_left_out_and_named():
    files = study_files.export(full_study())
    files["models.yaml"] += "- maker/unheard-of\n"
    definition = study_files.check(files, slug="other")
    assert definition.unknown_models == ["maker/unheard-of"]
    assert study_files.load(definition).pool.count() == 3


def test_nothing_is_left_when_the_last_part_fails(monkeypatch):
    definition = study_files.check(study_files.export(full_study()), slug="other")
    before = (Study.objects.count(), Membership.objects.count(), ConsentDocument.objects.count())

    def broken(*args, **options):
        raise RuntimeError

    monkeypatch.setattr(study_files.audit, "record", broken)
    with pytest.raises(RuntimeError):
        study_files.load(definition, make_user())
    assert before == (Study.objects.count(), Membership.objects.count(), ConsentDocument.objects.count())


@pytest.mark.django_db(transaction=True)
def test_people_who_take_the_same_address_at_once_make_one_study():
    definition = study_files.check(study_files.export(full_study()), slug="other")
    users = [make_user() for _ in range(4)]
    results = at_once(*[partial(study_files.load, definition, user) for user in users])
    made = [result for result in results if isinstance(result, Study)]
    assert len(made) == 1
    assert [type(result) for result in results if result not in made] == [FolderError] * 3
    assert Membership.objects.filter(study__slug="other").count() == 1


def test_a_panel_may_say_in_a_file_whatever_prism_reads_of_it():
    known = set(schema()["properties"]["panel"]["properties"])
    assert known >= {key for kind in KINDS for key in definition(kind)}


def test_periods_that_cannot_be_kept_are_refused():
    text = "format: prism-study/1\nslug: other\ntitle: T\nparts: []\nretention: {texts_days: -1, other: 3}\n"
    assert problems_of({"study.yaml": text}) == [("study.yaml", 5)] * 2
