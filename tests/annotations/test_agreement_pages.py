"""The pages of agreement: the newest annotations of people, files without names, who sees what."""

import csv
import io
import random

import pytest
from django.test import Client
from django.urls import reverse

from annotations import agreement_reports, tasks
from annotations.agreement.bootstrap import estimate
from annotations.agreement.chance import Why, krippendorff, percent
from annotations.agreement.tables import from_triples
from annotations.coordinate.agreement_figures import REASONS
from annotations.models import Annotation, Assignment, Batch, Values
from surveys.models import AuditEvent
from surveys.models.people import Role
from surveys.quality import deciding
from tests.annotations.making import make_annotation, make_assignment, make_batch, make_task
from tests.factories import make_enrolment, make_member, make_study, make_user

pytestmark = pytest.mark.django_db
TASKS = 40
SIDES = (1, 2)


@pytest.fixture
def study():
    return make_study()


def signed_in(study, role: str = Role.OWNER) -> Client:
    client = Client()
    client.force_login(make_member(study, role))
    return client


def annotated(study, raters: int = 3) -> tuple[Batch, list[tuple[int, int, int]]]:
    """A finished batch, and what was said of “clear”: unit, rater, value. “kind” is left out at times."""
    draw = random.Random(7)
    batch = make_batch(study, overlap=raters)
    people, said = [make_user() for _ in range(raters)], []
    for number in range(TASKS):
        task, truth = make_task(batch), {side: draw.randrange(4) for side in SIDES}
        for rater, person in enumerate(people):
            scores = {side: min(3, max(0, truth[side] + draw.choice([0, 0, 1, -1]))) for side in SIDES}
            said += [(number * 3 + side, rater, scores[side]) for side in SIDES]
            kind = draw.choice([None, 2])
            make_annotation(make_assignment(task, person), {side: [kind, scores[side]] for side in SIDES})
    return batch, said


def at(batch: Batch, name: str = "agreement_of", *args: str) -> str:
    return reverse(f"annotating:{name}", args=[batch.study.slug, batch.slug, *args])


