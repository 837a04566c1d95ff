"""Roles and databases: one of each for every service, and for the bank a role and a schema beside payment's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from stack.postgres import Server

DATABASES = {"inventory": "inventory", "booking": "booking", "payment": "payment", "bank": "payment"}
"""The database of each role."""


def provision(server: Server, passwords: Mapping[str, str]) -> None:
    """Create the roles and databases that are missing and set the roles' passwords, as often as one likes.

    A role may connect to its own database only. In database `payment` the bank owns schema `bank` and may use
    nothing else, and role `payment` may not use schema `bank`.
    """
    with server.connect() as connection:
        for role in DATABASES:
            _role(connection, role, passwords[role])
        for database in dict.fromkeys(DATABASES.values()):
            _database(connection, database)
        for database in ("postgres", "template1"):
            _close(connection, database)
        connection.execute("GRANT CONNECT ON DATABASE payment TO bank")
        connection.execute("ALTER ROLE bank IN DATABASE payment SET search_path = bank")
    for database in dict.fromkeys(DATABASES.values()):
        with server.connect(database) as connection:
            connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    with server.connect("payment") as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS bank AUTHORIZATION bank")


def is_current(server: Server, role: str, migrations: Path) -> bool:
    """Tell whether the newest of `migrations` has been run, so that a warm start need not begin a process to see it.

    A migration's file begins with its revision.
    """
    newest = max(path.name.partition("_")[0] for path in migrations.glob("[0-9]*.py"))
    schema = "bank" if role == "bank" else "public"
    table = sql.Identifier(schema, "alembic_version")
    with server.connect(DATABASES[role]) as connection:
        try:
            versions = connection.execute(sql.SQL("SELECT version_num FROM {}").format(table)).fetchall()
        except psycopg.errors.UndefinedTable:
            return False
    return versions == [(newest,)]


def _role(connection: psycopg.Connection, role: str, password: str) -> None:
    # Only the verifier travels in the statement, so that no log can ever hold the password.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("ALTER" if known else "CREATE")
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(role), sql.Literal(verifier))
    )


def _database(connection: psycopg.Connection, database: str) -> None:
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        name = sql.Identifier(database)
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
    _close(connection, database)


def _close(connection: psycopg.Connection, database: str) -> None:
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
