"""Each service's tables say what its migrations make; and every statement of a service fits that schema."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

import psycopg
import pytest
from sqlalchemy import MetaData, create_engine, text

import roster
from roster import named
from services.chassis import tables
from stack.postgres import Server
from tests.cases import all_cases
from tests.databases import Databases

SERVICES = roster.NAMES

# What PostgreSQL itself says of a schema, each as rows of text.
LOOK = {
    "tables": """
        SELECT c.relname, c.relkind, c.relpersistence, obj_description(c.oid, 'pg_class')
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    """,
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
            a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attcollation::regcollation,
            col_description(c.oid, a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    """,
    "indexes": """
        SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, i.indisvalid
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace
    """,
    "constraints": """
        SELECT c.relname, k.conname, k.contype, pg_get_constraintdef(k.oid), k.convalidated
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.connamespace = 'public'::regnamespace
    """,
    "triggers": """
        SELECT c.relname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal
    """,
    "functions": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
}


WITHOUT_INDEX = """
    SELECT k.conrelid::regclass::text, k.conname FROM pg_constraint k
    WHERE k.contype = 'f' AND NOT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indpred IS NULL
        AND k.conkey <@ (i.indkey::int2[])[0:array_length(k.conkey, 1) - 1]
    )
"""

ONLY_MIGRATIONS = ("ledger_append_only", "refuse_change")
"""Triggers and functions, which tables.py has no words for."""


def tables_of(service: str) -> MetaData:
    module = importlib.import_module(f"{named(service).module}.tables")
    metadata: MetaData = module.metadata
    return metadata


def look(url: str) -> dict[str, list[str]]:
    """Return what there is, but for what Alembic keeps for itself."""
    with psycopg.connect(url) as connection:
        found = {what: connection.execute(sql).fetchall() for what, sql in LOOK.items()}
    return {what: sorted(str(row) for row in rows if row[0] != "alembic_version") for what, rows in found.items()}


def make_of_metadata(server: Server, name: str, service: str) -> str:
    url = server.create_database(name)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text(tables.CREATE_CLOCK))  # first, because defaults may name it
        tables_of(service).create_all(connection)
    engine.dispose()
    return url


def test_the_tables_say_what_the_migrations_make(postgres: Server, databases: Databases) -> None:
    with all_cases() as case:
        for service in SERVICES:
            name = f"told_{service}"
            told = look(make_of_metadata(postgres, name, service))
            postgres.drop_database(name)
            with databases.fresh(service) as url:
                made = look(url)
            for what in LOOK:
                with case(f"{service}: {what}"):
                    assert told[what] == [it for it in made[what] if not any(name in it for name in ONLY_MIGRATIONS)]
                    assert made[what] or what == "triggers", "there is something to compare"


@pytest.mark.parametrize("service", SERVICES)
def test_every_reference_to_another_table_can_be_followed_back_by_an_index(databases: Databases, service: str) -> None:
    # Else PostgreSQL reads the whole table for every row that is deleted from the other.
    with databases.fresh(service) as url, psycopg.connect(url) as connection:
        assert connection.execute(WITHOUT_INDEX).fetchall() == []


def test_a_difference_would_be_seen(postgres: Server, databases: Databases) -> None:
    """Every kind of change that a migration can make and the tables can miss."""
    changes = {
        "ALTER TABLE venues ALTER COLUMN city TYPE varchar(10)": {"columns"},
        "ALTER TABLE venues ALTER COLUMN city DROP NOT NULL": {"columns", "constraints"},
        "ALTER TABLE venues ALTER COLUMN city SET DEFAULT 'Pune'": {"columns"},
        "ALTER TABLE venues ADD COLUMN extra int": {"columns"},
        "COMMENT ON COLUMN venues.city IS 'where'": {"columns"},
        "COMMENT ON TABLE venues IS 'what'": {"tables"},
        "DROP INDEX venues_city_id_idx": {"indexes"},
        "ALTER TABLE show_prices DROP CONSTRAINT show_prices_price_check": {"constraints"},
        "CREATE VIEW extra AS SELECT 1 AS one": {"tables"},
        "CREATE FUNCTION extra() RETURNS int LANGUAGE sql RETURN 1": {"functions"},
    }
    with databases.fresh("inventory") as url:
        before = look(url)
        for change, parts in changes.items():
            with psycopg.connect(url) as connection:
                connection.execute(change)
                found = {
                    what: sorted(str(row) for row in connection.execute(sql).fetchall() if row[0] != "alembic_version")
                    for what, sql in LOOK.items()
                }
                connection.rollback()
            assert {what for what in LOOK if found[what] != before[what]} == parts, change


# --- Statements

BEGINS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
PLACEHOLDER = re.compile(r"%%|%\((\w+)\)s|%s")


def modules_of(service: str) -> Iterator[ModuleType]:
    """Every module of a service whose name has to do with statements."""
    package = importlib.import_module(named(service).module)
    inside = [f"{other.module}." for other in roster.SERVICES if other.module.startswith(f"{package.__name__}.")]
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not re.search(r"\.(__main__|migrations)\b", found.name) and not f"{found.name}.".startswith(tuple(inside)):
            yield importlib.import_module(found.name)


def statements_in(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Return the constants of a module that are statements."""
    for name, value in vars(module).items():
        if name.isupper() and isinstance(value, str) and BEGINS.match(value):
            yield f"{module.__name__}.{name}", value


def composed_in(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Return the statements that a module's functions compose, with all that may be given and with none of it."""
    if ".queries." not in module.__name__ and not module.__name__.endswith(".statements"):
        return
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not name.startswith("_") and name.startswith("list_"):
            filters = {
                field
                for filter_name, filter_ in vars(module).items()
                if filter_name.endswith("_FILTERS")
                for field in filter_
            }
            yield f"{module.__name__}.{name}(nothing)", function(dict.fromkeys(filters))
            yield f"{module.__name__}.{name}(everything)", function(dict.fromkeys(filters, 1))


CHASSIS = {
    "database": "commit_markers",
    "outbox": "outbox",
    "idempotency": "idempotency_keys",
    "topics": "topic_events",
    "consumer": "topic_progress",
}
"""The chassis' modules with statements, each with a table that services have who use it."""


def statements_of(service: str) -> Iterator[tuple[str, str]]:
    """Return the statements that a service sends, by their names."""
    has = tables_of(service).tables
    chassis = [importlib.import_module(f"services.chassis.{name}") for name, table in CHASSIS.items() if table in has]
    for module in (*modules_of(service), *chassis):
        yield from statements_in(module)
        yield from composed_in(module)


def numbered(sql: str) -> str:
    """Turn the driver's placeholders into the server's."""
    names: dict[str, int] = {}
    count = 0

    def number(match: re.Match[str]) -> str:
        nonlocal count
        if match[0] == "%%":
            return "%"
        if match[1] is None or match[1] not in names:
            count += 1
            names[match[1] or f"#{count}"] = count
        return f"${names[match[1]] if match[1] else count}"

    return PLACEHOLDER.sub(number, sql)


def test_every_statement_fits_the_schema(databases: Databases) -> None:
    with all_cases() as case:
        for service in SERVICES:
            with databases.fresh(service) as url, psycopg.connect(url, autocommit=True) as connection:
                statements = dict(statements_of(service))
                own = [name for name in statements if name.startswith(f"{named(service).module}.")]
                assert len(own) > 5, service
                for name, sql in statements.items():
                    with case(f"{service}: {name}"):
                        connection.execute(f"PREPARE it AS {numbered(sql)}".encode())
                        connection.execute("DEALLOCATE it")
