"""Consent texts that were stored before there was a file for them, and when people were erased before."""

import json

from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    ConsentDocument = apps.get_model("surveys", "ConsentDocument")
    for row in ConsentDocument.objects.filter(document=""):
        boxes = [{**box, "required": bool(box.get("required"))} for box in row.boxes]
        parts = {
            "format": "prism-consent/1",
            "key": row.key,
            "language": "en",
            "title": row.title,
            "body": row.body,
        }
        row.document = json.dumps({**parts, "boxes": boxes}, ensure_ascii=False, indent=1)
        row.save(update_fields=["document"])
    Enrolment = apps.get_model("surveys", "Enrolment")
    participants = apps.get_model("surveys", "Participant").objects.filter(pk=OuterRef("participant"))
    gone = Subquery(participants.values("erased_at")[:1])
    Enrolment.objects.filter(participant__erased_at__isnull=False).update(
        erased_at=gone, texts_erased_at=gone, identity_erased_at=gone
    )


class Migration(migrations.Migration):
    dependencies = [("surveys", "0008_rights")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
