"""Roles and databases: one of each for every service, and for the bank a role and a schema beside payment's.

Role `audit` reads what these roles make, and writes into a scratch database of its own only. Of accounts it reads the
views that identity makes for it in schema `audited`, which have no hash, no key and nobody's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from stack.postgres import Server

AUDITOR = "audit"
OWNERS = {
    "inventory": "inventory",
    "booking": "booking",
    "payment": "payment",
    "bank": "payment",
    "identity": "identity",
}
"""The database of each service's role."""
AUDITED = {"inventory": "public", "booking": "public", "payment": "public", "bank": "bank", "identity": "audited"}
"""The schema of each that the audit reads."""
DATABASES = {**OWNERS, AUDITOR: AUDITOR}
"""The database of each role."""


def provision(server: Server, passwords: Mapping[str, str]) -> None:
    """Create the roles and databases that are missing and set the roles' passwords, as often as one likes.

    A role may connect to its own database only. In database `payment` the bank owns schema `bank` and may use
    nothing else, and role `payment` may not use schema `bank`. Role `audit` may read what is in the schemas of AUDITED.
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
    with server.connect("identity") as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS audited AUTHORIZATION identity")
    for owner, database in OWNERS.items():
        with server.connect(database) as connection:
            _let_audit(connection, owner, database)


def is_current(server: Server, role: str, migrations: Path) -> bool:
    """Tell whether the newest of `migrations` has been run, so that a warm start need not begin a process to see it.

    A migration's file begins with its revision.
    """
    newest = max(path.name.partition("_")[0] for path in migrations.glob("[0-9]*.py"))
    table = sql.Identifier(_schema(role), "alembic_version")
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


def _let_audit(connection: psycopg.Connection, owner: str, database: str) -> None:
    """Let role `audit` read what `owner` has in this database, and will have."""
    # Not as a member of pg_read_all_data: that one reads the roles' verifiers too.
    for statement in (
        "GRANT CONNECT ON DATABASE {database} TO {audit}",
        "ALTER ROLE {audit} IN DATABASE {database} SET default_transaction_read_only = on",
        "GRANT USAGE ON SCHEMA {schema} TO {audit}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {audit}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {audit}",
    ):
        connection.execute(
            sql.SQL(statement).format(
                database=sql.Identifier(database),
                schema=sql.Identifier(AUDITED[owner]),
                owner=sql.Identifier(owner),
                audit=sql.Identifier(AUDITOR),
            )
        )


def _schema(role: str) -> str:
    return "bank" if role == "bank" else "public"


def _close(connection: psycopg.Connection, database: str) -> None:
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
