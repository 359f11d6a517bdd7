"""The editor of a study's questionnaire: drafts, checks, previews, versions and who may do what."""

import pytest
from django.db import connection

from surveys import answers, editing
from surveys.comparing import compare
from surveys.models import AuditEvent, EditorDraft, Questionnaire, StoredVersion
from surveys.models.people import Role
from tests.conversations.talking import at_once
from tests.factories import make_member, make_study, make_user
from tests.surveys.visitors import SMALL, START, make_small_study, newcomer, submit

pytestmark = pytest.mark.django_db
CHANGED = SMALL.replace("title: A small survey", "title: A small survey, changed")
BROKEN = SMALL.replace("type: number", "type: numbers")


@pytest.fixture
def study():
    return make_small_study(slug="values")


@pytest.fixture
def editor(client, study):
    client.force_login(make_member(study, Role.COORDINATOR))
    return client


def at(study, rest: str = "") -> str:
    return f"/coordinate/studies/{study.slug}/questionnaire/{rest}"


def base(study) -> str:
    return str(editing.newest(study).pk)


def typed(study, text: str, **more: str) -> dict[str, str]:
    return {"text": text, "base": base(study), **more}


def text_in(answer) -> str:
    return answer.context["text"]


def test_the_editor_shows_the_text_that_the_study_uses(editor, study):
    answer = editor.get(at(study))
    assert text_in(answer) == SMALL
    assert "A valid questionnaire: 3 pages" in answer.content.decode()


def test_a_study_without_a_questionnaire_begins_with_a_valid_page(client):
    study = make_study(questionnaire=None)
    client.force_login(make_member(study))
    answer = client.get(at(study))
    assert answer.context["document"].pages[0].key == "first"
    client.post(at(study), {"text": text_in(answer), "base": "", "store": "1"})
    assert study.stored_versions.get().questionnaire.key == "survey"


def test_a_changed_text_is_stored_as_the_next_version_that_the_study_does_not_use_yet(editor, study):
    editor.post(at(study), typed(study, CHANGED, store="1"))
    stored = StoredVersion.objects.get()
    assert (stored.questionnaire.version, stored.questionnaire.document) == (2, CHANGED)
    assert stored.by == make_user_of(editor)
    study.refresh_from_db()
    assert study.questionnaire.version == 1
    assert AuditEvent.objects.filter(study=study, action="questionnaire.stored").count() == 1


def make_user_of(client):
    from accounts.models import User

    return User.objects.get(pk=client.session["_auth_user_id"])


def test_line_ends_of_a_browser_make_no_new_version(editor, study):
    editor.post(at(study), typed(study, SMALL.replace("\n", "\r\n"), store="1"))
    assert Questionnaire.objects.filter(key="small").count() == 1


def test_what_is_typed_is_kept_and_checked_line_by_line(editor, study):
    answer = editor.post(at(study, "check/"), typed(study, BROKEN))
    line = BROKEN.splitlines().index(next(x for x in BROKEN.splitlines() if "numbers" in x)) + 1
    found = answer.json()
    assert not found["is_valid"]
    assert f'data-line="{line}"' in found["html"]
    assert text_in(editor.get(at(study))) == BROKEN
    assert editor.post(at(study, "check/"), typed(study, CHANGED)).json()["is_valid"]


def test_a_draft_belongs_to_one_person(editor, client, study):
    editor.post(at(study, "check/"), typed(study, CHANGED))
    client.force_login(make_member(study))
    assert text_in(client.get(at(study))) == SMALL


def test_without_scripts_the_check_button_keeps_and_checks(editor, study):
    answer = editor.post(at(study), typed(study, BROKEN, check="1"), follow=True)
    assert text_in(answer) == BROKEN
    assert answer.context["problems"]


def test_a_text_that_is_no_questionnaire_is_refused_and_kept(editor, study):
    answer = editor.post(at(study), typed(study, BROKEN, store="1"))
    assert answer.status_code == 422
    assert EditorDraft.objects.get().text == BROKEN
    assert not StoredVersion.objects.exists()


def test_a_draft_can_be_thrown_away(editor, study):
    editor.post(at(study, "check/"), typed(study, CHANGED))
    assert text_in(editor.post(at(study), typed(study, CHANGED, discard="1"), follow=True)) == SMALL


def test_markup_in_the_text_stays_text(editor, study):
    evil = BROKEN.replace("numbers", "<script>alert(1)</script>")
    for answer in (editor.post(at(study, "check/"), typed(study, evil)), editor.get(at(study))):
        assert "<script>alert" not in answer.content.decode()


