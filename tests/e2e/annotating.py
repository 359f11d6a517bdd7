"""What the browser tests of annotating need; made with the house."""

from django.conf import settings
from django.test import Client

from accounts.models import User
from annotations.judging import runs
from annotations.judging.judges import load_prompts
from annotations.judging.runs import Limits
from annotations.models import Batch, Judge, JudgeCall, JudgedTask, Quarantine, Rubric, Side, Task
from annotations.prompts import shipped
from annotations.rubric_versions import shipped_version
from conversations.models import LanguageModel
from surveys.models import Membership, Study
from surveys.models.people import Role

SLUG, BATCH, RUBRIC = "annotated", "pairs", "tone-of-voice"
PEOPLE = ("one@annotators.example", "two@annotators.example", "three@annotators.example")
OWNER = "owner@annotators.example"
TASKS = 2
PROSE = (
    "Think of three things first: what you would gain, what you would lose, and who could tell you more. "
    "Then write a list for each and sleep on it. If the new place still looks better in the morning, go."
)
LIST = (
    "**Changing jobs** is a big step!\n\n1. Check your savings.\n2. Talk to people who work there.\n"
    "3. Ask for the contract before you hand in your notice.\n\nGood luck, you can do it!"
)


def build() -> list[str]:
    """The session cookies of the annotators, and the owner's behind them, signed in."""
    study = Study.objects.create(slug=SLUG, title="Annotated", state=Study.State.OPEN)
    roles = {**dict.fromkeys(PEOPLE, Role.ANNOTATOR), OWNER: Role.OWNER}
    cookies = [_signed_in(study, email, role) for email, role in roles.items()]
    Rubric.objects.create(study=study, slug=RUBRIC, title="Tone of voice")
    _judged(_batch(study, overlap=len(PEOPLE), tasks=TASKS))
    return cookies


def _signed_in(study: Study, email: str, role: Role) -> str:
    user = User.objects.create_user(email)
    Membership.objects.create(study=study, user=user, role=role)
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _batch(study: Study, overlap: int, tasks: int) -> Batch:
    batch = Batch.objects.create(
        study=study,
        slug=BATCH,
        title="Advice on jobs",
        rubric_version=shipped_version("preference_dissection"),
        kind=Batch.Kind.PAIR,
        source=Batch.Source.FILE,
        overlap=overlap,
        state=Batch.State.OPEN,
        guidelines="### An example\n\nA joke about the person is **not** friendly.",
    )
    for number in range(1, tasks + 1):
        query = f"What should I think about before I change jobs? I have {number} offers."
        task = Task.objects.create(batch=batch, number=number, key=str(number), query=query, needed=overlap)
        for place, text in enumerate((PROSE, LIST), start=1):
            Side.objects.create(task=task, number=place, text=text, words=len(text.split()), counter="spaces")
    return batch


def _judged(batch: Batch) -> None:
    """A run that stands still, with a reply that nobody could use."""
    prompts = load_prompts(shipped("preference"))
    model = LanguageModel.objects.order_by("pk")[0]
    judge = Judge.objects.create(study=batch.study, name="a-judge", model=model, prompt_set=prompts)
    run = runs.begin(batch, judge, Limits(), None)
    runs.start(run, None)
    runs.pause(run, None)
    judged = run.judged.order_by("number")[0]
    call = JudgeCall.objects.create(
        judged=judged, step="preference", number=1, state="invalid", text="Sure! Response 1, I would say."
    )
    Quarantine.objects.create(judged=judged, call=call, reason="The reply is no JSON.")
    JudgedTask.objects.filter(pk=judged.pk).update(state=JudgedTask.State.QUARANTINED)
