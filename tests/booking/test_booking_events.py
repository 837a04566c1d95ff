"""The topic of bookings: each state that callers see has its event, once, and in order.

That the last event of every booking is its state is seen at the end of each test of booking's, see the fixture `house`.
"""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.events.v1 import events_pb2
from boxoffice.payment.v1 import payment_pb2

from services.booking.bookings import events
from services.booking.bookings.domain import State
from services.booking.bookings.events import TOPIC
from services.booking.refunds.finish import FinishRefund, FinishRefunds
from services.chassis.writes import topics
from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.databases import move_clock

Event = events_pb2.BookingEvent
RefundState = payment_pb2.BatchRefundPaymentsResponse.Result


async def published(house: House) -> list[events_pb2.BookingEvent]:
    """Return the events of the topic."""
    while await topics.number_events(house.db):
        pass
    page = await topics.read(house.db, TOPIC, after=None, limit=100)
    return [Event.FromString(one.payload) for one in page.events]


async def kinds(house: House, booking: pb.Booking) -> list[str]:
    """Return what happened to a booking."""
    return [Event.Kind.Name(event.kind) for event in await published(house) if event.booking_id == booking.id]


async def refund(house: House, booking: pb.Booking) -> None:
    await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=booking.user_id))


@pytest.mark.parametrize("starts_in", [timedelta(hours=3)])
async def test_an_event_says_what_it_is_about(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    payment = uuid4()
    await house.capture(booking, payment=payment)
    await refund(house, booking)
    created, confirmed, refunded = await published(house)
    assert [created.kind, confirmed.kind, refunded.kind] == [Event.CREATED, Event.CONFIRMED, Event.REFUNDED]
    assert created.version < confirmed.version < refunded.version
    same = Event(
        booking_id=booking.id,
        user_id=str(ANN),
        show_id=house.show_id,
        seat_count=2,
        total_amount=50_002,
        final_amount=50_002,
        currency="INR",
        expires_at=booking.expires_at,
        organization_id="",
    )
    for event in (created, confirmed, refunded):
        same.kind, same.version = event.kind, event.version
        if event is not created:
            same.payment_id = str(payment)
        if event is refunded:
            same.refund_amount, same.refund_percentage = 25_001, 50
        assert event == same


async def test_a_declined_payment_is_told_once_while_its_booking_waits_and_never_after(house: House) -> None:
    booking = await house.book(ANN, 0)
    first, second, late = (
        pb.BatchRecordDeclinesRequest.Decline(payment_id=str(uuid4()), booking_id=booking.id) for _ in range(3)
    )
    for declines in ([first, second, first], [second]):
        await house.bookings.BatchRecordDeclines(pb.BatchRecordDeclinesRequest(declines=declines))
    await house.capture(booking)
    await house.bookings.BatchRecordDeclines(pb.BatchRecordDeclinesRequest(declines=[late]))
    told = await published(house)
    kinds_ = [Event.CREATED, Event.PAYMENT_FAILED, Event.PAYMENT_FAILED, Event.CONFIRMED]
    assert [event.kind for event in told] == kinds_
    assert {event.payment_id for event in told[1:3]} == {first.payment_id, second.payment_id}
    assert [event.version for event in told] == sorted({event.version for event in told})


async def test_what_was_refused_has_no_event(house: House) -> None:
    booking = await house.book(ANN, 0)
    await refused(house.book(BOB, 0))
    assert [event.booking_id for event in await published(house)] == [booking.id]


async def test_twenty_equal_requests_make_one_event(house: House) -> None:
    await asyncio.gather(*(house.book(ANN, 0, key="k") for _ in range(20)))
    assert len(await published(house)) == 1


async def test_a_cancelled_booking_has_its_event(house: House) -> None:
    booking = await house.book(ANN, 0)
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=booking.id, user_id=booking.user_id))
    await house.capture(booking)
    assert await kinds(house, booking) == ["CREATED", "CANCELLED"]


