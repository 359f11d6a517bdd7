"""References from rows that come by the thousand, checked once a statement instead of once a row.

PostgreSQL looks up the row that each new one refers to by itself; for the lists of an annotation that took
three quarters of the time of storing them. These triggers keep the same promise: a row refers to one that
is there, which is locked against deletion until the end of the transaction, and nobody deletes it while
it is referred to. They check at once, so the row referred to is stored first.

In the model: `ForeignKey(…, db_constraint=False)`. The column must not be null.
"""

from django.db.migrations import RunSQL

FUNCTIONS = """
CREATE OR REPLACE FUNCTION prism_refers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing bigint;
BEGIN
    EXECUTE format(
        'WITH wanted AS (SELECT DISTINCT %1$I AS id FROM added),
        found AS (SELECT id FROM %2$I WHERE id = ANY (ARRAY(SELECT id FROM wanted)) FOR KEY SHARE)
        SELECT (SELECT count(*) FROM wanted) - (SELECT count(*) FROM found)', TG_ARGV[0], TG_ARGV[1]
    ) INTO missing;
    IF missing <> 0 THEN
        RAISE EXCEPTION 'rows of % refer to % of % that are not there', TG_TABLE_NAME, missing, TG_ARGV[1]
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION prism_is_referred_to() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE is_there boolean;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.id = OLD.id THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I = $1)', TG_ARGV[0], TG_ARGV[1])
        INTO is_there USING OLD.id;
    IF is_there THEN
        RAISE EXCEPTION 'rows of % refer to a row of %', TG_ARGV[0], TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$
"""


STAYS = """
CREATE OR REPLACE FUNCTION prism_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % keep their %', TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$
"""


def checked_by_statement(table: str, column: str, parent: str, *, stays: bool = False) -> list[RunSQL]:
    """Migration operations by which `column` of `table` refers to the id of a row of `parent`.

    `stays`: a row never refers to another one later, so that updates of its other columns cost no look.
    """
    refers = f"FOR EACH STATEMENT EXECUTE FUNCTION prism_refers('{column}', '{parent}')"
    added = f"ON {table} REFERENCING NEW TABLE AS added {refers}"
    still = f"AFTER UPDATE {added}"
    if stays:
        still = (
            f"BEFORE UPDATE OF {column} ON {table} FOR EACH ROW WHEN (NEW.{column} <> OLD.{column})"
            f" EXECUTE FUNCTION prism_stays('{column}')"
        )
    kept = f"FOR EACH ROW EXECUTE FUNCTION prism_is_referred_to('{table}', '{column}')"
    return [
        RunSQL([FUNCTIONS, STAYS] if stays else FUNCTIONS, RunSQL.noop),
        RunSQL(
            [
                f"CREATE TRIGGER refers AFTER INSERT {added}",
                f"CREATE TRIGGER refers_still {still}",
                f"CREATE TRIGGER {table}_refers AFTER DELETE OR UPDATE OF id ON {parent} {kept}",
            ],
            [
                f"DROP TRIGGER {table}_refers ON {parent}",
                f"DROP TRIGGER refers_still ON {table}",
                f"DROP TRIGGER refers ON {table}",
            ],
        ),
    ]
