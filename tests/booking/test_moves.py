"""The moves of bookings: pure, and each only from where the table of moves allows it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.booking.bookings.domain import (
    NEXT,
    Amounts,
    BookedSeat,
    BookedShow,
    Booking,
    NewBooking,
    ReservedSeats,
    State,
)
from services.booking.captures.domain import Capture, Settlement, settlement_of
from services.booking.errors import BookingNotPending, PaymentInProgress

NOW = datetime(2026, 11, 28, 20, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)
PAYMENT, TICKET = uuid4(), uuid4()


def booking(state: State = State.PENDING, *, expires_at: datetime = LATER, **changes: object) -> Booking:
    show = BookedShow(
        show_id=uuid4(),
        event_id=uuid4(),
        is_movie=True,
        title="Monsoon Letters",
        theatre="Regal",
        city="Pune",
        screen="Screen 1",
        starts_at=NOW + timedelta(days=3),
        sales_end_at=NOW + timedelta(days=3),
    )
    seat = BookedSeat(uuid4(), "Stalls", "A", 1, "VIP", 1001)
    reserved = ReservedSeats([seat], 1001, "INR", expires_at, show.sales_end_at)
    amounts = Amounts(0, 0, 0, 1001, False)
    created = Booking.created(uuid4(), "", NewBooking(uuid4(), [seat.id]), show, EARLIER, reserved, amounts)
    one = replace(
        created,
        state=state,
        version=7,
        confirming_from=State.PENDING if state == State.CONFIRMING else None,
        payment_id=PAYMENT if state in (State.CONFIRMING, State.CONFIRMED, State.REFUNDING, State.REFUNDED) else None,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


MOVES: dict[State, Callable[[Booking], Booking]] = {
    State.CANCELLED: lambda one: one.cancelled_with_its_show(NOW) if one.state == State.EXPIRED else one.cancelled(NOW),
    State.CONFIRMING: lambda one: one.confirming(PAYMENT, NOW),
    State.CONFIRMED: lambda one: one.confirmed(NOW, [TICKET]),
    State.EXPIRED: lambda one: one.unconfirmed(NOW),
    State.REFUNDED: lambda one: one.refunded(NOW),
}


@pytest.mark.parametrize("target", MOVES)
@pytest.mark.parametrize("source", State)
def test_a_booking_moves_only_where_the_table_says_and_its_version_counts_it(source: State, target: State) -> None:
    before = booking(source)
    if target in NEXT[source]:
        after = MOVES[target](before)
        assert (after.state, after.version) == (target, before.version + 1)
    else:
        with pytest.raises((AssertionError, BookingNotPending, PaymentInProgress)):
            MOVES[target](before)


def test_only_a_booking_that_waits_for_its_payment_is_cancelled() -> None:
    after = booking().cancelled(NOW)
    assert (after.state, after.updated_at) == (State.CANCELLED, NOW)
    with pytest.raises(PaymentInProgress):
        booking(State.CONFIRMING).cancelled(NOW)
    for other, seen in (
        (booking(expires_at=NOW), State.EXPIRED),
        (booking(State.CONFIRMING, confirming_from=State.EXPIRED), State.EXPIRED),
        (booking(State.REFUNDING), State.CONFIRMED),
    ):
        with pytest.raises(BookingNotPending) as refusal:
            other.cancelled(NOW)
        assert refusal.value.metadata["status"] == seen


@pytest.mark.parametrize(
    ("before", "seen", "since"),
    [
        (booking(), State.PENDING, EARLIER),
        (booking(expires_at=NOW), State.EXPIRED, NOW),
        (booking(State.EXPIRED, expires_at=EARLIER), State.EXPIRED, EARLIER),
    ],
    ids=["in time", "too late, before a job has run", "too late"],
)
def test_what_callers_see_stays_the_same_while_money_is_settled_and_stays_expired_after_a_refusal(
    before: Booking, seen: State, since: datetime
) -> None:
    during = before.confirming(PAYMENT, NOW)
    assert (during.public_state(LATER), during.status_since(LATER), during.payment_id) == (seen, since, PAYMENT)
    after = during.unconfirmed(LATER)
    assert (after.public_state(LATER), after.payment_id) == (State.EXPIRED, None)
    assert after.status_since(LATER) == (LATER if seen == State.PENDING else since)


def test_a_confirmed_booking_has_its_payment_and_tickets_and_is_confirmed_since_now() -> None:
    after = booking(State.CONFIRMING, confirming_from=State.EXPIRED).confirmed(NOW, [TICKET])
    assert (after.state, after.confirming_from, after.payment_id, after.updated_at, after.ticket_ids) == (
        State.CONFIRMED,
        None,
        PAYMENT,
        NOW,
        [TICKET],
    )


def test_a_booking_whose_refunds_are_decided_stays_confirmed_since_it_was() -> None:
    before = booking(State.CONFIRMED)
    after = before.with_refund(500, 50).with_other_refunds()
    assert (after.state, after.refund_amount, after.refund_percentage, after.refund_count, after.updated_at) == (
        State.CONFIRMED,
        500,
        50,
        1,
        EARLIER,
    )
    assert after.version == before.version + 2


@pytest.mark.parametrize("state", [state for state in State if state != State.RESERVING])
@pytest.mark.parametrize("payment", [PAYMENT, uuid4()], ids=["same payment", "another"])
def test_money_is_kept_only_where_it_buys_a_ticket(state: State, payment: object) -> None:
    one = booking(state)
    capture = Capture(payment, one.id, "sess", one.amounts.final_amount, one.currency)  # type: ignore[arg-type]
    settlement = settlement_of(one, capture)
    may_buy = state in (State.PENDING, State.EXPIRED)
    has_bought = payment == one.payment_id
    assert settlement.goes_back == (not may_buy and not has_bought)
    assert settlement_of(one, replace(capture, amount=1)) == Settlement.MISMATCH
