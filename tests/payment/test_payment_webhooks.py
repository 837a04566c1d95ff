"""Webhooks: what is believed, what is refused, and that nothing happens twice."""

import asyncio
import base64
import itertools
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from boxoffice.bank.v1.bank_pb2 import Session
from boxoffice.payment.v1 import payment_pb2 as pb
from grpc import StatusCode

from services.chassis.ids import new_id
from services.payment.checkout.record import Record, RecordReports
from services.payment.domain.payments import BankEvent, Outcome, SessionReport
from tests.bank.support import Received, refused
from tests.databases import move_clock
from tests.patience import eventually
from tests.payment.world import Payment, begun, event, paid, signed

UNSIGNED = (StatusCode.UNAUTHENTICATED, "INVALID_SIGNATURE")
NO_EVENT = (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
MISMATCH = (StatusCode.INVALID_ARGUMENT, "EVENT_MISMATCH")
SOMETHING_ELSE = "00000000-0000-7000-8000-000000000000"
OTHER_SECRET = "whsec_" + base64.b64encode(b"x" * 32).decode()


async def test_a_capture_makes_the_payment_a_success_and_booking_is_told(payment: Payment):
    booking_id, one = await paid(payment)
    await payment.hook(event(one))
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    await payment.relay()
    [capture] = payment.booking.captures
    assert (capture.payment_id, capture.booking_id, capture.session_id) == (one.payment_id, booking_id, one.session_id)
    assert (capture.amount, capture.currency) == (50_000, "INR")
    assert await payment.count("outbox") == 0


@pytest.mark.parametrize(
    ("type_", "status", "declines"), [("payment.declined", "FAILED", 1), ("payment.expired", "EXPIRED", 0)]
)
async def test_what_ends_unpaid_ends_and_booking_hears_of_declines(
    payment: Payment, type_: str, status: str, declines: int
):
    booking_id, one = await begun(payment)
    if declines:
        await payment.bank.decline(one.session_id)
    else:
        await move_clock(payment.bank.db, "14 minutes")
    await payment.hook(event(one, type_))
    assert await payment.statuses(booking_id) == [status]
    await payment.relay()
    assert [decline.payment_id for decline in payment.booking.declines] == [one.payment_id] * declines
    assert payment.booking.captures == []


async def test_an_event_that_comes_again_changes_nothing(payment: Payment):
    _, one = await paid(payment)
    body = event(one)
    headers = signed(body)
    await payment.hook(body, headers)
    before = await payment.everything()
    await payment.hook(body, headers)
    await payment.hook(body, signed(body))  # the same fact under another id
    after = await payment.everything()
    assert after.pop("webhook_events") != before.pop("webhook_events")
    assert after == before


async def test_an_event_that_comes_twenty_times_at_once_is_one_transition(payment: Payment):
    booking_id, one = await paid(payment)
    body = event(one)
    headers = signed(body)
    await asyncio.gather(*(payment.hook(body, headers) for _ in range(20)))
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    assert await payment.count("webhook_events") == 1
    assert await payment.count("outbox") == 1


async def test_different_events_of_one_payment_at_once_come_to_one_truth(payment: Payment):
    booking_id, one = await paid(payment)
    types = ["payment.captured", "payment.declined", "payment.expired"] * 5
    await asyncio.gather(*(payment.hook(event(one, type_)) for type_ in types))
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    rows = await payment.db.fetch("SELECT topic FROM outbox")
    assert [row.topic for row in rows].count("captures") == 1


@pytest.mark.parametrize("later", ["payment.declined", "payment.expired"])
async def test_nothing_that_comes_later_undoes_a_success(payment: Payment, later: str):
    booking_id, one = await paid(payment)
    await payment.hook(event(one))
    await payment.hook(event(one, later))
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    assert await payment.count("outbox") == 1


@pytest.mark.parametrize("earlier", ["payment.declined", "payment.expired"])
async def test_the_bank_is_believed_and_not_an_event_out_of_order(payment: Payment, earlier: str):
    booking_id, one = await paid(payment)
    await payment.hook(event(one, earlier))
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    await payment.hook(event(one))
    await payment.relay()
    assert [capture.payment_id for capture in payment.booking.captures] == [one.payment_id]
    assert payment.booking.declines == []


@pytest.mark.parametrize("type_", ["payment.captured", "payment.declined", "payment.expired"])
async def test_an_event_of_what_did_not_happen_is_refused_though_it_is_well_signed(payment: Payment, type_: str):
    booking_id, one = await begun(payment)
    before = await payment.everything()
    assert await refused(payment.hook(event(one, type_))) == MISMATCH
    assert await payment.everything() == before
    assert await payment.statuses(booking_id) == ["PENDING"]


async def test_an_event_is_taken_when_the_bank_can_be_asked_and_not_before(payment: Payment):
    booking_id, one = await paid(payment)
    before = await payment.everything()
    payment.mood.away = True
    assert (await refused(payment.hook(event(one))))[0] == StatusCode.UNAVAILABLE
    assert await payment.everything() == before
    payment.mood.away = False
    await payment.hook(event(one))
    assert await payment.statuses(booking_id) == ["SUCCESS"]


@pytest.mark.parametrize(("answered", "status"), [(Session.DECLINED, "FAILED"), (Session.EXPIRED, "EXPIRED")])
async def test_a_capture_that_the_bank_tells_late_is_never_ignored(
    payment: Payment, answered: Session.Status.ValueType, status: str
):
    booking_id, one = await begun(payment)
    payment.lie(answered)
    await payment.hook(event(one, "payment.declined"))
    assert await payment.statuses(booking_id) == [status]
    payment.mood.instead = None
    await payment.bank.pay(one.session_id)
    await payment.hook(event(one))
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    await payment.relay()
    assert [capture.payment_id for capture in payment.booking.captures] == [one.payment_id]


async def test_a_late_capture_counts_though_another_session_is_live(payment: Payment):
    booking_id, one = await begun(payment)
    payment.lie(Session.EXPIRED)
    await payment.hook(event(one, "payment.expired"))
    payment.mood.instead = None
    two = await payment.initiate(booking_id)
    for session in (one, two):
        await payment.bank.pay(session.session_id)
    await payment.hook(event(one))
    await payment.hook(event(two))
    assert await payment.statuses(booking_id) == ["SUCCESS", "SUCCESS"]
    await payment.relay()
    assert {capture.payment_id for capture in payment.booking.captures} == {one.payment_id, two.payment_id}


async def test_a_replay_after_the_refund_changes_nothing(payment: Payment):
    booking_id, one = await begun(payment)
    await payment.bank.pay(one.session_id)
    body = event(one)
    headers = signed(body)
    await payment.hook(body, headers)
    await payment.refund((one.payment_id, pb.BatchRefundPaymentsRequest.Refund.NO_TICKET, 50_000))
    before = await payment.everything()
    await payment.hook(body, headers)
    assert await payment.everything() == before
    await payment.hook(event(one))
    assert await payment.statuses(booking_id) == ["REFUNDED"]


@pytest.mark.parametrize(
    "other",
    [
        {"amount": 49_999},
        {"amount": 50_001},
        {"currency": "EUR"},
        {"session_id": "sess_00000000-0000-0000-0000-000000000000"},
        {"session_id": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("type_", ["payment.captured", "payment.declined"])
async def test_an_event_with_other_facts_is_refused_and_changes_nothing(
    payment: Payment, type_: str, other: dict[str, Any]
):
    _, one = await begun(payment)
    before = await payment.everything()
    call = payment.hook(event(one, type_, **other))
    assert await refused(call) == MISMATCH
    assert await payment.everything() == before


@pytest.mark.parametrize("other", [{"amount": 1}, {"session_id": "sess_x"}, {"payment_id": SOMETHING_ELSE}], ids=str)
async def test_after_an_event_with_other_facts_the_bank_is_asked_for_the_truth(payment: Payment, other: dict[str, Any]):
    booking_id, one = await paid(payment)
    assert await payment.checkout.poll() == 0
    await refused(payment.hook(event(one, **other)))
    assert await payment.checkout.poll() == 1
    assert await payment.statuses(booking_id) == ["SUCCESS"]


async def test_an_event_that_names_another_bookings_payment_is_refused(payment: Payment):
    _, one = await begun(payment)
    _, other = await begun(payment)
    call = payment.hook(event(one, payment_id=other.payment_id))
    assert await refused(call) == (StatusCode.INVALID_ARGUMENT, "EVENT_MISMATCH")


async def test_an_event_of_an_unknown_payment_is_refused(payment: Payment):
    _, one = await begun(payment)
    before = await payment.everything()
    call = payment.hook(event(one, payment_id=str(new_id())))
    assert await refused(call) == (StatusCode.NOT_FOUND, "PAYMENT_NOT_FOUND")
    assert await payment.everything() == before


async def test_the_banks_own_webhooks_settle_payments(payment: Payment):
    booking_id, one = await begun(payment)
    other_id, two = await begun(payment)

    async def settled() -> bool:
        return (await payment.statuses(booking_id), await payment.statuses(other_id)) == (["SUCCESS"], ["FAILED"])

    async with payment.webhooks():
        await payment.bank.pay(one.session_id)
        await payment.bank.decline(two.session_id)
        await eventually(settled)


async def test_a_webhook_that_fails_at_first_is_taken_later(payment: Payment):
    booking_id, one = await begun(payment)
    tries = itertools.count()

    async def lose_the_first(request: Received) -> None:
        if next(tries) == 0:
            request.body = request.body[:-1]

    async def settled() -> bool:
        return await payment.statuses(booking_id) == ["SUCCESS"]

    async with payment.webhooks(before=lose_the_first):
        await payment.bank.pay(one.session_id)
        await eventually(settled)
    assert next(tries) == 2


async def test_the_banks_word_of_a_refund_completes_it(payment: Payment):
    booking_id, one = await begun(payment)
    await payment.bank.pay(one.session_id)
    await payment.hook(event(one))
    payment.mood.mute = True
    cause = pb.BatchRefundPaymentsRequest.Refund.REQUESTED
    [result] = await payment.refund((one.payment_id, cause, 20_000))
    assert result.state == pb.BatchRefundPaymentsResponse.Result.REQUESTED

    async def refunded() -> bool:
        return await payment.statuses(booking_id) == ["PARTIALLY_REFUNDED"]

    payment.mood.mute = False
    async with payment.webhooks():
        await eventually(refunded)
    await payment.recover_refunds()
    [shown] = await payment.payments(booking_id)
    assert shown.refunded_amount == 20_000


@pytest.mark.parametrize("other", [{"amount": 1}, {"refund_id": SOMETHING_ELSE}, {"session_id": "sess_x"}], ids=str)
async def test_the_word_of_a_refund_with_other_facts_changes_nothing(payment: Payment, other: dict[str, Any]):
    _, one = await begun(payment)
    await payment.bank.pay(one.session_id)
    await payment.hook(event(one))
    payment.mood.away = True
    await payment.refund((one.payment_id, pb.BatchRefundPaymentsRequest.Refund.REQUESTED, 20_000))
    [row] = await payment.db.fetch("SELECT id FROM refunds")
    before = await payment.everything()
    facts = {"amount": 20_000, "refund_id": str(row.id)} | other
    code, reason = await refused(payment.hook(event(one, "refund.succeeded", **facts)))
    assert (code, reason) in (
        MISMATCH,
        (StatusCode.NOT_FOUND, "PAYMENT_NOT_FOUND"),
    )
    assert await payment.everything() == before


async def test_a_capture_counts_though_an_event_of_its_name_was_seen_before(payment: Payment):
    booking_id, one = await begun(payment)
    facts = SessionReport(UUID(one.payment_id), one.session_id, one.amount, one.currency, None)
    again = BankEvent("evt_twice", "payment.captured")
    records = RecordReports(payment.db, payment.outbox)
    await records([Record(facts, again)], wait=False)
    await records([Record(replace(facts, outcome=Outcome.CAPTURED), again)], wait=False)
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    assert await payment.count("outbox") == 1