def test_two_editors_notice_each_other_and_the_second_sees_what_changed(editor, study):
    before = base(study)
    editing.store(study, make_member(study), CHANGED, editing.newest(study))
    mine = SMALL.replace("How old are you?", "What is your age?")
    answer = editor.post(at(study), {"text": mine, "base": before, "store": "1"})
    assert answer.status_code == 409
    assert [line.text for line in answer.context["changes"] if line.kind == "added"] == [
        "title: A small survey, changed"
    ]
    editor.post(at(study), {"text": mine, "base": str(answer.context["base"].pk), "store": "1"})
    assert editing.newest(study).document == mine


@pytest.mark.django_db(transaction=True)
def test_of_two_who_store_at_the_same_moment_one_is_told():
    study = make_small_study()
    start, people = editing.newest(study), [make_member(study), make_member(study)]
    texts = [SMALL.replace("A small", word) for word in ("One", "Another")]
    results = at_once(
        *(
            lambda who=who, text=text: editing.store(study, who, text, start)
            for who, text in zip(people, texts, strict=True)
        )
    )
    assert sorted(type(result).__name__ for result in results) == ["Questionnaire", "StaleEdit"]
    assert study.stored_versions.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_studies_that_share_a_key_get_different_numbers_at_the_same_moment():
    studies = [make_small_study() for _ in range(4)]
    acts = [
        lambda study=study, word=word: editing.store(
            study, make_member(study), SMALL.replace("A small", word), editing.newest(study)
        )
        for study, word in zip(studies, ["One", "Two", "Three", "Four"], strict=True)
    ]
    assert sorted(version.version for version in at_once(*acts)) == [2, 3, 4, 5]


def test_a_version_of_another_study_with_the_same_key_is_none_of_ones_business(editor, study):
    other = make_small_study()
    secret = editing.store(other, make_member(other), CHANGED, editing.newest(other))
    assert secret not in editing.history(study)
    for rest in (f"preview/?version={secret.pk}", f"versions/{secret.pk}/use/"):
        assert editor.get(at(study, rest)).status_code == 404
    assert editor.post(at(study, f"versions/{secret.pk}/open/")).status_code == 404
    page = editor.get(at(study, f"versions/?before={base(study)}&after={secret.pk}")).content.decode()
    assert "changed" not in page


def test_who_has_begun_keeps_the_version_and_who_comes_later_gets_the_new_one(editor, study):
    browser, early = newcomer(study)
    submit(browser, study, "start", START)
    _browser, late = newcomer(study)
    first = study.questionnaire
    editor.post(at(study), typed(study, CHANGED, store="1"))
    second = editing.newest(study)
    editor.post(at(study, f"versions/{second.pk}/use/"), {"instead_of": str(first.pk)})
    for enrolment, version in ((early, first), (late, second)):
        enrolment.refresh_from_db()
        enrolment.study.refresh_from_db()
        assert answers.questionnaire_for(enrolment) == version
    assert answers.current_rows(early, first)["age"].value == "18 or older"
    assert AuditEvent.objects.get(action="questionnaire.used").subject == "small v2"


def test_the_version_in_use_is_changed_by_one_person_at_a_time(editor, study):
    first = study.questionnaire
    editor.post(at(study), typed(study, CHANGED, store="1"))
    second = editing.newest(study)
    address = at(study, f"versions/{second.pk}/use/")
    answer = editor.post(address, {"instead_of": str(second.pk)}, follow=True)
    study.refresh_from_db()
    assert study.questionnaire == first
    assert "Somebody else changed which version is used" in answer.content.decode()


def test_the_list_of_versions_says_who_stored_what(editor, study):
    editor.post(at(study), typed(study, CHANGED, store="1"))
    page = editor.get(at(study, "versions/")).content.decode()
    for words in (
        "small v1",
        "small v2",
        make_user_of(editor).email,
        study.questionnaire.sha256[:12],
        "in use",
    ):
        assert words in page


def test_two_versions_are_compared_line_by_line(editor, study):
    first = study.questionnaire
    editor.post(at(study), typed(study, CHANGED, store="1"))
    second = editing.newest(study)
    answer = editor.get(at(study, "versions/"), {"before": first.pk, "after": second.pk})
    kinds = {line.kind: line.text for line in answer.context["changes"]}
    assert kinds["removed"] == "title: A small survey"
    assert kinds["added"] == "title: A small survey, changed"


def test_an_old_version_can_be_taken_into_the_editor_unless_a_draft_stands_there(editor, study):
    first = study.questionnaire
    editor.post(at(study), typed(study, CHANGED, store="1"))
    editor.post(at(study, f"versions/{first.pk}/open/"))
    assert text_in(editor.get(at(study))) == SMALL
    editor.post(at(study, "check/"), typed(study, BROKEN))
    editor.post(at(study, f"versions/{first.pk}/open/"))
    assert text_in(editor.get(at(study))) == BROKEN


