"""A study whose participants judge answers; made with the house."""

from annotations.models import Batch, RecruitedTasks, Side, Task
from annotations.rubric_versions import shipped_version
from surveys.models import Study
from tests.annotations.suggesting import judge, make_run
from tests.e2e.annotating import LIST, PROSE

SLUG = "judging"


def build() -> None:
    study = Study.objects.create(
        slug=SLUG, title="Judging answers of AI models", state="open", contact_email="ask@example.org"
    )
    batch = Batch.objects.create(
        study=study,
        slug="advice",
        title="Advice on jobs",
        rubric_version=shipped_version("preference_dissection"),
        kind=Batch.Kind.PAIR,
        source=Batch.Source.FILE,
        state=Batch.State.OPEN,
        suggestions=Batch.Suggestions.ON,
        guidelines="### An example\n\nA joke about the person is **not** friendly.",
    )
    batch.suggestion_run = make_run(batch)
    batch.save()
    for number in (1, 2):
        query = f"What should I think about before I change jobs? I have {number} offers."
        task = Task.objects.create(batch=batch, number=number, key=str(number), query=query)
        for place, text in enumerate((PROSE, LIST), start=1):
            Side.objects.create(task=task, number=place, text=text, words=len(text.split()), counter="spaces")
        judge(batch.suggestion_run, task)
    RecruitedTasks.objects.create(study=study, batch=batch, tasks=1)
