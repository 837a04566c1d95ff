"""Checkout sessions: how they open, go on, and are refused."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.payment.v1 import payment_pb2 as pb
from grpc import StatusCode, method_handlers_generic_handler, unary_unary_rpc_method_handler

from services.chassis.errors import Code, FailedPrecondition, PeerFailure, Unavailable
from services.chassis.ids import new_id
from services.chassis.writes import answers, idempotency
from services.payment.clients import BookingClient
from services.payment.domain.payments import Payable
from tests.bank.support import refused
from tests.databases import move_clock
from tests.payment.world import MARGIN, Payment, Status, event, is_uuid
from tests.servers import served


async def test_a_session_opens_for_the_frozen_price_and_ends_before_the_booking(payment: Payment):
    booking_id, user_id = await payment.book(amount=75_000)
    begun = await payment.initiate(booking_id)
    booking = payment.booking.payable[booking_id, user_id]
    assert (begun.amount, begun.currency) == (75_000, "INR")
    assert begun.expires_at.ToDatetime() == booking.expires_at.ToDatetime() - MARGIN
    assert begun.payment_url == f"http://127.0.0.1:8001/api/v1/payments/fake-checkout/{begun.session_id}"
    session = await payment.bank.get(begun.session_id)
    assert (session.payment_id, session.amount, session.currency) == (begun.payment_id, 75_000, "INR")
    assert session.expires_at == begun.expires_at
    [shown] = await payment.payments(booking_id, user_id)
    assert (shown.id, shown.booking_id, shown.session_id) == (begun.payment_id, booking_id, begun.session_id)
    assert (shown.status, shown.amount, shown.refunded_amount) == (Status.PENDING, 75_000, 0)
    assert is_uuid(shown.id)


async def test_a_session_ends_before_sales_do_and_none_opens_right_before(payment: Payment):
    booking_id, user_id = await payment.book(sales_minutes=10)
    begun = await payment.initiate(booking_id)
    sales_end_at = payment.booking.payable[booking_id, user_id].sales_end_at.ToDatetime()
    assert begun.expires_at.ToDatetime() == sales_end_at - MARGIN
    assert (await payment.bank.get(begun.session_id)).expires_at == begun.expires_at
    late, _ = await payment.book(sales_minutes=2)
    assert await refused(payment.initiate(late)) == (StatusCode.FAILED_PRECONDITION, "BOOKING_NOT_PENDING")


async def test_a_booking_service_that_does_not_tell_the_end_of_sales_is_gone_on_with(payment: Payment):
    booking_id, user_id = await payment.book()
    payable = payment.booking.payable[booking_id, user_id]
    payable.ClearField("sales_end_at")
    begun = await payment.initiate(booking_id)
    assert begun.expires_at.ToDatetime() == payable.expires_at.ToDatetime() - MARGIN


async def test_initiating_again_goes_on_with_the_same_session(payment: Payment):
    booking_id, _ = await payment.book()
    assert await payment.initiate(booking_id) == await payment.initiate(booking_id)
    assert await payment.count("payments") == 1


async def test_twenty_at_once_share_one_session(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await asyncio.gather(*(payment.initiate(booking_id) for _ in range(20)))
    assert all(one == begun[0] for one in begun)
    assert await payment.count("payments") == 1


async def test_twenty_at_once_with_one_key_get_one_answer(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await asyncio.gather(*(payment.initiate(booking_id, key="once") for _ in range(20)))
    assert all(one == begun[0] for one in begun)
    assert await payment.count("idempotency_keys") == 1


async def test_a_key_gives_its_answer_whatever_happened_since(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id, key="once")
    await payment.bank.decline(begun.session_id)
    payment.booking.refuse = Unavailable()
    assert await payment.initiate(booking_id, key="once") == begun


async def test_a_request_that_has_its_answer_begins_nothing_anew(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id, key="once")
    await payment.bank.decline(begun.session_id)
    await payment.hook(event(begun, "payment.declined"))
    before = await payment.everything()
    assert await payment.initiate(booking_id, key="once") == begun
    assert await payment.everything() == before


async def test_a_key_opens_one_request_only(payment: Payment):
    booking_id, user_id = await payment.book()
    other_id, _ = await payment.book()
    await payment.initiate(booking_id, key="once")
    before = await payment.everything()
    again = payment.stub.InitiatePayment(
        pb.InitiatePaymentRequest(booking_id=other_id, user_id=user_id, idempotency_key="once")
    )
    assert await refused(again) == (StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED")
    assert await payment.everything() == before, "and opens no account"
    await payment.initiate(other_id, key="once")  # another user's key of the same name is another key


async def test_of_different_requests_with_one_key_at_once_one_is_carried_out(payment: Payment):
    """The key is taken with the intent: the other request opens no session and leaves no payment."""
    user_id = str(uuid4())
    bookings = [(await payment.book(user_id=user_id))[0] for _ in range(5)]
    requests = [
        pb.InitiatePaymentRequest(booking_id=booking_id, user_id=user_id, idempotency_key="once")
        for booking_id in bookings
    ]
    answers = await asyncio.gather(*map(payment.stub.InitiatePayment, requests), return_exceptions=True)
    assert sum(isinstance(answer, pb.InitiatePaymentResponse) for answer in answers) == 1
    assert await payment.count("payments") == 1


async def test_a_key_that_is_begun_belongs_to_its_request_before_it_is_answered(payment: Payment):
    booking_id, user_id = await payment.book()
    other_id, _ = await payment.book(user_id=user_id)
    payment.mood.away = True
    assert (await refused(payment.initiate(booking_id, key="once")))[0] == StatusCode.UNAVAILABLE
    payment.mood.away = False
    other = pb.InitiatePaymentRequest(booking_id=other_id, user_id=user_id, idempotency_key="once")
    assert await refused(payment.stub.InitiatePayment(other)) == (StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED")
    assert await payment.count("payments") == 1
    assert (await payment.initiate(booking_id, key="once")).session_id
    assert await payment.count("payments") == 1


async def test_a_key_is_free_again_after_a_refusal(payment: Payment):
    booking_id, _ = await payment.book()
    payment.mood.away = True
    assert (await refused(payment.initiate(booking_id, key="once")))[0] == StatusCode.UNAVAILABLE
    payment.mood.away = False
    assert (await payment.initiate(booking_id, key="once")).session_id


async def test_a_request_whose_key_is_under_way_for_long_is_told_so(payment: Payment):
    booking_id, user_id = await payment.book()
    request = pb.InitiatePaymentRequest(booking_id=booking_id, user_id=user_id, idempotency_key="once")
    key = idempotency.key_of(request, "InitiatePayment", UUID(user_id))
    assert key is not None
    with pytest.raises(InterruptedError):
        async with payment.db.transaction() as first:
            await answers.keep(first, answers.Kept(key, b"never"))
            await first.fetch("SELECT 1")  # so that it is sent
            in_progress = (StatusCode.ABORTED, "REQUEST_IN_PROGRESS")
            assert await refused(payment.initiate(booking_id, key="once")) == in_progress
            raise InterruptedError("the process dies")
    assert (await payment.initiate(booking_id, key="once")).session_id


async def test_after_a_decline_a_new_session_opens_and_the_decline_is_told(payment: Payment):
    booking_id, _ = await payment.book()
    first = await payment.initiate(booking_id)
    await payment.bank.decline(first.session_id)
    second = await payment.initiate(booking_id)  # the webhook has not come yet: the bank is asked
    assert second.session_id != first.session_id
    assert await payment.statuses(booking_id) == ["PENDING", "FAILED"]
    await payment.relay()
    assert [decline.payment_id for decline in payment.booking.declines] == [first.payment_id]
    await payment.hook(event(first, "payment.declined"))
    assert await payment.initiate(booking_id) == second
    await payment.relay()
    assert len(payment.booking.declines) == 1


async def test_a_session_that_turns_out_to_be_paid_is_a_capture(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    await payment.bank.pay(begun.session_id)
    assert await refused(payment.initiate(booking_id)) == (StatusCode.ABORTED, "PAYMENT_IN_PROGRESS")
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    await payment.relay()
    assert [capture.session_id for capture in payment.booking.captures] == [begun.session_id]
    assert await refused(payment.initiate(booking_id)) == (StatusCode.ABORTED, "PAYMENT_IN_PROGRESS")


async def test_a_session_whose_time_is_up_makes_room_for_the_next(payment: Payment):
    booking_id, user_id = await payment.book()
    first = await payment.initiate(booking_id)
    for db in (payment.db, payment.bank.db):
        await move_clock(db, "14 minutes")
    booking = payment.booking.payable[booking_id, user_id]
    booking.expires_at.FromDatetime(booking.expires_at.ToDatetime() + timedelta(minutes=15))
    second = await payment.initiate(booking_id)
    assert second.session_id != first.session_id
    assert await payment.statuses(booking_id) == ["PENDING", "EXPIRED"]


async def test_ten_sessions_and_no_more(payment: Payment):
    booking_id, _ = await payment.book()
    for _ in range(10):
        await payment.bank.decline((await payment.initiate(booking_id)).session_id)
    expected = (StatusCode.FAILED_PRECONDITION, "PAYMENT_ATTEMPTS_EXCEEDED")
    assert await refused(payment.initiate(booking_id)) == expected
    assert await payment.statuses(booking_id) == ["FAILED"] * 10


async def test_a_lost_answer_of_the_bank_is_no_failure(payment: Payment):
    booking_id, _ = await payment.book()
    payment.mood.mute = True
    assert (await refused(payment.initiate(booking_id)))[0] == StatusCode.UNAVAILABLE
    assert await payment.statuses(booking_id) == ["PENDING"]
    payment.mood.mute = False
    begun = await payment.initiate(booking_id)
    [shown] = await payment.payments(booking_id)
    assert shown.session_id == begun.session_id


async def test_the_intent_is_there_though_the_bank_was_never_reached(payment: Payment):
    booking_id, _ = await payment.book()
    payment.mood.away = True
    assert (await refused(payment.initiate(booking_id)))[0] == StatusCode.UNAVAILABLE
    [intent] = await payment.payments(booking_id)
    payment.mood.away = False
    assert (await payment.initiate(booking_id)).session_id == intent.session_id


async def test_a_refusal_of_the_bank_itself_is_not_passed_on(payment: Payment):
    async def refuse(name: str, request: Any) -> None:
        raise FailedPrecondition("secret words of the bank")

    payment.mood.instead = refuse
    booking_id, _ = await payment.book()
    assert await refused(payment.initiate(booking_id)) == (StatusCode.UNAVAILABLE, "UNAVAILABLE")


async def test_payment_opens_a_session_in_two_transactions(payment: Payment):
    """One commits the intent before the bank hears of it, one keeps the answer, if there is no tombstone."""
    booking_id, _ = await payment.book()
    before = payment.transactions
    await payment.initiate(booking_id, key="once")
    assert payment.transactions - before == 2


async def test_what_booking_refuses_is_passed_on_in_its_words(payment: Payment):
    booking_id, _ = await payment.book()
    other = payment.stub.InitiatePayment(pb.InitiatePaymentRequest(booking_id=booking_id, user_id=str(new_id())))
    assert await refused(other) == (StatusCode.NOT_FOUND, "BOOKING_NOT_FOUND")

    class BookingNotPending(FailedPrecondition):
        """It is over."""

        reason = "BOOKING_NOT_PENDING"

    payment.booking.refuse = BookingNotPending(status="CANCELLED")
    assert await refused(payment.initiate(booking_id)) == (StatusCode.FAILED_PRECONDITION, "BOOKING_NOT_PENDING")
    payment.booking.refuse = Unavailable()
    assert (await refused(payment.initiate(booking_id)))[0] == StatusCode.UNAVAILABLE
    assert await payment.count("payments") == 0


async def test_bookings_that_are_paid_for_at_once_are_asked_about_together(payment: Payment):
    bookings = [(await payment.book())[0] for _ in range(30)]
    nobodys = payment.stub.InitiatePayment(pb.InitiatePaymentRequest(booking_id=bookings[0], user_id=str(new_id())))
    refusal, *begun = await asyncio.gather(refused(nobodys), *map(payment.initiate, bookings))
    assert refusal == (StatusCode.NOT_FOUND, "BOOKING_NOT_FOUND")
    assert len({one.payment_id for one in begun}) == len(bookings)
    assert sum(payment.booking.asked) == 31 and len(payment.booking.asked) < 31


async def test_booking_is_asked_once_more_where_a_replica_does_not_answer(payment: Payment):
    booking_id, _ = await payment.book()
    payment.booking.hangs = 1
    assert (await payment.initiate(booking_id)).session_id
    assert payment.booking.asked == [1, 1]


async def test_a_booking_service_of_the_version_before_is_asked_one_by_one() -> None:
    mine, others = booking_pb2.PayableBooking(booking_id=str(new_id()), user_id=str(new_id()), amount=1), new_id()

    async def alone(request: Any, context: Any) -> booking_pb2.PayableBooking:
        if request.booking_id != mine.booking_id:
            raise FailedPrecondition()
        return mine

    method = unary_unary_rpc_method_handler(
        alone,
        request_deserializer=booking_pb2.GetPayableBookingRequest.FromString,
        response_serializer=booking_pb2.PayableBooking.SerializeToString,
    )
    old = method_handlers_generic_handler("boxoffice.booking.v1.BookingService", {"GetPayableBooking": method})
    async with served(lambda server: server.add_generic_rpc_handlers([old])) as to_booking:
        booking, user_id = BookingClient(to_booking), UUID(mine.user_id)
        asked = (booking.payable(booking_id, user_id) for booking_id in (UUID(mine.booking_id), others))
        found, refusal = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(found, Payable) and str(found.booking_id) == mine.booking_id
    assert isinstance(refusal, PeerFailure) and refusal.code == Code.FAILED_PRECONDITION


async def test_a_booking_with_too_little_time_left_gets_no_session(payment: Payment):
    booking_id, _ = await payment.book(minutes=2)
    assert await refused(payment.initiate(booking_id)) == (StatusCode.FAILED_PRECONDITION, "BOOKING_NOT_PENDING")
    assert await payment.count("payments") == 0


@pytest.mark.parametrize(
    ("field", "value"), [("booking_id", ""), ("booking_id", "x"), ("user_id", ""), ("idempotency_key", "a\nb")]
)
async def test_malformed_requests_are_refused(payment: Payment, field: str, value: str):
    request = pb.InitiatePaymentRequest(booking_id=str(new_id()), user_id=str(new_id()))
    setattr(request, field, value)
    expected = (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert await refused(payment.stub.InitiatePayment(request)) == expected


async def test_payments_of_several_bookings_are_shown_in_the_order_they_were_asked_for(payment: Payment):
    paid, unpaid, unknown = (await payment.book())[0], (await payment.book())[0], str(new_id())
    begun = await payment.initiate(paid)
    request = pb.BatchGetPaymentStatusRequest(booking_ids=[unknown, paid, unpaid, paid])
    answer = await payment.stub.BatchGetPaymentStatus(request)
    assert [one.booking_id for one in answer.statuses] == list(request.booking_ids)
    ids = [[shown.id for shown in one.payments] for one in answer.statuses]
    assert ids == [[], [begun.payment_id], [], [begun.payment_id]]


async def test_payments_are_shown_newest_first_to_their_user_only(payment: Payment):
    booking_id, user_id = await payment.book()
    first = await payment.initiate(booking_id)
    await payment.bank.decline(first.session_id)
    second = await payment.initiate(booking_id)
    assert [p.id for p in await payment.payments(booking_id, user_id)] == [second.payment_id, first.payment_id]
    nobodys = (StatusCode.NOT_FOUND, "PAYMENT_NOT_FOUND")
    assert await refused(payment.payments(booking_id, str(new_id()))) == nobodys
    assert await refused(payment.payments(str(new_id()))) == nobodys
