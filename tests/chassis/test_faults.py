"""Fault points: each is reached where it says, each fault is met as the real one would be, unarmed there are none."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc
import psycopg
import pytest
from apscheduler.triggers.interval import IntervalTrigger
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc

from roster import SERVICES
from services.chassis.errors import Code, Failure, Interrupted
from services.chassis.process.settings import ServiceSettings, load
from services.chassis.sight import faults
from services.chassis.sight.faults import named
from services.chassis.store.database import Database
from services.chassis.wire.calls import ask, call
from services.chassis.writes import jobs
from services.chassis.writes.desk import Desk
from services.chassis.writes.outbox import Message, Outbox
from tests.chassis.kitchen import Order
from tests.chassis.processes import secrets_for, started
from tests.faults.controller import Controller, Point, at
from tests.patience import eventually
from tests.servers import served

ADD = "INSERT INTO things (id) VALUES (1)"
COUNT = "SELECT id FROM things"


@pytest.fixture
async def controller() -> AsyncIterator[Controller]:
    """A controller of this process' points."""
    with Controller() as controller:
        yield controller

    async def is_unarmed() -> bool:
        return faults.armed is None

    await eventually(is_unarmed)


@pytest.fixture
async def armed(db: Database, controller: Controller) -> Database:
    """A database that is open, with points that are armed."""
    await faults.arm("test", controller.address)
    return db


