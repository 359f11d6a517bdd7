from django.db import migrations

# Of few rows PostgreSQL guesses many times as many to a key, and plans for millions: so it is told.
DISTINCT = {
    ("annotations_side", "task_id"): -0.5,
    ("annotations_values", "annotation_id"): -0.34,
    ("annotations_itemanswer", "annotation_id"): -0.15,
    ("annotations_errorfound", "annotation_id"): -0.2,
}


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0017_batches_checked_by_statement"),
    ]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ALTER COLUMN {column} SET (n_distinct = {share})",
            f"ALTER TABLE {table} ALTER COLUMN {column} RESET (n_distinct)",
        )
        for (table, column), share in DISTINCT.items()
    ]
