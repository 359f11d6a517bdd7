"""Signals over stored rows: what is noticed, what is not, and that nothing follows by itself."""

from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from surveys.erasure import erase
from surveys.models import (
    Answer,
    Decision,
    Device,
    Enrolment,
    PageSubmission,
    PageView,
    QualityRules,
    Questionnaire,
    Signal,
    Study,
)
from surveys.models.people import Role
from surveys.quality import assessing, reasons, rules
from surveys.tasks import sweep_assessments
from tests.conversations.talking import at_once
from tests.factories import make_enrolment, make_member, make_study
from tests.surveys.visitors import (
    address,
    hidden,
    make_small_study,
    new_panel_id,
    newcomer,
    parameters,
    submit,
    text_of,
)

pytestmark = pytest.mark.django_db
CHECKED = """\
format: prism-questionnaire/1
key: checked
title: With checks
language: en
pages:
  - key: one
    title: Please tell us how you see this matter and how sure you are about it
    minutes: 1
    questions:
      - key: sure
        type: single
        text: To show that you read this, choose "green".
        options: [red, green]
        check: {expects: green}
      - key: why
        type: long_text
        text: "Why? Think of the last time that you asked somebody for advice and of what came of it."
        required: false
      - key: block
        type: sliders
        text: How far?
        scale: {minimum: 0, maximum: 100, low: Not, high: Fully}
        items:
          - {key: a, label: A}
          - {key: b, label: B}
          - {key: c, label: C}
          - {key: d, label: D}
          - {key: e, label: E}
  - key: two
    title: Once more
    minutes: 1
    questions:
      - {key: again, type: single, text: Choose red., options: [red, green], check: {expects: red}}
"""
DIFFERENT = {"a": 10, "b": 20, "c": 30, "d": 40, "e": 50}
TEXT = "Last week I asked my neighbour how to mend a bicycle and she showed me everything with great patience"
_numbers = count(1)


def make_checked_study(**fields: Any) -> Study:
    return make_study(questionnaire=Questionnaire.load(CHECKED), **fields)


def answered(
    study: Study, *, seconds: float = 60, trace: Any = None, enrolment: Any = None, **values: Any
) -> Enrolment:
    """Somebody who sent the first page after so many seconds."""
    enrolment = enrolment or make_enrolment(study)
    submission = PageSubmission.objects.create(
        enrolment=enrolment,
        questionnaire=study.questionnaire,
        device=enrolment.devices.first(),
        page="one",
        key=f"key{next(_numbers)}",
        shown_at=timezone.now() - timedelta(seconds=seconds),
    )
    given = {"sure": "green", "why": None, "block": DIFFERENT} | values
    for question, value in given.items():
        status = Answer.Status.ANSWERED if value is not None else Answer.Status.DECLINED
        Answer.objects.create(
            submission=submission,
            question=question,
            value=value,
            status=status,
            trace=(trace or {}) if question == "why" else {},
        )
    return enrolment


def kinds(enrolment: Enrolment) -> list[str]:
    return sorted(enrolment.signals.values_list("kind", flat=True))


def words(enrolment: Enrolment) -> str:
    return " ".join(reasons.reason(signal) for signal in enrolment.signals.all())


@pytest.fixture
def study() -> Study:
    return make_checked_study()


def test_a_person_without_a_fault_has_no_signal(study):
    person = answered(study, why=TEXT)
    assert assessing.assess(study).people == 1
    assert kinds(person) == []


def test_a_failed_check_is_a_signal_and_no_outcome(study):
    person = answered(study, sure="red")
    assessing.assess(study)
    person.refresh_from_db()
    assert kinds(person) == ["failed_check"]
    assert "“sure”" in words(person)
    assert person.outcome == ""


def test_the_newest_answer_counts(study):
    person = answered(study, sure="red")
    assessing.assess(study)
    answered(study, enrolment=person, sure="green")
    assessing.assess(study)
    assert kinds(person) == []


