"""How the audit reads the databases: copies that leave nothing behind, one at a time, once nothing is under way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from stack import audit, databases, services
from stack.credentials import Credentials
from stack.errors import StackError
from stack.invariants import INVARIANTS
from stack.launcher import temporary_settings
from stack.postgres import Server, temporary_server, url
from stack.processes import wait_until
from stack.settings import ROOT

PASSWORDS = {role: f"secret of {role}" for role in databases.DATABASES}
SECONDS = 30
MESSAGE = "INSERT INTO outbox (id, topic, payload, dead_at) VALUES (gen_random_uuid(), 'releases', '', {})"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with the services' tables, all of them empty."""
    with temporary_server() as one:
        databases.provision(one, PASSWORDS)
        settings = temporary_settings(one.data).model_copy(update={"postgres_port": one.port})
        secrets = Credentials(PASSWORDS | {"webhook": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
        for name, environment in services.environments(settings, secrets, {}).items():
            module = next(service.module for service in services.SERVICES if service.name == name)
            subprocess.run([sys.executable, "-m", module, "migrate"], cwd=ROOT, env=environment, check=True)
        yield one


def reach_as(server: Server, role: str, password: str) -> audit.Reach:
    return lambda database: url(server.port, database, role, password)


@pytest.fixture
def reach(server: Server) -> audit.Reach:
    return reach_as(server, "audit", PASSWORDS["audit"])


def test_empty_databases_are_in_order(reach: audit.Reach, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.run(reach, max_seats_per_user=6) == 0
    assert capsys.readouterr().out.endswith(f"\n{len(INVARIANTS)} invariants hold over 0 rows\n")


def test_an_audit_leaves_nothing_behind_also_when_it_dies(server: Server, reach: audit.Reach) -> None:
    def made() -> list[tuple[object, ...]]:
        with server.connect("audit") as connection:
            return connection.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname = ANY (%s)",
                [[name for schemas in audit.SOURCES.values() for name, _ in schemas]],
            ).fetchall()

    audit.look(reach)
    assert made() == []
    with pytest.raises(RuntimeError), audit.scratch(reach) as copies:
        audit.copy(reach, copies)
        raise RuntimeError
    assert made() == []
    with pytest.raises(psycopg.OperationalError), audit.scratch(reach) as copies:
        audit.copy(reach, copies)
        with server.connect() as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [copies.info.backend_pid])
    assert made() == []
    assert audit.look(reach).broken == []


def test_two_audits_take_turns(reach: audit.Reach) -> None:
    said: list[str] = []
    done = threading.Event()

    def second() -> None:
        with audit.scratch(reach, said.append) as copies:
            audit.copy(reach, copies)
            done.set()

    with audit.scratch(reach) as copies:
        other = threading.Thread(target=second)
        other.start()
        assert wait_until(lambda: bool(said), SECONDS)
        audit.copy(reach, copies)
        assert not done.is_set()
    other.join(SECONDS)
    assert done.is_set()
    assert said == ["another audit is running: waiting until it is over"]


def test_it_waits_for_what_is_under_way_and_says_so(server: Server, reach: audit.Reach) -> None:
    said: list[str] = []
    with server.connect("booking") as booking:
        booking.execute(MESSAGE.format("NULL").encode())
        assert audit.under_way(reach) == {"messages of booking": 1}
        rested: list[bool] = []
        waiting = threading.Thread(target=lambda: rested.append(audit.rest(reach, SECONDS, said.append)))
        waiting.start()
        try:
            assert wait_until(lambda: bool(said), SECONDS)
        finally:
            booking.execute("DELETE FROM outbox")
            waiting.join(SECONDS)
    assert rested == [True]
    assert said == [f"waiting, at most {SECONDS} s, for what is under way: 1 messages of booking"]


def test_what_never_comes_to_rest_is_shown(
    server: Server, reach: audit.Reach, capsys: pytest.CaptureFixture[str]
) -> None:
    with server.connect("booking") as booking:
        booking.execute(MESSAGE.format("NULL").encode())
        try:
            assert audit.run(reach, max_seats_per_user=6, wait_seconds=0) == 1
            told = capsys.readouterr().out
            assert audit.run(reach, max_seats_per_user=6, always=True) == 0
        finally:
            booking.execute("DELETE FROM outbox")
    assert told.startswith("still under way after 0 s: 1 messages of booking\n")
    assert "\nnothing-is-left-to-tell: " in told
    assert told.endswith(f"\n1 of {len(INVARIANTS)} invariants is broken\n")


def test_nobody_waits_for_dead_letters_which_are_faults_all_the_same(server: Server, reach: audit.Reach) -> None:
    with server.connect("booking") as booking:
        booking.execute(MESSAGE.format("now()").encode())
        try:
            assert audit.rest(reach, 0)
            assert [result.invariant.name for result in audit.look(reach).broken] == ["nothing-is-left-to-tell"]
        finally:
            booking.execute("DELETE FROM outbox")


def test_the_audit_of_a_server_needs_no_more_than_its_url(reach: audit.Reach, tmp_path: Path) -> None:
    environment = {"PATH": os.defpath, "PGPASSWORD": PASSWORDS["audit"], "PYTHONPATH": str(ROOT)}
    server = conninfo_url(reach("audit"))
    done = subprocess.run(
        [sys.executable, "-m", "stack.audit", "--server", server, "--wait", "0"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")


def conninfo_url(reached: str) -> str:
    return f"postgresql://audit@{reached.rpartition('@')[2].partition('/')[0]}"


@pytest.mark.parametrize("server", ["postgresql://audit:se cret@h", "audit:secret", "postgresql://a:secret@h:1/?x=y"])
def test_what_is_no_url_is_refused_without_repeating_it(server: str) -> None:
    with pytest.raises(StackError, match="the server is not a URL like postgresql://audit:password@") as refused:
        audit.reach_by(server)
    assert "secret" not in str(refused.value)


def test_the_database_is_put_into_the_servers_url() -> None:
    reached = audit.reach_by("postgresql://audit:p%40ss@db.example:6432/other?sslmode=require")("booking")
    parts = psycopg.conninfo.conninfo_to_dict(reached)
    assert parts == {
        "user": "audit",
        "password": "p@ss",
        "host": "db.example",
        "port": "6432",
        "dbname": "booking",
        "sslmode": "require",
    }


def test_a_role_that_is_not_known_is_said_with_what_to_do(server: Server) -> None:
    strange = reach_as(server, "audit", "another")
    with pytest.raises(StackError, match="`make stop` and `make run`"), audit.scratch(strange):
        pass
