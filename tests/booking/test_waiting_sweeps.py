"""Sweeps of cancelled shows that have to wait: for inventory, for bookings that are being made, for an answer."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2

from services.booking.clients import InventoryClient
from services.chassis.errors import Failure, Unavailable
from tests.booking.house import ANN, BOB, House, reason, refused
from tests.booking.test_show_cancellations import Cancellation, cancel, preview, progress, swept


async def pass_by(house: House) -> Cancellation:
    """Have a sweep pass over the bookings, as often as it likes, while nothing else goes on; return how far it is."""
    for _ in range(3):
        while await house.saga.sweeps.sweep_once():
            pass
        await house.db.execute("UPDATE cancelled_shows SET lease_until = boxoffice_clock()")
    return await progress(house)


async def test_a_sweep_ends_only_when_inventory_has_no_claim_left(house: House) -> None:
    booking = await house.book(ANN, 0)
    await cancel(house)
    assert (await pass_by(house)).status == Cancellation.SWEEPING
    assert await house.status(booking.id) == "CANCELLED", "inventory is told of it later"
    assert (await swept(house)).status == Cancellation.DONE


async def test_a_sweep_ends_only_when_no_booking_is_being_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> Any:
        raise Unavailable()

    with monkeypatch.context() as patch:
        patch.setattr(InventoryClient, "reserve", away)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await house.book(ANN, 0)
    assert reason(error.value).reason == "UNAVAILABLE"
    await cancel(house)
    assert (await pass_by(house)).status == Cancellation.SWEEPING, "the seats may be reserved"
    assert (await swept(house)).status == Cancellation.DONE


async def test_a_wish_waits_for_inventory_as_long_as_it_takes_and_is_forgotten_where_it_is_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await house.confirmed(BOB, 0)
    token, ask = (await preview(house)).token, InventoryClient.cancel_shows
    failures: list[Failure] = [Unavailable(), Unavailable()]

    async def fails(self: InventoryClient, *subject: Any, validate_only: bool = False, **named: Any) -> Any:
        if validate_only:
            return await ask(self, *subject, validate_only=True, **named)
        raise failures.pop()

    monkeypatch.setattr(InventoryClient, "cancel_shows", fails)
    with pytest.raises(grpc.aio.AioRpcError):
        await cancel(house, token)
    await house.db.execute("UPDATE cancelled_shows SET lease_until = boxoffice_clock()")
    await house.saga.sweeps.sweep_once()
    assert not failures
    assert (await progress(house)).status == Cancellation.REQUESTED, "inventory may have cancelled it"

    ended = Failure("It has ended.")
    ended.code, ended.reason = type(ended).code.FAILED_PRECONDITION, "SHOW_ENDED"  # type: ignore[misc]
    failures.append(ended)
    await house.db.execute("UPDATE cancelled_shows SET lease_until = boxoffice_clock()")
    await house.saga.sweeps.sweep_once()
    assert (await refused(progress(house))).reason == "CANCELLATION_NOT_FOUND"
    request = booking_pb2.RefundBookingRequest(booking_id=booking.id, user_id=str(BOB))
    assert (await house.bookings.RefundBooking(request)).refund_percentage == 100, "by the time, as before"


async def test_a_preview_does_not_count_what_is_on_its_way_back(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    house.payment.away = True
    request = booking_pb2.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await house.bookings.RefundBooking(request)).status == booking_pb2.RefundBookingResponse.PROCESSING
    previewed = await preview(house)
    assert (previewed.confirmed_bookings, list(previewed.refunds)) == (0, [])