def test_the_figures_are_those_of_the_newest_annotations_of_people(study):
    batch, said = annotated(study)
    first = batch.tasks.get(number=1)
    noise = make_annotation(make_assignment(make_task(batch, is_training=True)), {1: [0, 0], 2: [0, 0]})
    Annotation.objects.create(task=first, origin="judge", source="a judge")
    changed = Assignment.objects.filter(task=first).order_by("pk")[0]
    newer = Annotation.objects.create(task=first, assignment=changed, revision=1)
    for side, value in ((1, 3), (2, 0)):
        Values.objects.create(annotation=newer, side=side, scores=[2, value], statuses=[2, 2])
    mine = [row for row in said if row[:2] not in {(1, 0), (2, 0)}] + [(1, 0, 3), (2, 0, 0)]
    units, raters, values = zip(*mine, strict=True)
    table = from_triples(units, raters, values, levels=[0, 1, 2, 3], clusters=[unit // 3 for unit in units])
    page = signed_in(study).get(at(batch))
    kind, clear = page.context["properties"]
    assert noise.pk
    assert clear["units"] == TASKS * 2
    assert clear["ratings"] == TASKS * 6
    for measure, name in ((krippendorff("ordinal"), "alpha"), (percent(), "percent")):
        figure = clear["figures"][name]
        assert figure.value == pytest.approx(estimate(table, measure).value, abs=1e-4)
        assert figure.low < figure.value < figure.high
    assert kind["figures"]["alpha"].reason == REASONS[Why.NO_VARIANCE]
    assert [one.annotations for one in page.context["annotators"]] == [TASKS] * 3
    assert len(page.context["pairs"]) == 3
    again = signed_in(study).get(at(batch), {"property": "clear"}).context
    assert all(0 < pair.kappa.value < 1 and pair.kappa.units == TASKS * 2 for pair in again["pairs"])
    drawn = signed_in(study).get(at(batch, "agreement_chart"), {"property": "clear"}).json()
    assert drawn["pairs"][0][:2] == [0, 1]
    assert {row[2] for row in drawn["pairs"]} == {pair.kappa.value for pair in again["pairs"]}
    assert set(Why) - {Why.NOT_TWO_RATERS, Why.NOT_NUMERIC, Why.NEGATIVE} <= set(REASONS)


def test_files_name_annotators_by_letters_and_only_who_runs_the_study_sees_who_they_are(study):
    batch, _said = annotated(study, raters=2)
    owner, analyst = signed_in(study), signed_in(study, Role.ANALYST)
    names = set(Assignment.objects.values_list("annotator__email", flat=True))
    assert all(name in owner.get(at(batch)).content.decode() for name in names)
    for ending in ("csv", "json"):
        answer = owner.get(at(batch, "agreement_file", ending))
        shown = answer.content.decode() + analyst.get(at(batch)).content.decode()
        assert not [name for name in names if name in shown]
    rows = list(csv.DictReader(io.StringIO(owner.get(at(batch, "agreement_file", "csv")).content.decode())))
    told = owner.get(at(batch, "agreement_file", "json")).json()
    assert (told["annotations"], told["seed"], told["annotators"][0]["code"]) == (TASKS * 2, 1, "A")
    alpha = next(row for row in rows if row["property"] == "clear" and row["measure"] == "alpha")
    assert float(alpha["value"]) == told["properties"][1]["coefficients"]["alpha"]["value"]
    assert {(row["annotator"], row["other"]) for row in rows if row["table"] == "pairs"} == {("A", "B")}
    assert AuditEvent.objects.filter(action="agreement.downloaded", study=study).count() == 4
    assert owner.get(at(batch, "agreement_file", "xml")).status_code == 404


def test_a_large_batch_is_computed_by_a_worker_who_is_asked_once(study, monkeypatch):
    batch, _said = annotated(study, raters=2)
    asked: list[tuple[int, str, bool]] = []
    monkeypatch.setattr(agreement_reports, "AT_ONCE", 0)
    monkeypatch.setattr(tasks.make_agreement_report, "delay", lambda *given: asked.append(given))
    client = signed_in(study, Role.ANALYST)
    before = client.get(at(batch))
    assert before.context["may_compute"]
    assert "properties" not in before.context
    for _ in range(2):
        assert client.post(at(batch, "compute_agreement")).status_code == 302
    assert asked == [(batch.pk, "people", False)]
    assert client.get(at(batch)).context["standing"].is_awaited
    tasks.make_agreement_report(*asked[0])
    after = client.get(at(batch)).context
    assert not after["standing"].is_awaited
    assert after["standing"].is_current
    assert after["report"].annotations == TASKS * 2
    make_annotation(make_assignment(make_task(batch)), {1: [1, 1], 2: [1, 1]})
    later = client.get(at(batch)).context
    assert later["may_compute"]
    assert later["report"].annotations == TASKS * 2
    client.post(at(batch, "compute_agreement"))
    assert len(asked) == 2


def test_who_is_excluded_is_left_out_of_figures_contests_and_files_unless_asked_for(study):
    batch, careless = make_batch(study, overlap=4), make_member(study, Role.ANNOTATOR)
    stranger = make_enrolment(study)
    careful = [make_user(), make_user()]
    for number in range(8):
        task = make_task(batch)
        for person in careful:
            make_annotation(make_assignment(task, person), {1: [2, number % 4], 2: [2, 0]})
        make_annotation(make_assignment(task, careless), {1: [2, (number + 2) % 4], 2: [2, 3]})
        make_annotation(make_assignment(task, enrolment=stranger), {1: [2, 3 - number % 4], 2: [2, 3]})
    owner, excluded = signed_in(study), reverse("annotating:annotators", args=[study.slug])
    member = study.memberships.get(user=careless)
    act = reverse("annotating:exclude_annotator", args=[study.slug, member.pk])
    before = owner.get(at(batch)).context
    assert before["properties"][1]["figures"]["percent"].value < 1
    assert before["contested"] == 16
    assert "Please give a reason" in owner.post(act, {"reason": "no"}, follow=True).content.decode()
    for _twice in range(2):
        assert "left out of agreement" in owner.post(act, {"reason": "clicks"}, follow=True).content.decode()
    deciding.decide([stranger], "exclude", "pasted answers", make_user())
    page = owner.get(at(batch))
    assert page.context["properties"][1]["figures"]["percent"].value == 1
    assert [one.annotations for one in page.context["annotators"]] == [8, 8]
    assert (page.context["report"].annotations, page.context["contested"]) == (16, 0)
    assert "2 annotators who are excluded are left out with 16 annotations" in page.content.decode()
    every = owner.get(at(batch), {"excluded": "with"})
    assert every.context["properties"] == before["properties"]
    assert [one.is_excluded for one in every.context["annotators"]] == [False, False, True, True]
    assert "2 annotators who are excluded count here with 16" in every.content.decode()
    assert owner.get(at(batch)).context["contested"] == 0
    drawn = owner.get(at(batch, "agreement_chart"), {"property": "clear"}).json()
    assert (len(drawn["codes"]), len(drawn["pairs"])) == (2, 1)
    for query, annotators in (({}, 2), ({"excluded": "with"}, 4)):
        told = owner.get(at(batch, "agreement_file", "json"), query).json()
        assert (told["with_excluded"], len(told["annotators"])) == (bool(query), annotators)
    assert "clicks" in owner.get(excluded).content.decode()
    assert "count again" in owner.post(act, {"again": "1"}, follow=True).content.decode()
    assert owner.get(at(batch)).context["report"].excluded == [f"e{stranger.pk}"]
    events = AuditEvent.objects.filter(study=study, subject=f"member {member.pk}").order_by("pk")
    assert [one.action for one in events] == ["annotator.excluded", "annotator.counted_again"]
    assert "clicks" not in str([one.detail for one in events])


def test_a_batch_without_annotations_says_so(study):
    page = signed_in(study).get(at(make_batch(study)))
    assert "Nothing to compare yet" in page.content.decode()
    judges = signed_in(study).get(at(make_batch(study)), {"of": "judges"})
    assert "No judge has annotated" in judges.content.decode()
    alone = make_batch(study, overlap=1)
    make_annotation(make_assignment(make_task(alone)), {1: [1, 2], 2: [0, 3]})
    told = signed_in(study).get(at(alone)).context["properties"]
    assert {one["figures"]["alpha"].reason for one in told} == {REASONS[Why.ONE_RATER]}


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.COORDINATOR, 200), (Role.ANALYST, 200), (Role.ANNOTATOR, 403), (None, 404)],
)
def test_who_sees_them(study, role, status):
    batch, other = make_batch(study), make_batch()
    make_annotation(make_assignment(make_task(batch)), {1: [1, 2], 2: [0, 3]})
    agreement_reports.make(batch, "people")
    client = signed_in(study, role) if role else signed_in(make_study())
    pages = [reverse("annotating:agreement", args=[study.slug]), at(batch), at(batch, "agreement_chart")]
    for page in [*pages, at(batch, "agreement_file", "json")]:
        assert client.get(page).status_code == status
    assert client.post(at(batch, "compute_agreement")).status_code == (302 if status == 200 else status)
    assert client.get(at(batch, "compute_agreement")).status_code == 405
    theirs = reverse("annotating:agreement_of", args=[study.slug, other.slug])
    assert client.get(theirs).status_code == (404 if status == 200 else status)
