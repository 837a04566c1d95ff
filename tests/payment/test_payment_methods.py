"""What a payment is paid with, and the names that the gateway gives it: chosen, told and shown."""

from __future__ import annotations

from typing import Any, cast

import pytest
from boxoffice.bank.v1 import bank_pb2
from boxoffice.payment.v1 import payment_pb2 as pb
from grpc import StatusCode

from services.bank.rpc import BankService
from tests.bank.support import refused
from tests.payment.world import Payment, event

CARD, UPI, NETBANKING = pb.Payment.CARD, pb.Payment.UPI, pb.Payment.NETBANKING


async def choose(
    payment: Payment, booking_id: str, method: pb.Payment.Method.ValueType, key: str = ""
) -> pb.InitiatePaymentResponse:
    """Initiate the payment of a booking by a method."""
    return await payment.stub.InitiatePayment(
        pb.InitiatePaymentRequest(
            booking_id=booking_id, user_id=payment.booked[booking_id], method=method, idempotency_key=key
        )
    )


async def newest(payment: Payment, booking_id: str) -> pb.Payment:
    return (await payment.payments(booking_id))[0]


def names(one: Any) -> tuple[str, str]:
    """Return the gateway's names for an order and its payment."""
    return one.gateway_order_id, one.gateway_payment_id


@pytest.mark.parametrize("method", [CARD, UPI, NETBANKING])
async def test_what_is_chosen_is_kept_shown_and_told_to_the_bank(
    payment: Payment, method: pb.Payment.Method.ValueType
) -> None:
    booking_id, _ = await payment.book()
    begun = await choose(payment, booking_id, method)
    assert begun.method == (await newest(payment, booking_id)).method == method
    session = await payment.bank.get(begun.session_id)
    assert session.Method.Name(session.method) == pb.Payment.Method.Name(method)
    await payment.bank.pay(begun.session_id)
    await payment.hook(event(begun))
    assert (await newest(payment, booking_id)).method == method


async def test_what_nobody_chose_is_absent(payment: Payment) -> None:
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    await payment.bank.pay(begun.session_id)
    await payment.hook(event(begun))
    for one in (begun, await newest(payment, booking_id), await payment.bank.get(begun.session_id)):
        assert not one.HasField("method")


async def test_what_the_bank_tells_counts_more_than_what_was_chosen(payment: Payment) -> None:
    booking_id, _ = await payment.book()
    begun = await choose(payment, booking_id, CARD)
    await payment.bank.db.execute("UPDATE sessions SET method = 'UPI'")
    await payment.bank.pay(begun.session_id)
    await payment.hook(event(begun))
    assert (await newest(payment, booking_id)).method == UPI


async def test_an_open_session_keeps_what_it_was_opened_with(payment: Payment) -> None:
    booking_id, _ = await payment.book()
    first = await choose(payment, booking_id, CARD)
    assert await choose(payment, booking_id, UPI) == first
    assert (await newest(payment, booking_id)).method == CARD


async def test_another_method_is_another_request_of_its_key(payment: Payment) -> None:
    booking_id, _ = await payment.book()
    first = await choose(payment, booking_id, CARD, key="once")
    assert await choose(payment, booking_id, CARD, key="once") == first
    again = choose(payment, booking_id, UPI, key="once")
    assert await refused(again) == (StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("key", ["", "once"])
async def test_the_gateways_name_for_the_order_is_known_from_the_opening_on(payment: Payment, key: str) -> None:
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id, key=key)
    session = await payment.bank.get(begun.session_id)
    assert session.gateway_order_id.startswith("order_")
    seen = await newest(payment, booking_id)
    assert begun.gateway_order_id == seen.gateway_order_id == session.gateway_order_id
    assert seen.gateway_payment_id == session.gateway_payment_id == ""
    assert await payment.initiate(booking_id, key=key) == begun


@pytest.mark.parametrize("end", ["pay", "decline"])
@pytest.mark.parametrize("told_by", ["webhook", "poll", "the next request"])
async def test_the_gateways_name_for_the_payment_comes_with_its_end(payment: Payment, end: str, told_by: str) -> None:
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    await getattr(payment.bank, end)(begun.session_id)
    session = await payment.bank.get(begun.session_id)
    assert session.gateway_payment_id.startswith("pay_")
    match told_by:
        case "webhook":
            await payment.hook(event(begun, {"pay": "payment.captured", "decline": "payment.declined"}[end]))
        case "poll":
            await payment.poll()
        case _ if end == "pay":
            await refused(payment.initiate(booking_id))
        case _:
            await payment.initiate(booking_id)
    [ended] = [one for one in await payment.payments(booking_id) if one.session_id == begun.session_id]
    assert names(ended) == names(session)


async def test_each_session_has_names_of_its_own(payment: Payment) -> None:
    booking_id, _ = await payment.book()
    first = await payment.initiate(booking_id)
    await payment.bank.decline(first.session_id)
    second = await payment.initiate(booking_id)
    await payment.bank.pay(second.session_id)
    await payment.poll()
    paid, declined = map(names, await payment.payments(booking_id))
    assert "" not in (*paid, *declined)
    assert set(paid).isdisjoint(declined)


async def test_what_a_webhook_says_of_a_payments_names_is_not_believed(payment: Payment) -> None:
    """Nobody looks there: the bank is asked."""
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    await payment.bank.pay(begun.session_id)
    forged = {"gateway_order_id": "order_x", "gateway_payment_id": "pay_x", "method": "UPI"}
    for _ in range(2):
        await payment.hook(event(begun, **forged))
        seen = await newest(payment, booking_id)
        assert names(seen) == names(await payment.bank.get(begun.session_id))
        assert not seen.HasField("method")


async def test_a_bank_of_the_version_before_gives_no_names(payment: Payment) -> None:
    booking_id, _ = await payment.book()

    async def as_before(name: str, request: Any) -> Any:
        answer = await getattr(BankService, name)(payment.mood, request, None)
        for field in ("method", "gateway_order_id", "gateway_payment_id"):
            answer.ClearField(field)
        return answer

    payment.mood.instead = as_before
    begun = await choose(payment, booking_id, NETBANKING)
    await payment.bank.pay(begun.session_id)
    await payment.hook(event(begun))
    seen = await newest(payment, booking_id)
    assert (seen.status, seen.method, *names(seen)) == (pb.Payment.SUCCESS, NETBANKING, "", "")


async def test_a_method_that_is_not_known_here_holds_up_no_money(payment: Payment) -> None:
    booking_id, _ = await payment.book()
    begun = await choose(payment, booking_id, CARD)
    await payment.bank.pay(begun.session_id)

    async def newer(name: str, request: Any) -> Any:
        answer = await getattr(BankService, name)(payment.mood, request, None)
        answer.method = cast(bank_pb2.Session.Method.ValueType, 99)
        return answer

    payment.mood.instead = newer
    await payment.hook(event(begun))
    seen = await newest(payment, booking_id)
    assert (seen.status, seen.method) == (pb.Payment.SUCCESS, CARD)
