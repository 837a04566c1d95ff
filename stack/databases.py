"""Roles and databases: one of each for every service, and for the bank a role and a schema beside payment's."""

from __future__ import annotations

from collections.abc import Mapping

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
