"""Free bookings: confirmed by the call that makes them, without a payment, and given back without one."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.booking.v1 import coupon_pb2

from services.booking.captures.operation import FinishConfirming
from services.booking.clients import InventoryClient
from services.booking.creating import operation, steps
from services.booking.creating.free import forget_free
from services.chassis.errors import Unavailable
from services.chassis.wire.identity import Caller
from tests.booking.house import ANN, BOB, House, Refund, reason, refused
from tests.booking.sellers import sold_by
from tests.booking.test_booking_events import kinds, published
from tests.booking.test_coupon_uses import uses
from tests.booking.test_coupons import make
from tests.databases import move_clock


@pytest.fixture
async def free(house: House) -> coupon_pb2.Coupon:
    """A coupon that leaves nothing to pay."""
    return await make(house, percentage=100)


async def book(house: House, user: UUID, *numbers: int, key: str = "") -> pb.Booking:
    return await house.book(user, *numbers, key=key, coupon="monsoon")


async def recovered(house: House, minutes: int = 1) -> int:
    """Let the leases of steps end that nobody carries out any more, and recovery carry them on."""
    await move_clock(house.db, f"{minutes} minutes")
    return await house.saga.recover_once()


async def rows(house: House) -> list[Any]:
    return await house.db.fetch("SELECT state, version, payment_id, confirmed_at IS NOT NULL AS at FROM bookings")


async def made_of(house: House) -> dict[UUID, int]:
    found = await house.db.fetch("SELECT user_id, made FROM free_bookings")
    return {row.user_id: row.made for row in found}


async def test_a_free_booking_is_confirmed_by_the_call_that_makes_it_without_a_payment(house: House, free: Any) -> None:
    booking = await book(house, ANN, 0, 1)
    assert (booking.status, booking.final_amount, booking.discount_amount) == (pb.Booking.CONFIRMED, 0, 50_002)
    assert booking.HasField("confirmed_at")
    assert (await house.seat_statuses())[:2] == ["BOOKED", "BOOKED"]
    [row] = await rows(house)
    assert (row.state, row.version, row.payment_id, row.at) == ("CONFIRMED", 4, None, True)
    assert await house.db.fetch("SELECT FROM captures") == []
    assert await kinds(house, booking) == ["CREATED", "CONFIRMED"]
    assert [event.payment_id for event in await published(house)] == ["", ""]
    assert await uses(house, free) == 1
    listed = await house.bookings.ListBookings(pb.ListBookingsRequest(user_id=str(ANN)))
    assert [one.status for one in listed.bookings] == [pb.Booking.CONFIRMED]
    payable = pb.GetPayableBookingRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await refused(house.bookings.GetPayableBooking(payable))).reason == "BOOKING_NOT_PENDING"
    assert house.payment.refunds == house.payment.parts == []


async def test_a_quote_says_that_nothing_is_to_be_paid_and_that_is_what_is_expected(house: House, free: Any) -> None:
    request = pb.QuoteBookingRequest(user_id=str(ANN), show_id=house.show_id, show_seat_ids=house.seat_ids[:1])
    request.coupon_code = "monsoon"
    assert (await house.bookings.QuoteBooking(request)).final_amount == 0
    create = pb.CreateBookingRequest(user_id=str(ANN), show_id=house.show_id, show_seat_ids=house.seat_ids[:1])
    create.coupon_code, create.expected_total = "monsoon", 1
    assert (await refused(house.bookings.CreateBooking(create))).reason == "PRICE_CHANGED"
    create.expected_total = 0
    assert (await house.bookings.CreateBooking(create)).status == pb.Booking.CONFIRMED


async def test_free_bookings_and_others_of_a_batch_each_come_to_their_own(house: House, free: Any) -> None:
    users = [uuid4() for _ in range(12)]
    coupons = ["monsoon", ""] * 6
    booked = await asyncio.gather(*(house.book(users[n], n, coupon=coupons[n]) for n in range(12)))
    assert [one.status for one in booked] == [pb.Booking.CONFIRMED, pb.Booking.PENDING] * 6
    found = await house.inventory_db.fetch("SELECT status FROM show_seats ORDER BY position")
    assert [row.status for row in found] == ["BOOKED", "RESERVED"] * 6


async def test_requests_with_one_key_get_one_answer_which_says_that_it_is_confirmed(house: House, free: Any) -> None:
    answers = await asyncio.gather(*(book(house, ANN, 0, key="k") for _ in range(10)))
    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert answers[0].status == pb.Booking.CONFIRMED
    assert await book(house, ANN, 0, key="k") == answers[0]
    assert (await refused(book(house, ANN, 1, key="k"))).reason == "IDEMPOTENCY_KEY_REUSED"


async def test_what_is_left_at_any_step_recovery_carries_on_to_the_same_answer(
    house: House, free: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies before a step, or after it has come to something: the client asks again with its key."""
    monkeypatch.setattr(operation, "WAIT_STEPS", 2)
    finish, confirm = steps.finish_bookings, InventoryClient.confirm

    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable()

    async def finish_and_die(*given: Any, **more: Any) -> Any:
        await finish(*given, **more)
        raise Unavailable()

    async def confirm_and_die(*given: Any) -> Any:
        await confirm(*given)
        raise Unavailable()

    breaks: list[tuple[Any, str, Any]] = [
        (steps, "finish_bookings", away),
        (steps, "finish_bookings", finish_and_die),
        (InventoryClient, "confirm", away),
        (InventoryClient, "confirm", confirm_and_die),
        (FinishConfirming, "together", away),
    ]
    for number, (where, name, broken) in enumerate(breaks):
        with monkeypatch.context() as patched:
            patched.setattr(where, name, broken)
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await book(house, ANN, number, key=f"k{number}")
            assert failed.value.code() == grpc.StatusCode.UNAVAILABLE, name
            if number:
                assert (await refused(book(house, ANN, number, key=f"k{number}"))).reason == "REQUEST_IN_PROGRESS"
        assert await recovered(house, number + 1) == 1
        booking = await book(house, ANN, number, key=f"k{number}")
        assert booking.status == pb.Booking.CONFIRMED, broken
        assert await book(house, ANN, number, key=f"k{number}") == booking
        assert await kinds(house, booking) == ["CREATED", "CONFIRMED"]
    assert {row.state for row in await rows(house)} == {"CONFIRMED"}
    assert await house.seat_statuses() == ["BOOKED"] * 5 + ["AVAILABLE"] * 7
    assert await uses(house, free) == 5


