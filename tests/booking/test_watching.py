"""Who waits for a booking is told what becomes of it, whichever process changes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2 as pb

from services.booking.watching import changes, statements, watching
from services.chassis.errors import Unavailable
from services.chassis.store.database import Database
from services.chassis.wire import doors, incoming
from services.chassis.writes import looking
from tests.booking.house import House, RefundState
from tests.booking.watchers import WAIT_SECONDS, Replica, Watcher, replica
from tests.databases import move_clock, opened
from tests.inventory.watchers import reason
from tests.patience import eventually, patient

ANN, BOB = uuid4(), uuid4()
LONG = 25


@pytest.fixture
async def other(house: House) -> AsyncIterator[Replica]:
    """Another process than the one that changes bookings."""
    async with opened(house.db._pool.conninfo) as db, replica(db) as other:
        yield other


def status(booking: pb.Booking) -> str:
    return pb.Booking.Status.Name(booking.status)


def _whole(booking: pb.Booking) -> pb.Booking:
    """Return a booking but for the id of its payment, which the fake one makes anew each time."""
    assert booking.HasField("payment")
    booking.payment.ClearField("id")
    return booking


async def waiting(other: Replica, booking_id: str, **fields: Any) -> asyncio.Task[pb.Booking]:
    """Begin to wait for a booking; return once somebody more waits."""
    before = other.changes._places.total()
    task = asyncio.create_task(other.get(booking_id, wait_seconds=LONG, **fields))
    await eventually(lambda: other.changes._places.total() == before + 1 and other.changes._waiting)
    return task


async def refused(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return failed.value.code(), reason(failed.value)


OVERLOADED = (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")

# --- A wait


async def test_a_wait_is_answered_when_another_process_confirms(house: House, other: Replica) -> None:
    booking = await house.book(ANN, 0)
    wait = await waiting(other, booking.id)
    await house.capture(booking)
    confirmed = await wait
    assert status(confirmed) == "CONFIRMED"
    assert _whole(confirmed) == _whole(await other.get(booking.id))
    assert not other.changes._places
    assert not other.changes._waiting


async def test_who_asks_after_it_was_confirmed_does_not_wait(house: House, other: Replica) -> None:
    booking = await house.confirmed(ANN, 0)
    async with asyncio.timeout(WAIT_SECONDS):
        assert status(await other.get(booking.id, wait_seconds=LONG)) == "CONFIRMED"


async def test_a_refund_is_waited_for_by_the_status_that_is_left(house: House, other: Replica) -> None:
    booking = await house.confirmed(ANN, 0)
    wait = await waiting(other, booking.id, while_status=pb.Booking.CONFIRMED)
    await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    assert status(await wait) == "REFUNDED"


@pytest.mark.parametrize("named", [pb.Booking.CANCELLED, pb.Booking.REFUNDED])
async def test_nobody_waits_for_what_cannot_come(house: House, other: Replica, named: Any) -> None:
    booking = await house.book(ANN, 0)
    if named == pb.Booking.CANCELLED:
        await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    else:
        await house.capture(booking)
        await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    async with asyncio.timeout(WAIT_SECONDS):
        assert (await other.get(booking.id, wait_seconds=LONG, while_status=named)).status == named


async def test_a_wait_that_is_over_answers_the_booking_as_it_stands(house: House, other: Replica) -> None:
    booking = await house.book(ANN, 0)
    assert status(await other.get(booking.id, wait_seconds=1)) == "PENDING"


async def test_a_wait_ends_before_its_deadline(house: House, other: Replica) -> None:
    booking = await house.book(ANN, 0)
    request = pb.GetBookingRequest(booking_id=booking.id, wait_seconds=LONG)
    assert status(await other.stub.GetBooking(request, timeout=2)) == "PENDING"


async def test_a_step_that_callers_do_not_see_ends_no_wait(house: House, other: Replica) -> None:
    booking = await house.book(ANN, 0)
    wait = await waiting(other, booking.id)
    await house.db.execute(
        "UPDATE bookings SET state = 'CONFIRMING', confirming_from = 'PENDING', version = version + 1,"
        " payment_id = gen_random_uuid(), lease_until = boxoffice_clock() + interval '1 hour'"
    )
    looked = other.changes._looked_at
    await eventually(lambda: other.changes._looked_at > looked + 2 * looking.PAUSE_SECONDS)
    assert not wait.done()
    other.changes.end()
    assert status(await wait) == "PENDING"


async def test_a_wait_is_answered_when_the_time_is_up_though_no_job_has_run(house: House, other: Replica) -> None:
    booking = await house.book(ANN, 0)
    wait = await waiting(other, booking.id)
    await move_clock(house.db, "16 minutes")
    assert status(await wait) == "EXPIRED"


async def test_more_time_after_a_decline_ends_no_wait_and_is_told_to_who_watches(house: House, other: Replica) -> None:
    booking = await house.book(ANN, 0)
    watcher = Watcher(other, booking.id)
    assert await watcher.status() == "PENDING"
    wait = await waiting(other, booking.id)
    await house.db.execute("UPDATE bookings SET expires_at = expires_at + interval '1 minute'")
    extended = await watcher.next()
    assert extended is not None
    assert extended.expires_at.seconds == booking.expires_at.seconds + 60
    await house.capture(booking)
    assert status(await wait) == "CONFIRMED"


async def test_one_look_is_for_all_who_wait(house: House, other: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    bookings = [await house.book(uuid4(), number) for number in range(8)]
    looks: list[int] = []
    fetch = Database.fetch

    async def counted(db: Database, statement: str, parameters: Any = ()) -> list[Any]:
        if statement == statements.CHANGED:
            looks.append(len(parameters["booking_id"]))
        return await fetch(db, statement, parameters)

    monkeypatch.setattr(Database, "fetch", counted)
    waits = [await waiting(other, booking.id) for booking in bookings for _ in range(2)]
    await eventually(lambda: looks and looks[-1] == 8)
    for booking in bookings:
        await house.capture(booking)
    assert {status(booking) for booking in await asyncio.gather(*waits)} == {"CONFIRMED"}
    await eventually(lambda: not other.changes._looker.is_looking)


async def test_who_waits_keeps_nobody_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MAX_CALLS", 2)
    booking = await house.book(ANN, 0)
    async with replica(house.db) as other:
        waits = [await waiting(other, booking.id) for _ in range(4)]
        assert status(await other.get(booking.id)) == "PENDING"
        await house.capture(booking)
        assert {status(one) for one in await asyncio.gather(*waits)} == {"CONFIRMED"}
        assert status(await other.get(booking.id)) == "CONFIRMED"


# --- A stream


async def test_who_watches_is_told_of_every_status_until_the_last(house: House, other: Replica) -> None:
    booking = await house.book(ANN, 0)
    watcher = Watcher(other, booking.id)
    first = await watcher.next()
    assert first is not None
    assert _whole(first) == _whole(await other.get(booking.id))
    await house.capture(booking)
    assert await watcher.status() == "CONFIRMED"
    house.payment.refund_state = RefundState.SUCCEEDED
    await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    while (seen := await watcher.status()) == "CONFIRMED":
        pass  # its refund was decided
    assert seen == "REFUNDED"
    with pytest.raises(EOFError):
        await watcher.next()


async def test_who_comes_to_a_booking_that_has_ended_is_told_so_and_no_more(house: House, other: Replica) -> None:
    booking = await house.book(ANN, 0)
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    watcher = Watcher(other, booking.id)
    assert await watcher.status() == "CANCELLED"
    with pytest.raises(EOFError):
        await watcher.next()


@pytest.mark.parametrize("closes", [timedelta(days=2)])
async def test_money_that_comes_late_is_told_of_and_only_the_end_of_sales_ends_it(house: House) -> None:
    booking, late = await house.book(ANN, 0), await house.book(BOB, 1)
    async with replica(house.db, heartbeat_seconds=0.1) as other:
        watchers = [Watcher(other, one.id) for one in (booking, late)]
        assert [await watcher.status() for watcher in watchers] == ["PENDING", "PENDING"]
        await move_clock(house.db, "16 minutes")
        await move_clock(house.inventory_db, "16 minutes")
        assert [await watcher.status() for watcher in watchers] == ["EXPIRED", "EXPIRED"]
        await house.capture(late)
        assert await watchers[1].status() == "CONFIRMED"
        await move_clock(house.db, "25 hours")
        with pytest.raises(EOFError):
            await watchers[0].status()


async def test_where_nothing_happens_that_is_what_is_told(house: House) -> None:
    booking = await house.book(ANN, 0)
    async with replica(house.db, heartbeat_seconds=0.1) as other:
        watcher = Watcher(other, booking.id)
        assert await watcher.status() == "PENDING"
        assert [await watcher.next() for _ in range(3)] == [None, None, None]
        await house.capture(booking)
        assert await watcher.status() == "CONFIRMED"


async def test_nobody_is_told_that_nothing_happened_while_that_is_not_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "AWAY_SECONDS", 0.02)
    monkeypatch.setattr(watching, "AWAY_SECONDS", 0.02)
    booking = await house.book(ANN, 0)
    async with opened(house.db._pool.conninfo) as db, replica(db, heartbeat_seconds=0.05) as other:
        watcher = Watcher(other, booking.id)
        assert await watcher.status() == "PENDING"
        wait = await waiting(other, booking.id)
        asked: list[object] = []
        shown: list[object] = []
        fetch, after = Database.fetch, other.changes.after

        async def away(self: Database, statement: str, parameters: Any = ()) -> list[Any]:
            if self is not db or statement != statements.CHANGED:
                return await fetch(self, statement, parameters)
            asked.append(statement)
            raise Unavailable()

        async def followed(known: Any, seconds: float) -> bool | None:
            shown.append(answer := await after(known, seconds))
            return answer

        with monkeypatch.context() as broken:
            broken.setattr(Database, "fetch", away)
            await eventually(lambda: asked)
            broken.setattr(other.changes, "after", followed)
            await eventually(lambda: len(shown) > 5)
            # What was on its way when the database went may have come to its end knowing.
            assert False not in shown[1:]
        # It goes on by itself, with nothing lost.
        await house.capture(booking)
        assert await watcher.status() == "CONFIRMED"
        assert status(await wait) == "CONFIRMED"


async def test_who_watches_stays_while_the_changed_booking_cannot_be_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "AWAY_SECONDS", 0.02)
    booking = await house.book(ANN, 0)
    async with opened(house.db._pool.conninfo) as db, replica(db) as other:
        watcher = Watcher(other, booking.id)
        assert await watcher.status() == "PENDING"
        failed: list[object] = []
        fetch_all = Database.fetch_all

        async def away(self: Database, *statements: Any) -> list[list[Any]]:
            if self is not db:
                return await fetch_all(self, *statements)
            failed.append(statements)
            raise Unavailable()

        with monkeypatch.context() as broken:
            broken.setattr(Database, "fetch_all", away)
            await house.capture(booking)
            await eventually(lambda: len(failed) > 2)
        assert await watcher.status() == "CONFIRMED"


# --- Who may, and how many


async def test_what_is_not_there_or_anothers_cannot_be_watched(house: House, other: Replica) -> None:
    booking = await house.book(ANN, 0)
    not_found = (grpc.StatusCode.NOT_FOUND, "BOOKING_NOT_FOUND")
    assert await refused(Watcher(other, str(uuid4())).next()) == not_found
    assert await refused(Watcher(other, booking.id, user_id=str(BOB)).next()) == not_found
    assert await refused(other.get(str(uuid4()), wait_seconds=LONG)) == not_found
    assert await refused(other.get(booking.id, wait_seconds=LONG, user_id=str(BOB))) == not_found
    assert await Watcher(other, booking.id, user_id=str(ANN)).status() == "PENDING"


@pytest.mark.parametrize("seconds", [-1, 26])
async def test_a_wait_has_its_bounds(house: House, other: Replica, seconds: int) -> None:
    booking = await house.book(ANN, 0)
    invalid = (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert await refused(other.get(booking.id, wait_seconds=seconds)) == invalid


async def test_no_more_wait_than_may_and_who_leaves_makes_room(house: House) -> None:
    booking = await house.book(ANN, 0)
    async with replica(house.db, max_streams=2) as other:
        watcher = Watcher(other, booking.id)
        assert await watcher.status() == "PENDING"
        wait = await waiting(other, booking.id)
        assert await refused(Watcher(other, booking.id).next()) == OVERLOADED
        assert await refused(other.get(booking.id, wait_seconds=LONG)) == OVERLOADED
        assert status(await other.get(booking.id)) == "PENDING"
        watcher.call.cancel()
        await eventually(lambda: other.changes._places.total() == 1)
        assert await Watcher(other, booking.id).status() == "PENDING"
        wait.cancel()
        await eventually(lambda: other.changes._places.total() <= 1)


async def test_the_places_of_one_user_are_bounded_and_take_none_from_others(
    house: House, other: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MAX_OF_USER", 2)
    anns, bobs = await house.book(ANN, 0), await house.book(BOB, 1)
    watchers = [Watcher(other, anns.id) for _ in range(2)]
    assert [await watcher.status() for watcher in watchers] == ["PENDING", "PENDING"]
    assert await refused(Watcher(other, anns.id).next()) == OVERLOADED
    assert await refused(other.get(anns.id, wait_seconds=LONG)) == OVERLOADED
    assert await Watcher(other, bobs.id).status() == "PENDING"


# --- How it ends


async def test_a_server_that_stops_answers_those_who_wait_and_sends_those_away_who_watch(
    house: House, other: Replica
) -> None:
    booking = await house.book(ANN, 0)
    watcher = Watcher(other, booking.id)
    assert await watcher.status() == "PENDING"
    wait = await waiting(other, booking.id)
    other.changes.end()
    assert status(await wait) == "PENDING"
    away = (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
    assert await refused(watcher.next()) == away
    assert await refused(Watcher(other, booking.id).next()) == away
    async with asyncio.timeout(WAIT_SECONDS):
        assert status(await other.get(booking.id, wait_seconds=LONG)) == "PENDING"


async def test_a_stream_ends_after_a_while(house: House, other: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LONGEST_SECONDS", 0.3)
    booking = await house.book(ANN, 0)
    watcher = Watcher(other, booking.id)
    assert await watcher.status() == "PENDING"
    assert await refused(watcher.next()) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")


async def test_who_does_not_read_is_cut_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "READING_SECONDS", 0.5)
    booking = await house.book(ANN, *range(6))
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(replica(house.db))
        # Without this, gRPC would take in more and more by itself.
        options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_535)]
        narrow = await stack.enter_async_context(grpc.aio.insecure_channel(other.address, options=options))
        method: Any = narrow.unary_stream(
            "/boxoffice.booking.v1.BookingService/WatchBooking",
            request_serializer=pb.WatchBookingRequest.SerializeToString,
        )
        deaf = method(pb.WatchBookingRequest(booking_id=booking.id))
        await deaf.read()
        watcher = Watcher(other, booking.id)
        await watcher.status()
        async with asyncio.timeout(patient(60)):
            while other.changes._places.total() == 2:
                await house.db.execute("UPDATE bookings SET expires_at = expires_at + interval '1 millisecond'")
                await watcher.status()
        with pytest.raises(grpc.aio.AioRpcError):
            while True:
                assert await deaf.read() is not grpc.aio.EOF
