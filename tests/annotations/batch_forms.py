"""What a coordinator's form for a batch sends, and the batch that comes of it."""

from typing import Any

from django.test import Client
from django.urls import reverse

from annotations import tasks
from annotations.models import Batch, Task
from annotations.rubric_versions import shipped_version
from surveys.models import Study


def at(study: Study, name: str, *args: object) -> str:
    return reverse(f"annotating:{name}", args=[study.slug, *args])


def fields(**changed: Any) -> dict[str, Any]:
    """A valid form for pairs of conversations, by the shipped rubric of the 29 properties."""
    given = {
        "title": "First pairs",
        "rubric": shipped_version("preference_dissection").pk,
        "kind": "pair",
        "overlap": "2",
        "source": "conversations",
        "languages": "",
        "seed": "7",
        "tags": "",
        "minutes_to_expiry": "60",
        "most_per_annotator": "0",
        "gold_percent": "0",
        "guidelines": "Read both.",
    }
    return {**given, **changed}


def send(client: Client, study: Study, act: str = "make", **changed: Any) -> Any:
    return client.post(at(study, "new_batch"), fields(**changed) | {act: ""})


def filled(client: Client, study: Study, **changed: Any) -> Batch:
    """A batch that was made by the form and filled by a worker."""
    answer = send(client, study, **changed)
    assert answer.status_code == 302, answer.context["form"].errors
    tasks.fill_batch(study.batches.latest("pk").pk)
    return study.batches.latest("pk")


def texts(task: Task) -> list[str]:
    return [side.text for side in task.sides.all()]
