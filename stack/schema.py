"""Schemas as PostgreSQL itself sees them: what a service's tables.py says, and what its migrations make."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import psycopg
from sqlalchemy import MetaData, create_engine, text

from roster import named
from services.chassis.store import tables
from stack.postgres import Server

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
"""What PostgreSQL itself says of a schema, each as rows of text."""

ONLY_MIGRATIONS = (
    "ledger_append_only",
    "refuse_change",
    "copy_keys_to_shows",
    "copy_keys_from_shows",
    "copy_prices_to_lists",
)
"""Triggers and functions, which tables.py has no words for."""

Seen = Mapping[str, list[str]]
"""What there is of each part of LOOK."""


def tables_of(service: str) -> MetaData:
    """Return the schema that a service's tables.py says."""
    metadata: MetaData = importlib.import_module(f"{named(service).module}.tables").metadata
    return metadata


def look(url: str) -> dict[str, list[str]]:
    """Return what there is, but for what Alembic keeps for itself."""
    with psycopg.connect(url) as connection:
        return seen(connection)


def seen(connection: psycopg.Connection) -> dict[str, list[str]]:
    """Return what a transaction sees, as `look` does."""
    found = {what: connection.execute(sql).fetchall() for what, sql in LOOK.items()}
    return {what: sorted(str(row) for row in rows if row[0] != "alembic_version") for what, rows in found.items()}


def make_of_tables(server: Server, name: str, metadata: MetaData) -> str:
    """Create a database of tables, and return its URL."""
    url = server.create_database(name)
    engine = create_engine(sqlalchemy_url(url))
    with engine.begin() as connection:
        connection.execute(text(tables.CREATE_CLOCK))  # first, because defaults may name it
        metadata.create_all(connection)
    engine.dispose()
    return url


def sqlalchemy_url(url: str) -> str:
    """Return a database's URL as SQLAlchemy wants it."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def differences(wanted: Seen, made: Seen) -> list[str]:
    """Return what tables say and migrations do not make, and the other way round, a line each."""
    lines = []
    for what in LOOK:
        there = [line for line in made[what] if not any(name in line for name in ONLY_MIGRATIONS)]
        lines += [f"only in the tables, of {what}: {line}" for line in wanted[what] if line not in there]
        lines += [f"only by the migrations, of {what}: {line}" for line in there if line not in wanted[what]]
    return lines
