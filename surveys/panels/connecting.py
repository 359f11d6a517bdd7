"""A study's account at its panel: entering the token, trying it, webhooks, and more places."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from prism.lib.crypto import encrypt
from surveys import audit
from surveys.models import PanelConnection, Study
from surveys.panels.client import PanelError, client_for
from surveys.panels.hooks import EVENTS


def connection_of(study: Study) -> PanelConnection:
    """The study's connection, empty at first."""
    return PanelConnection.objects.select_related("study").get_or_create(study=study)[0]


def store(connection: PanelConnection, by: User, *, token: str, panel_study: str, workspace: str) -> None:
    """Keep the account; an empty token leaves the stored one."""
    fields = {"panel_study": panel_study, "workspace": workspace}
    if token:
        fields["encrypted_token"] = encrypt(token)
    with transaction.atomic():
        PanelConnection.objects.filter(pk=connection.pk).update(problem="", **fields)
        audit.record(by, "panel.connected", study=connection.study, with_token=bool(token))


def forget_token(connection: PanelConnection, by: User) -> None:
    with transaction.atomic():
        PanelConnection.objects.filter(pk=connection.pk).update(encrypted_token="", encrypted_secret="")
        audit.record(by, "panel.token_forgotten", study=connection.study)


def look(connection: PanelConnection) -> dict[str, Any]:
    """Try the connection: the account's name and the study's state and places at the panel."""
    client = client_for(connection)
    account = client.account()
    study = client.study(connection.panel_study) if connection.panel_study else {}
    return {
        "account": account.get("email") or account.get("name") or account.get("id"),
        "state": study.get("status"),
        "places": study.get("total_available_places"),
        "taken": study.get("places_taken"),
    }


def add_places(connection: PanelConnection, total: int, by: User) -> None:
    """Raise the number of places; the panel knows no way down. Raises PanelError."""
    client = client_for(connection)
    now = client.study(connection.panel_study).get("total_available_places")
    if isinstance(now, int) and total <= now:
        raise PanelError(_("The panel has %s places already, and their number can only grow.") % now)
    audit.record(by, "panel.places", study=connection.study, total=total)
    client.set_places(connection.panel_study, total)


def hook_address(connection: PanelConnection) -> str:
    return settings.PUBLIC_URL + reverse("panels:hook", args=[connection.hook_key])


def listen(connection: PanelConnection, by: User) -> None:
    """Have the panel send its webhooks here. A new secret is made: the workspace has one at a time."""
    if not connection.workspace:
        raise PanelError(_("Enter the workspace first: webhooks belong to one."))
    client = client_for(connection)
    audit.record(by, "panel.webhooks_asked", study=connection.study)
    secret = client.make_hook_secret(connection.workspace)
    PanelConnection.objects.filter(pk=connection.pk).update(encrypted_secret=encrypt(secret))
    for event in EVENTS:
        client.subscribe(connection.workspace, event, hook_address(connection))
    PanelConnection.objects.filter(pk=connection.pk).update(
        subscribed_at=timezone.now(), heard_at=None, missed_at=None
    )
