"""Imported records, whose personal data is masked before annotators may be given them."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from annotations.imports.storing import Wanted, import_records
from annotations.models import Annotation, Batch, ItemAnswer, Values
from annotations.tasks import fill_batch
from conversations.privacy import versions
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.annotations.published_records import plain_record, record, write_lines
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db


def test_imported_records_are_opened_to_annotators_once_their_personal_data_is_masked(tmp_path):
    mail, card = "jane.doe@example.org", "4111 1111 1111 1111"
    told = record(query=f"Write to {mail}.", **{"explicit constraints": [f"greet {mail}", "no lists"]})
    told["errors_response_1"]["errors"][0]["brief description"] = f"it says {mail}"
    rows = [told, plain_record(), record(query=f"Pay with {card}.")]
    study = make_study()
    batch, _told = import_records(write_lines(tmp_path / "rows.jsonl", rows), Wanted(study, "them"), None)
    versions.store(study, {"export": {"card": "block"}}, None)
    client, reader = Client(), Client()
    client.force_login(make_member(study, Role.COORDINATOR))
    reader.force_login(make_member(study, Role.ANALYST))

    def act(who: Client, what: str) -> int:
        address = reverse("annotating:act_on_batch", args=[study.slug, batch.slug, what])
        return who.post(address).status_code

    page = reverse("annotating:batch", args=[study.slug, batch.slug])
    assert "Look for personal data" in client.get(page).content.decode()
    assert (act(reader, "mask"), act(client, "open"), act(client, "mask")) == (403, 302, 302)
    batch.refresh_from_db()
    assert (batch.state, batch.filling) == (Batch.State.CLOSED, "waiting")
    assert "Being looked through" in client.get(page).content.decode()
    fill_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.filling, batch.is_looked_through) == ("", True)
    first, plain, held = batch.tasks.order_by("number")
    assert (first.query, plain.query) == ("Write to [EMAIL].", plain_record()["query"])
    assert (held.query, held.erased_at is None) == ("", False)
    assert not held.sides.exclude(text="").exists()
    said = Annotation.objects.get(task=first)
    quoted = [*said.items.values_list("text", flat=True), *said.errors.values_list("description", flat=True)]
    assert "greet [EMAIL]" in quoted
    assert "it says [EMAIL]" in quoted
    assert mail not in "".join(quoted)
    assert not ItemAnswer.objects.filter(annotation__task=held).exclude(text="").exists()
    assert Values.objects.filter(annotation__task=held).exclude(scores=[]).count() == 3
    assert batch.description["masked"]["email"] == 1 + "".join(quoted).count("[EMAIL]")
    assert batch.description["left_out"] == {"held_back": 1}
    shown = client.get(page).content.decode()
    assert "email" in shown
    assert "lets no text with such personal data out" in shown
    with pytest.raises(DatabaseError), transaction.atomic():
        said.items.update(text="changed")  # append-only again
    assert act(client, "mask") == 302  # twice is once
    assert act(client, "open") == 302
    batch.refresh_from_db()
    assert batch.state == Batch.State.OPEN
    acts = AuditEvent.objects.filter(study=study, subject=batch.slug).values_list("action", flat=True)
    assert {"batch.masking_begun", "batch.masked", "batch.opened"} <= set(acts)