def test_the_preview_shows_each_page_by_the_participants_own_template(editor, study):
    for page in study.questionnaire.parsed().pages:
        answer = editor.get(at(study, f"preview/?page={page.key}"))
        assert "surveys/page.html" in [template.name for template in answer.templates]
        assert page.title in answer.content.decode()


def test_the_preview_shows_ones_draft_and_says_when_there_is_nothing_to_show(editor, study):
    text = SMALL.replace("How old are you?", "What is your age?")
    editor.post(at(study, "check/"), typed(study, text))
    assert "What is your age?" in editor.get(at(study, "preview/")).content.decode()
    editor.post(at(study, "check/"), typed(study, BROKEN))
    answer = editor.get(at(study, "preview/"))
    assert answer.status_code == 422
    assert "No preview yet" in answer.content.decode()


def test_the_preview_speaks_each_language_and_runs_from_right_to_left(editor, study):
    text = SMALL.replace("language: en", "language: en\nlanguages: [en, ar]")
    text = text.replace("title: At the start", "title: {en: At the start, ar: في البداية}")
    editor.post(at(study, "check/"), typed(study, text))
    page = editor.get(at(study, "preview/?language=ar")).content.decode()
    assert "في البداية" in page
    assert 'dir="rtl"' in page
    assert "At the start" in editor.get(at(study, "preview/?language=xx")).content.decode()
    assert "language=ar" in editor.get(at(study)).content.decode()


def test_what_is_sent_in_the_preview_is_checked_and_not_kept(editor, study):
    before = counts()
    assert editor.post(at(study, "preview/?page=start"), {}).status_code == 422
    answer = editor.post(at(study, "preview/?page=start"), START)
    assert answer["Location"] == at(study, "preview/?page=use")
    assert counts() == before


def counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        tables = [t for t in connection.introspection.table_names(cursor) if t.startswith("surveys_")]
        found = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            found[table] = cursor.fetchone()[0]
    return found


def test_only_the_preview_may_be_framed_and_only_by_our_own_pages(editor, study):
    editor_page, framed = editor.get(at(study)), editor.get(at(study, "preview/"))
    assert "frame-src 'self'" in editor_page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in editor_page["Content-Security-Policy"]
    assert editor_page["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'self'" in framed["Content-Security-Policy"]
    assert "script-src 'self'" in framed["Content-Security-Policy"]
    assert framed["X-Frame-Options"] == "SAMEORIGIN"


def test_who_may_write_a_questionnaire(client, study):
    for role, status in (
        (Role.OWNER, 200),
        (Role.COORDINATOR, 200),
        (Role.ANALYST, 403),
        (Role.ANNOTATOR, 403),
        (None, 404),
    ):
        client.force_login(make_member(study, role) if role else make_member(make_study()))
        version = study.questionnaire.pk
        for rest in ("", "preview/", "versions/", f"versions/{version}/use/"):
            assert client.get(at(study, rest)).status_code == status, role
        if status != 200:
            for rest in ("", "check/", f"versions/{version}/use/", f"versions/{version}/open/"):
                answer = client.post(at(study, rest), typed(study, CHANGED, store="1"))
                assert answer.status_code == status, role
            assert not EditorDraft.objects.exists()
            assert not StoredVersion.objects.exists()


def test_an_anonymous_visitor_is_sent_to_the_sign_in(client, study):
    for rest in ("", "preview/", "versions/"):
        assert client.get(at(study, rest))["Location"].startswith("/accounts/login/")
    assert client.post(at(study, "check/"), {"text": SMALL}).status_code == 302


def test_a_forged_request_is_refused(study):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(make_member(study))
    for rest in ("", "check/", f"versions/{study.questionnaire.pk}/use/"):
        assert client.post(at(study, rest), typed(study, CHANGED, store="1")).status_code == 403


def test_a_text_longer_than_a_questionnaire_can_be_is_refused(editor, study):
    long = "# " + "x" * editing.MAXIMUM_TEXT
    assert editor.post(at(study, "check/"), typed(study, long)).status_code == 413
    assert not EditorDraft.objects.exists()


def test_a_comparison_leaves_long_unchanged_stretches_out():
    before = "\n".join(map(str, range(100)))
    after = before.replace("50", "fifty")
    lines = compare(before, after)
    assert [(line.kind, line.text) for line in lines if line.kind in {"added", "removed"}] == [
        ("removed", "50"),
        ("added", "fifty"),
    ]
    assert len(lines) == 9
    assert compare(before, before) == []


def test_a_stranger_who_signs_in_has_no_draft_anywhere(client, study):
    client.force_login(make_user())
    assert client.post(at(study, "check/"), {"text": SMALL}).status_code == 404
