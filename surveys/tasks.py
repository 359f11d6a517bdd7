"""Celery tasks of surveys: load, call one function, return."""

from celery import shared_task

from surveys import retention
from surveys.coding import asking
from surveys.models import CodingScheme, Study
from surveys.monitor import notices
from surveys.panels import admission, credits, hooks, invitations, polling
from surveys.quality import assessing
from surveys.quotas import seats


@shared_task(name="surveys.tasks.assess", expires=600)
def assess(study_id: int) -> None:
    """Look one study through for signals of quality."""
    assessing.assess(Study.objects.get(pk=study_id))


@shared_task(name="surveys.tasks.sweep_assessments", expires=60)
def sweep_assessments() -> None:
    """For beat: look through again the studies in which somebody submitted something since the last time."""
    for study in assessing.outdated():
        assess.delay(study.pk)


@shared_task(name="surveys.tasks.handle_panel_event")
def handle_panel_event(event_id: int) -> None:
    """Take over what a panel's webhook told."""
    hooks.handle(event_id)


@shared_task(name="surveys.tasks.poll_panel", expires=600)
def poll_panel(connection_id: int) -> None:
    """Ask a panel for the states of its submissions."""
    polling.poll(connection_id)


@shared_task(name="surveys.tasks.give_credit", expires=300)
def give_credit(credit_id: int) -> None:
    """Ask a panel for the credit of somebody who completed."""
    credits.give(credit_id)


@shared_task(name="surveys.tasks.send_invitations", expires=300)
def send_invitations(study_id: int) -> None:
    """Send the next invitations of a study by e-mail."""
    invitations.send_some(study_id)


@shared_task(name="surveys.tasks.sweep_panels", expires=60)
def sweep_panels() -> None:
    """For beat: webhooks that no task worked on, panels to ask, credits, invitations, tokens that ended."""
    for event in hooks.lost():
        handle_panel_event.delay(event)
    for connection in polling.due():
        poll_panel.delay(connection)
    for credit in credits.due():
        give_credit.delay(credit)
    for study in invitations.unsent():
        send_invitations.delay(study)
    admission.forget_ended()


@shared_task(name="surveys.tasks.sweep_seats", expires=30)
def sweep_seats() -> None:
    """For beat: release the seats that ran out."""
    seats.sweep()


@shared_task(name="surveys.tasks.mail_notice")
def mail_notice(notice_id: int) -> None:
    """Send a coordinator's message to somebody who was invited by e-mail."""
    notices.mail(notice_id)


@shared_task(name="surveys.tasks.enforce_retention", expires=1800)
def enforce_retention() -> None:
    """For beat: erase what studies keep no longer."""
    for study in Study.objects.exclude(retention={}):
        retention.enforce(study)


@shared_task(name="surveys.tasks.suggest_codings")
def suggest_codings(study_id: int, scheme_id: int) -> None:
    """Ask the coding model about the texts of a study that it has not seen yet."""
    asking.suggest(Study.objects.get(pk=study_id), CodingScheme.objects.get(pk=scheme_id))
