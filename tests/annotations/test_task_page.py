"""The annotator's page: what it shows and hides, what a form becomes, drafts, corrections, skipping."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.models import Annotation, Assignment, Batch, Draft, ItemAnswer, Side, Status
from annotations.rubric_versions import shipped_version
from annotations.sheets import Sheet
from annotations.told import NotTold, Reading, form_of, read
from surveys.models.people import Role
from tests.annotations.making import make_batch, make_task
from tests.factories import make_member, make_models, make_study

pytestmark = pytest.mark.django_db
U, C, X, N = Status.UNTOUCHED, Status.CONFIRMED, Status.CHOSEN, Status.NOT_ASKED
PROPERTIES = range(29)
# Everything that the 29 can say at once, as posted: response 1 is shown as `a`.
WHOLE = {
    **{
        f"p{number}-{side}": str((number + place) % 4)
        for number in range(20)
        for place, side in enumerate("ab")
    },
    "fact-intent_clear": "0",
    "fact-feelings_voiced": "1",
    "fact-constraints": "no | lists\r\nshort\r\n",
    "fact-stances": "cats are best",
    "fact-mistakes": "the earth is flat",
    "p23-a": "3",
    "p23-b": "0",
    "p24-a": "1",
    "p24-b": "2",
    "i25-a-1": "3",
    "i25-a-2": "0",
    "i25-b-1": "1",
    "i25-b-2": "2",
    "i26-a-1": "-2",
    "i26-b-1": "2",
    "i27-a-1": "3",
    "i27-b-1": "0",
    "errors-a": "some",
    "error-a-1-type": "math",
    "error-a-1-severity": "severe",
    "error-a-1-text": "2+2=5",
    "error-a-2-type": "other",
    "error-a-2-severity": "minor",
    "error-a-2-text": "a date",
    "errors-b": "not",
    "comment": "Hard.",
    "flag": "other",
}


@pytest.fixture
def study():
    return make_study(title="Hidden study")


@pytest.fixture
def batch(study):
    return make_batch(study, rubric_version=shipped_version("preference_dissection"), order_seed=1)


@pytest.fixture
def annotator(study):
    return make_member(study, Role.ANNOTATOR)


@pytest.fixture
def signed_in(client, annotator):
    client.force_login(annotator)
    return client


def begin(client: Client, batch: Batch) -> str:
    """The address of the task that the person gets."""
    return client.post(reverse("annotations:begin", args=[batch.pk]))["Location"]


def unswapped(batch: Batch, **fields) -> Assignment:
    Assignment.objects.filter(task__batch=batch).update(is_swapped=False, **fields)
    return Assignment.objects.filter(task__batch=batch).latest("pk")


def by_side(annotation: Annotation) -> dict[int, tuple[list[int | None], list[int]]]:
    return {row.side: (row.scores, row.statuses) for row in annotation.values.all()}


def test_everything_the_29_can_say_is_stored_in_rows_and_can_be_corrected(signed_in, batch):
    make_task(batch)
    page = begin(signed_in, batch)
    unswapped(batch)
    assert signed_in.post(page, WHOLE | {"seconds": "99999", "active": "3.5"}).status_code == 302
    made = Annotation.objects.get()
    values = by_side(made)
    assert values[0] == ([None] * 29 + [0, 1, 2, 1, 1], [N] * 29 + [X] * 5)
    assert values[1][0][:23] == [n % 4 for n in range(20)] + [1, 0, 1]
    assert values[1][0][23:25] == [3, 1]
    assert values[1][1] == [X] * 28 + [N] * 6
    assert values[2][0][20:23] == [None] * 3
    assert list(made.values.values_list("side", "is_checkable")) == [(0, None), (1, True), (2, False)]
    met = made.items.values_list("side", "position", "number", "text", "label", "score")
    assert (1, 25, 1, "no | lists", "fully", 3) in met
    assert (1, 26, 1, "cats are best", "Strongly opposed", -2) in met
    assert (2, 27, 1, "the earth is flat", "Neither pointed out nor corrected", 0) in met
    assert ItemAnswer.objects.filter(side=0, position=31).count() == 2
    errors = made.errors.values_list("side", "position", "type", "severity", "description")
    assert list(errors) == [(1, 22, "math", "severe", "2+2=5"), (1, 20, "other", "minor", "a date")]
    assert (made.comment, made.flag, made.active_seconds) == (
        "Hard.",
        "other",
        3.5 if made.seconds > 3.5 else made.seconds,
    )
    assert made.seconds < 99999
    # The page of what was submitted holds the same form, and storing it again is the next revision.
    shown = signed_in.get(page)
    assert "Correction" in shown.content.decode()
    reading = Reading.of(batch.rubric_version.parsed(), is_pair=True, is_swapped=False)
    again = form_of(reading, made)
    assert {key: value.replace("\r\n", "\n").strip() for key, value in WHOLE.items()}.items() <= again.items()
    signed_in.post(page, WHOLE | {"p0-a": "3"})
    assert [row.revision for row in Annotation.objects.order_by("pk")] == [0, 1]
    assert by_side(Annotation.objects.current().get())[1][0][0] == 3
    task = batch.tasks.get()
    assert (task.taken, task.done) == (1, 1)


def test_untouched_confirmed_and_chosen_are_three_things(signed_in, batch):
    make_task(batch)
    page = begin(signed_in, batch)
    unswapped(batch)
    refused = signed_in.post(page, {"comment": "nothing said"})
    assert refused.status_code == 422
    assert "nothing said" in refused.content.decode()
    assert "checked" not in refused.content.decode().split("annotate-below")[0].replace(":checked", "")
    form = {"p2-a": "0", "confirm-g-tone": "1", "confirm-facts": "1", "confirm-errors": "1"}
    assert signed_in.post(page, form).status_code == 302
    values = by_side(Annotation.objects.get())
    assert values[0] == ([None] * 29 + [1, 0, 0, 0, 0], [N] * 29 + [C] * 5)
    scores, statuses = values[1]
    assert (scores[0], statuses[0]) == (3, C)  # harmless, as usual
    assert (scores[2], statuses[2]) == (0, X)
    assert (scores[1], statuses[1]) == (None, U)  # of another section
    assert (scores[20:23], statuses[20:23]) == ([0] * 3, [C] * 3)
    assert statuses[23:29] == [N] * 6


def test_swapped_sides_are_told_of_the_source_and_a_pair_as_seen_from_its_first():
    document = shipped_version("pairwise_preference").parsed()
    reading = Reading.of(document, is_pair=True, is_swapped=True)
    said = read(reading, {"p0-0": "2", "p1-0": "1"})
    assert said.values == [{"side": 0, "scores": [-2, 1], "statuses": [X, X]}]
    dissection = Reading.of(shipped_version("preference_dissection").parsed(), is_pair=True, is_swapped=True)
    rows = {row["side"]: row for row in read(dissection, {"p0-a": "1", "p0-b": "2"}).values}
    assert (rows[1]["scores"][0], rows[2]["scores"][0]) == (2, 1)


@pytest.mark.parametrize(
    "form",
    [
        {"errors-a": "some"},
        {"error-a-1-text": "wrong"},
        {"error-a-1-type": "math", "error-a-1-text": "wrong"},
        {"p0-a": "17", "p99-a": "1", "fact-intent_clear": "maybe"},
    ],
)
def test_half_an_error_and_values_of_no_scale_are_not_taken(form):
    reading = Reading.of(shipped_version("preference_dissection").parsed(), is_pair=True, is_swapped=False)
    with pytest.raises(NotTold):
        read(reading, form)


@pytest.mark.parametrize("key", ["speechmap", "helpful_harmless", "pairwise_preference"])
def test_the_other_rubrics_have_a_form_too(key):
    document = shipped_version(key).parsed()
    sheet = Sheet(document, is_pair="pair" in document.suits, form={})
    rows = [row for section in sheet.sections for row in section.rows]
    assert [row.slug for row in rows if row.cells] == [p.slug for p in document.properties if p.is_scored]
    assert not any(choice.is_chosen for row in rows for cell in row.cells for choice in cell.choices)


def test_a_draft_is_kept_shown_again_and_tells_what_the_facts_call_for(signed_in, batch):
    make_task(batch)
    page = begin(signed_in, batch)
    form = {"fact-feelings_voiced": "1", "fact-constraints": "no lists", "p0-a": "1"}
    assert signed_in.post(f"{page}draft/", form).status_code == 204
    shown = signed_in.get(page).content.decode()
    assert "Satisfies the constraints: no lists" in shown
    assert "Empathetic" in shown.split('id="asked"')[1].split("</fieldset>")[0]
    part = signed_in.post(
        f"{page}draft/", form | {"fact-feelings_voiced": "0"}, headers={"HX-Request": "true"}
    )
    assert "no lists" in part.content.decode()
    assert "Empathetic" not in part.content.decode()
    assert "<h1" in signed_in.post(f"{page}draft/", form | {"show": "1"}).content.decode()
    signed_in.post(page, form)
    assert not Draft.objects.exists()


def test_nobody_else_reaches_a_task_and_no_model_or_participant_is_named(client, signed_in, study, batch):
    model = make_models(1, study)[0]
    task = make_task(
        batch, key="user4711 in the source", preferences={"human": "response_1"}, scenario="secret"
    )
    Side.objects.filter(task=task).update(model_name="quuxmaker/grault-7")
    page = begin(signed_in, batch)
    shown = signed_in.get(page).content.decode()
    for hidden in ("quuxmaker", "grault", "user4711", "Hidden study", "secret", model.name):
        assert hidden not in shown
    asked = [("get", page), ("post", page), ("post", f"{page}draft/"), ("post", f"{page}skip/")]
    asked += [("post", reverse("annotations:begin", args=[batch.pk]))]
    asked += [("post", reverse("annotations:ahead", args=[batch.pk]))]
    colleague, stranger = make_member(study, Role.ANNOTATOR), make_member(make_study(), Role.OWNER)
    for someone, from_address in ((colleague, asked[:4]), (stranger, asked)):
        other = Client()
        other.force_login(someone)
        assert {getattr(other, verb)(to, {"reason": "x"}).status_code for verb, to in from_address} == {404}
    assert Client().get(page)["Location"].startswith("/accounts/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(colleague)
    assert strict.post(asked[4][1]).status_code == 403
    study.memberships.filter(user=Assignment.objects.get().annotator).delete()
    assert signed_in.get(page).status_code == 404


def test_a_batch_is_gone_through_with_skipping_a_task_ahead_and_training(signed_in, batch, annotator):
    make_task(batch, is_training=True, gold={"harmless": [3, "perfectly"], "feelings_voiced": True})
    for _number in range(3):
        make_task(batch)
    home = reverse("annotations:home")
    assert "Begin" in signed_in.get(home).content.decode()
    page = begin(signed_in, batch)
    unswapped(batch)
    told = signed_in.post(page, {"p0-a": "3", "p0-b": "1", "fact-feelings_voiced": "1"}, follow=True)
    feedback = told.content.decode()
    assert "2 of 3 answers are as expected" in feedback
    assert "1 · to some extent" in feedback
    assert signed_in.get(page)["Location"] == home  # what was told is not corrected
    first = begin(signed_in, batch)
    ahead = signed_in.post(reverse("annotations:ahead", args=[batch.pk]))
    behind = json.loads(ahead.content)["url"]
    assert behind != first
    assert json.loads(signed_in.post(reverse("annotations:ahead", args=[batch.pk])).content) == {"url": None}
    assert signed_in.post(f"{first}skip/", {"reason": " "})["Location"] == first
    assert signed_in.post(f"{first}skip/", {"reason": "not my field"})["Location"] == behind
    last = signed_in.post(behind, {"p0-a": "3"})["Location"]
    assert f'href="{behind}"' in signed_in.get(last).content.decode()
    assert signed_in.post(last, {"p0-a": "3"})["Location"] == home
    shown = signed_in.get(home).content.decode()
    assert "There is nothing left for you" in shown
    assert "3 / 4 (75 %)" in shown
    Batch.objects.update(state=Batch.State.CLOSED)
    assert signed_in.get(behind)["Location"] == home
    assert "Nothing to annotate yet" in signed_in.get(home).content.decode()


def test_what_runs_out_while_one_writes_is_taken_again_or_said_plainly(signed_in, batch):
    task = make_task(batch)
    page = begin(signed_in, batch)
    late = unswapped(batch, expires_at=timezone.now() - timedelta(seconds=1))
    assert signed_in.post(f"{page}draft/", {"p0-a": "3"}).status_code == 204
    late.refresh_from_db()
    assert late.expires_at > timezone.now()
    Assignment.objects.update(state="expired")
    type(task).objects.update(taken=0)
    assert signed_in.post(page, {"p0-a": "3"})["Location"] == reverse("annotations:home")
    assert Annotation.objects.count() == 1
    Assignment.objects.update(state="expired")
    assert signed_in.post(f"{page}draft/", {"p0-a": "3"}).status_code == 409
    refused = signed_in.post(page, {"p0-a": "2"}, follow=True)
    assert "no longer yours" in refused.content.decode()
    assert Annotation.objects.count() == 1
