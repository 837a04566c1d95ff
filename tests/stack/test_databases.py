"""What each role may do, and what it may not."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

import roster
from databases import databases
from services.chassis.store.migrate import migrate
from stack.postgres import Server, temporary_server, url
from stack.settings import ROOT

BANK_MIGRATIONS = ROOT / "services" / "bank" / "migrations"
PASSWORDS = {role: f"secret of {role}" for role in databases.DATABASES}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with temporary_server() as one:
        databases.provision(one, PASSWORDS)
        yield one


def may_enter(role: str, database: str) -> bool:
    return database == databases.DATABASES[role] or (
        role == databases.AUDITOR and database in databases.OWNERS.values()
    )


def connect(server: Server, role: str, database: str | None = None) -> psycopg.Connection:
    target = url(server.port, database or databases.DATABASES[role], role, PASSWORDS[role])
    return psycopg.connect(target, autocommit=True)


@pytest.mark.parametrize("role", sorted(databases.DATABASES.keys() - {databases.BANK}))
def test_a_role_makes_tables_in_its_own_database(server: Server, role: str) -> None:
    with connect(server, role) as connection:
        connection.execute("CREATE TABLE mine (id int)")
        schema = connection.execute(
            "SELECT schemaname FROM pg_tables WHERE tablename = 'mine' AND tableowner = %s", [role]
        )
        assert schema.fetchone() == ("bank" if role == databases.BANK_OWNER else "public",)
        connection.execute("DROP TABLE mine")


@pytest.mark.parametrize("role", databases.DATABASES)
@pytest.mark.parametrize("database", [*roster.DATABASES, "audit", "postgres", "template1"])
def test_a_role_gets_into_its_own_database_only_and_audit_into_the_services(
    server: Server, role: str, database: str
) -> None:
    if may_enter(role, database):
        connect(server, role, database).close()
    else:
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            connect(server, role, database)


def test_payment_and_the_bank_cannot_see_each_others_tables(server: Server) -> None:
    with (
        connect(server, "payment") as payment,
        connect(server, "bank_owner") as owner,
        connect(server, "bank") as bank,
    ):
        payment.execute("CREATE TABLE public.payments (id int)")
        owner.execute("CREATE TABLE bank.entries (id int)")
        for role, table in ((payment, "bank.entries"), (bank, "public.payments"), (owner, "public.payments")):
            with pytest.raises(errors.InsufficientPrivilege):
                role.execute(f"SELECT * FROM {table}".encode())
        with pytest.raises(errors.InsufficientPrivilege):
            payment.execute("CREATE TABLE bank.mine (id int)")
        for role in (bank, owner):
            with pytest.raises(errors.InsufficientPrivilege):
                role.execute("CREATE TABLE public.mine (id int)")
        with pytest.raises(errors.InsufficientPrivilege):
            payment.execute("DROP SCHEMA bank CASCADE")


@pytest.mark.parametrize("owner", databases.OWNERS)
def test_audit_reads_what_a_service_makes_and_writes_nothing_of_it(server: Server, owner: str) -> None:
    with connect(server, owner) as connection:
        connection.execute(f"SET search_path = {(schema := databases.AUDITED[owner])}".encode())
        connection.execute("CREATE TABLE read_only AS SELECT 42 AS answer")
        connection.execute("CREATE SEQUENCE numbers")
    table = f"{schema}.read_only"
    with connect(server, databases.AUDITOR, databases.OWNERS[owner]) as audit:
        assert audit.execute(f"SELECT answer FROM {table}".encode()).fetchone() == (42,)
        writing = (
            f"INSERT INTO {table} VALUES (1)",
            f"UPDATE {table} SET answer = 1",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} ADD COLUMN mine int",
            f"CREATE TABLE {schema}.mine (id int)",
            f"CREATE FUNCTION {schema}.mine() RETURNS int LANGUAGE sql RETURN 1",
            "CREATE TEMPORARY TABLE mine (id int)",
            "CREATE SCHEMA mine",
        )
        for statement in writing:
            with pytest.raises(errors.ReadOnlySqlTransaction):
                audit.execute(statement.encode())
        audit.execute("SET default_transaction_read_only = off")
        for statement in (*writing, f"SELECT * FROM {table} FOR UPDATE", f"SELECT nextval('{schema}.numbers')"):
            with pytest.raises(errors.InsufficientPrivilege):
                audit.execute(statement.encode())


@pytest.mark.parametrize("database", [*roster.DATABASES, "audit"])
def test_audit_cannot_read_what_tells_of_passwords_nor_become_anybody(server: Server, database: str) -> None:
    with connect(server, databases.AUDITOR, database) as audit:
        for statement in (
            "SELECT rolpassword FROM pg_authid",
            "SELECT passwd FROM pg_shadow",
            "SELECT pg_read_file('postgresql.conf')",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "SET ROLE inventory",
            "ALTER ROLE inventory PASSWORD 'mine'",
            "CREATE DATABASE mine",
        ):
            with pytest.raises((errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)):
                audit.execute(statement.encode())


def test_a_server_from_before_there_was_an_audit_gets_the_role_with_its_rights() -> None:
    with temporary_server() as old:
        databases.provision(old, PASSWORDS)
        for owner in databases.OWNERS:
            with connect(old, owner) as connection:
                connection.execute(f"SET search_path = {databases.AUDITED[owner]}".encode())
                connection.execute("CREATE TABLE old AS SELECT 42 AS answer")
        old.drop_database("audit")
        for database in dict.fromkeys(databases.OWNERS.values()):
            with old.connect(database) as connection:
                connection.execute("DROP OWNED BY audit")
        with old.connect() as connection:
            connection.execute("DROP ROLE audit")
        databases.provision(old, PASSWORDS)
        connect(old, databases.AUDITOR).close()
        for owner, database in databases.OWNERS.items():
            with connect(old, databases.AUDITOR, database) as audit:
                table = f"{databases.AUDITED[owner]}.old"
                assert audit.execute(f"SELECT answer FROM {table}".encode()).fetchone() == (42,)


AN_ENTRY = """
    WITH paid AS (
        INSERT INTO sessions (id, payment_id, amount, currency, description, items, status, expires_at, ended_at)
        VALUES ('sess_' || gen_random_uuid(), gen_random_uuid(), 5, 'INR', '', '{}', 'CAPTURED', now(), now())
        RETURNING id
    )
    INSERT INTO ledger (session_id, kind, amount, currency) SELECT id, 'CAPTURE', 5, 'INR' FROM paid
