from django.db import migrations

from prism.lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("annotations", "0006_scenarios")]
    operations = [*append_only("annotations_firstlook")]
