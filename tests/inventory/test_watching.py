"""Who watches a show is told of each of its changes, once and in order, wherever it was made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1.seat_pb2 import ShowSeat

from services.chassis.errors import Unavailable
from services.chassis.store.database import Database
from services.chassis.wire import incoming
from services.chassis.writes import looking
from services.inventory.jobs import forget_changes
from services.inventory.seats.holds import ReleaseHolds
from services.inventory.seats.statements import WRITE_CHANGES
from services.inventory.viewing import statements as sql
from tests.databases import move_clock, opened
from tests.inventory.sale import OnSale, put_on_sale
from tests.inventory.watchers import Replica, Watcher, replica
from tests.patience import eventually, patient

ANN, BOB = uuid4(), uuid4()


@pytest.fixture
async def inventory(on_sale: OnSale) -> AsyncIterator[Replica]:
    async with replica(on_sale.db) as served:
        yield served


def brief(change: pb.SeatChange) -> tuple[int, list[tuple[str, str]]]:
    return change.sequence, sorted((seat.id, ShowSeat.Status.Name(seat.status)) for seat in change.seats)


async def test_each_change_comes_once_with_what_its_seats_have_become(on_sale: OnSale, inventory: Replica) -> None:
    watcher = Watcher(inventory.stub, on_sale.show_id)
    assert not (await watcher.next()).changes
    held = await on_sale.hold(ANN, 0, 1)
    booking = await on_sale.reserve(ANN, 1)
    await on_sale.confirm(booking)
    await on_sale.desk.submit(ReleaseHolds(show_id=on_sale.show_id, user_id=ANN))
    await watcher.until(4)
    first, second = map(str, sorted(on_sale.ids(0, 1)))
    assert [brief(change) for change in watcher.changes] == [
        (1, sorted([(first, "HELD"), (second, "HELD")])),
        (2, [(str(on_sale.seats[1]), "BOOKED")]),
        (3, [(str(on_sale.seats[1]), "BOOKED")]),
        (4, [(str(on_sale.seats[0]), "AVAILABLE")]),
    ]
    expiries = [seat.HasField("expires_at") for change in watcher.changes for seat in change.seats]
    assert expiries == [True, True, True, False, False]
    assert watcher.changes[0].seats[0].expires_at.ToDatetime() == held.seats[0].expires_at.replace(tzinfo=None)
    rows = await on_sale.db.fetch("SELECT DISTINCT sequence, changed_at FROM seat_changes ORDER BY sequence")
    assert [change.changed_at.ToDatetime() for change in watcher.changes] == [
        row.changed_at.replace(tzinfo=None) for row in rows
    ]


async def test_who_comes_back_goes_on_after_the_number_that_he_names(on_sale: OnSale, inventory: Replica) -> None:
    for _ in range(3):
        await on_sale.hold(ANN, 0)
        await on_sale.desk.submit(ReleaseHolds(show_id=on_sale.show_id, user_id=ANN))
    for number in range(7):
        watcher = Watcher(inventory.stub, on_sale.show_id, number)
        await watcher.until(6)
        assert [change.sequence for change in watcher.changes] == list(range(number + 1, 7))


async def test_more_changes_than_are_read_at_once_come_all(on_sale: OnSale, inventory: Replica) -> None:
    for _ in range(130):
        await on_sale.hold(ANN, 0)
        await on_sale.desk.submit(ReleaseHolds(show_id=on_sale.show_id, user_id=ANN))
    late, current = Watcher(inventory.stub, on_sale.show_id), Watcher(inventory.stub, on_sale.show_id, 260)
    await current.next()
    await on_sale.hold(BOB, 1)
    await asyncio.gather(late.until(261), current.until(261))


async def test_changes_that_another_process_makes_come_too(on_sale: OnSale, inventory: Replica) -> None:
    async with opened(on_sale.db._pool.conninfo) as db, replica(db) as other:
        watchers = [Watcher(each.stub, on_sale.show_id) for each in (inventory, other)]
        for watcher in watchers:
            await watcher.next()
        await on_sale.hold(ANN, 0)
        await asyncio.gather(*(watcher.until(1) for watcher in watchers))
        # He goes on at the other replica where he left off, and sees nothing twice.
        moved = Watcher(other.stub, on_sale.show_id, watchers[0].number)
        await on_sale.hold(BOB, 1)
        await moved.until(2)
        assert [change.sequence for change in moved.changes] == [2]


async def test_a_show_that_is_not_there_cannot_be_watched(inventory: Replica) -> None:
    assert await Watcher(inventory.stub, uuid4()).failure() == (grpc.StatusCode.NOT_FOUND, "SHOW_NOT_FOUND")


async def test_a_number_that_is_no_longer_kept_is_refused_and_the_map_goes_on(
    on_sale: OnSale, inventory: Replica
) -> None:
    await on_sale.hold(ANN, 0)
    await on_sale.hold(ANN, 1)
    await move_clock(on_sale.db, "61 minutes")
    assert await forget_changes(on_sale.db, 60) == 2
    gone = (grpc.StatusCode.OUT_OF_RANGE, "SEQUENCE_NO_LONGER_KEPT")
    assert await Watcher(inventory.stub, on_sale.show_id, 1).failure() == gone
    seat_map = await inventory.stub.GetSeatMap(pb.GetSeatMapRequest(show_id=str(on_sale.show_id)))
    watcher = Watcher(inventory.stub, on_sale.show_id, seat_map.sequence)
    await watcher.next()
    await on_sale.hold(ANN, 2)
    await watcher.until(3)


@pytest.mark.parametrize("number", [1, 2**31 - 1])
async def test_a_number_that_never_was_is_refused(on_sale: OnSale, inventory: Replica, number: int) -> None:
    watching = Watcher(inventory.stub, on_sale.show_id)
    await watching.next()
    watcher = Watcher(inventory.stub, on_sale.show_id, number)
    assert await watcher.failure() == (grpc.StatusCode.OUT_OF_RANGE, "SEQUENCE_NO_LONGER_KEPT")


async def test_who_watches_is_told_where_changes_were_forgotten_before_they_were_read(
    on_sale: OnSale, inventory: Replica
) -> None:
    watcher = Watcher(inventory.stub, on_sale.show_id)
    await watcher.next()
    inventory.reading.cancel()
    with suppress(asyncio.CancelledError):
        await inventory.reading
    await on_sale.hold(ANN, 0)
    await on_sale.hold(ANN, 1)
    await on_sale.db.execute("DELETE FROM seat_changes WHERE sequence = 1")
    inventory.reading = asyncio.create_task(inventory.watching.run())
    assert await watcher.failure() == (grpc.StatusCode.OUT_OF_RANGE, "SEQUENCE_NO_LONGER_KEPT")


async def test_where_nothing_happens_that_is_what_is_told(on_sale: OnSale) -> None:
    async with replica(on_sale.db, heartbeat_seconds=0.1) as inventory:
        watcher = Watcher(inventory.stub, on_sale.show_id)
        for _ in range(4):
            assert not (await watcher.next()).changes
        await on_sale.hold(ANN, 0)
        await watcher.until(1)


async def test_nobody_is_told_that_nothing_happened_while_that_is_not_known(
    on_sale: OnSale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "AWAY_SECONDS", 0.02)
    async with opened(on_sale.db._pool.conninfo) as db, replica(db, heartbeat_seconds=0.05) as inventory:
        watcher = Watcher(inventory.stub, on_sale.show_id)
        await watcher.next()
        looks: list[float] = []
        fetch = Database.fetch

        async def away(db: Database, statement: str, parameters: Any = ()) -> list[Any]:
            if statement != sql.CHANGES_OF_CHANGED_SHOWS:
                return await fetch(db, statement, parameters)
            looks.append(inventory.watching._shows[on_sale.show_id].woken_at)
            raise Unavailable()

        with monkeypatch.context() as broken:
            broken.setattr(Database, "fetch", away)
            await eventually(lambda: len(looks) > 10)
        assert len(set(looks)) == 1
        # It goes on by itself, with nothing lost.
        await on_sale.hold(ANN, 0)
        await watcher.until(1)


async def test_a_server_that_stops_sends_those_away_who_watch(on_sale: OnSale, inventory: Replica) -> None:
    watcher = Watcher(inventory.stub, on_sale.show_id)
    await watcher.next()
    inventory.watching.end()
    assert await watcher.failure() == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
    assert await Watcher(inventory.stub, on_sale.show_id).failure() == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
    assert not inventory.watching._shows


async def test_no_more_watch_than_may_and_who_leaves_makes_room(on_sale: OnSale) -> None:
    async with replica(on_sale.db, max_streams=2) as inventory:
        watchers = [Watcher(inventory.stub, on_sale.show_id) for _ in range(2)]
        for watcher in watchers:
            await watcher.next()
        assert await Watcher(inventory.stub, on_sale.show_id).failure() == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "OVERLOADED",
        )
        watchers[0].call.cancel()

        async def can_watch() -> bool:
            try:
                return not (await Watcher(inventory.stub, on_sale.show_id).next()).changes
            except grpc.aio.AioRpcError:
                return False

        await eventually(can_watch)


async def test_a_show_that_nobody_watches_any_more_is_not_looked_after(on_sale: OnSale, inventory: Replica) -> None:
    watcher = Watcher(inventory.stub, on_sale.show_id)
    await watcher.next()
    assert list(inventory.watching._shows) == [on_sale.show_id]
    watcher.call.cancel()
    await eventually(lambda: not inventory.watching.looker.is_looking)
    assert not inventory.watching._shows


async def test_many_who_watch_a_show_cost_one_reading_of_each_change(
    on_sale: OnSale, inventory: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[int] = []
    fetch = Database.fetch

    async def counted(db: Database, statement: str, parameters: Any = ()) -> list[Any]:
        rows = await fetch(db, statement, parameters)
        if statement in (sql.CHANGES_AFTER, sql.CHANGES_OF_CHANGED_SHOWS):
            answers.append(sum(row.sequence is not None for row in rows))
        return rows

    # From before they watch: a reading that is under way when the seats are held may be the one that sees it.
    monkeypatch.setattr(Database, "fetch", counted)
    watchers = [Watcher(inventory.stub, on_sale.show_id) for _ in range(50)]
    for watcher in watchers:
        await watcher.next()
    await on_sale.hold(ANN, 0, 1)
    await asyncio.gather(*(watcher.until(1) for watcher in watchers))
    assert sum(answers) == 2  # one change, two seats


async def test_who_does_not_read_is_cut_off_and_slows_nobody(on_sale: OnSale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "READING_SECONDS", 0.5)
    show_id, seats = await put_on_sale(on_sale.db, seats=400)
    big = OnSale(on_sale.db, on_sale.desk, show_id, seats)
    async with replica(on_sale.db) as inventory:
        # Without this, gRPC would take in more and more by itself.
        options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_535)]
        async with grpc.aio.insecure_channel(inventory.address, options=options) as narrow:
            method: Any = narrow.unary_stream(
                "/boxoffice.inventory.v1.InventoryService/WatchSeats",
                request_serializer=pb.WatchSeatsRequest.SerializeToString,
            )
            deaf = method(pb.WatchSeatsRequest(show_id=str(show_id)))
            await deaf.read()
            watcher = Watcher(inventory.stub, show_id)
            await watcher.next()
            show = inventory.watching._shows[show_id]
            assert show.watchers == 2
            number = 0
            async with asyncio.timeout(patient(30)):
                while show.watchers == 2:
                    await big.db.transact(
                        ("UPDATE show_counters SET sequence = sequence + 1 WHERE show_id = %s", (show_id,)),
                        (
                            WRITE_CHANGES,
                            (
                                datetime.now(UTC),
                                [show_id] * 400,
                                seats,
                                ["AVAILABLE"] * 400,
                                [None] * 400,
                                [1] * 400,
                                [False] * 400,
                                [None] * 400,
                            ),
                        ),
                    )
                    number += 1
                    await watcher.until(number)
            assert show.watchers == 1
            with pytest.raises(grpc.aio.AioRpcError):
                while True:
                    assert await deaf.read() is not grpc.aio.EOF
        await watcher.until(number)
