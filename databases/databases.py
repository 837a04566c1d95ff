"""Roles and databases: one of each for every service; for the bank a schema beside payment's, and two roles.

Role `bank_owner` owns what the bank has and migrates it. Role `bank` serves: it can only add to the ledger and, being
no owner, cannot change that.

Role `audit` reads what these roles make, and writes into a scratch database of its own only. Of accounts it reads the
views that identity makes for it in schema `audited`, which have no hash, no key and nobody's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql

import roster
from roster import SERVICES, named


class Server(Protocol):
    """A PostgreSQL server, whichever way it is reached."""

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect to one of its databases, in autocommit mode, as a role that may make roles and databases."""


AUDITOR = "audit"
BANK, BANK_OWNER = "bank", "bank_owner"
OWNERS = {service.owner: service.database for service in SERVICES}
"""The database of each role whose tables the audit reads."""
AUDITED = {service.owner: service.audited for service in SERVICES}
"""The schema of each that the audit reads."""
DATABASES = {**roster.ROLES, AUDITOR: AUDITOR}
"""The database of each role."""


def provision(server: Server, passwords: Mapping[str, str]) -> None:
    """Create the roles and databases that are missing and set the roles' passwords, as often as one likes.

    A role may connect to its own database only. In database `payment` role `bank_owner` owns schema `bank`, role `bank`
    may use its tables, and neither may use anything else; role `payment` may not use that schema. Role `audit` may read
    what is in the schemas of AUDITED.
    """
    with server.connect() as connection:
        for role in DATABASES:
            _role(connection, role, passwords[role])
        for database in dict.fromkeys(DATABASES.values()):
            _database(connection, database)
        for database in ("postgres", "template1"):
            _close(connection, database)
        connection.execute("GRANT CONNECT ON DATABASE payment TO bank, bank_owner")
        for role in (BANK, BANK_OWNER):
            name = sql.Identifier(role)
            connection.execute(sql.SQL("ALTER ROLE {} IN DATABASE payment SET search_path = bank").format(name))
    for database in dict.fromkeys(DATABASES.values()):
        with server.connect(database) as connection:
            connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    with server.connect("payment") as connection:
        _provide_bank(connection)
    with server.connect("identity") as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS audited AUTHORIZATION identity")
    for owner, database in OWNERS.items():
        with server.connect(database) as connection:
            _let_audit(connection, owner, database)


def _provide_bank(connection: psycopg.Connection) -> None:
    """Give schema `bank` to its owner, and let role `bank` use what is in it and will be."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS bank AUTHORIZATION bank_owner")
    # It was the bank's own before. Its migrations say what of this it may not do.
    with connection.transaction():
        old = connection.execute("SELECT FROM pg_namespace WHERE nspname = 'bank' AND nspowner = 'bank'::regrole")
        if old.fetchone() is not None:
            connection.execute("REASSIGN OWNED BY bank TO bank_owner")
            connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bank TO bank")
            connection.execute("GRANT USAGE ON SCHEMA bank TO bank")
            # Where the migration that takes this has been run already, it is not run again.
            if connection.execute(
                "SELECT FROM pg_tables WHERE (schemaname, tablename) = ('bank', 'ledger')"
            ).fetchone():
                connection.execute("REVOKE UPDATE, DELETE, TRUNCATE ON bank.ledger FROM bank")
            connection.execute(
                "ALTER DEFAULT PRIVILEGES FOR ROLE bank IN SCHEMA bank REVOKE SELECT ON TABLES FROM audit"
            )
    connection.execute("GRANT USAGE ON SCHEMA bank TO bank")
    connection.execute(
        "ALTER DEFAULT PRIVILEGES FOR ROLE bank_owner IN SCHEMA bank"
        " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO bank"
    )


def is_current(server: Server, role: str, migrations: Path) -> bool:
    """Tell whether the newest of `migrations` has been run, so that a warm start need not begin a process to see it.

    A migration's file begins with its revision.
    """
    newest = max(path.name.partition("_")[0] for path in migrations.glob("[0-9]*.py"))
    schema, table = named(role).schema, "alembic_version"
    with server.connect(DATABASES[role]) as connection:
        # Looked for first: a new database would put an error into PostgreSQL's log at everybody's first start.
        look = "SELECT FROM pg_tables WHERE (schemaname, tablename) = (%s, %s)"
        if connection.execute(look, [schema, table]).fetchone() is None:
            return False
        found = connection.execute(sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(schema, table)))
        return found.fetchall() == [(newest,)]


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


def _close(connection: psycopg.Connection, database: str) -> None:
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
