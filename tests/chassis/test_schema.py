"""Each service's tables say what its migrations make; and every statement of a service fits that schema."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

import psycopg
import pytest

import roster
from roster import named
from stack.postgres import Server
from stack.schema import LOOK, differences, look, make_of_tables, seen, tables_of
from tests.cases import all_cases
from tests.databases import Databases

SERVICES = roster.NAMES

WITHOUT_INDEX = """
    SELECT k.conrelid::regclass::text, k.conname FROM pg_constraint k
    WHERE k.contype = 'f' AND NOT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indpred IS NULL
        AND k.conkey <@ (i.indkey::int2[])[0:array_length(k.conkey, 1) - 1]
    )
"""


def test_the_tables_say_what_the_migrations_make(postgres: Server, databases: Databases) -> None:
    with all_cases() as case:
        for service in SERVICES:
            name = f"told_{service}"
            wanted = look(make_of_tables(postgres, name, tables_of(service)))
            postgres.drop_database(name)
            with databases.fresh(service) as url:
                made = look(url)
            with case(service):
                assert differences(wanted, made) == []
                assert all(made[what] for what in LOOK if what != "triggers"), "there is something to compare"


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
                found = seen(connection)
                connection.rollback()
            assert {what for what in LOOK if found[what] != before[what]} == parts, change
            assert all(any(f" of {what}:" in line for line in differences(before, found)) for what in parts), change


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
    if not module.__name__.endswith(".statements"):
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
    "store.marks": "commit_markers",
    "writes.outbox": "outbox",
    "writes.answers": "idempotency_keys",
    "writes.topics": "topic_events",
    "writes.consumer": "topic_progress",
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
