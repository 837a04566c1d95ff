"""Payments through Razorpay: a stand-in plays it over HTTP, with lost answers, duplicates, disorder and late money."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from uuid import UUID

import grpc
import pytest
from grpc import StatusCode

from services.chassis.store.database import Database
from storm.razorpay import KEY_SECRET, WEBHOOK_SECRET
from tests.bank.support import refused
from tests.payment.razorpay_world import RazorpayWorld, opened_razorpay


@pytest.fixture
async def world(payment_db: Database, bank_db: Database) -> AsyncIterator[RazorpayWorld]:
    async with opened_razorpay(payment_db, bank_db) as world:
        yield world


# --- Opening


async def test_the_customer_is_sent_to_razorpays_page_and_comes_back_to_ours(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    link = world.razorpay.link_of(begun.payment_id)
    assert begun.payment_url == link["short_url"]
    assert (link["amount"], link["currency"], link["accept_partial"]) == (50_000, "INR", False)
    assert link["callback_url"] == f"http://127.0.0.1:8001/api/v1/payments/return/{begun.payment_id}"
    assert link["notify"] == {"sms": False, "email": False}


async def test_a_link_whose_answer_was_lost_is_found_by_our_id(world: RazorpayWorld) -> None:
    booking_id, _ = await world.payment.book()
    world.razorpay.moods.lose_answers = 1
    assert await refused(world.payment.initiate(booking_id)) == (StatusCode.UNAVAILABLE, "UNAVAILABLE")
    begun = await world.payment.initiate(booking_id)
    [link] = world.razorpay.links.values()
    assert link["reference_id"] == begun.payment_id


async def test_equal_requests_at_once_make_one_link(world: RazorpayWorld) -> None:
    booking_id, _ = await world.payment.book()
    begun = await asyncio.gather(*(world.payment.initiate(booking_id) for _ in range(5)))
    assert len({each.payment_url for each in begun}) == len(world.razorpay.links) == 1


@pytest.mark.parametrize(("amount", "currency"), [(500, "JPY"), (1230, "KWD"), (50_001, "INR")])
async def test_amounts_are_told_in_the_currencys_own_units(world: RazorpayWorld, amount: int, currency: str) -> None:
    booking_id, user_id = await world.payment.book(amount=amount)
    world.payment.booking.payable[booking_id, user_id].currency = currency
    begun = await world.payment.initiate(booking_id)
    link = world.razorpay.link_of(begun.payment_id)
    assert (link["amount"], link["currency"]) == (amount, currency)


async def test_an_amount_that_razorpay_does_not_have_is_refused_and_never_rounded(world: RazorpayWorld) -> None:
    booking_id, user_id = await world.payment.book(amount=1234)
    world.payment.booking.payable[booking_id, user_id].currency = "KWD"
    assert await refused(world.payment.initiate(booking_id)) == (StatusCode.FAILED_PRECONDITION, "AMOUNT_NOT_PAYABLE")
    assert not world.razorpay.links


@pytest.mark.parametrize("status", [301, 401, 429, 500, 502])
async def test_a_razorpay_that_is_away_is_asked_again_later(world: RazorpayWorld, status: int) -> None:
    booking_id, _ = await world.payment.book()
    world.razorpay.moods.status = status
    assert await refused(world.payment.initiate(booking_id)) == (StatusCode.UNAVAILABLE, "UNAVAILABLE")
    world.razorpay.moods.status = 0
    await world.payment.initiate(booking_id)
    assert await world.payment.statuses(booking_id) == ["PENDING"]


async def test_a_razorpay_that_hangs_is_not_waited_for_for_ever(world: RazorpayWorld) -> None:
    world.razorpay.moods.hang = True
    assert await refused(world.payment.initiate()) == (StatusCode.UNAVAILABLE, "UNAVAILABLE")


async def test_no_secret_is_ever_logged(world: RazorpayWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    booking_id, _ = await world.payment.book()
    for status in (401, 500):
        world.razorpay.moods.status = status
        await refused(world.payment.initiate(booking_id))
    world.razorpay.moods.status = 0
    begun = await world.payment.initiate(booking_id)
    world.razorpay.pay(begun.payment_id)
    await world.razorpay.tell(world.razorpay.link_event("payment_link.paid", begun.payment_id), secret="wrong" * 5)
    assert KEY_SECRET not in caplog.text
    assert WEBHOOK_SECRET not in caplog.text


# --- Paying


async def test_a_paid_link_is_a_capture_and_booking_hears_of_it_once(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    world.razorpay.pay(begun.payment_id)
    body = world.razorpay.link_event("payment_link.paid", begun.payment_id)
    assert [await world.razorpay.tell(body) for _ in range(3)] == [200, 200, 200]
    await world.payment.relay()
    assert await world.status(begun) == "SUCCESS"
    assert [capture.payment_id for capture in world.payment.booking.captures] == [begun.payment_id]
    assert await world.payment.count("webhook_events") == 1


async def test_a_payment_that_no_webhook_tells_of_is_found_by_asking(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    world.razorpay.pay(begun.payment_id)
    await world.payment.poll()
    assert await world.status(begun) == "SUCCESS"


async def test_webhooks_in_any_order_never_undo_a_capture(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    for type_ in ("payment_link.expired", "payment_link.cancelled"):
        assert await world.razorpay.tell(world.razorpay.link_event(type_, begun.payment_id)) == 200
    assert await world.status(begun) == "PENDING"
    world.razorpay.pay(begun.payment_id)
    for type_ in ("payment_link.cancelled", "payment_link.paid", "payment_link.expired"):
        assert await world.razorpay.tell(world.razorpay.link_event(type_, begun.payment_id)) == 200
    assert await world.status(begun) == "SUCCESS"


async def test_a_payment_that_fails_ends_nothing(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    failed = world.razorpay.fail(begun.payment_id)
    assert await world.razorpay.tell(world.razorpay.event("payment.failed", payment=failed)) == 200
    await world.payment.poll()
    assert await world.status(begun) == "PENDING"
    world.razorpay.pay(begun.payment_id)
    await world.payment.poll()
    assert await world.status(begun) == "SUCCESS"


async def test_what_a_well_signed_webhook_says_is_not_believed_without_asking(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    lie = world.razorpay.link_event("payment_link.paid", begun.payment_id)
    assert await world.razorpay.tell(lie) == 200
    assert await world.status(begun) == "PENDING"


async def test_what_is_not_ours_is_taken_and_left_alone(world: RazorpayWorld) -> None:
    before = await world.payment.everything()
    stand_in = world.razorpay
    others = [
        stand_in.event("payment_link.paid", payment_link={"id": "plink_1", "reference_id": "TS1989", "notes": []}),
        stand_in.event("payment_link.paid", payment_link={"id": "plink_1"}),
        stand_in.event("payment.captured", payment={"id": "pay_of_somebody_else"}),
        stand_in.event("payment.captured", payment={"id": "pay_1&reference_id=2"}),
        stand_in.event("payment.captured", payment={"id": "pay_ABC"}),
        stand_in.event("refund.processed", refund={"id": "rfnd_1", "notes": []}),
        stand_in.event("refund.failed", refund={"notes": {"refund_id": "0198c2a0-0000-7000-8000-000000000001"}}),
        stand_in.event("invoice.paid"),
    ]
    assert [await stand_in.tell(body) for body in others] == [200] * len(others)
    assert await world.payment.everything() == before


async def test_what_razorpay_has_not_signed_is_refused(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    world.razorpay.pay(begun.payment_id)
    body = world.razorpay.link_event("payment_link.paid", begun.payment_id)
    assert await world.razorpay.tell(body, secret=KEY_SECRET) == 401
    assert await world.hook(body, {}) == 401
    assert await world.hook(body, {"x-razorpay-signature": "~" * 64}) == 401
    assert await world.status(begun) == "PENDING"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"event": 1}', b'{"event": "payment.captured"}', b"\xff"])
async def test_what_is_no_event_is_refused(world: RazorpayWorld, body: bytes) -> None:
    assert await world.razorpay.tell(body) == 400


async def test_the_secret_before_stays_good(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    world.razorpay.pay(begun.payment_id)
    body = world.razorpay.link_event("payment_link.paid", begun.payment_id)
    assert await world.razorpay.tell(body, secret="the-secret-before-this-24") == 200
    assert await world.status(begun) == "SUCCESS"


async def test_a_webhook_is_to_come_again_while_razorpay_cannot_be_asked(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    world.razorpay.pay(begun.payment_id)
    body = world.razorpay.link_event("payment_link.paid", begun.payment_id)
    world.razorpay.moods.status = 500
    assert await world.razorpay.tell(body) == 503
    world.razorpay.moods.status = 0
    assert await world.razorpay.tell(body) == 200
    assert await world.status(begun) == "SUCCESS"


# --- Ending


async def test_a_link_whose_time_is_up_is_cancelled_by_our_call(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    await world.time_is_up()
    await world.payment.poll()
    assert world.razorpay.link_of(begun.payment_id)["status"] == "cancelled"
    assert await world.status(begun) == "EXPIRED"


async def test_money_that_comes_after_the_end_is_never_forgotten(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    await world.time_is_up()
    await world.payment.poll()
    late = world.razorpay.pay(begun.payment_id)
    assert await world.razorpay.tell(world.razorpay.event("payment.captured", payment=late)) == 200
    await world.payment.relay()
    assert await world.status(begun) == "SUCCESS"
    assert [capture.payment_id for capture in world.payment.booking.captures] == [begun.payment_id]


async def test_money_that_comes_after_the_end_is_found_though_no_webhook_tells_of_it(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    await world.time_is_up()
    await world.payment.poll()
    checkout, db = world.payment.checkout, world.payment.db
    assert await checkout.look_again() == 0, "not due yet"
    world.razorpay.pay(begun.payment_id)
    await db.execute("UPDATE payments SET next_fee_at = clock_timestamp() WHERE next_fee_at > clock_timestamp()")
    assert [await checkout.look_again() for _ in range(2)] == [1, 0]
    await world.payment.relay()
    assert await world.status(begun) == "SUCCESS"
    assert [capture.payment_id for capture in world.payment.booking.captures] == [begun.payment_id]


async def test_a_payment_that_has_ended_is_looked_at_again_for_some_days_and_when_its_customer_returns(
    world: RazorpayWorld,
) -> None:
    begun = await world.payment.initiate()
    await world.payment.close(world.booking_of(begun))
    checkout, db = world.payment.checkout, world.payment.db
    for days, is_due_again in ((1, True), (7, False)):
        await db.execute(
            "UPDATE payments SET next_fee_at = clock_timestamp(), updated_at = updated_at - make_interval(days => %s)",
            (days,),
        )
        assert [await checkout.look_again() for _ in range(2)] == [1, 0]
        [row] = await db.fetch("SELECT next_fee_at > clock_timestamp() + interval '23 hours' AS later FROM payments")
        assert row.later is (True if is_due_again else None)
    await checkout.hasten(UUID(begun.payment_id))
    assert await checkout.look_again() == 1
    assert await world.status(begun) == "FAILED"


async def test_a_link_that_does_not_let_itself_be_cancelled_is_being_paid(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    world.razorpay.moods.refuse_cancels = True
    await world.payment.close(world.booking_of(begun))
    await world.payment.poll()
    assert await world.status(begun) == "PENDING"
    world.razorpay.pay(begun.payment_id)
    await world.payment.poll()
    assert await world.status(begun) == "SUCCESS"


async def test_a_cancelled_bookings_link_is_cancelled_unless_it_was_paid_before(world: RazorpayWorld) -> None:
    open_, paid = await world.payment.initiate(), await world.payment.initiate()
    world.razorpay.pay(paid.payment_id)
    await world.payment.close(world.booking_of(open_), world.booking_of(paid))
    assert (await world.status(open_), await world.status(paid)) == ("FAILED", "SUCCESS")
    assert world.razorpay.link_of(open_.payment_id)["status"] == "cancelled"


# --- Two gateways


async def test_the_gateway_may_be_switched_while_payments_are_open(world: RazorpayWorld) -> None:
    at_razorpay = await world.payment.initiate()
    world.switch("bank")
    at_bank = await world.payment.initiate()
    assert "fake-checkout" in at_bank.payment_url
    again = await world.payment.initiate(world.booking_of(at_razorpay))
    assert again.payment_url == at_razorpay.payment_url
    world.razorpay.pay(at_razorpay.payment_id)
    await world.payment.bank.pay(at_bank.session_id)
    world.switch("razorpay")
    await world.payment.poll()
    assert [await world.status(each) for each in (at_razorpay, at_bank)] == ["SUCCESS", "SUCCESS"]


async def test_a_webhook_of_a_gateway_that_is_not_configured_is_not_found(world: RazorpayWorld) -> None:
    world.payment.from_razorpay = None
    async with world.another() as stub:
        body = world.razorpay.event("payment.captured", payment={"id": "pay_ABC"})
        assert await refused(world.receive(stub, body)) == (StatusCode.NOT_FOUND, "GATEWAY_NOT_CONFIGURED")


# --- Returning


async def test_a_returning_customer_is_sent_on_and_the_payment_asked_about_at_once(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    world.razorpay.pay(begun.payment_id)
    location = await world.come_back(begun.payment_id, world.razorpay.returns_with(begun.payment_id))
    assert location == f"http://127.0.0.1:8001/api/v1/payments/result/{begun.payment_id}"
    assert await world.payment.checkout.poll() == 1
    assert await world.status(begun) == "SUCCESS"


async def test_a_return_that_razorpay_has_not_signed_for_this_payment_is_refused(world: RazorpayWorld) -> None:
    begun, other = await world.payment.initiate(), await world.payment.initiate()
    for each in (begun, other):
        world.razorpay.pay(each.payment_id)
    good = world.razorpay.returns_with(begun.payment_id)
    for query in (
        {},
        good | {"razorpay_signature": "0" * 64},
        good | {"razorpay_payment_link_status": "created"},
        world.razorpay.returns_with(other.payment_id),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await world.come_back(begun.payment_id, query)
        assert refusal.value.code() == StatusCode.UNAUTHENTICATED


async def test_the_page_shows_what_booking_says(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    page = await world.page(begun.payment_id)
    assert 'data-status="PENDING"' in page
    assert 'http-equiv="refresh"' in page
    world.razorpay.pay(begun.payment_id)
    await world.payment.poll()
    for status, refreshes in (("CONFIRMED", False), ("EXPIRED", False), ("REFUNDED", False), ("PENDING", True)):
        world.booking_says(status)
        page = await world.page(begun.payment_id)
        assert f'data-status="{status}"' in page
        assert ('http-equiv="refresh"' in page) == refreshes
    world.booking_is_away()
    assert 'data-status="UNKNOWN"' in await world.page(begun.payment_id)
    assert "<script" not in page
