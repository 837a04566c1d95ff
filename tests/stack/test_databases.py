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
@pytest.mark.parametrize("database", ["inventory", "booking", "payment", "postgres", "template1"])
def test_a_role_gets_into_no_other_database(server: Server, role: str, database: str) -> None:
    if databases.DATABASES[role] == database:
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
