from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analysis", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="export",
            name="people_erased",
            field=models.PositiveIntegerField(
                default=0, help_text="How many of the people in it were erased or have withdrawn since"
            ),
        ),
    ]
