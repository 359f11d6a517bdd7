"""The questionnaire's pages over HTTP: order, validation, drafts, going back, versions and limits."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from surveys import answers, erasure
from surveys.models import Answer, AuditEvent, Device, Draft, Enrolment, PageSubmission, Questionnaire
from surveys.views import visit
from tests.surveys.visitors import (
    CONSENT,
    SMALL,
    START,
    USE,
    VIEWS,
    address,
    agree,
    arrive,
    hidden,
    make_small_study,
    new_panel_id,
    newcomer,
    resume_link,
    same_browser,
    save_draft,
    submit,
    tables_with,
    text_of,
    where,
)

pytestmark = pytest.mark.django_db
NO_USE = {"age": "18 or older", "uses": "No"}


@pytest.fixture
def study():
    return make_small_study(panel={"codes": {"screened_out": "COUT"}})


@pytest.fixture
def visitor(study):
    return newcomer(study)[0]


def page(client: Client, study: Any, key: str) -> str:
    return text_of(client.get(address(study, f"survey/{key}/")))


def current(question: str) -> tuple[Any, str]:
    row = Answer.objects.filter(question=question).latest("pk")
    return row.value, row.status


def field(html: str, name: str) -> str | None:
    """What a text, number or select of the page is filled with."""
    node = LexborHTMLParser(html).css_first(f'[name="{name}"]')
    if node is None:
        return None
    chosen = node.css_first("option[selected]")
    if node.tag == "select":
        return chosen.attributes["value"] if chosen else ""
    return node.attributes.get("value") or node.text().strip()


def ticked(html: str, name: str) -> list[str | None]:
    return [node.attributes.get("value") for node in LexborHTMLParser(html).css(f'[name="{name}"][checked]')]


def assert_views_are_shown(html: str, *, words: str = "Handle with care") -> None:
    assert field(html, "words") == words
    assert field(html, "story") == VIEWS["story"]
    assert field(html, "people") == "3"
    assert field(html, "level") == "well" or ticked(html, "level") == ["well"]
    assert field(html, "home") == "FRA"
    assert ticked(html, "contact") == ["on"]
    assert ticked(html, "colour") == ["own"]
    assert field(html, "colour.own_text") == "mauve"
    assert ticked(html, "often") == ["daily"]
    assert field(html, "sliders.fair") == "64"
    assert ticked(html, "sliders.kind__na") == ["on"]


# The way through


def test_pages_come_in_their_order_and_the_last_one_leads_on(study, visitor):
    assert where(visitor, study) == "survey/start/"
    assert "Page 1 of 2" in page(visitor, study, "start")
    assert submit(visitor, study, "start", START)["Location"] == address(study, "survey/use/")
    assert where(visitor, study) == "survey/use/"
    assert "Page 2 of 3" in page(visitor, study, "use")
    submit(visitor, study, "use", USE)
    assert "Page 3 of 3" in page(visitor, study, "views")
    assert not Enrolment.objects.get().survey_finished_at
    submit(visitor, study, "views", VIEWS)
    assert Enrolment.objects.get().survey_finished_at
    assert where(visitor, study) == "conversations/"


def test_every_type_of_answer_is_stored_with_its_status(study, visitor):
    for key, fields in (("start", START), ("use", USE), ("views", VIEWS)):
        submit(visitor, study, key, fields)
    stored = {question: current(question) for question in Answer.objects.values_list("question", flat=True)}
    assert stored == {
        "age": ("18 or older", "answered"),
        "uses": ("Yes", "answered"),
        "why": ("Out of curiosity", "answered"),
        "purposes": (["work", "other"], "answered"),
        "purposes_text": ({"other": "Naming my plants"}, "answered"),
        "words": ("Handle with care", "answered"),
        "story": (VIEWS["story"], "answered"),
        "people": (3, "answered"),
        "level": ("well", "answered"),
        "home": ("FRA", "answered"),
        "contact": (True, "answered"),
        "colour": ("own", "answered"),
        "colour_text": ({"own": "mauve"}, "answered"),
        "often": ("daily", "answered"),
        "sliders": ({"fair": 64, "kind": "not_applicable"}, "answered"),
    }


def test_a_declined_and_an_optional_question_are_stored_as_declined(study, visitor):
    submit(visitor, study, "start", NO_USE)
    fields = {k: v for k, v in VIEWS.items() if k not in {"people", "contact", "often"}}
    assert submit(visitor, study, "views", fields | {"people.declined": "on"}).status_code == 302
    assert current("people") == ("Prefer not to say", "declined")
    assert current("contact") == (None, "declined")
    assert current("often") == (None, "not_shown")


def test_jumping_ahead_leads_back_and_stores_nothing(study, visitor):
    for key in ("use", "views", "nowhere"):
        assert visitor.get(address(study, f"survey/{key}/"), follow=True).request["PATH_INFO"] == address(
            study, "survey/start/"
        )
        visitor.post(address(study, f"survey/{key}/"), VIEWS)
    assert visitor.get(address(study, "conversations/"))["Location"] == address(study, "survey/")
    assert visitor.get(address(study, "done/"))["Location"] == address(study, "survey/")
    assert not PageSubmission.objects.exists()


def test_after_the_survey_its_pages_are_closed(study, visitor):
    for key, fields in (("start", NO_USE), ("views", VIEWS)):
        submit(visitor, study, key, fields)
    answer = visitor.post(address(study, "survey/start/"), START)
    assert (answer.status_code, answer.context["onward"]) == (409, address(study, "conversations/"))
    assert PageSubmission.objects.count() == 2


# Errors


def test_a_refused_page_keeps_what_was_typed_of_every_type(study, visitor):
    submit(visitor, study, "start", START)
    submit(visitor, study, "use", USE)
    answer = submit(visitor, study, "views", VIEWS | {"words": ""})
    assert answer.status_code == 422
    assert "A few answers are still missing" in text_of(answer)
    assert list(answer.context["errors"]) == ["words"]
    assert "<title>Please check" in " ".join(text_of(answer).split()).replace("<title> ", "<title>")
    assert_views_are_shown(text_of(answer), words="")
    assert PageSubmission.objects.count() == 2


def test_a_wrong_answer_of_each_type_is_named_and_nothing_is_stored(study, visitor):
    submit(visitor, study, "start", NO_USE)
    wrong = {
        "words": "   ",
        "story": "x" * 301,
        "people": "many",
        "level": "perfectly",
        "home": "XXX",
        "colour": "green",
        "sliders.fair": "101",
    }
    answer = submit(visitor, study, "views", wrong)
    assert set(answer.context["errors"]) == {"words", "story", "people", "level", "home", "colour", "sliders"}
    assert field(text_of(answer), "story") == "x" * 301
    assert field(text_of(answer), "people") == "many"
    assert PageSubmission.objects.count() == 1


def test_what_people_typed_is_shown_as_text_and_never_as_markup(study, visitor):
    answer = submit(visitor, study, "start", START | {"why": "<script>alert(1)</script>", "age": ""})
    assert answer.status_code == 422
    assert "<script>alert(1)" not in text_of(answer)
    assert "&lt;script&gt;alert(1)" in text_of(answer)


NONSENSE = "\x00 \u202e" + "9" * 500


@pytest.mark.parametrize(
    "extra",
    [
        {"form_key": "\x00" * 5},
        {"form_key": NONSENSE},
        {"shown_at": "2026-13-45T99:00:00Z"},
        {"shown_at": "0001-01-01T00:00:00+14:00"},
        {"shown_at": "9999-12-31T23:59:59-14:00"},
        {"shown_at": "2026-01-01T00:00:00"},
        {"shown_at": "\x00"},
        {"why": "a\x00b"},
        {"age": ["18 or older", "18 or older"]},
        {"unknown": "field", "age.age_text": "x"},
    ],
)
def test_odd_fields_beside_a_good_answer_do_no_harm(study, visitor, extra):
    assert submit(visitor, study, "start", START | extra).status_code == 302
    assert where(visitor, study) == "survey/use/"
    shown = PageSubmission.objects.get().shown_at
    assert shown is None or abs((timezone.now() - shown).total_seconds()) < 3600


# Drafts


def test_a_draft_of_every_type_is_there_again_after_a_reload(study, visitor):
    submit(visitor, study, "start", START)
    submit(visitor, study, "use", USE)
    assert save_draft(visitor, study, "views", VIEWS).json() == {"saved": True}
    assert_views_are_shown(page(visitor, study, "views"))
    assert not Answer.objects.filter(question="words").exists()


def test_a_half_filled_draft_is_there_again_without_complaints(study, visitor):
    save_draft(visitor, study, "start", {"uses": "Yes", "why": "Because I"})
    shown = page(visitor, study, "start")
    assert field(shown, "why") == "Because I"
    assert ticked(shown, "uses") == ["Yes"]
    assert ticked(shown, "age") == []
    assert "A few answers are still missing" not in shown


def test_a_submitted_page_leaves_no_draft(study, visitor):
    save_draft(visitor, study, "start", START | {"why": "A first thought"})
    submit(visitor, study, "start", START)
    assert not Draft.objects.exists()
    assert tables_with("A first thought") == set()


def test_the_newest_draft_wins_and_there_is_one_row(study, visitor):
    for words in ("First", "Second"):
        save_draft(visitor, study, "start", {"uses": "Yes", "why": words})
    assert Draft.objects.get().fields["why"] == ["Second"]


def test_a_draft_of_the_first_device_is_shown_on_a_trusted_second_one_only(study):
    pid = new_panel_id()
    first, _ = newcomer(study, pid)
    save_draft(first, study, "start", {"uses": "Yes", "why": "My own words"})
    untrusted, trusted = Client(), Client()
    arrive(untrusted, study, pid)
    trusted.get(resume_link(first, study))
    assert "My own words" not in page(untrusted, study, "start")
    assert "My own words" in page(trusted, study, "start")
    save_draft(untrusted, study, "start", {"uses": "Yes", "why": "Typed elsewhere"})
    assert "Typed elsewhere" in page(untrusted, study, "start")
    assert Draft.objects.count() == 2


def test_a_draft_that_is_too_long_is_not_kept_and_the_page_is_told(study, visitor):
    save_draft(visitor, study, "start", {"uses": "Yes", "why": "Kept"})
    answer = save_draft(visitor, study, "start", {"why": "x" * (answers.MAXIMUM_DRAFT + 1)})
    assert answer.status_code == 413
    assert answer.json() == {"saved": False}
    assert "Kept" in page(visitor, study, "start")


@pytest.mark.parametrize("fields", [{"why": "a\x00b", "uses": "Yes"}, {"why\x00": "a", "uses": "Yes"}])
def test_a_draft_with_a_zero_character_is_kept_without_it(study, visitor, fields):
    assert save_draft(visitor, study, "start", fields).json() == {"saved": True}
    assert ticked(page(visitor, study, "start"), "uses") == ["Yes"]


def test_a_draft_of_an_odd_page_does_no_harm(study, visitor):
    for odd in ("survey:%00", "x" * 300, "survey:nowhere"):
        assert visitor.post(address(study, f"draft/{odd}/"), {"why": "x"}).status_code in {200, 404}
    assert where(visitor, study) == "survey/start/"


def test_when_it_is_over_no_draft_is_kept(study, visitor):
    submit(visitor, study, "start", START | {"age": "Under 18"})
    assert save_draft(visitor, study, "use", USE).status_code == 409
    assert not Draft.objects.exists()


# Sending twice, going back


def test_the_same_form_sent_twice_is_one_submission(study, visitor):
    path = address(study, "survey/start/")
    form = START | hidden(visitor.get(path))
    assert visitor.post(path, form)["Location"] == address(study, "survey/use/")
    assert visitor.post(path, form)["Location"] == address(study, "survey/use/")
    assert PageSubmission.objects.count() == 1
    assert where(visitor, study) == "survey/use/"


def test_two_tabs_are_two_submissions_and_the_later_one_counts(study, visitor):
    path = address(study, "survey/start/")
    forms = [START | hidden(visitor.get(path)) | {"why": words} for words in ("Tab one", "Tab two")]
    for form in forms:
        assert visitor.post(path, form).status_code == 302
    assert PageSubmission.objects.count() == 2
    assert current("why") == ("Tab two", "answered")
    assert "Tab two" in page(visitor, study, "start")


def test_going_back_shows_the_answers_and_a_change_is_a_new_row(study, visitor):
    submit(visitor, study, "start", START)
    back = LexborHTMLParser(page(visitor, study, "use")).css_first(".form-actions a")
    assert back.attributes["href"] == address(study, "survey/start/")
    shown = page(visitor, study, "start")
    assert field(shown, "why") == "Out of curiosity"
    assert ticked(shown, "uses") == ["Yes"]
    submit(visitor, study, "start", START | {"why": "Out of need"})
    assert where(visitor, study) == "survey/use/"
    assert list(Answer.objects.filter(question="why").order_by("pk").values_list("value", flat=True)) == [
        "Out of curiosity",
        "Out of need",
    ]


def test_a_changed_answer_hides_later_questions_and_pages(study, visitor):
    submit(visitor, study, "start", START)
    submit(visitor, study, "use", USE)
    submit(visitor, study, "start", NO_USE)
    assert where(visitor, study) == "survey/views/"
    assert "Page 2 of 2" in page(visitor, study, "views")
    assert "How often?" not in page(visitor, study, "views")
    for question in ("why", "purposes", "purposes_text"):
        assert current(question) == (None, "not_shown")
    assert visitor.get(address(study, "survey/use/"), follow=True).request["PATH_INFO"] == address(
        study, "survey/views/"
    )


def test_a_question_that_shows_again_has_to_be_answered_again(study, visitor):
    submit(visitor, study, "start", START)
    submit(visitor, study, "use", USE)
    submit(visitor, study, "start", NO_USE)
    submit(visitor, study, "start", START)
    assert where(visitor, study) == "survey/use/"
    submit(visitor, study, "use", USE)
    assert current("purposes") == (["work", "other"], "answered")
    assert where(visitor, study) == "survey/views/"


def test_a_page_with_a_question_that_came_up_later_opens_again(study, visitor):
    without = {name: value for name, value in VIEWS.items() if name != "often"}
    submit(visitor, study, "start", NO_USE)
    enrolment = Enrolment.objects.get()
    submit(visitor, study, "views", without)
    Enrolment.objects.filter(pk=enrolment.pk).update(survey_finished_at=None)
    submit(visitor, study, "start", START)
    submit(visitor, study, "use", USE)
    assert where(visitor, study) == "survey/views/"
    assert field(page(visitor, study, "views"), "words") == "Handle with care"
    submit(visitor, study, "views", VIEWS)
    assert current("often") == ("daily", "answered")
    assert where(visitor, study) == "conversations/"


def test_a_page_that_opens_again_but_belongs_to_another_device_asks_for_the_personal_link(study):
    pid = new_panel_id()
    first, enrolment = newcomer(study, pid)
    second = Client()
    arrive(second, study, pid)
    submit(second, study, "start", NO_USE)
    without = {name: value for name, value in VIEWS.items() if name != "often"}
    submit(first, study, "views", without)
    Enrolment.objects.filter(pk=enrolment.pk).update(survey_finished_at=None)
    submit(second, study, "start", START)
    submit(second, study, "use", USE)
    answer = second.get(address(study), follow=True)
    assert answer.status_code == 403
    assert "personal link" in text_of(answer)
    assert "Handle with care" not in text_of(answer)
    assert where(first, study) == "survey/views/"


# Being screened out


def test_who_is_screened_out_sees_the_outcome_and_the_panels_exit(study, visitor):
    answer = submit(visitor, study, "start", START | {"age": "Under 18"})
    assert answer["Location"] == address(study, "done/")
    enrolment = Enrolment.objects.get()
    assert enrolment.outcome == "screened_out"
    shown = text_of(visitor.get(address(study, "done/")))
    assert "This study is not for you" in shown
    assert "COUT" in shown
    assert "submissions/complete?cc=COUT" in shown


def test_who_is_screened_out_cannot_go_back_and_answer_otherwise(study, visitor):
    submit(visitor, study, "start", {"age": "Under 18"})
    visitor.post(address(study, "survey/start/"), START)
    assert Enrolment.objects.get().outcome == "screened_out"
    assert not PageSubmission.objects.exists()
    assert where(visitor, study) == "done/"


# Display order


def test_the_order_is_recorded_at_first_sight_and_stays(study, visitor):
    submit(visitor, study, "start", START)
    enrolment = Enrolment.objects.get()
    assert not enrolment.presentations.exists()
    orders = [shown_order(visitor, study) for _ in range(2)]
    save_draft(visitor, study, "use", USE)
    orders.append(shown_order(visitor, study))
    assert orders[0] == orders[1] == orders[2]
    recorded = enrolment.presentations.get(question="purposes")
    assert recorded.order == orders[0]
    assert orders[0][-1] == "other"
    submit(visitor, study, "use", USE)
    assert Answer.objects.get(question="purposes").trace == {"order": orders[0]}


def shown_order(client: Client, study: Any) -> list[str | None]:
    nodes = LexborHTMLParser(page(client, study, "use")).css('input[name="purposes"]')
    return [node.attributes["value"] for node in nodes]


def test_people_see_different_orders(study):
    seen = set()
    for _ in range(6):
        client, _enrolment = newcomer(study)
        submit(client, study, "start", START)
        seen.add(tuple(shown_order(client, study)))
    assert len(seen) > 1


# Versions


CHANGED = SMALL.replace("title: At the start", "title: At the very start").replace(
    "text: Why did you?", "text: And why?"
)


def test_an_edit_makes_a_version_and_people_in_progress_keep_theirs(study):
    begun, enrolment = newcomer(study)
    submit(begun, study, "start", START)
    study.questionnaire = Questionnaire.load(CHANGED)
    study.save()
    assert study.questionnaire.version == 2
    assert Questionnaire.load(SMALL).version == 1
    assert Questionnaire.load(CHANGED) == study.questionnaire
    fresh, other = newcomer(study)
    assert "And why?" in page(fresh, study, "start") or "At the very start" in page(fresh, study, "start")
    assert "At the very start" not in page(begun, study, "start")
    submit(begun, study, "use", USE)
    submit(fresh, study, "start", START)
    versions = {row.questionnaire.version for row in enrolment.page_submissions.all()}
    assert versions == {1}
    assert other.page_submissions.get().questionnaire.version == 2


def test_the_command_loads_a_file_once_and_gives_it_to_a_study(study, tmp_path):
    file = tmp_path / "survey.yaml"
    file.write_text(CHANGED, encoding="utf-8")
    assert "small, version 2" in load(file)
    assert "small, version 2" in load(file, study=study.slug)
    study.refresh_from_db()
    assert study.questionnaire.version == 2
    event = AuditEvent.objects.get(action="questionnaire.loaded")
    assert (event.study, event.subject, event.actor) == (study, "small v2", None)


def load(file: Any, **options: Any) -> str:
    out = StringIO()
    call_command("load_questionnaire", str(file), stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALL.replace("type: number", "type: numbr"), ["survey.yaml: line 37", "numbr"]),
        (SMALL.replace("minutes: 1\n", "minutes: soon\n", 1), ["survey.yaml: line 8", "should be a number"]),
        (SMALL.replace("question: uses", "question: used"), ["line 18", "line 22"]),
        ("format: [\n", ["survey.yaml: line 2", "not valid YAML"]),
        ("", ["survey.yaml: line 1"]),
    ],
)
def test_a_file_that_is_no_questionnaire_is_refused_with_line_and_reason(tmp_path, text, said):
    file = tmp_path / "survey.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError) as refusal:
        load(file)
    for words in said:
        assert words in str(refusal.value)
    assert not Questionnaire.objects.exists()


def test_a_file_or_study_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        load(tmp_path / "nowhere.yaml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="cannot be read"):
        load(tmp_path / "binary")
    (tmp_path / "good.yaml").write_text(SMALL, encoding="utf-8")
    with pytest.raises(CommandError, match="no study with the slug"):
        load(tmp_path / "good.yaml", study="nowhere")


# Limits


@pytest.mark.parametrize("checks_csrf", [False, True])
@pytest.mark.parametrize("path", ["survey/start/", "draft/survey:start/", "consent/"])
def test_a_request_that_is_too_large_gets_a_clear_page(study, settings, path, checks_csrf):
    client = Client(enforce_csrf_checks=checks_csrf)
    arrive(client, study, new_panel_id())
    token = client.get(address(study, "consent/")).cookies["csrftoken"].value
    if path != "consent/":
        client.post(address(study, "consent/"), CONSENT | {"csrfmiddlewaretoken": token})
    here = where(client, study)
    sent = {"csrfmiddlewaretoken": token, "why": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    answer = client.post(address(study, path), sent)
    assert answer.status_code == 400
    assert "We could not read that request" in text_of(answer)
    assert "Nothing was changed" in text_of(answer)
    assert "Traceback" not in text_of(answer)
    assert where(client, study) == here
    assert not PageSubmission.objects.exists()
    assert not Draft.objects.exists()


def test_a_page_without_its_csrf_token_is_refused_with_a_clear_page(study, visitor):
    client = same_browser(visitor, enforce_csrf_checks=True)
    answer = client.post(address(study, "survey/start/"), START)
    assert answer.status_code == 403
    assert "<h1" in text_of(answer)
    assert not PageSubmission.objects.exists()


def test_a_visit_is_counted_as_one_device(study, visitor):
    for _ in range(3):
        where(visitor, study)
    agree(visitor, study)
    assert Device.objects.count() == 1


def test_what_was_on_its_way_when_the_person_was_erased_is_not_stored(study, visitor, monkeypatch):
    path, found = address(study, "survey/start/"), visit.device_in
    form = START | hidden(visitor.get(path))

    def erased_meanwhile(request, slug):
        device = found(request, slug)
        erasure.erase(device.enrolment.participant, reason="asked for it")
        return device

    monkeypatch.setattr(visit, "device_in", erased_meanwhile)
    device = Device.objects.get()
    assert visitor.post(path, form).context["onward"] == address(study, "done/")
    assert not answers.save_draft(device.enrolment, device, "survey:start", {"why": ["Late"]})
    assert not Answer.objects.exists()
    assert not Draft.objects.exists()


def test_a_script_gets_the_next_page_alone_and_its_address(study, visitor):
    path = address(study, "survey/start/")
    form = START | hidden(visitor.get(path))
    part = {"X-Prism-Part": "survey"}
    wrong = visitor.post(path, {**form, "why": "", "age": ""}, headers=part)
    assert (wrong.status_code, wrong["X-Prism-Address"]) == (422, path)
    answer = visitor.post(path, form, headers=part)
    assert (answer.status_code, answer["X-Prism-Address"]) == (200, address(study, "survey/use/"))
    text = text_of(answer)
    assert "<html" not in text
    assert f'action="{address(study, "survey/use/")}"' in text
    assert PageSubmission.objects.get().page == "start"


def test_submitting_a_page_takes_as_many_queries_at_the_end_as_at_the_start(study, visitor):
    counts = []
    for key, fields in (("start", START), ("use", USE)):
        form = fields | hidden(visitor.get(address(study, f"survey/{key}/")))
        with CaptureQueriesContext(connection) as queries:
            visitor.post(address(study, f"survey/{key}/"), form, headers={"X-Prism-Part": "survey"})
        counts.append(len(queries))
    assert counts[0] <= 14, counts
    assert counts[1] - counts[0] <= 2, counts


def test_a_device_keeps_so_many_drafts_and_may_still_change_them(study, visitor, monkeypatch):
    monkeypatch.setattr(answers, "MOST_DRAFTS", 2)
    for page in ("one", "two", "three"):
        answer = save_draft(visitor, study, page, {"why": "x"})
    assert answer.status_code == 413
    assert save_draft(visitor, study, "two", {"why": "y"}).status_code == 200
    assert Draft.objects.count() == 2