def test_a_straight_line_names_value_and_number(study):
    person = answered(study, block=dict.fromkeys("abcde", 50))
    few = answered(study, block=dict.fromkeys("abcd", 50))
    assessing.assess(study)
    assert kinds(person) == ["straight_line"]
    assert "5 items" in words(person)
    assert "50" in words(person)
    assert kinds(few) == []


def test_same_texts_name_each_other_and_never_the_words(study):
    one, other, own = answered(study, why=TEXT), answered(study, why=TEXT.upper() + "!"), answered(study)
    assessing.assess(study)
    assert kinds(one) == kinds(other) == ["same_text"]
    assert other.code in words(one)
    assert kinds(own) == []
    assert "bicycle" not in str(list(Signal.objects.values_list("detail", flat=True))).lower()


def test_a_text_taken_from_the_page_is_noticed(study):
    person = answered(
        study, why="Think of the last time that you asked somebody for advice and of what came of it"
    )
    assessing.assess(study)
    assert kinds(person) == ["copied_page"]


def test_pasting_is_noticed_with_its_figures(study):
    typing = {"keys": 3, "pastes": 1, "pasted_chars": len(TEXT), "first_ms": 10, "last_ms": 4000}
    person = answered(study, why=TEXT, trace={"typing": typing})
    assessing.assess(study)
    assert kinds(person) == ["pasted"]
    assert f"{len(TEXT)} of the {len(TEXT)} characters" in words(person)


def test_very_fast_is_told_with_median_reading_time_and_n(study):
    for at in range(40):
        answered(study, seconds=50 + at)
    fast = answered(study, seconds=2)
    assessing.assess(study)
    assert kinds(fast) == ["fast_page"]
    assert Signal.objects.count() == 1
    assert "41 people" in words(fast)
    assert "took 2.0 s" in words(fast)


def test_fast_among_few_is_no_signal(study):
    for at in range(20):
        answered(study, seconds=50 + at)
    fast = answered(study, seconds=2)
    assessing.assess(study)
    assert kinds(fast) == []


def test_an_early_time_sent_by_the_browser_makes_nobody_slower(study):
    for at in range(40):
        answered(study, seconds=50 + at)
    fast = answered(study, seconds=60)
    PageView.objects.create(enrolment=fast, page="one", shown_at=timezone.now() - timedelta(seconds=1))
    assessing.assess(study)
    assert kinds(fast) == ["fast_page"]


def test_the_whole_survey_is_compared_once_it_is_finished(study):
    people = [answered(study, seconds=50 + at) for at in range(40)]
    fast = answered(study, seconds=2)
    Enrolment.objects.filter(pk__in=[row.pk for row in [*people, fast]]).update(
        survey_finished_at=timezone.now()
    )
    assessing.assess(study)
    assert kinds(fast) == ["fast_page", "fast_survey"]


def test_devices_are_counted_and_their_form_compared(study):
    rules.store(study, {"devices": {"allowed": ["desktop"], "several": 2}}, None)
    person = make_enrolment(study)
    person.devices.update(form="phone")
    answered(study, enrolment=person)
    Device.objects.create(enrolment=person)
    silent = answered(study)
    assessing.assess(study)
    assert kinds(person) == ["many_devices", "wrong_device"]
    assert "from a phone" in words(person)
    assert kinds(silent) == []


def test_a_browser_that_serves_two_people_is_a_signal_for_both():
    study = make_small_study()
    client, first = newcomer(study)
    client.get(address(study), parameters(new_panel_id()))
    second = study.enrolments.exclude(pk=first.pk).get()
    assessing.assess(study)
    assert (kinds(first), kinds(second)) == (["shared_device"], ["shared_device"])
    assert second.code in words(first)


def test_the_form_of_a_device_is_kept_and_nothing_else_of_it():
    study = make_small_study()
    agent = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
    Client(headers={"User-Agent": agent}).get(address(study), parameters(new_panel_id()))
    device = Device.objects.get()
    assert device.form == "phone"
    assert "Pixel" not in str(vars(device))