async def test_a_free_booking_whose_seats_are_gone_before_they_are_confirmed_expires(
    house: House, free: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise Unavailable()

    with monkeypatch.context() as patched:
        patched.setattr(InventoryClient, "confirm", away)
        with pytest.raises(grpc.aio.AioRpcError):
            await book(house, ANN, 0, key="k")
    await move_clock(house.db, "16 minutes")
    await move_clock(house.inventory_db, "16 minutes")
    await house.confirmed(BOB, 0)
    assert await house.saga.recover_once() == 1
    booking = await book(house, ANN, 0, key="k")
    assert (booking.status, booking.HasField("confirmed_at")) == (pb.Booking.EXPIRED, False)
    assert await kinds(house, booking) == ["CREATED", "EXPIRED"]
    assert await uses(house, free) == 0
    assert house.payment.refunds == []


async def test_a_cancel_or_money_that_comes_while_it_is_confirmed_changes_nothing(
    house: House, free: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise Unavailable()

    with monkeypatch.context() as patched:
        patched.setattr(InventoryClient, "confirm", away)
        with pytest.raises(grpc.aio.AioRpcError):
            await book(house, ANN, 0)
    [booking] = (await house.bookings.ListBookings(pb.ListBookingsRequest(user_id=str(ANN)))).bookings
    assert booking.status == pb.Booking.PENDING
    cancel = pb.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await refused(house.bookings.CancelBooking(cancel))).reason == "PAYMENT_IN_PROGRESS"
    await house.capture(booking, amount=100)
    assert await recovered(house) == 1
    assert await house.status(booking.id) == "CONFIRMED"
    await house.relay()
    assert [(one.cause, one.amount) for one in house.payment.refunds] == [(Refund.MISMATCH, 100)]


# --- Given back


async def test_seats_of_a_free_booking_are_given_back_without_payment_hearing_of_it(house: House, free: Any) -> None:
    booking = await book(house, ANN, 0, 1)
    preview = await house.bookings.PreviewRefund(pb.PreviewRefundRequest(booking_id=booking.id, user_id=str(ANN)))
    assert (preview.refund_amount, preview.refund_percentage, len(preview.lines)) == (0, 100, 2)
    part = pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN), show_seat_ids=house.seat_ids[:1])
    answer = await house.bookings.RefundBooking(part)
    assert (answer.refund_amount, answer.refund_percentage, answer.status) == (0, 100, answer.REFUNDED)
    assert (await house.seat_statuses())[:2] == ["AVAILABLE", "BOOKED"]
    assert (await house.status(booking.id), await uses(house, free)) == ("CONFIRMED", 1)
    del part.show_seat_ids[:]
    await house.bookings.RefundBooking(part)
    seen = await house.get(booking.id)
    assert (seen.status, seen.refund.amount, seen.refund.percentage) == (pb.Booking.REFUNDED, 0, 100)
    assert [(one.amount, one.completed) for one in seen.refunds] == [(0, True), (0, True)]
    assert (await house.seat_statuses())[:2] == ["AVAILABLE", "AVAILABLE"]
    assert await kinds(house, booking) == ["CREATED", "CONFIRMED", "PARTLY_REFUNDED", "REFUNDED"]
    assert await uses(house, free) == 0
    assert house.payment.parts == []


