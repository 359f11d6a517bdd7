from django.db import migrations

from prism.lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("conversations", "0011_imports")]
    operations = append_only("conversations_opening", "conversations_repeat", "conversations_repeatrating")