async def add(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.fetch("SELECT 1 FROM rivals")
        await tx.send(ADD)


def places(trace: list[Point]) -> list[tuple[str, str]]:
    return [(point.kind, point.detail) for point in trace]


async def test_a_transaction_reaches_its_points_in_order(armed: Database, controller: Controller) -> None:
    with controller.recording() as trace:
        await add(armed)
    assert places(trace) == [
        ("begin", ""),
        ("execute", "SELECT rivals, nothing"),
        ("commit", "SELECT rivals"),
        ("committed", "SELECT rivals"),
    ]


async def test_a_look_for_work_that_finds_none_has_a_name_of_its_own(armed: Database, controller: Controller) -> None:
    with controller.recording() as trace:
        async with armed.transaction() as tx:
            await tx.fetch("UPDATE things SET amount = 1 RETURNING id")
        await armed.execute("DELETE FROM things")
    assert {point.detail for point in trace if point.kind == "committed"} == {
        "UPDATE things, nothing",
        "DELETE things, nothing",
    }


async def test_statements_of_their_own_reach_points(armed: Database, controller: Controller) -> None:
    with controller.recording() as trace:
        await armed.execute(ADD)
        await armed.fetch(COUNT)
        await armed.fetch_all((COUNT, ()), ("SELECT 1", ()))
    assert places(trace) == [
        ("begin", "INSERT things"),
        ("committed", "INSERT things"),
        ("begin", "SELECT things"),
        ("committed", "SELECT things"),
        ("execute", "SELECT things"),
    ]


@pytest.mark.parametrize("kind", ["begin", "execute", "commit"])
async def test_a_connection_lost_before_the_commit_undoes_the_transaction(
    armed: Database, controller: Controller, kind: str
) -> None:
    with controller.fault(at("test", "", kind), "reset") as fault, pytest.raises(Interrupted):
        await add(armed)
    assert fault.fired
    assert await armed.fetch(COUNT) == []


async def test_a_lost_answer_to_the_commit_is_found_out(armed: Database, controller: Controller) -> None:
    with controller.fault(at("test", "", "committed"), "reset") as fault:
        await add(armed)
    assert fault.fired
    assert len(await armed.fetch(COUNT)) == 1


async def test_at_committed_the_server_has_committed(armed: Database, controller: Controller, chassis_url: str) -> None:
    with controller.fault(at("test", "", "committed"), "hold") as fault:
        adding = asyncio.ensure_future(add(armed))
        await fault.reached()
        async with await psycopg.AsyncConnection.connect(chassis_url) as observer:

            async def is_there() -> Any:
                return await (await observer.execute(COUNT)).fetchone()

            await eventually(is_there)
        assert not adding.done()
        fault.release()
        await adding


async def test_at_commit_the_server_has_not_committed(armed: Database, controller: Controller) -> None:
    with controller.fault(at("test", "", "commit"), "hold") as fault:
        adding = asyncio.ensure_future(add(armed))
        await fault.reached()
        assert await armed.fetch(COUNT) == []
        fault.release()
        await adding
    assert len(await armed.fetch(COUNT)) == 1


@pytest.mark.parametrize(("kind", "done"), [("begin", 0), ("committed", 1)])
async def test_a_statement_of_its_own_loses_its_connection_before_or_after(
    armed: Database, controller: Controller, kind: str, done: int
) -> None:
    with controller.fault(at("test", "", kind, "INSERT things"), "reset") as fault, pytest.raises(Interrupted):
        await armed.execute(ADD)
    assert fault.fired
    assert len(await armed.fetch(COUNT)) == done


async def test_points_are_told_apart_however_many_wait(armed: Database, controller: Controller) -> None:
    with (
        controller.fault(at("test", "", "begin"), "hold") as first,
        controller.fault(at("test", "", "begin"), "hold", occurrence=2) as second,
    ):
        held = [asyncio.ensure_future(armed.execute(f"INSERT INTO things (id) VALUES ({n})")) for n in (1, 2)]
        await first.reached()
        await second.reached()
        await armed.execute("INSERT INTO things (id) VALUES (3)")
        second.release()
        await held[1]
        assert not held[0].done()
        assert [row.id for row in await armed.fetch("SELECT id FROM things ORDER BY id")] == [2, 3]
        first.release()
        await held[0]


@asynccontextmanager
async def _answering() -> AsyncIterator[Any]:
    class Catalog(catalog_pb2_grpc.CatalogServiceServicer):
        async def GetEvent(self, request: Any, context: Any) -> pb.Event:
            return pb.Event(id=request.event_id)

    async with served(lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(Catalog(), server)) as to:
        yield catalog_pb2_grpc.CatalogServiceStub(to)


REQUEST = pb.GetEventRequest(event_id=str(uuid4()))


async def test_a_call_reaches_points_on_both_sides(controller: Controller) -> None:
    await faults.arm("test", controller.address)
    async with _answering() as stub:
        with controller.recording() as trace:
            await call(stub.GetEvent, REQUEST)
    assert [(point.operation, point.kind, point.detail) for point in trace] == [
        ("", "call", "GetEvent"),
        ("GetEvent", "asked", ""),
        ("GetEvent", "answer", ""),
        ("", "answered", "GetEvent"),
    ]


@pytest.mark.parametrize("kind", ["call", "asked", "answer", "answered"])
@pytest.mark.parametrize(("do", "met"), [("reset", Code.UNAVAILABLE), ("late", Code.DEADLINE_EXCEEDED)])
async def test_a_call_meets_what_befalls_it(controller: Controller, kind: str, do: str, met: Code) -> None:
    await faults.arm("test", controller.address)
    async with _answering() as stub:
        with controller.fault(lambda point: point.kind == kind, do) as fault, pytest.raises(Failure) as caught:
            await call(stub.GetEvent, REQUEST, seconds=0.2)
        assert caught.value.code == met
        assert fault.fired
        assert (await call(stub.GetEvent, REQUEST)).id == REQUEST.event_id


async def test_a_lost_answer_tells_the_caller_nothing(controller: Controller) -> None:
    await faults.arm("test", controller.address)
    async with _answering() as stub:
        lost = controller.fault(at("test", "GetEvent", "answer"), "reset")
        with lost, pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.GetEvent(REQUEST)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "grpc-status-details-bin" not in dict(caught.value.trailing_metadata() or ())


async def test_what_is_being_done_is_named_by_whoever_does_it(armed: Database, controller: Controller) -> None:
    async def touch(*_: object, **__: object) -> list[str]:
        await armed.execute("UPDATE things SET amount = 0")
        return [""]

    async def deliver(payloads: Any) -> list[None]:
        await ask("peer", 1, touch)
        return [None for _ in payloads]

    async def job() -> int:
        await touch()
        return 0

    outbox, desk, ticks = Outbox(armed), Desk(touch), jobs.scheduler()
    jobs.add(ticks, "tidy", job, IntervalTrigger(seconds=0.01))  # type: ignore[arg-type]
    with controller.recording() as trace:
        await desk.submit(Order("key"))
        async with armed.transaction() as tx:
            await outbox.append(tx, [Message("topic", b"")])
        await outbox.deliver_once({"topic": deliver})
        ticks.start()

        async def job_ran() -> bool:
            return any(point.operation == "job tidy" for point in trace)

        await eventually(job_ran)
        ticks.shutdown(wait=False)
    updates = {point.operation for point in trace if point.detail == "UPDATE things"}
    assert updates == {"desk Order", "relay topic", "job tidy"}


async def test_points_go_on_when_the_controller_goes_away(armed: Database, controller: Controller) -> None:
    with controller.fault(at("test", "", "begin"), "hold") as fault:
        adding = asyncio.ensure_future(add(armed))
        await fault.reached()
        controller.hang_up()
        await adding
        fault.release()
    assert faults.armed is None
    await armed.execute("DELETE FROM things")


async def test_a_controller_that_is_not_there_is_done_without(db: Database) -> None:
    await faults.arm("test", "127.0.0.1:1")
    assert faults.armed is None
    await add(db)


# --- Processes

HERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere"}


async def test_a_process_is_killed_at_a_point(controller: Controller) -> None:
    async with started("tests.chassis.program", "well", FAULTS_ADDRESS=controller.address, **HERE) as it:
        await it.says("serving")
        async with grpc.aio.insecure_channel(f"127.0.0.1:{it.port}") as channel:
            stub = catalog_pb2_grpc.CatalogServiceStub(channel)
            dies = controller.fault(at("program", "GetMovie", "answer"), "kill")
            with dies as fault, pytest.raises(grpc.aio.AioRpcError):
                await stub.GetMovie(pb.GetMovieRequest(movie_id=str(uuid4())))
        assert await it.ends() == -signal.SIGKILL
    assert fault.pid == it.process.pid != os.getpid()


@pytest.mark.parametrize("module", [service.module for service in SERVICES])
async def test_points_cannot_be_armed_in_production(module: str) -> None:
    environment = HERE | {"ENVIRONMENT": "production", "FAULTS_ADDRESS": "127.0.0.1:1"}
    async with started(module, **environment, **secrets_for(module)) as it:
        assert await it.ends() == 1
    assert it.lines == [
        f"{module.removeprefix('services.')}: FAULTS_ADDRESS is for tests and cannot be set in production: unset it"
    ]


@pytest.mark.parametrize("address", ["10.0.0.1:1", "db.example:1", "0.0.0.0:1", "127.0.0.1", "127.0.0.1.example:1"])
def test_points_are_controlled_from_this_machine_only(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for name, value in (HERE | {"PORT": "1", "FAULTS_ADDRESS": address}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="program: FAULTS_ADDRESS is wrong"):
        load(ServiceSettings, "program")


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("\n    UPDATE outbox SET a = 1 WHERE id IN (SELECT id FROM outbox)", "UPDATE outbox"),
        ("INSERT INTO outbox (id) SELECT * FROM unnest(%s)", "INSERT outbox"),
        ("SELECT a FROM unnest(%s) AS x JOIN seats USING (id)", "SELECT"),
        ("DELETE FROM things", "DELETE things"),
        ("WITH old AS (SELECT * FROM shows) SELECT 1", "WITH shows"),
        ("SELECT 1", "SELECT"),
    ],
)
def test_a_statement_has_a_short_name(sql: str, name: str) -> None:
    assert named([(sql, True), ("SELECT 1", False)]) == name
    assert named([(sql, False)]) == f"{name}, nothing"
