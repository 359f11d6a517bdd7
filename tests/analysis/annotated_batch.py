"""Records in the published schema as rows of a batch, to be dissected: written here by hand, as an oracle."""

from typing import Any

from analysis.dissection.properties import PER_ITEM, PROPERTIES, RATED, RUBRIC, SEVERITIES
from annotations.models import Annotation, Batch, ItemAnswer, Side, Task, Values
from annotations.rubric_versions import shipped_version
from surveys.models import Study
from tests.annotations.making import make_batch

FACTS = {
    "intent_clear": "clear intent",
    "feelings_voiced": "explicitly express feelings",
    "constraints": "explicit constraints",
    "stances": "explicit subjective stances",
    "mistakes": "explicit mistakes or biases",
}


def make_annotated_batch(study: Study, records: list[dict[str, Any]], **fields: Any) -> Batch:
    """A task, its sides and one imported annotation for each record."""
    version = shipped_version("preference_dissection")
    batch = make_batch(study, rubric_version=version, **fields)
    tasks = Task.objects.bulk_create(_task(batch, *one) for one in enumerate(records, start=1))
    Side.objects.bulk_create(
        Side(task=task, number=side, text="x", words=record[f"response_{side}"]["num_words"])
        for task, record in zip(tasks, records, strict=True)
        for side in (1, 2)
    )
    annotations = Annotation.objects.bulk_create(
        Annotation(task=task, origin="import", source="the file") for task in tasks
    )
    for annotation, record in zip(annotations, records, strict=True):
        store(annotation, record)
    return batch


def _task(batch: Batch, number: int, record: dict[str, Any]) -> Task:
    return Task(
        batch=batch,
        number=number,
        key=f"key-{number}",
        query=record["query"],
        scenario_group=record["scenario_group"],
        preferences=record["preference_labels"],
    )


def store(annotation: Annotation, record: dict[str, Any]) -> None:
    """The values of a record as those of an annotation."""
    empty: list[int | None] = [None] * len(RUBRIC.fields)
    facts = list(empty)
    for slug, name in FACTS.items():
        said = record[name]
        facts[RUBRIC.fact(slug).position] = len(said) if isinstance(said, list) else int(said == "Yes")
    rows = [_values(annotation, 0, facts)]
    for side in (1, 2):
        scores = list(empty)
        for slug in RATED:
            scores[PROPERTIES[slug].id] = record[f"basic_response_{side}"][PROPERTIES[slug].key]
        severities = [error["severity"] for error in record[f"errors_response_{side}"]["errors"]]
        for slug, severity in SEVERITIES.items():
            scores[PROPERTIES[slug].id] = severities.count(severity)
        asked = record[f"query-specific_response_{side}"]
        for slug in ("clarifies_intent", "empathetic"):
            scores[PROPERTIES[slug].id] = asked[PROPERTIES[slug].key]
        rows.append(_values(annotation, side, scores, is_checkable=True))
        for slug in PER_ITEM:
            _items(annotation, side, slug, asked[PROPERTIES[slug].key])
    Values.objects.bulk_create(rows)


def _values(annotation: Annotation, side: int, scores: list[int | None], **fields: Any) -> Values:
    statuses = [0 if score is None else 2 for score in scores]
    return Values(annotation=annotation, side=side, scores=scores, statuses=statuses, **fields)


def _items(annotation: Annotation, side: int, slug: str, answers: list[str]) -> None:
    scale = PROPERTIES[slug].scale
    assert scale is not None
    ItemAnswer.objects.bulk_create(
        ItemAnswer(
            annotation=annotation,
            side=side,
            position=PROPERTIES[slug].id,
            number=number,
            score=scale.read(answer.rpartition(" | ")[2]),
        )
        for number, answer in enumerate(answers, start=1)
    )