async def test_an_expired_booking_has_its_event_and_late_money_confirms_it(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clocks(house, "20 minutes")
    assert await house.saga.expiry.expire_due() == 1
    assert await house.saga.expiry.expire_due() == 0
    assert await kinds(house, booking) == ["CREATED", "EXPIRED"]
    await house.capture(booking)
    assert await kinds(house, booking) == ["CREATED", "EXPIRED", "CONFIRMED"]


async def test_late_money_that_comes_before_the_job_finds_the_booking_expired(house: House) -> None:
    """It has been EXPIRED to callers, whether a job has run or not."""
    booking = await house.book(ANN, 0)
    await move_clocks(house, "20 minutes")
    await house.capture(booking)
    assert await kinds(house, booking) == ["CREATED", "EXPIRED", "CONFIRMED"]


@pytest.mark.parametrize("job_first", [True, False])
async def test_late_money_that_goes_back_tells_of_no_second_expiry(house: House, job_first: bool) -> None:
    booking = await house.book(ANN, 0, 1)
    await move_clocks(house, "20 minutes")
    if job_first:
        await house.saga.expiry.expire_due()
    await house.book(BOB, 1)
    await house.capture(booking)
    await house.capture(booking)
    assert await kinds(house, booking) == ["CREATED", "EXPIRED"]


async def test_a_booking_whose_seats_are_gone_by_inventorys_clock_expires_with_its_event(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clock(house.inventory_db, "1 hour")
    await house.book(BOB, 0)
    await house.capture(booking)
    assert await kinds(house, booking) == ["CREATED", "EXPIRED"]


async def test_a_refund_is_told_of_when_the_money_is_back_and_once(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    house.payment.refund_state = RefundState.REQUESTED
    await refund(house, booking)
    assert await kinds(house, booking) == ["CREATED", "CONFIRMED"]
    house.payment.refund_state = RefundState.SUCCEEDED
    await refund(house, booking)
    [row] = await house.db.fetch("SELECT id FROM booking_refunds")
    await FinishRefunds(house.db).alone(FinishRefund(UUID(booking.id), row.id, 0))
    assert await kinds(house, booking) == ["CREATED", "CONFIRMED", "REFUNDED"]


OF_OFFERS = (
    Event.TICKET_TRANSFERRED,
    Event.TICKET_RETURNED,
    Event.OFFER_DECLINED,
    Event.OFFER_EXPIRED,
    Event.TICKET_REVOKED,
)


def test_every_state_that_callers_see_has_a_kind() -> None:
    steps = {State.RESERVING, State.CONFIRMING, State.REFUNDING}
    assert events._KINDS.keys() == set(State) - steps
    assert set(events._KINDS.values()) == set(Event.Kind.values()) - {
        Event.KIND_UNSPECIFIED,
        Event.PARTLY_REFUNDED,
        Event.REFUND_UNDONE,
        Event.PAYMENT_FAILED,
        *OF_OFFERS,
    }


def test_an_event_holds_nothing_that_people_have_written() -> None:
    """Ids, codes and numbers; see tests/identity/test_canaries.py for what a whole stack lets out."""
    texts = {field.name for field in Event.DESCRIPTOR.fields if field.type == field.TYPE_STRING}
    assert texts == {"booking_id", "user_id", "show_id", "currency", "payment_id", "refund_id", "organization_id"} | {
        "ticket_id",
        "offer_id",
        "holder_id",
    }


async def test_consumers_read_the_topic_by_pages(house: House) -> None:
    bookings = [await house.book(uuid4(), number) for number in range(5)]
    assert len(await published(house)) == 5
    pages = []
    request = pb.ListBookingEventsRequest(page_size=2)
    while (page := await house.bookings.ListBookingEvents(request)).events:
        pages.append([event.position for event in page.events])
        assert page.last == 5
        assert {event.booking_id for event in page.events} <= {booking.id for booking in bookings}
        assert all(event.time.seconds for event in page.events)
        request.after = page.events[-1].position
    assert pages == [[1, 2], [3, 4], [5]]
    from_the_first = await house.bookings.ListBookingEvents(pb.ListBookingEventsRequest(after=0))
    assert len(from_the_first.events) == 5


async def test_a_consumer_that_fell_behind_is_told_where_events_begin(house: House) -> None:
    await house.book(ANN, 0)
    await published(house)
    assert (await refused(house.bookings.ListBookingEvents(pb.ListBookingEventsRequest(after=2)))).reason == (
        "EVENTS_NOT_THERE"
    )
    await move_clock(house.db, "31 days")
    assert await topics.forget(house.db, 30) == 1
    behind = await refused(house.bookings.ListBookingEvents(pb.ListBookingEventsRequest(after=0)))
    assert (behind.reason, dict(behind.metadata)) == ("EVENTS_FORGOTTEN", {"oldest": "2"})
    assert not (await house.bookings.ListBookingEvents(pb.ListBookingEventsRequest())).events
