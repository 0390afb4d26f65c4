"""The migrated schema is the one that the pinned library ships."""

import importlib.resources

import psycopg

QUERIES = {
    "columns": (
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)"
        " WHERE c.relnamespace = %(schema)s::regnamespace AND c.relname LIKE 'procrastinate%%' AND a.attnum > 0 AND c.relkind IN ('r', 'c')"
    ),
    "functions": "SELECT proname, pg_get_function_arguments(oid), pg_get_function_result(oid), prosrc FROM pg_proc"
    " WHERE pronamespace = %(schema)s::regnamespace",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = %(schema)s AND tablename LIKE 'procrastinate%%'"
    " AND indexname NOT IN ('jobs_active_lock', 'jobs_failed')",
    "constraints": (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = %(schema)s::regnamespace AND conrelid::regclass::text LIKE '%%procrastinate%%'"
    ),
    "triggers": (
        "SELECT tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE c.relnamespace = %(schema)s::regnamespace AND c.relname LIKE 'procrastinate%%' AND NOT tgisinternal"
        " AND tgname NOT IN ('forget_private', 'forget_given_file')"
    ),
    "enums": (
        "SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid"
        " WHERE t.typnamespace = %(schema)s::regnamespace ORDER BY e.enumsortorder"
    ),
}


def described(connection: psycopg.Connection, schema: str) -> dict[str, set[str]]:
    connection.execute(f"SET search_path TO {schema}, public")
    return {
        name: {str(row).replace(f"{schema}.", "") for row in connection.execute(query, {"schema": schema})}
        for name, query in QUERIES.items()
    }


def test_the_migrated_schema_is_the_librarys(database_url: str) -> None:
    shipped = (importlib.resources.files("procrastinate") / "sql" / "schema.sql").read_text(encoding="utf-8")
    with psycopg.connect(database_url, autocommit=True) as connection:
        ours = described(connection, "tasks")
        connection.execute("CREATE SCHEMA shipped")
        connection.execute("SET search_path TO shipped, public")
        connection.execute(shipped.encode())
        theirs = described(connection, "shipped")
    # Comments inside functions are not kept in ours.
    for schema in (ours, theirs):
        schema["functions"] = {
            " ".join(" ".join(line for line in text.split("\\n") if not line.strip().startswith("--")).split())
            for text in schema["functions"]
        }
    for name in QUERIES:
        assert ours[name] == theirs[name], name
    assert all(ours.values())
