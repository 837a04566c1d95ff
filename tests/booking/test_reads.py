"""What is read of a booking agrees with what is kept of it, whatever step it is at and whichever way it is read."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.payment.v1 import payment_pb2

from services.booking.clients import InventoryClient
from services.booking.errors import BookingNotFound
from services.booking.viewing.look import Bookings, BookingsPage
from services.booking.viewing.paid import Looks
from services.chassis.errors import Unavailable
from services.chassis.wire.status import from_status
from services.chassis.writes import desk
from services.chassis.writes.lookup import ASKING_LANES
from tests.booking.house import House, move_clocks, refused
from tests.patience import patient

ANN, BOB = uuid4(), uuid4()


async def read(house: House, booking_id: str) -> pb.Booking:
    """Read a booking in every way that there is, which must agree; return it."""
    got: pb.Booking = await house.get(booking_id)
    got.ClearField("payment")
    every = pb.ListBookingsRequest(user_id=str(ANN))
    of_status = pb.ListBookingsRequest(user_id=str(ANN), show_id=house.show_id, status=got.status)
    for request in (every, of_status):
        [listed] = [it for it in (await house.bookings.ListBookings(request)).bookings if it.id == booking_id]
        listed.ClearField("payment")
        assert listed == got
    for status in pb.Booking.Status.values():
        if status not in (pb.Booking.STATUS_UNSPECIFIED, got.status):
            others = await house.bookings.ListBookings(pb.ListBookingsRequest(user_id=str(ANN), status=status))
            assert booking_id not in [it.id for it in others.bookings]
    return got


async def away(*_: Any) -> Any:
    raise Unavailable()


class Payments:
    """A payment service that notes what it is asked, and answers when it may."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.begun, self.may_answer = asyncio.Event(), asyncio.Event()

    async def newest_of(self, booking_ids: Sequence[UUID]) -> list[payment_pb2.Payment]:
        self.asked.append(sorted(map(str, booking_ids)))
        self.begun.set()
        await self.may_answer.wait()
        return [payment_pb2.Payment(booking_id=str(booking_id)) for booking_id in booking_ids]


async def test_a_booking_is_expired_since_its_time_was_up_whether_a_job_has_run_or_not(house: House) -> None:
    booking = await house.book(ANN, 0)
    assert (await read(house, booking.id)).updated_at == booking.created_at
    await move_clocks(house, "17 minutes")
    due = await read(house, booking.id)
    assert (due.status, due.updated_at) == (pb.Booking.EXPIRED, booking.expires_at)
    await move_clocks(house, "20 minutes")
    assert await house.saga.expiry.expire_due() == 1
    assert await read(house, booking.id) == due


async def test_a_booking_whose_time_is_up_is_told_alike_to_whoever_would_cancel_refund_or_pay_it(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clocks(house, "17 minutes")
    asked = {"booking_id": booking.id, "user_id": str(ANN)}
    for swept in (False, True):
        for call in (
            house.bookings.CancelBooking(pb.CancelBookingRequest(**asked)),
            house.bookings.RefundBooking(pb.RefundBookingRequest(**asked)),
            house.bookings.GetPayableBooking(pb.GetPayableBookingRequest(**asked)),
        ):
            assert (await refused(call)).metadata["status"] == "EXPIRED"
        if not swept:
            assert await house.saga.expiry.expire_due() == 1


@pytest.mark.parametrize("swept", [False, True])
async def test_money_that_comes_late_shows_the_booking_as_it_was_until_it_is_settled(
    house: House, monkeypatch: pytest.MonkeyPatch, swept: bool
) -> None:
    booking = await house.book(ANN, 0)
    await move_clocks(house, "17 minutes")
    before = await read(house, booking.id)
    if swept:
        await house.saga.expiry.expire_due()
    with monkeypatch.context() as broken:
        broken.setattr(InventoryClient, "confirm", away)
        await house.capture(booking)
    [row] = await house.db.fetch("SELECT state FROM bookings")
    assert row.state == "CONFIRMING"
    assert await read(house, booking.id) == before
    cancel = pb.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await refused(house.bookings.CancelBooking(cancel))).metadata["status"] == "EXPIRED"
    await move_clocks(house, "18 minutes")
    await house.saga.recover_once()
    assert (await read(house, booking.id)).status == pb.Booking.CONFIRMED


