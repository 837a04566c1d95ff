"""Payments and refunds go to the gateway that the payment was begun at, whatever is configured since."""

import pytest

from services.chassis.errors import Unavailable
from services.chassis.ids import new_id
from services.payment.domain.payments import Payable, Payment, SessionReport, State
from services.payment.domain.refunds import Refund, RefundState
from services.payment.gateways.interface import CheckoutPage, Gateways, RefundAnswer
from tests.payment.test_payment_domain import BOOKING, NOW


class Named:
    """A gateway that knows which calls it got."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def create_session(self, payment: Payment, booking: Payable) -> CheckoutPage:
        self.calls.append("create")
        return CheckoutPage(report(payment), "https://pay.example")

    async def get_session(self, payment: Payment) -> SessionReport | None:
        self.calls.append("get")
        return report(payment)

    async def close_session(self, payment: Payment, seconds: float = 1) -> SessionReport | None:
        self.calls.append("close")
        return report(payment)

    async def end_session(self, payment: Payment) -> SessionReport | None:
        self.calls.append("end")
        return report(payment)

    async def refund(self, refund: Refund, seconds: float = 1) -> RefundAnswer:
        self.calls.append("refund")
        return RefundAnswer.SUCCEEDED


def payment_at(gateway: str) -> Payment:
    ids = (new_id(), BOOKING.booking_id, BOOKING.user_id, "sess_1")
    return Payment(*ids, 1000, "INR", State.PENDING, 0, NOW, NOW, NOW, gateway)


def report(payment: Payment) -> SessionReport:
    return SessionReport(payment.id, payment.session_id, payment.amount, payment.currency, None)


async def ask_all(gateways: Gateways, payment: Payment) -> None:
    await gateways.create_session(payment, BOOKING)
    await gateways.get_session(payment)
    await gateways.close_session(payment)
    await gateways.end_session(payment)
    refund = Refund(new_id(), payment.id, "sess_1", "REQUESTED", 1, RefundState.REQUESTED, payment.gateway)
    await gateways.refund(refund)


async def test_each_payment_and_its_refunds_go_to_its_own_gateway() -> None:
    old, new = Named(), Named()
    gateways = Gateways({"old": old, "new": new}, current="new")
    await ask_all(gateways, payment_at("old"))
    assert (old.calls, new.calls) == (["create", "get", "close", "end", "refund"], [])
    await ask_all(gateways, payment_at("new"))
    assert new.calls == ["create", "get", "close", "end", "refund"]


async def test_a_gateway_that_is_not_configured_any_more_is_away(caplog: pytest.LogCaptureFixture) -> None:
    gateways = Gateways({"new": Named()}, current="new")
    with pytest.raises(Unavailable):
        await gateways.get_session(payment_at("old"))
    assert "not configured" in caplog.text
