from django.db import migrations

from prism.lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("surveys", "0001_initial")]
    operations = append_only(
        "surveys_consent",
        "surveys_answer",
        "surveys_pagesubmission",
        "surveys_enrolmentevent",
        "surveys_auditevent",
    )
