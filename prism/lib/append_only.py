"""The database trigger that keeps submitted events as they were submitted.

Only erasure may change such rows, within a transaction that sets `prism.erasing`.
"""

from django.db.migrations import RunSQL

FUNCTION = """
CREATE OR REPLACE FUNCTION prism_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('prism.erasing', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'rows of % are append-only: write a new row instead', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""


def append_only(*tables: str) -> list[RunSQL]:
    """Migration operations that forbid UPDATE and DELETE on the tables."""
    return [RunSQL(FUNCTION, RunSQL.noop), *(_trigger(table) for table in tables)]


def _trigger(table: str) -> RunSQL:
    return RunSQL(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION prism_append_only()",
        f"DROP TRIGGER append_only ON {table}",
    )
