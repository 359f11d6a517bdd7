from django.db import migrations

from prism.lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("surveys", "0004_editing_and_coding")]
    operations = append_only("surveys_codingscheme", "surveys_coding", "surveys_codingruling")
