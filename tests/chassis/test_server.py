"""The life of a service's process: its start, its health, its end; and what it says when it cannot start."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import psycopg
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc, inventory_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pydantic import ValidationError

import roster
from roster import named
from services.bank import settings as bank
from services.booking import settings as booking
from services.chassis.errors import Unavailable
from services.chassis.process import cli
from services.chassis.process.settings import ServiceSettings, load
from services.chassis.wire.calls import channel
from services.identity import settings as identity
from services.inventory import settings as inventory
from services.payment import settings as payment
from stack import ports
from tests.chassis.waiting import until_waiting
from tests.databases import Databases, opened
from tests.inventory.sale import put_on_sale
from tests.inventory.watchers import Watcher
from tests.patience import eventually, patient

ROOT = Path(__file__).parents[2]
SECONDS = patient(20)
EVENT = str(uuid4())
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ1Njc4"


@dataclass
class Process:
    """A service's process and what it said."""

    process: asyncio.subprocess.Process
    port: int
    lines: list[str] = field(default_factory=list)

    async def ends(self) -> int:
        """Wait until it has ended; return its exit code."""
        async with asyncio.timeout(SECONDS):
            await self._read()
            return await self.process.wait()

    async def says(self, what: str) -> str:
        """Wait until it says `what`; return the line."""
        async with asyncio.timeout(SECONDS):
            while not any(what in line for line in self.lines):
                assert await self._read_line(), f"it never said {what}: {self.said}"
        return next(line for line in self.lines if what in line)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    async def _read_line(self) -> bool:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if line:
            self.lines.append(line.decode().rstrip("\n"))
        return bool(line)

    async def _read(self) -> None:
        while await self._read_line():
            pass


