"""The coordinator's page of who annotates: seen, changed, audited, and closed to others."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import AnnotatorProfile
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.annotations.making import make_annotation, make_assignment, make_batch, make_task
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db


def test_a_coordinator_says_what_an_annotator_knows_and_nobody_else_may():
    study = make_study()
    batch = make_batch(study)
    annotator = make_member(study, Role.ANNOTATOR)
    make_annotation(make_assignment(make_task(batch), annotator), {1: [1, 1]})
    member = study.memberships.get(user=annotator)
    page = reverse("annotating:annotators", args=[study.slug])
    save = reverse("annotating:save_profile", args=[study.slug, member.pk])
    exclude = reverse("annotating:exclude_annotator", args=[study.slug, member.pk])
    coordinator = Client()
    coordinator.force_login(make_member(study, Role.COORDINATOR))
    assert str(annotator) in coordinator.get(page).content.decode()
    coordinator.post(save, {"tags": "law, Tax law, law", "languages": "de-AT, en"})
    kept = AnnotatorProfile.objects.get()
    assert (kept.user, kept.tags, kept.languages) == (annotator, ["law", "Tax law"], ["de-AT", "en"])
    refused = coordinator.post(save, {"tags": "law", "languages": "German!"}, follow=True)
    assert "codes such as en" in refused.content.decode()
    assert "law, Tax law" in refused.content.decode()
    event = AuditEvent.objects.get(action="annotator.described")
    assert event.detail["tags"] == ["law", "Tax law"]
    assert str(annotator) not in f"{event.subject} {event.detail}"
    analyst = study.memberships.get(user=make_member(study, Role.ANALYST))
    other = reverse("annotating:save_profile", args=[study.slug, analyst.pk])
    assert coordinator.post(other, {}).status_code == 404
    for someone, status in ((annotator, 403), (make_member(make_study(), Role.OWNER), 404)):
        client = Client()
        client.force_login(someone)
        acts = {client.post(address, {"reason": "because"}).status_code for address in (save, exclude)}
        assert {client.get(page).status_code, *acts} == {status}
    assert AnnotatorProfile.objects.get().excluded_at is None
