"""How the audit reads the databases: at one instant at which nothing is under way, and leaving nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from audit import audit
from audit.errors import AuditError
from audit.invariants import ALWAYS, AT_REST, INVARIANTS, seats
from audit.invariants.accounts import ACCOUNTS
from audit.invariants.keys import KEYS
from audit.snapshots import TRIES, Snapshots, snapshots
from databases import databases
from services.identity.settings import Settings as IdentitySettings
from services.inventory.seats.statements import LIMITS
from services.inventory.settings import Settings as InventorySettings
from stack.postgres import Server, temporary_server, url
from stack.processes import wait_until
from stack.settings import ROOT
from tests.patience import patient
from tests.stacks import migrate_all

PASSWORDS = {role: f"secret of {role}" for role in databases.DATABASES}
SECONDS = patient(30)
MESSAGE = "INSERT INTO outbox (id, topic, payload, dead_at) VALUES (gen_random_uuid(), 'releases', '', {})"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with the services' tables, all of them empty."""
    with temporary_server() as one:
        migrate_all(one, PASSWORDS)
        yield one


def reach_as(server: Server, role: str, password: str) -> audit.Reach:
    return lambda database: url(server.port, database, role, password)


@pytest.fixture
def reach(server: Server) -> audit.Reach:
    return reach_as(server, "audit", PASSWORDS["audit"])


@contextmanager
def copied(reach: audit.Reach, say: audit.Say = lambda line: None) -> Iterator[audit.Scratch]:
    with audit.scratch(reach, say) as copies, snapshots(reach) as sources:
        assert sources.take()
        audit.copy(sources, copies)
        yield copies


def test_empty_databases_are_in_order(reach: audit.Reach, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.run(reach) == 0
    # Migrations make a row for each topic.
    assert capsys.readouterr().out.endswith(f"\n{len(INVARIANTS)} invariants hold over 2 rows\n")


def test_an_audit_leaves_nothing_behind_also_when_it_dies(server: Server, reach: audit.Reach) -> None:
    def made() -> list[tuple[object, ...]]:
        with server.connect("audit") as connection:
            return connection.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname = ANY (%s)",
                [[name for schemas in audit.SOURCES.values() for name, _ in schemas]],
            ).fetchall()

    audit.look(reach)
    assert made() == []
    with pytest.raises(RuntimeError), copied(reach):
        raise RuntimeError
    assert made() == []
    with pytest.raises(psycopg.OperationalError), copied(reach) as copies, server.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [copies.info.backend_pid])
    assert made() == []
    assert audit.look(reach).broken == []


def test_two_audits_take_turns(reach: audit.Reach) -> None:
    lines: list[str] = []
    done = threading.Event()

    def second() -> None:
        with copied(reach, lines.append):
            done.set()

    with copied(reach):
        other = threading.Thread(target=second)
        other.start()
        assert wait_until(lambda: bool(lines), SECONDS)
        assert not done.is_set()
    other.join(SECONDS)
    assert done.is_set()
    assert lines == ["another audit is running: waiting until it is over"]


def test_it_waits_for_what_is_under_way_and_says_so(server: Server, reach: audit.Reach) -> None:
    lines: list[str] = []
    with server.connect("booking") as booking:
        booking.execute(MESSAGE.format("NULL").encode())
        assert audit.under_way(reach) == {"messages of booking": 1}
        rested: list[bool] = []
        waiting = threading.Thread(target=lambda: rested.append(audit.rest(reach, SECONDS, lines.append)))
        waiting.start()
        try:
            assert wait_until(lambda: bool(lines), SECONDS)
        finally:
            booking.execute("DELETE FROM outbox")
            waiting.join(SECONDS)
    assert rested == [True]
    assert lines == [f"waiting, at most {SECONDS:g} s, for what is under way: messages of booking (1)"]


