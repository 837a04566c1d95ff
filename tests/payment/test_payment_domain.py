"""Payment's rules, without anything around them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.ids import new_id
from services.payment.domain.payments import (
    CAPTURED,
    MAX_SESSIONS,
    NEXT,
    Outcome,
    Payable,
    Payment,
    SessionReport,
    State,
    choose_session,
)
from services.payment.domain.refunds import Refund, RefundRequest, RefundState, accept
from services.payment.errors import (
    BookingNotPending,
    EventMismatch,
    PaymentAttemptsExceeded,
    PaymentInProgress,
    PaymentNotCaptured,
    RefundMismatch,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MARGIN = timedelta(minutes=2)
BOOKING = Payable(new_id(), new_id(), 1000, "INR", NOW + timedelta(minutes=15), "", [], NOW + timedelta(days=3))


def payment(state: State = State.PENDING) -> Payment:
    return Payment(
        new_id(), BOOKING.booking_id, BOOKING.user_id, "sess_1", 1000, "INR", state, 0, NOW, NOW, NOW, "bank"
    )


def end_of(outcomes: list[Outcome], state: State = State.PENDING) -> State:
    for outcome in outcomes:
        state = payment(state).after(outcome)
    return state


@pytest.mark.parametrize(("state", "outcome"), list(product(sorted(CAPTURED), Outcome)))
def test_nothing_undoes_a_capture(state: State, outcome: Outcome):
    assert payment(state).after(outcome) == state


def test_no_session_opens_in_a_currency_that_has_left_the_list():
    with pytest.raises(BookingNotPending, match="no payments in DEM any more"):
        choose_session(replace(BOOKING, currency="DEM"), False, [], NOW, MARGIN)


@pytest.mark.parametrize("state", [State.PENDING, State.FAILED, State.EXPIRED])
def test_a_capture_is_believed_at_any_time(state: State):
    assert payment(state).after(Outcome.CAPTURED) == State.SUCCESS


@given(st.lists(st.sampled_from(Outcome), max_size=6), st.randoms())
def test_in_any_order_and_number_the_same_is_known_of_the_money(outcomes: list[Outcome], random):
    shuffled = outcomes * 2
    random.shuffle(shuffled)
    taken = {end_of(outcomes) == State.SUCCESS, end_of(shuffled) == State.SUCCESS, Outcome.CAPTURED in outcomes}
    assert len(taken) == 1


def test_every_state_that_is_left_is_left_for_another():
    assert all(after != before for (before, _), after in NEXT.items())
    assert not {before for before, _ in NEXT} & CAPTURED


@pytest.mark.parametrize(
    "other", [{"amount": 999}, {"currency": "EUR"}, {"session_id": "sess_2"}], ids=lambda other: next(iter(other))
)
def test_a_report_with_other_facts_is_not_about_this_payment(other: dict[str, object]):
    one = payment()
    facts = {"session_id": one.session_id, "amount": one.amount, "currency": one.currency}
    one.check(SessionReport(payment_id=one.id, outcome=Outcome.CAPTURED, **facts))
    with pytest.raises(EventMismatch):
        one.check(SessionReport(payment_id=one.id, outcome=Outcome.CAPTURED, **(facts | other)))


def test_a_new_session_ends_before_its_booking_does():
    assert choose_session(BOOKING, False, [], NOW, MARGIN) == BOOKING.expires_at - MARGIN


def test_a_new_session_ends_before_sales_do():
    ends = replace(BOOKING, sales_end_at=BOOKING.expires_at - timedelta.resolution)
    assert choose_session(ends, False, [], NOW, MARGIN) == ends.sales_end_at - MARGIN


@pytest.mark.parametrize(("left", "opens"), [(124, False), (125, True), (-60, False)])
@pytest.mark.parametrize("more", [timedelta(0), timedelta(minutes=1)])
def test_no_session_opens_where_sales_end_too_soon(left: int, opens: bool, more: timedelta):
    booking = replace(
        BOOKING, sales_end_at=NOW + timedelta(seconds=left), expires_at=NOW + timedelta(seconds=left) + more
    )
    if opens:
        assert choose_session(booking, False, [], NOW, MARGIN) == booking.sales_end_at - MARGIN
    else:
        with pytest.raises(BookingNotPending, match="Sales end too soon"):
            choose_session(booking, False, [], NOW, MARGIN)


def test_the_live_payment_is_gone_on_with():
    live = payment()
    assert choose_session(BOOKING, False, [payment(State.FAILED), live], NOW, MARGIN) is live


@pytest.mark.parametrize("ended", [State.FAILED, State.EXPIRED, State.REFUNDED])
def test_after_one_that_ended_there_may_be_another(ended: State):
    assert isinstance(choose_session(BOOKING, False, [payment(ended)] * (MAX_SESSIONS - 1), NOW, MARGIN), datetime)


@pytest.mark.parametrize("kept", [State.SUCCESS, State.PARTIALLY_REFUNDED])
def test_where_money_is_kept_no_session_opens(kept: State):
    with pytest.raises(PaymentInProgress):
        choose_session(BOOKING, False, [payment(State.FAILED), payment(kept)], NOW, MARGIN)


def test_the_eleventh_session_is_refused():
    with pytest.raises(PaymentAttemptsExceeded):
        choose_session(BOOKING, False, [payment(State.FAILED)] * MAX_SESSIONS, NOW, MARGIN)


def test_a_closed_booking_gets_no_session_though_one_is_live():
    with pytest.raises(BookingNotPending):
        choose_session(BOOKING, True, [payment()], NOW, MARGIN)


@pytest.mark.parametrize(("left", "opens"), [(124, False), (125, True), (-60, False)])
def test_a_booking_that_has_too_little_time_left_gets_no_session(left: int, opens: bool):
    now = BOOKING.expires_at - timedelta(seconds=left)
    if opens:
        choose_session(BOOKING, False, [], now, MARGIN)
    else:
        with pytest.raises(BookingNotPending, match="Too little of the booking's time"):
            choose_session(BOOKING, False, [], now, MARGIN)


def test_a_refund_of_one_cause_is_one_refund():
    captured = payment(State.SUCCESS)
    one = accept(captured, [], RefundRequest(captured.id, "NO_TICKET", 1000), new_id())
    assert one.state == RefundState.REQUESTED
    assert accept(captured, [one], RefundRequest(captured.id, "NO_TICKET", 1000), new_id()) is one
    with pytest.raises(RefundMismatch):
        accept(captured, [one], RefundRequest(captured.id, "NO_TICKET", 999), new_id())


def test_a_refund_of_a_name_is_one_refund():
    captured = payment(State.SUCCESS)
    name, other = new_id(), new_id()
    asked = RefundRequest(captured.id, "REQUESTED", 400, name)
    one = accept(captured, [], asked, new_id())
    assert one.id == name
    assert accept(captured, [one], asked, new_id()) is one
    with pytest.raises(RefundMismatch):
        accept(captured, [one], replace(asked, amount=399), new_id())
    assert accept(captured, [one], replace(asked, refund_id=other), new_id()).id == other


@pytest.mark.parametrize("state", list(RefundState))
def test_all_refunds_together_stay_within_the_capture_the_stuck_ones_too(state: RefundState):
    captured = payment(State.SUCCESS)
    some = Refund(new_id(), captured.id, "sess_1", "REQUESTED", 600, state, "bank")
    accept(captured, [some], RefundRequest(captured.id, "DUPLICATE", 400), new_id())
    with pytest.raises(RefundMismatch):
        accept(captured, [some], RefundRequest(captured.id, "DUPLICATE", 401), new_id())


@pytest.mark.parametrize("state", [State.PENDING, State.FAILED, State.EXPIRED])
def test_what_was_not_captured_is_not_refunded(state: State):
    with pytest.raises(PaymentNotCaptured):
        accept(payment(state), [], RefundRequest(new_id(), "NO_TICKET", 1), new_id())
