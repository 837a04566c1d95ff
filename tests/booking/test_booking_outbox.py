"""What other services have to be told is stored together with what it tells of, or neither is."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2 as pb

from services.booking.captures import statements as sql
from services.chassis.errors import FailedPrecondition, Unavailable
from services.chassis.writes.outbox import Message, Outbox
from tests.booking.house import House, move_clocks, refused

ANN, BOB = uuid4(), uuid4()


def lose_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every message fail to be stored."""

    async def append(_: Outbox, tx: Any, messages: Sequence[Message]) -> None:
        if messages:
            raise Unavailable()

    monkeypatch.setattr(Outbox, "append", append)


async def test_nothing_is_cancelled_that_nobody_would_be_told_of(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    booking = await house.book(ANN, 0)
    lose_messages(monkeypatch)
    request = pb.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await refused(house.bookings.CancelBooking(request))).reason == "UNAVAILABLE"
    assert await house.status(booking.id) == "PENDING"


async def test_money_to_send_back_is_not_taken_note_of_without_being_sent_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await house.confirmed(ANN, 0)
    lose_messages(monkeypatch)
    assert (await refused(house.capture(booking))).reason == "UNAVAILABLE"
    assert len(await house.db.fetch("SELECT FROM captures")) == 1


async def test_a_booking_whose_seats_are_gone_stays_unfinished_until_its_money_is_on_its_way_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await house.book(ANN, 0)
    await move_clocks(house, "16 minutes")
    await house.book(BOB, 0)
    with monkeypatch.context() as broken:
        lose_messages(broken)
        await house.capture(booking)
    await move_clocks(house, "17 minutes")
    await house.saga.recover_once()
    await house.relay()
    assert [refund.amount for refund in house.payment.refunds] == [booking.total_amount]


async def test_a_refund_that_payment_refuses_is_not_forgotten(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    await house.capture(booking)
    house.payment.refund_refusal = FailedPrecondition("not now")
    await house.relay()
    [row] = await house.db.fetch("SELECT topic, refusals FROM outbox")
    assert (row.topic, row.refusals) == ("refunds", 1)


async def test_money_is_not_sent_back_twice_because_its_batch_was_undone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await house.confirmed(ANN, 0), await house.book(BOB, 1)
    captures = [
        pb.BatchRecordCapturesRequest.Capture(
            payment_id=str(uuid4()),
            booking_id=booking.id,
            session_id=f"sess_{uuid4()}",
            amount=booking.total_amount,
            currency=booking.currency,
        )
        for booking in (first, second)
    ]
    request = pb.BatchRecordCapturesRequest(captures=captures)
    with monkeypatch.context() as broken:
        broken.setattr(sql, "BEGIN_CONFIRMING", "SELECT 1 / (%(lease_seconds)s * 0)")
        with pytest.raises(grpc.aio.AioRpcError):
            await house.bookings.BatchRecordCaptures(request)
    assert await house.db.fetch("SELECT FROM outbox") == []
    await house.bookings.BatchRecordCaptures(request)
    assert len(await house.db.fetch("SELECT FROM outbox")) == 1