"""
"""What the bank does when somebody has paid. (A foreign key is looked at when the statement is over.)"""


def check_the_ledger_is_added_to_only(server: Server) -> None:
    with connect(server, "bank") as bank:
        bank.execute(AN_ENTRY)
        for statement in (
            "UPDATE ledger SET amount = 1",
            "DELETE FROM ledger",
            "TRUNCATE ledger",
            "TRUNCATE sessions CASCADE",
            "DROP TABLE ledger",
            "DROP SCHEMA bank CASCADE",
            "ALTER TABLE ledger DISABLE TRIGGER ledger_append_only",
            "ALTER TABLE ledger RENAME TO other",
            "ALTER TABLE ledger OWNER TO bank",
            "DROP TRIGGER ledger_append_only ON ledger",
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE FUNCTION mine() RETURNS int LANGUAGE sql RETURN 1",
            "CREATE RULE mine AS ON INSERT TO ledger DO INSTEAD NOTHING",
            "SET session_replication_role = replica",
            "SET ROLE bank_owner",
            "ALTER ROLE bank SUPERUSER",
            "SELECT * FROM ledger FOR UPDATE",
        ):
            with pytest.raises((errors.InsufficientPrivilege, errors.RaiseException)):
                bank.execute(statement.encode())
        bank.execute("GRANT UPDATE, DELETE, TRUNCATE ON ledger TO bank")  # it is warned, and gets nothing
        for statement in ("UPDATE ledger SET amount = 1", "DELETE FROM ledger", "TRUNCATE ledger"):
            with pytest.raises(errors.InsufficientPrivilege):
                bank.execute(statement.encode())
        # The rest of what it has, it changes as ever.
        bank.execute("UPDATE sessions SET refunded_amount = 0")
        assert bank.execute("SELECT DISTINCT amount FROM ledger").fetchall() == [(5,)]


def migrate_bank(server: Server, role: str = "bank_owner", revision: str = "head") -> None:
    migrate("bank", BANK_MIGRATIONS, url(server.port, "payment", role, PASSWORDS[role]), revision)


def test_the_bank_adds_to_its_ledger_and_can_do_nothing_else_to_it() -> None:
    with temporary_server() as fresh:
        databases.provision(fresh, PASSWORDS)
        migrate_bank(fresh)
        check_the_ledger_is_added_to_only(fresh)
        databases.provision(fresh, PASSWORDS)
        check_the_ledger_is_added_to_only(fresh)


def test_a_ledger_from_when_it_was_the_banks_own_is_taken_from_it() -> None:
    with temporary_server() as old:
        databases.provision(old, PASSWORDS)
        with old.connect("payment") as connection:
            connection.execute("ALTER SCHEMA bank OWNER TO bank")
            connection.execute("ALTER DEFAULT PRIVILEGES FOR ROLE bank IN SCHEMA bank GRANT SELECT ON TABLES TO audit")
        migrate_bank(old, "bank", "0002")
        with connect(old, "bank") as bank:
            bank.execute(AN_ENTRY)
        databases.provision(old, PASSWORDS)
        migrate_bank(old)
        check_the_ledger_is_added_to_only(old)
        with connect(old, databases.AUDITOR, "payment") as audit:
            assert audit.execute("SELECT count(*) FROM bank.ledger").fetchone() == (2,)


def test_no_role_is_mighty(server: Server) -> None:
    with server.connect() as connection:
        mighty = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
            " AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)",
            [list(databases.DATABASES)],
        )
        assert mighty.fetchall() == []


def test_provisioning_again_changes_passwords_and_keeps_data(server: Server) -> None:
    with connect(server, "booking") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    databases.provision(server, PASSWORDS | {"booking": "another"})
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(server, "booking")
    databases.provision(server, PASSWORDS)
    with connect(server, "booking") as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