def test_test_participants_are_not_looked_at(study):
    person = answered(study, enrolment=make_enrolment(study, is_test=True), sure="red")
    assert assessing.assess(study).people == 0
    assert kinds(person) == []


def test_a_signal_that_stays_keeps_its_time_and_one_that_no_longer_holds_goes(study):
    person = answered(study, sure="red", block=dict.fromkeys("abcde", 50))
    assessing.assess(study)
    before = person.signals.get(kind="straight_line").found_at
    answered(study, enrolment=person, block=dict.fromkeys("abcde", 60))
    assessing.assess(study)
    signal = person.signals.get()
    assert (signal.kind, signal.found_at, signal.detail["value"]) == ("straight_line", before, "60")


def test_beat_looks_only_at_studies_with_something_new(study, monkeypatch):
    from surveys import tasks

    asked = []
    monkeypatch.setattr(tasks.assess, "delay", asked.append)
    sweep_assessments()
    answered(study, sure="red")
    sweep_assessments()
    tasks.assess(study.pk)
    sweep_assessments()
    assert asked == [study.pk]
    answered(study, sure="red")
    monkeypatch.setattr(assessing, "PEOPLE_A_SECOND", 0.001)
    sweep_assessments()
    assert asked == [study.pk], "a large study rests"
    assert Signal.objects.count() == 1


def test_erasing_a_person_takes_signals_and_reasons_but_not_what_was_decided(study):
    person = answered(study, sure="red")
    assessing.assess(study)
    Decision.objects.create(
        enrolment=person, matter="payment", value="pay", reason="She wrote to us.", by=make_member(study)
    )
    erase(person.participant, reason="her wish")
    assessing.assess(study)
    assert not person.signals.exists()
    decision = person.decisions.get()
    assert (decision.value, decision.reason) == ("pay", "")


# Rules


def test_rules_are_versions_and_the_same_rules_make_none(study):
    by = make_member(study, Role.COORDINATOR)
    assert rules.in_force(study).version == 0
    assert rules.store(study, {"timing": {"deviations": 2.5}}, by).version == 1
    assert rules.store(study, {"timing": {"deviations": 2.5}}, by).version == 1
    assert rules.store(study, {}, by).version == 2
    assert rules.in_force(study).timing.deviations == 3
    assert study.audit_events.filter(action="quality.rules_stored").count() == 2


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"nonsense": {}},
        {"checks": {"nonsense": 1}},
        {"checks": {"fail_after": 0}},
        {"checks": {"fail_after": "2"}},
        {"checks": {"fail_after": True}},
        {"checks": {"consequence": "reject"}},
        {"checks": {"announced": "yes"}},
        {"timing": {"deviations": 1}},
        {"timing": {"deviations": float("nan")}},
        {"texts": []},
        {"devices": {"allowed": ["toaster"]}},
    ],
)
def test_rules_that_make_no_sense_are_refused(document):
    with pytest.raises(rules.RulesError):
        rules.parse(document)


@pytest.mark.parametrize(
    ("minutes", "checks", "is_fair"),
    [
        (20, {"announced": True, "fail_after": 2}, True),
        (20, {"announced": True, "fail_after": 1}, False),
        (4, {"announced": True, "fail_after": 1}, True),
        (4, {"announced": False, "fail_after": 3}, False),
    ],
)
def test_only_announced_checks_and_enough_of_them_may_end_a_participation(study, minutes, checks, is_fair):
    study.minutes = minutes
    document = {"checks": {"consequence": "end", **checks}}
    if is_fair:
        assert rules.store(study, document, None).checks.consequence == "end"
    else:
        with pytest.raises(rules.RulesError):
            rules.store(study, document, None)
        assert not QualityRules.objects.exists()


def test_the_database_refuses_unannounced_ends_too(study):
    document = {"checks": {"consequence": "end", "announced": False}}
    with pytest.raises(IntegrityError), transaction.atomic():
        QualityRules.objects.create(study=study, version=1, document=document)


