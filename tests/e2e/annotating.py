"""What the browser test of annotating needs; runs in a process of its own, on the house's database."""

import json

from django.conf import settings
from django.test import Client

from accounts.models import User
from annotations.models import Batch, Side, Task
from annotations.rubric_versions import shipped_version
from surveys.models import Membership, Study
from surveys.models.people import Role

ANSWERS = (
    "Think of three things first: what you would gain, what you would lose, and who could tell you more. "
    "Then write a list for each and sleep on it. If the new place still looks better in the morning, go.",
    "**Changing jobs** is a big step!\n\n1. Check your savings.\n2. Talk to people who work there.\n"
    "3. Ask for the contract before you hand in your notice.\n\nGood luck, you can do it!",
)


def build(people: list[str], tasks: int) -> None:
    """Prints a cookie for each of them who is signed in."""
    study = Study.objects.create(slug="annotated", title="Annotated", state=Study.State.OPEN)
    cookies: list[str] = []
    for email in people:
        user = User.objects.create_user(email)
        Membership.objects.create(study=study, user=user, role=Role.ANNOTATOR)
        client = Client()
        client.force_login(user)
        cookies.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
    batch = Batch.objects.create(
        study=study,
        slug="pairs",
        title="Advice on jobs",
        rubric_version=shipped_version("preference_dissection"),
        kind=Batch.Kind.PAIR,
        source=Batch.Source.FILE,
        overlap=len(people),
        state=Batch.State.OPEN,
        guidelines="### An example\n\nA joke about the person is **not** friendly.",
    )
    for number in range(1, tasks + 1):
        query = f"What should I think about before I change jobs? I have {number} offers."
        task = Task.objects.create(
            batch=batch, number=number, key=str(number), query=query, needed=len(people)
        )
        for place, text in enumerate(ANSWERS, start=1):
            Side.objects.create(task=task, number=place, text=text, words=len(text.split()), counter="spaces")
    print(json.dumps([settings.SESSION_COOKIE_NAME, *cookies]))
