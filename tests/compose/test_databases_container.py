"""The containers' databases are made as the stack makes them, and services work with them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from databases import databases
from roster import SERVICES, Service
from stack.postgres import Server, temporary_server, url
from tests.compose.support import ROOT, SECRETS, WANTED, compose, environment_of
from tests.patience import patient

PASSWORDS = {role: SECRETS[f"{role.upper()}_PASSWORD"] for role in databases.DATABASES}
FILE = compose(WANTED)["services"]

# What decides who may do what; a role's verifier is salted, so only its kind compares.
RIGHTS = {
    "roles": "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,"
    " rolconnlimit, rolbypassrls, rolvaliduntil, left(rolpassword, 14) FROM pg_authid"
    " WHERE rolname !~ '^pg_' ORDER BY 1",
    "members": "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members ORDER BY 1, 2",
    "databases": "SELECT datname, datdba::regrole::text, datacl::text, datallowconn, datistemplate, encoding,"
    " datlocprovider, datlocale FROM pg_database ORDER BY 1",
    "settings": "SELECT datname, setrole::regrole::text, setconfig FROM pg_db_role_setting"
    " LEFT JOIN pg_database ON pg_database.oid = setdatabase ORDER BY 1, 2",
}
SCHEMAS = (
    "SELECT nspname, nspowner::regrole::text, nspacl::text, defaclrole::regrole::text, defaclobjtype, defaclacl::text"
    " FROM pg_namespace LEFT JOIN pg_default_acl ON defaclnamespace = pg_namespace.oid"
    " WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with temporary_server() as one:
        run(one)
        yield one


def run(server: Server, **changed: str) -> None:
    done = attempt(server, **changed)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def attempt(server: Server, **changed: str) -> subprocess.CompletedProcess[str]:
    """Run the command as the container does."""
    service = FILE["databases"]
    python, *command = service["command"]
    assert python == "python"
    command = [part.replace("postgres:5432", f"127.0.0.1:{server.port}") for part in command]
    password = str(psycopg.conninfo.conninfo_to_dict(server.url())["password"])
    environment = environment_of(service, {}) | {"PGPASSWORD": password, "PATH": os.defpath} | changed
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=patient(60)
    )


def rights(server: Server) -> dict[str, Any]:
    with server.connect() as connection:
        found: dict[str, Any] = {name: connection.execute(query.encode()).fetchall() for name, query in RIGHTS.items()}
    for database in dict.fromkeys(databases.DATABASES.values()):
        with server.connect(database) as connection:
            found[f"schemas of {database}"] = connection.execute(SCHEMAS).fetchall()
    return found


def test_roles_and_rights_are_the_stacks(server: Server) -> None:
    with temporary_server() as stacks:
        databases.provision(stacks, PASSWORDS)
        assert rights(server) == rights(stacks)


def test_running_it_again_sets_passwords_and_keeps_all_else(server: Server) -> None:
    before = rights(server)
    run(server, BOOKING_PASSWORD="another-secret-of-it")
    psycopg.connect(url(server.port, "booking", "booking", "another-secret-of-it")).close()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url(server.port, "booking", "booking", PASSWORDS["booking"]))
    run(server)
    assert rights(server) == before


@pytest.mark.parametrize("password", ["short", "with@sign-and-/slash", "with spaces and more", ""])
def test_a_password_that_cannot_stand_in_a_url_is_refused(server: Server, password: str) -> None:
    done = attempt(server, BANK_PASSWORD=password)
    assert done.returncode != 0
    assert "make secrets" in done.stderr


def test_a_server_that_is_no_url_is_refused_without_its_words() -> None:
    command = [sys.executable, "-m", "databases", "--server", "postgres:hunter2@host"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=patient(60))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "boxoffice: the server is not a URL like postgresql://postgres:password@host:5432\n"


def test_the_log_holds_no_password(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
    try:
        run(server)
        log = (server.data / "postgres.log").read_text()
        assert "inventory" in log
        assert not [secret for secret in PASSWORDS.values() if secret in log]
    finally:
        with server.connect() as connection:
            connection.execute("ALTER SYSTEM RESET log_statement")
            connection.execute("SELECT pg_reload_conf()")


def migrate(server: Server, service: Service) -> str:
    """Migrate a service's database as its container does; return its URL."""
    environment = environment_of(FILE[f"{service.name}-migrate"], SECRETS)
    environment["DATABASE_URL"] = environment["DATABASE_URL"].replace("postgres:5432", f"127.0.0.1:{server.port}")
    command = [sys.executable, *FILE[f"{service.name}-migrate"]["command"][1:]]
    subprocess.run(command, env={"PATH": os.defpath} | environment, cwd=ROOT, check=True, timeout=patient(60))
    return environment["DATABASE_URL"]


@pytest.fixture(scope="module")
def migrated(server: Server) -> None:
    for service in SERVICES:
        migrate(server, service)


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_migrates_its_database_as_often_as_one_likes(server: Server, service: Service) -> None:
    with psycopg.connect(migrate(server, service)) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").fetchone()
    assert tables is not None and tables[0] > 2


@pytest.mark.usefixtures("migrated")
def test_the_audit_sees_what_services_made_before_its_role_was_there(server: Server) -> None:
    environment = {"PATH": os.defpath, "PGPASSWORD": PASSWORDS["audit"]}
    command = [part.replace("postgres:5432", f"127.0.0.1:{server.port}") for part in FILE["audit"]["entrypoint"][1:]]
    with server.connect("payment") as connection:
        connection.execute("REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM audit")
    for code in (1, 0):
        done = subprocess.run(
            [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=patient(60)
        )
        assert done.returncode == code, done.stdout + done.stderr
        run(server)
    assert "invariants hold over" in done.stdout