# Checks with a consequence, as whole requests

ONE = {f"block.{item}": value for item, value in DIFFERENT.items()}


def go(study: Study, sure: str, again: str) -> tuple[Client, Enrolment]:
    client, person = newcomer(study)
    submit(client, study, "one", {"sure": sure, **ONE})
    path = address(study, "survey/two/")
    client.post(path, {**hidden(client.get(path)), "again": again})
    person.refresh_from_db()
    return client, person


def test_two_failed_announced_checks_end_with_the_outcome_failed_checks(study):
    rules.store(study, {"checks": {"announced": True, "consequence": "end"}}, None)
    client, person = go(study, "red", "green")
    assert person.outcome == "failed_checks"
    assert PageSubmission.objects.filter(enrolment=person).count() == 2
    assert client.get(address(study), follow=True).request["PATH_INFO"] == address(study, "done/")


def test_one_failed_check_ends_nothing(study):
    rules.store(study, {"checks": {"announced": True, "consequence": "end"}}, None)
    assert go(study, "red", "red")[1].outcome != "failed_checks"


def test_a_study_that_became_longer_does_not_end_after_one(study):
    Study.objects.filter(pk=study.pk).update(minutes=3)
    study.refresh_from_db()
    rules.store(study, {"checks": {"announced": True, "consequence": "end", "fail_after": 1}}, None)
    Study.objects.filter(pk=study.pk).update(minutes=30)
    assert go(study, "red", "red")[1].outcome != "failed_checks"


def test_failed_checks_without_a_stored_consequence_end_nothing(study):
    assert go(study, "red", "green")[1].outcome != "failed_checks"


def test_each_page_is_noted_when_it_is_first_shown(study):
    client, person = newcomer(study)
    path = address(study, "survey/one/")
    client.get(path)
    first = person.page_views.get(page="one").shown_at
    client.get(path)
    assert person.page_views.get(page="one").shown_at == first
    assert set(person.page_views.values_list("page", flat=True)) == {"one", "stage:survey"}


def test_what_may_end_a_participation_is_told_before_consent(study):
    told = "Whoever answers 2 or more of them otherwise cannot go on"
    client = Client()
    client.get(address(study), parameters(new_panel_id()))
    assert told not in text_of(client.get(address(study), follow=True))
    rules.store(study, {"checks": {"announced": True, "consequence": "end"}}, None)
    assert told in text_of(client.get(address(study), follow=True))
    plain = make_small_study()
    rules.store(plain, {"checks": {"announced": True, "consequence": "end"}}, None)
    other = Client()
    other.get(address(plain), parameters(new_panel_id()))
    assert "Attention checks" not in text_of(other.get(address(plain), follow=True))


@pytest.mark.django_db(transaction=True)
def test_rules_stored_and_studies_looked_through_at_the_same_time_do_not_clash():
    study = make_checked_study()
    person = answered(study, sure="red", block=dict.fromkeys("abcde", 50))
    documents = [{"timing": {"deviations": 2 + number / 10}} for number in range(6)]
    stored = at_once(*[partial(rules.store, study, document, None) for document in documents])
    assert sorted(found.version for found in stored) == [1, 2, 3, 4, 5, 6]
    looked = at_once(*[partial(assessing.assess, study) for _ in range(4)])
    assert [found.people for found in looked] == [1, 1, 1, 1]
    assert kinds(person) == ["failed_check", "straight_line"]


@pytest.mark.django_db(transaction=True)
def test_somebody_erased_while_the_study_is_looked_through_keeps_no_signal():
    for _ in range(4):
        study = make_checked_study()
        people = [answered(study, sure="red") for _ in range(6)]
        results = at_once(
            partial(assessing.assess, study), partial(erase, people[0].participant, reason="her wish")
        )
        assert not [found for found in results if isinstance(found, Exception)]
        assert not people[0].signals.exists()
        assert people[1].signals.count() == 1