def test_what_is_stuck_is_shown_as_broken(
    server: Server, reach: audit.Reach, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.connect("booking") as booking:
        booking.execute(MESSAGE.format("NULL").encode())
        try:
            # Too short a wait to tell what is stuck from what takes its time.
            assert audit.run(reach, wait_seconds=0) == audit.NEVER_AT_REST
            unknown = capsys.readouterr().out
            monkeypatch.setattr(audit, "STUCK_SECONDS", 0.2)
            assert audit.run(reach, wait_seconds=0.2) == audit.BROKEN
            output = capsys.readouterr().out
            assert audit.run(reach, always=True) == 0
        finally:
            booking.execute("DELETE FROM outbox")
    assert unknown.startswith("still under way after 0 s: messages of booking (1)\n")
    assert output.startswith("nothing has moved for 0 s: messages of booking (1)\n")
    assert "\nnothing-is-left-to-tell: " in output
    assert output.endswith(f"\n1 of {len(INVARIANTS)} invariants is broken\n")


@contextmanager
def never_at_rest(server: Server) -> Iterator[None]:
    """Let there always be a message, and no message for long."""
    over = threading.Event()

    def go_on() -> None:
        with server.connect("booking") as booking:
            while not over.is_set():
                booking.execute("WITH gone AS (DELETE FROM outbox) " + MESSAGE.format("NULL"))
            booking.execute("DELETE FROM outbox")

    with server.connect("booking") as booking:
        booking.execute(MESSAGE.format("NULL").encode())
    writing = threading.Thread(target=go_on)
    writing.start()
    try:
        yield
    finally:
        over.set()
        writing.join(SECONDS)


def test_a_system_that_never_comes_to_rest_is_called_busy_and_not_broken(
    server: Server, reach: audit.Reach, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "STUCK_SECONDS", 0.2)
    with never_at_rest(server):
        assert audit.run(reach, wait_seconds=0.5) == audit.NEVER_AT_REST
        output = capsys.readouterr().out
        fallen_back = audit.look(reach, wait_seconds=0.5)
    assert output.startswith("still under way after 0.5 s: messages of booking (1)\n")
    assert f"\n{len(ALWAYS)} invariants hold over " in output
    assert output.endswith(f"\n{len(AT_REST)} others, which hold at rest, were not asked: the system is busy\n")
    assert [result.invariant for result in fallen_back.results] == list(ALWAYS)


@dataclass
class Meddled:
    """A connection whose snapshots are taken a moment after somebody else has committed something."""

    connection: Any
    meddle: Callable[[], object]
    times: int
    taken: list[str] = field(default_factory=list)

    def execute(self, query: str) -> Any:
        if "pg_current_snapshot" in query:
            if len(self.taken) < self.times:
                self.meddle()
            self.taken.append(query)
        return self.connection.execute(query)

    def rollback(self) -> None:
        self.connection.rollback()


@pytest.mark.parametrize(("times", "at_once"), [(0, True), (3, True), (TRIES, False)])
def test_snapshots_with_a_commit_between_them_are_taken_again(
    server: Server, reach: audit.Reach, times: int, at_once: bool
) -> None:
    with server.connect("booking") as booking, snapshots(reach) as sources:
        inserted = MESSAGE.format("now()").encode()
        meddled = Meddled(sources.databases["payment"], lambda: booking.execute(inserted), times)
        connections: Any = {**sources.databases, "payment": meddled}
        try:
            assert Snapshots(connections).take() == at_once
            assert len(meddled.taken) == (times + 1 if at_once else TRIES)
            [seen] = connections["booking"].execute("SELECT count(*) FROM outbox").fetchall()
            assert seen["count"] == (times if at_once else times - 1)
        finally:
            booking.execute("DELETE FROM outbox")


HOLD = """
    INSERT INTO show_seats
        (show_id, id, position, section, row, number, tier, price, status, holder_id, expires_at)
    VALUES (gen_random_uuid(), gen_random_uuid(), 0, 'Stalls', 'A', 1, 'REGULAR', 100, 'HELD', gen_random_uuid(),
        clock_timestamp() + interval '50 minutes')
"""
COUNTER = """
    INSERT INTO show_counters (show_id, starts_at, currency, seat_hold_minutes)
    SELECT show_id, clock_timestamp(), 'INR', %s FROM show_seats
"""
CLOCK = "CREATE OR REPLACE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql RETURN clock_timestamp() {}"


@pytest.mark.parametrize(
    ("largest", "ahead", "too_many"),
    [(5, 0, 1), (60, 0, 0), (None, 0, 0), (1_000, -11, 1), (5, 46, 0), (1, 46, 1)],
)
def test_holds_are_held_against_the_largest_limit_of_their_show_and_inventorys_clock(
    server: Server, reach: audit.Reach, largest: int | None, ahead: int, too_many: int
) -> None:
    with server.connect("inventory") as inventory:
        inventory.execute(HOLD.encode())
        inventory.execute(COUNTER.encode(), [largest])
        try:
            inventory.execute(CLOCK.format(f"+ interval '{ahead} minutes'").encode())
            [result] = audit.look(reach, [one for one in ALWAYS if one.name == "holds-and-claims-end-in-time"]).results
            assert result.violations == too_many
        finally:
            inventory.execute(CLOCK.format("").encode())
            inventory.execute("DELETE FROM show_seats; DELETE FROM show_counters")


def test_the_bounds_where_no_limit_is_remembered_are_those_of_the_settings() -> None:
    bounds = {
        name: next(mark.le for mark in field.metadata if hasattr(mark, "le"))
        for name, field in InventorySettings.model_fields.items()
        if name in LIMITS
    }
    assert bounds == {name: getattr(seats, name.upper()) for name in LIMITS}
    days = next(mark.le for mark in IdentitySettings.model_fields["refresh_token_days"].metadata if hasattr(mark, "le"))
    [families] = [one for one in ACCOUNTS if one.name == "families-of-tokens-belong-to-accounts"]
    assert f"'{days} days'" in families.sql


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "soon", ""])
def test_a_wait_that_is_no_time_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    audit.add_options(parser)
    with pytest.raises(SystemExit):
        parser.parse_args([f"--wait={seconds}"])
    output = f"error: argument --wait: '{seconds}' is no number of seconds: give one from 0 up\n"
    assert capsys.readouterr().err.endswith(output)


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
        [sys.executable, "-m", "audit", "--server", server, "--wait", "0"],
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
    with pytest.raises(AuditError, match="the server is not a URL like postgresql://audit:password@") as refused:
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
    with pytest.raises(AuditError, match="`make stop` and `make run`"), audit.scratch(strange):
        pass


def test_a_key_that_is_taken_and_not_answered_yet_is_no_fault_and_one_with_a_wrong_answer_is(
    server: Server, reach: audit.Reach
) -> None:
    keep = """
        INSERT INTO idempotency_keys (user_id, method, key, request_hash, answer)
        VALUES (gen_random_uuid(), 'InitiatePayment', %s, '', %s)
    """
    with server.connect("payment") as connection:
        try:
            connection.execute(keep, ["taken", b""])
            assert audit.look(reach, KEYS).broken == []
            connection.execute(keep, ["answered", b"nothing"])
            [result] = audit.look(reach, KEYS).broken
            assert [row["key"] for row in result.examples] == ["answered"]
        finally:
            connection.execute("DELETE FROM idempotency_keys")