@pytest.mark.parametrize("starts_in", [timedelta(hours=1)])
async def test_too_late_a_free_booking_is_not_given_back_but_by_the_staff(house: House, free: Any) -> None:
    booking = await book(house, ANN, 0)
    wish = pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await refused(house.bookings.RefundBooking(wish))).reason == "REFUND_NOT_ALLOWED"
    grant = pb.GrantRefundRequest(booking_id=booking.id, percentage=50, reason="ill")
    assert (await house.bookings.GrantRefund(grant)).refund_amount == 0
    assert await house.status(booking.id) == "REFUNDED"
    assert house.payment.parts == []


async def test_a_free_booking_has_its_receipt_of_nothing_and_no_credit_note(house: House, free: Any) -> None:
    await sold_by(house)
    booking = await book(house, ANN, 0)
    wish = pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN))
    await house.bookings.RefundBooking(wish)
    found = await house.db.fetch("SELECT kind, total_amount FROM invoices")
    assert [(row.kind, row.total_amount) for row in found] == [("INVOICE", 0)]


# --- How many in a day


@pytest.mark.parametrize("free_per_day", [2])
async def test_a_user_makes_so_many_free_bookings_in_a_day_and_no_more(house: House, free: Any) -> None:
    booking = await book(house, ANN, 0)
    await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    await book(house, ANN, 1, key="k")
    info = await refused(book(house, ANN, 2))
    assert (info.reason, info.metadata["limit"]) == ("FREE_BOOKING_LIMIT_EXCEEDED", "2")
    assert (await house.seat_statuses())[2] == "AVAILABLE"
    assert await uses(house, free) == 1
    assert len(await rows(house)) == 2
    assert (await book(house, ANN, 1, key="k")).status == pb.Booking.CONFIRMED
    await house.book(ANN, 3)
    await book(house, BOB, 2)
    assert await made_of(house) == {ANN: 2, BOB: 1}
    assert await forget_free(house.db) == 0
    await move_clock(house.db, "24 hours")
    assert await forget_free(house.db) == 2
    await book(house, ANN, 4)
    await move_clock(house.db, "48 hours")
    await book(house, ANN, 5)
    assert await made_of(house) == {ANN: 1}


@pytest.mark.parametrize("free_per_day", [2])
async def test_of_free_bookings_at_once_no_more_are_made_than_a_day_allows(house: House, free: Any) -> None:
    wishes = [book(house, user, number) for number, user in enumerate([ANN, BOB] * 6)]
    answers = await asyncio.gather(*wishes, return_exceptions=True)
    made = Counter(one.user_id for one in answers if isinstance(one, pb.Booking))
    assert made == {str(ANN): 2, str(BOB): 2}
    why = {reason(one).reason for one in answers if isinstance(one, grpc.aio.AioRpcError)}
    assert why == {"FREE_BOOKING_LIMIT_EXCEEDED"}
    assert Counter(await house.seat_statuses()) == {"BOOKED": 4, "AVAILABLE": 8}


# --- For whom


@pytest.mark.parametrize("free_takes_email", [True])
async def test_where_it_is_set_so_free_bookings_are_for_verified_addresses(house: House, free: Any) -> None:
    house.callers.append(Caller(user_id=ANN, roles=frozenset({"USER"})))
    assert (await refused(book(house, ANN, 0, key="k"))).reason == "EMAIL_NOT_VERIFIED"
    assert (await house.seat_statuses())[0] == "AVAILABLE"
    assert await rows(house) == []
    assert (await house.book(ANN, 1)).status == pb.Booking.PENDING
    house.callers.append(Caller(user_id=ANN, roles=frozenset({"USER"}), email_verified=True))
    assert (await book(house, ANN, 0, key="k")).status == pb.Booking.CONFIRMED
    for number, who in enumerate([Caller(user_id=BOB, roles=frozenset({"USER", "ADMIN"})), Caller(service="x")], 2):
        house.callers.append(who)
        assert (await book(house, BOB, number)).status == pb.Booking.CONFIRMED
    house.callers.clear()
    assert (await book(house, BOB, 4)).status == pb.Booking.CONFIRMED
