from django.db import migrations

from prism.lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("annotations", "0007_first_looks_append_only")]
    operations = [*append_only("annotations_promptset")]