@asynccontextmanager
async def started(*arguments: str, port: int | None = None, **environment: str) -> AsyncIterator[Process]:
    """Start `python -m ARGUMENTS` with these settings and no others, output and errors together."""
    chosen = ports.choose(1)[0] if port is None else port
    told = {"PATH": os.defpath, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos' / 'gen'}", "PORT": str(chosen)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "always",
        "-m",
        *arguments,
        cwd=ROOT,
        env=told | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Process(process, chosen)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def program(how: str, port: int | None = None) -> Any:
    return started("tests.chassis.program", how, port=port, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")


async def health(to: grpc.aio.Channel, service: str = "") -> str:
    """Return what a server says of its health."""
    stub: Any = health_pb2_grpc.HealthStub(to)
    try:
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=patient(5))
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def busy_line(service: str, port: int) -> str:
    return f"{service}: 127.0.0.1:{port} cannot be listened on: is something there already? Set PORT to another."


# --- A small service


async def test_a_service_says_serving_and_stops_when_it_is_told() -> None:
    async with program("well") as it:
        await it.says("serving")
        async with channel(f"127.0.0.1:{it.port}") as to:
            assert await health(to) == "SERVING"
            assert await health(to, "boxoffice.inventory.v1.CatalogService") == "SERVING"
            assert await health(to, "no.such.Service") == "NOT_FOUND"
        it.signal(signal.SIGTERM)
        assert await it.ends() == 0
    assert it.lines[-3:-1] == ["closed first", "closed second"]
    assert "Traceback" not in it.said
    assert "Warning" not in it.said


async def test_ctrl_c_stops_it_as_well() -> None:
    async with program("well") as it:
        await it.says("serving")
        it.signal(signal.SIGINT)
        assert await it.ends() == 0
    assert "Traceback" not in it.said


async def test_at_the_stop_health_says_so_while_requests_still_run() -> None:
    async with program("well") as it:
        await it.says("serving")
        async with channel(f"127.0.0.1:{it.port}") as to:
            catalog = catalog_pb2_grpc.CatalogServiceStub(to)
            calling = asyncio.ensure_future(catalog.GetEvent(pb.GetEventRequest(event_id=EVENT), timeout=patient(10)))
            await it.says("entered")
            stub: Any = health_pb2_grpc.HealthStub(to)
            watching = stub.Watch(health_pb2.HealthCheckRequest())
            assert (await watching.read()).status == health_pb2.HealthCheckResponse.SERVING
            it.signal(signal.SIGTERM)
            assert (await watching.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
            watching.cancel()
            await it.says("stopping")
            assert not calling.done()
            calling.cancel()
        assert await it.ends() == 0
    assert "Traceback" not in it.said


@pytest.mark.parametrize("how", ["ends", "ends-among-others", "breaks", "breaks-among-others"])
async def test_background_work_that_ends_by_itself_ends_the_process_and_tells_why(how: str) -> None:
    async with program(how) as it:
        assert await it.ends() not in (0, -signal.SIGKILL)
    assert "closed second" in it.lines, "what is open is closed all the same"
    errors = [json.loads(line) for line in it.lines if line.startswith("{") and '"ERROR"' in line]
    assert len(errors) == 1
    assert ("ValueError: a defect" in errors[0].get("exc_info", "")) == how.startswith("breaks")


async def test_background_work_that_misses_a_cancellation_does_not_hold_up_the_stop() -> None:
    async with program("deaf") as it:
        await it.says("serving")
        it.signal(signal.SIGTERM)
        assert await it.ends() == 0
    assert "closed second" in it.lines


async def test_a_port_that_is_busy_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        async with program("well", port=port) as it:
            assert await it.ends() == 1
    assert it.lines == ["closed first", "closed second", busy_line("program", port)]


# --- A real one


async def is_closed(port: int) -> bool:
    """Tell whether nobody listens on the port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


@pytest.fixture
def inventory_url(databases: Databases) -> Any:
    with databases.fresh("inventory") as url:
        yield url


async def test_inventory_finishes_its_running_request_and_leaves(inventory_url: str) -> None:
    async with (
        started("services.inventory", DATABASE_URL=inventory_url) as it,
        await psycopg.AsyncConnection.connect(inventory_url) as blocker,
        await psycopg.AsyncConnection.connect(inventory_url, autocommit=True) as observer,
        channel(f"127.0.0.1:{it.port}") as to,
    ):
        await it.says("serving")
        assert await health(to, "boxoffice.inventory.v1.InventoryService") == "SERVING"
        await blocker.execute("LOCK TABLE venues IN ACCESS EXCLUSIVE MODE")
        catalog = catalog_pb2_grpc.CatalogServiceStub(to)
        creating = asyncio.ensure_future(
            catalog.CreateVenue(pb.CreateVenueRequest(name="Odeon", city="Pune"), timeout=patient(10))
        )
        await until_waiting(observer)
        it.signal(signal.SIGTERM)
        await eventually(partial(is_closed, it.port))
        assert not creating.done()
        await blocker.rollback()
        assert (await creating).name == "Odeon"
        assert await it.ends() == 0
        cursor = await observer.execute("SELECT name FROM venues")
        assert await cursor.fetchall() == [("Odeon",)]
    assert "Traceback" not in it.said
    assert "Warning" not in it.said
    for line in it.lines:
        json.loads(line)
    password = psycopg.conninfo.conninfo_to_dict(inventory_url)["password"]
    assert str(password) not in it.said


async def test_who_watches_is_sent_away_at_the_stop_and_does_not_hold_it_up(inventory_url: str) -> None:
    async with (
        started("services.inventory", DATABASE_URL=inventory_url, GRACE_SECONDS="60") as it,
        opened(inventory_url) as db,
        channel(f"127.0.0.1:{it.port}") as to,
    ):
        show_id, _ = await put_on_sale(db)
        await it.says("serving")
        watcher = Watcher(inventory_pb2_grpc.InventoryServiceStub(to), show_id)
        await watcher.next()
        it.signal(signal.SIGTERM)
        assert await watcher.failure() == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
        assert await it.ends() == 0
    assert "Traceback" not in it.said


async def test_a_request_that_outlasts_the_grace_is_undone(inventory_url: str) -> None:
    async with (
        started("services.inventory", DATABASE_URL=inventory_url, GRACE_SECONDS="0.1") as it,
        await psycopg.AsyncConnection.connect(inventory_url) as blocker,
        await psycopg.AsyncConnection.connect(inventory_url, autocommit=True) as observer,
        channel(f"127.0.0.1:{it.port}") as to,
    ):
        await it.says("serving")
        await blocker.execute("LOCK TABLE venues IN ACCESS EXCLUSIVE MODE")
        catalog = catalog_pb2_grpc.CatalogServiceStub(to)
        creating = asyncio.ensure_future(
            catalog.CreateVenue(pb.CreateVenueRequest(name="Odeon", city="Pune"), timeout=patient(10))
        )
        await until_waiting(observer)
        it.signal(signal.SIGTERM)
        with pytest.raises(grpc.aio.AioRpcError):
            await creating
        assert await it.ends() == 0
        await blocker.rollback()

        async def is_alone() -> bool:
            cursor = await observer.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'inventory'"
            )
            return await cursor.fetchone() == (0,)

        await eventually(is_alone)
        cursor = await observer.execute("SELECT name FROM venues")
        assert await cursor.fetchall() == []
    assert "Traceback" not in it.said


@pytest.mark.parametrize("service", roster.NAMES)
async def test_a_service_whose_port_is_busy_says_one_line(databases: Databases, service: str) -> None:
    with databases.fresh(service) as url, socket.create_server(("127.0.0.1", 0)) as busy:
        module = named(service).module
        port = busy.getsockname()[1]
        async with started(
            module, port=port, DATABASE_URL=url, PAYMENT_WEBHOOK_SECRET=SECRET, SIGNING_KEY_SECRET=SECRET
        ) as it:
            assert await it.ends() == 1
    assert it.lines == [busy_line(module.removeprefix("services."), port)]


async def test_a_migration_whose_database_is_away_says_one_line_without_the_secret() -> None:
    url = "postgresql://inventory:hunter2-hunter2@127.0.0.1:1/inventory"
    async with started("services.inventory", "migrate", DATABASE_URL=url) as it:
        assert await it.ends() == 1
    [told] = it.lines
    assert told.startswith("inventory: the database cannot be migrated: ")
    assert "hunter2" not in told


async def test_a_failure_at_the_start_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://inventory@127.0.0.1:1/inventory")
    monkeypatch.setenv("PORT", "16051")
    monkeypatch.setattr(sys, "argv", ["inventory"])

    async def fails(settings: ServiceSettings) -> None:
        raise Unavailable("The database does not answer: check DATABASE_URL, and that it runs.")

    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        with pytest.raises(SystemExit) as caught:
            await asyncio.to_thread(cli.main, "inventory", "", ServiceSettings, fails, Path())
    finally:
        logging.getLogger().handlers[:] = before
        logging.getLogger().setLevel(level)
    assert caught.value.code == "inventory: The database does not answer: check DATABASE_URL, and that it runs."
    assert capsys.readouterr() == ("", "")


# --- Settings

DATABASE = {"DATABASE_URL": "postgresql://i:secret@127.0.0.1:1/i", "PORT": "1"}
TLS = {"TLS_CA_FILE": "ca.pem", "TLS_CERT_FILE": "cert.pem", "TLS_KEY_FILE": "key.pem"}
WEAK = "whsec_" + "QUFB" * 12

BAD: list[tuple[str, Mapping[str, str], list[str]]] = [
    ("inventory", {}, ["DATABASE_URL is not set"]),
    ("inventory", {"DATABASE_URL": ""}, ["DATABASE_URL is wrong"]),
    ("inventory", {"DATABASE_URL": "hunter2"}, ["DATABASE_URL is wrong"]),
    ("inventory", {"DATABASE_URL": "postgres//inventory:hunter2@127.0.0.1:1/inventory"}, ["DATABASE_URL is wrong"]),
    ("inventory", {"DATABASE_URL": "mysql://inventory:hunter2@127.0.0.1:1/inventory"}, ["DATABASE_URL is wrong"]),
    ("inventory", {"DATABASE_URL": "postgresql://i:hunter2@127.0.0.1:port/i"}, ["DATABASE_URL is wrong"]),
    ("inventory", {"DATABASE_URL": "postgresql://i:hunter2@127.0.0.1:1/i?nonsense=1"}, ["DATABASE_URL is wrong"]),
    ("inventory", {"PORT": "http", "SEAT_HOLD_MINUTES": "0"}, ["DATABASE_URL", "PORT", "SEAT_HOLD_MINUTES"]),
    ("inventory", {"LOG_LEVEL": "LOUD", "ENVIRONMENT": "prod"}, ["LOG_LEVEL", "ENVIRONMENT"]),
    ("payment", {"PAYMENT_WEBHOOK_SECRET": "hunter2"}, ["DATABASE_URL", "PAYMENT_WEBHOOK_SECRET is wrong"]),
    ("payment", {"PAYMENT_GATEWAY_URL": "hunter2"}, ["PAYMENT_GATEWAY_URL is wrong", "PAYMENT_WEBHOOK_SECRET is not"]),
    ("bank", {"WEBHOOK_URL": "hunter2"}, ["WEBHOOK_URL is wrong", "PAYMENT_WEBHOOK_SECRET is not set"]),
    ("inventory", {"FAULTS_ADDRESS": "db.example:1"}, ["DATABASE_URL", "FAULTS_ADDRESS is wrong"]),
    ("inventory", DATABASE | {"AUTH": "maybe"}, ["AUTH is wrong"]),
    ("inventory", DATABASE | {"AUTH": "on"}, ["TLS_CA_FILE, TLS_CERT_FILE, TLS_KEY_FILE not set", "make certificates"]),
    ("inventory", DATABASE | TLS | {"AUTH": "on", "TLS_KEY_FILE": ""}, ["TLS_KEY_FILE"]),
    ("inventory", DATABASE | {"HOST": "0.0.0.0"}, ["AUTH is off", "reaches 0.0.0.0", "HOST to 127.0.0.1"]),
    ("inventory", DATABASE | {"HOST": "::"}, ["AUTH is off"]),
    ("inventory", DATABASE | {"HOST": "db.example"}, ["AUTH is off"]),
    ("inventory", DATABASE | {"ENVIRONMENT": "production"}, ["AUTH is off, which production does not allow"]),
    ("identity", DATABASE, ["SIGNING_KEY_SECRET is not set"]),
    ("identity", DATABASE | {"SIGNING_KEY_SECRET": "hunter2"}, ["SIGNING_KEY_SECRET is wrong"]),
    (
        "identity",
        DATABASE
        | TLS
        | {"ENVIRONMENT": "production", "AUTH": "on", "SIGNING_KEY_SECRET": WEAK, "TRUSTED_PROXIES": "0"},
        ["SIGNING_KEY_SECRET is too weak"],
    ),
    ("booking", {"REFUND_STEPS": "often", "BOOKING_EXPIRY_MINUTES": ""}, ["REFUND_STEPS", "BOOKING_EXPIRY_MINUTES"]),
]


SETTINGS: dict[str, type[ServiceSettings]] = {
    "inventory": inventory.Settings,
    "booking": booking.Settings,
    "payment": payment.Settings,
    "bank": bank.Settings,
    "identity": identity.Settings,
}


@pytest.mark.parametrize(("service", "told", "complaints"), BAD)
def test_settings_that_are_wrong_or_missing_are_told_in_one_line_that_names_them(
    monkeypatch: pytest.MonkeyPatch, service: str, told: Mapping[str, str], complaints: list[str]
) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        load(SETTINGS[service], service)
    line = str(caught.value.code)
    assert line.startswith(f"{service}: ")
    assert "\n" not in line
    for complaint in complaints:
        assert complaint in line
    assert "hunter2" not in line


def test_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in (("DATABASE_URL", DATABASE["DATABASE_URL"]), ("PAYMENT_WEBHOOK_SECRET", SECRET)):
        (tmp_path / name).write_text(f"{value}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    settings = load(payment.Settings, "payment")
    assert settings.database_url.get_secret_value() == DATABASE["DATABASE_URL"]
    assert settings.payment_webhook_secret.get_secret_value() == SECRET
    monkeypatch.setenv("PAYMENT_WEBHOOK_SECRET_PREVIOUS_FILE", "")
    assert load(payment.Settings, "payment").payment_webhook_secret_previous is None


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"DATABASE_URL": "hunter2", "DATABASE_URL_FILE": "good"}, "DATABASE_URL and DATABASE_URL_FILE are both set"),
        ({"DATABASE_URL_FILE": "absent"}, "DATABASE_URL_FILE: absent cannot be read: No such file or directory"),
        ({"DATABASE_URL_FILE": "."}, "DATABASE_URL_FILE: . cannot be read: Is a directory"),
        ({"DATABASE_URL_FILE": "empty"}, "DATABASE_URL_FILE: empty is empty"),
        ({"DATABASE_URL_FILE": "binary"}, "DATABASE_URL_FILE: binary cannot be read: it is not text"),
        ({"DATABASE_URL_FILE": "bad"}, "DATABASE_URL is wrong"),
    ],
)
def test_files_of_secrets_that_cannot_be_taken_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: Mapping[str, str], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"good": DATABASE["DATABASE_URL"].encode(), "empty": b"\n", "binary": b"\xff\xfe", "bad": b"hunter2"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    test_settings_that_are_wrong_or_missing_are_told_in_one_line_that_names_them(
        monkeypatch, "inventory", {"PORT": "1", **told}, [complaint]
    )


@pytest.mark.parametrize("verb", ["serve", "migrate"])
async def test_the_process_ends_with_that_line(verb: str) -> None:
    async with started("services.inventory", verb, DATABASE_URL="postgres//inventory:hunter2@127.0.0.1/i") as it:
        assert await it.ends() == 1
    assert it.lines == [
        "inventory: DATABASE_URL is wrong: it must look like this (postgresql://role:secret@host:port/database)"
    ]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://role:p%40ss%25@127.0.0.1:5432/inventory",
        "postgresql://role@db.example/inventory?sslmode=require",
        "postgresql://role:secret@[::1]:5432/inventory",
    ],
)
def test_settings_that_are_fine_are_read_and_shown_without_secrets(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("PAYMENT_WEBHOOK_SECRET", SECRET)
    settings = load(payment.Settings, "payment")
    assert settings.database_url.get_secret_value() == url
    shown = str(settings.shown()) + repr(settings)
    assert "ss%25" not in shown
    assert url not in shown
    assert SECRET not in shown
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
