"""Idempotency keys of booking: requests that wait for the first with their key, and keys that are forgotten."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from grpc_status import rpc_status

from services.booking.creating import operation
from services.booking.tidying.operation import forget_keys
from services.chassis.wire.status import from_status
from services.chassis.writes import answers, idempotency
from tests.booking.house import House
from tests.databases import move_clock

ANN = uuid4()


IN_PROGRESS = ("ABORTED", "REQUEST_IN_PROGRESS", 1)


async def refused(call: Awaitable[Any]) -> tuple[str, str, float | None]:
    """Await a call that must be refused; tell its code, its reason, and when to come back."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    status = rpc_status.from_call(caught.value)
    assert status is not None, caught.value
    failure = from_status(status)
    return failure.code.name, failure.reason, failure.retry_after_seconds


async def test_a_booking_whose_key_another_process_carries_out_for_long_is_told_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "WAIT_STEPS", 3)
    await house.book(ANN, 0, key="k1")
    await house.db.execute("DELETE FROM idempotency_keys")  # as it stands before the first has finished
    assert await refused(house.book(ANN, 0, key="k1")) == IN_PROGRESS
    assert len(await house.db.fetch("SELECT FROM bookings")) == 1


@pytest.mark.parametrize("method", ["CancelBooking", "RefundBooking"])
async def test_a_change_whose_key_is_under_way_for_long_is_told_so(house: House, method: str) -> None:
    booking = await (house.book if method == "CancelBooking" else house.confirmed)(ANN, 0)
    request = getattr(pb, f"{method}Request")(booking_id=booking.id, user_id=str(ANN), idempotency_key="k1")
    ask = getattr(house.bookings, method)
    key = idempotency.key_of(request, method, ANN)
    assert key is not None
    async with house.db.transaction() as first:
        await answers.keep(first, answers.Kept(key, b""))
        await first.fetch("SELECT")
        assert await refused(ask(request)) == IN_PROGRESS
        await first.fetch("DELETE FROM idempotency_keys RETURNING 1")
    assert (await house.get(booking.id)).status == booking.status
    await ask(request)


async def test_a_forgotten_booking_keeps_its_seats_and_its_key_is_for_a_new_one(house: House) -> None:
    first = await house.book(ANN, 0, key="k1")
    await house.bookings.CancelBooking(
        pb.CancelBookingRequest(booking_id=first.id, user_id=str(ANN), idempotency_key="k1")
    )
    await house.relay()
    await move_clock(house.db, "7 days - 1 minute")
    assert await forget_keys(house.db, 7) == 0
    assert (await house.book(ANN, 0, key="k1")).id == first.id
    assert (await refused(house.book(ANN, 1, key="k1")))[1] == "IDEMPOTENCY_KEY_REUSED"

    await move_clock(house.db, "7 days")
    assert await forget_keys(house.db, 7) == 2
    assert await forget_keys(house.db, 7) == 0
    [row] = await house.db.fetch("SELECT idempotency_key, request_hash FROM bookings")
    assert (row.idempotency_key, row.request_hash) == (None, None)
    assert (await house.get(first.id)).status == pb.Booking.CANCELLED
    second = await house.book(ANN, 1, key="k1")
    assert second.id != first.id
    assert (await house.book(ANN, 1, key="k1")).id == second.id


async def test_a_key_that_another_method_forgets_stays_with_its_booking(house: House) -> None:
    """A key belongs to its method: that of a cancel, though it reads the same, is not the booking's."""
    first = await house.book(ANN, 0, key="k1")
    await house.bookings.CancelBooking(
        pb.CancelBookingRequest(booking_id=first.id, user_id=str(ANN), idempotency_key="k1")
    )
    await house.db.execute(
        "UPDATE idempotency_keys SET created_at = created_at - interval '8 days' WHERE method = 'CancelBooking'"
    )
    assert await forget_keys(house.db, 7) == 1
    assert (await house.book(ANN, 0, key="k1")).id == first.id


async def test_every_key_that_a_refund_was_answered_under_is_used(house: House) -> None:
    booking, other = await house.confirmed(ANN, 0), await house.confirmed(ANN, 1)
    house.payment.away = True
    asks = [
        pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN), idempotency_key=f"r{number}")
        for number in range(4)
    ]
    first = await asyncio.gather(*(house.bookings.RefundBooking(ask) for ask in asks))
    house.payment.away = False
    await move_clock(house.db, "9 seconds")
    await house.saga.recover_once()
    assert (await house.get(booking.id)).status == pb.Booking.REFUNDED
    again = [await house.bookings.RefundBooking(ask) for ask in asks]
    assert {(one.refund_amount, one.refund_percentage) for one in (*first, *again)} == {(booking.total_amount, 100)}
    for ask in asks:
        ask.booking_id = other.id
        assert (await refused(house.bookings.RefundBooking(ask)))[:2] == ("ALREADY_EXISTS", "IDEMPOTENCY_KEY_REUSED")
    assert (await house.get(other.id)).status == pb.Booking.CONFIRMED
