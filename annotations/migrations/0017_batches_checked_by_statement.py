import django.db.models.deletion
from django.db import migrations, models

from prism.lib.references import checked_by_statement


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0016_rows_known_by_place"),
    ]

    operations = [
        migrations.AlterField(
            model_name="task",
            name="batch",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tasks",
                to="annotations.batch",
            ),
        ),
        *checked_by_statement("annotations_task", "batch_id", "annotations_batch", stays=True),
    ]
