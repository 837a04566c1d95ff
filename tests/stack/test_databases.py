"""What each role may do, and what it may not."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from stack import databases
from stack.postgres import Server, temporary_server, url

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


@pytest.mark.parametrize("role", databases.DATABASES)
def test_a_role_makes_tables_in_its_own_database(server: Server, role: str) -> None:
    with connect(server, role) as connection:
        connection.execute("CREATE TABLE mine (id int)")
        schema = connection.execute(
            "SELECT schemaname FROM pg_tables WHERE tablename = 'mine' AND tableowner = %s", [role]
        )
        assert schema.fetchone() == ("bank" if role == "bank" else "public",)
        connection.execute("DROP TABLE mine")


@pytest.mark.parametrize("role", databases.DATABASES)
@pytest.mark.parametrize("database", ["inventory", "booking", "payment", "identity", "audit", "postgres", "template1"])
def test_a_role_gets_into_its_own_database_only_and_audit_into_the_services(
    server: Server, role: str, database: str
) -> None:
    if may_enter(role, database):
        connect(server, role, database).close()
    else:
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            connect(server, role, database)


def test_payment_and_the_bank_cannot_see_each_others_tables(server: Server) -> None:
    with connect(server, "payment") as payment, connect(server, "bank") as bank:
        payment.execute("CREATE TABLE public.payments (id int)")
        bank.execute("CREATE TABLE bank.ledger (id int)")
        for role, table in ((payment, "bank.ledger"), (bank, "public.payments")):
            with pytest.raises(errors.InsufficientPrivilege):
                role.execute(f"SELECT * FROM {table}".encode())
        with pytest.raises(errors.InsufficientPrivilege):
            payment.execute("CREATE TABLE bank.mine (id int)")
        with pytest.raises(errors.InsufficientPrivilege):
            bank.execute("CREATE TABLE public.mine (id int)")
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


@pytest.mark.parametrize("database", ["inventory", "booking", "payment", "identity", "audit"])
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
