from django.db import migrations
from django.db.migrations import RunSQL

from prism.lib.append_only import append_only

# A ruling may cease to be the current one and change in nothing else.
RULING = """
CREATE TRIGGER append_only BEFORE UPDATE ON annotations_ruling FOR EACH ROW
WHEN (NOT (OLD.is_current AND NOT NEW.is_current
           AND to_jsonb(OLD) - 'is_current' = to_jsonb(NEW) - 'is_current'))
EXECUTE FUNCTION prism_append_only();
CREATE TRIGGER append_only_delete BEFORE DELETE ON annotations_ruling FOR EACH ROW
EXECUTE FUNCTION prism_append_only()
"""
NO_RULING = """
DROP TRIGGER append_only ON annotations_ruling;
DROP TRIGGER append_only_delete ON annotations_ruling
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0001_initial")]
    operations = [
        *append_only(
            "annotations_rubricversion",
            "annotations_annotation",
            "annotations_values",
            "annotations_itemanswer",
            "annotations_errorfound",
        ),
        RunSQL(RULING, NO_RULING),
    ]