async def test_a_late_payment_that_is_refused_leaves_the_booking_as_it_was(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clocks(house, "17 minutes")
    before = await read(house, booking.id)
    await house.book(uuid4(), 0)
    await house.capture(booking)
    assert await read(house, booking.id) == before


async def test_a_payment_in_time_shows_the_booking_pending_until_it_is_settled_however_long_that_takes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await house.book(ANN, 0)
    with monkeypatch.context() as broken:
        broken.setattr(InventoryClient, "confirm", away)
        await house.capture(booking)
    await move_clocks(house, "17 minutes")
    seen = await read(house, booking.id)
    assert (seen.status, seen.updated_at) == (pb.Booking.PENDING, booking.created_at)
    await house.saga.recover_once()
    confirmed = await read(house, booking.id)
    assert confirmed.status == pb.Booking.CONFIRMED
    assert confirmed.updated_at.seconds - booking.created_at.seconds >= 17 * 60


async def test_a_booking_that_is_being_refunded_reads_as_confirmed_with_its_refund(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    booking.ClearField("payment")
    house.payment.refund_state = payment_pb2.BatchRefundPaymentsResponse.Result.REQUESTED
    await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    seen = await read(house, booking.id)
    assert (seen.refund.amount, seen.refund.completed) == (booking.total_amount, False)
    [refund] = seen.refunds
    assert (refund.amount, refund.completed, seen.refunded_amount) == (booking.total_amount, False, 0)
    assert seen.seats[0].refund_id == refund.id
    for field in ("refund", "refunds"):
        seen.ClearField(field)
    seen.seats[0].ClearField("refund_id")
    assert seen == booking


async def test_an_archived_booking_still_says_which_seats_it_was_for(house: House) -> None:
    cancelled, expired = await house.book(ANN, 0, 2), await house.book(ANN, 1)
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=cancelled.id, user_id=str(ANN)))
    await move_clocks(house, "20 minutes")
    await house.saga.expiry.expire_due()
    before = {one.id: await read(house, one.id) for one in (cancelled, expired)}
    labels = {cancelled.id: ["Stalls A1", "Stalls A3"], expired.id: ["Stalls A2"]}
    assert {id_: list(one.seat_labels) for id_, one in before.items()} == labels
    await move_clocks(house, "34 days")
    assert await house.saga.archive.archive_once() == 3
    for id_, one in before.items():
        assert len(one.seats) == len(labels[id_])
        one.ClearField("seats")
        assert await read(house, id_) == one


async def test_of_bookings_to_pay_for_that_are_asked_for_together_each_fares_for_itself(house: House) -> None:
    pending, cancelled, other = await house.book(ANN, 0), await house.book(ANN, 1), await house.book(BOB, 2)
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=cancelled.id, user_id=str(ANN)))
    ids = [pending.id, cancelled.id, other.id, str(uuid4()), pending.id]
    asked = [pb.GetPayableBookingRequest(booking_id=booking_id, user_id=str(ANN)) for booking_id in ids]
    answer = await house.bookings.BatchGetPayableBookings(pb.BatchGetPayableBookingsRequest(bookings=asked))
    alone = await house.bookings.GetPayableBooking(asked[0])
    assert [one.booking for one in answer.results if one.HasField("booking")] == [alone, alone]
    reasons = [from_status(one.refusal).reason for one in answer.results if one.HasField("refusal")]
    assert reasons == ["BOOKING_NOT_PENDING", "BOOKING_NOT_FOUND", "BOOKING_NOT_FOUND"]


async def test_whoever_asks_for_a_booking_and_whoever_lists_theirs_share_a_question_to_payment(house: House) -> None:
    of_ann, of_bob = await house.book(ANN, 0), await house.book(BOB, 1)
    bookings, payments = Bookings(house.db), Payments()
    looks = Looks(bookings, payments)  # type: ignore[arg-type]
    pages = [BookingsPage(user, None, None, None, 20) for user in (ANN, BOB)]
    async with asyncio.timeout(patient(5)):
        first = asyncio.ensure_future(looks.of_user(pages[0]))
        await payments.begun.wait()
        later = asyncio.gather(
            looks.of_user(pages[1]),
            looks.find(UUID(of_ann.id), ANN),
            looks.find(UUID(of_ann.id), BOB),
            return_exceptions=True,
        )
        await asyncio.sleep(0)
        payments.may_answer.set()
        [listed], ([other], found, refused_) = await first, await later
    assert payments.asked == [[of_ann.id], sorted([of_ann.id, of_bob.id])]
    assert [one.payment.booking_id for one in (listed, other, found)] == [of_ann.id, of_bob.id, of_ann.id]
    assert isinstance(refused_, BookingNotFound)
    assert replace(found.seen, now=listed.seen.now) == listed.seen


async def test_looks_whose_payments_do_not_come_hold_up_no_later_ones(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "BESIDE_SECONDS", 0.01)
    payments = Payments()
    looks = Looks(Bookings(house.db), payments)  # type: ignore[arg-type]
    async with asyncio.timeout(patient(5)), asyncio.TaskGroup() as waiting:
        for _ in range(ASKING_LANES + 2):
            payments.begun.clear()
            waiting.create_task(looks.of_user(BookingsPage(uuid4(), None, None, None, 20)))
            await payments.begun.wait()
        payments.may_answer.set()
