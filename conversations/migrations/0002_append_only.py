from django.db import migrations

from prism.lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial"), ("surveys", "0002_append_only")]
    operations = append_only(
        "conversations_turn",
        "conversations_draw",
        "conversations_rating",
        "conversations_choice",
        "conversations_feedback",
    )
