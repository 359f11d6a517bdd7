"""Writing down what people who sign in do. Never put a participant's identity or text into `detail`."""

from typing import Any

from accounts.models import User
from surveys.models import AuditEvent, Study


def record(
    actor: User | None, action: str, *, study: Study | None = None, subject: object = "", **detail: Any
) -> AuditEvent:
    """Write one event, for example record(user, "study.opened", study=study)."""
    return AuditEvent.objects.create(
        actor=actor, study=study, action=action, subject=str(subject)[:120], detail=detail
    )
