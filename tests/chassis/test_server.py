"""The life of a service's process: its start, its health, its end; and what it says when it cannot start."""

import asyncio
import json
import logging
import signal
import socket
import sys
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
from grpc_health.v1._async import HealthServicer

import roster
from roster import named
from services.chassis.errors import Unavailable
from services.chassis.process import cli
from services.chassis.process.server import make_server
from services.chassis.process.settings import ServiceSettings
from services.chassis.sight import logs
from services.chassis.store.connections import examine_schema
from services.chassis.store.migrate import migrate
from services.chassis.wire.calls import channel
from tests.chassis.processes import busy_line, health, program, secrets_for, started
from tests.chassis.waiting import until_waiting
from tests.databases import Databases, opened
from tests.inventory.sale import put_on_sale
from tests.inventory.watchers import Watcher
from tests.patience import eventually, patient

EVENT = str(uuid4())


# --- A server


async def test_a_call_costs_the_same_however_many_methods_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """grpcio waits for each registered method whenever a call comes: none is."""
    waited: list[int] = []
    wait = asyncio.wait

    def counted(fs: Any, **options: Any) -> Any:
        waited.append(len(list(fs)))
        return wait(fs, **options)

    monkeypatch.setattr(asyncio, "wait", counted)
    server = make_server()
    catalog = catalog_pb2_grpc.CatalogServiceServicer()  # type: ignore[abstract]  # nothing of it is called
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(catalog, server)
    health_pb2_grpc.add_HealthServicer_to_server(HealthServicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as line:
            check: Any = line.unary_unary("/grpc.health.v1.Health/Check")
            for _ in range(3):
                await check(b"", timeout=patient(5))
    finally:
        await server.stop(None)
    assert max(waited, default=0) < 5


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
    assert "Traceback" not in it.output
    assert "Warning" not in it.output


async def test_ctrl_c_stops_it_as_well() -> None:
    async with program("well") as it:
        await it.says("serving")
        it.signal(signal.SIGINT)
        assert await it.ends() == 0
    assert "Traceback" not in it.output


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
    assert "Traceback" not in it.output


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
        await blocker.execute("LOCK TABLE venues IN SHARE MODE")
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
    assert "Traceback" not in it.output
    assert "Warning" not in it.output
    for line in it.lines:
        json.loads(line)
    password = psycopg.conninfo.conninfo_to_dict(inventory_url)["password"]
    assert str(password) not in it.output


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
    assert "Traceback" not in it.output


async def test_a_request_that_outlasts_the_grace_is_undone(inventory_url: str) -> None:
    async with (
        started("services.inventory", DATABASE_URL=inventory_url, GRACE_SECONDS="0.1") as it,
        await psycopg.AsyncConnection.connect(inventory_url) as blocker,
        await psycopg.AsyncConnection.connect(inventory_url, autocommit=True) as observer,
        channel(f"127.0.0.1:{it.port}") as to,
    ):
        await it.says("serving")
        await blocker.execute("LOCK TABLE venues IN SHARE MODE")
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
    assert "Traceback" not in it.output


@pytest.mark.parametrize("service", roster.NAMES)
async def test_a_service_whose_port_is_busy_says_one_line(databases: Databases, service: str) -> None:
    with databases.fresh(service) as url, socket.create_server(("127.0.0.1", 0)) as busy:
        module = named(service).module
        port = busy.getsockname()[1]
        async with started(module, port=port, DATABASE_URL=url, **secrets_for(module)) as it:
            assert await it.ends() == 1
    assert it.lines == [busy_line(module.removeprefix("services."), port)]


async def test_a_migration_whose_database_is_away_says_one_line_without_the_secret() -> None:
    url = "postgresql://inventory:hunter2-hunter2@127.0.0.1:1/inventory"
    async with started("services.inventory", "migrate", DATABASE_URL=url) as it:
        assert await it.ends() == 1
    [line] = it.lines
    assert line.startswith("inventory: the database cannot be migrated: ")
    assert "hunter2" not in line


async def test_a_migration_loads_alembic_only_where_there_is_something_to_migrate(databases: Databases) -> None:
    service = named("inventory")
    url = databases.server.create_database("behind")
    migrate(service.name, service.folder / "migrations", url, "0001")
    loads_alembic = []
    for _ in range(2):
        async with started(service.module, "migrate", DATABASE_URL=url, PYTHONPROFILEIMPORTTIME="1") as it:
            assert await it.ends() == 0
        loads_alembic.append("alembic" in {line.rpartition("|")[2].strip() for line in it.lines})
    assert loads_alembic == [True, False]
    newest = max(path.name.partition("_")[0] for path in service.migrations.glob("[0-9]*.py"))
    await examine_schema(url, service.name, newest)
    databases.server.drop_database("behind")


async def test_a_failure_at_the_start_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://inventory@127.0.0.1:1/inventory")
    monkeypatch.setenv("PORT", "16051")
    monkeypatch.setattr(sys, "argv", ["inventory"])

    async def fails(settings: ServiceSettings) -> None:
        raise Unavailable("The database does not answer: check DATABASE_URL, and that it runs.")

    monkeypatch.setattr(logs, "_output", None)  # as it is again afterwards
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        with pytest.raises(SystemExit) as caught:
            await asyncio.to_thread(cli.main, "inventory", "", ServiceSettings, fails, Path())
    finally:
        logging.getLogger().handlers[:] = before
        logging.getLogger().setLevel(level)
    assert caught.value.code == "inventory: The database does not answer: check DATABASE_URL, and that it runs."
    assert capsys.readouterr() == ("", "")
