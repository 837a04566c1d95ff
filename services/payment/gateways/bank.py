"""The bank: the payment gateway of trials and tests, asked by gRPC."""

import logging
from uuid import UUID

import grpc
from boxoffice.bank.v1 import bank_pb2, bank_pb2_grpc

from services.chassis.errors import Code, Failure, PeerFailure, Unavailable, is_transient
from services.chassis.sight.vocabulary import unknown
from services.chassis.wire.calls import call
from services.chassis.wire.times import to_timestamp
from services.payment.domain.payments import Method, Outcome, Payable, Payment, SessionReport
from services.payment.domain.refunds import Refund
from services.payment.gateways.interface import GATEWAY_SECONDS, CheckoutPage, Fee, RefundAnswer, RefundDeclined

log = logging.getLogger(__name__)

BANK = "bank"

_OUTCOMES = {
    bank_pb2.Session.OPEN: None,
    bank_pb2.Session.CAPTURED: Outcome.CAPTURED,
    bank_pb2.Session.DECLINED: Outcome.DECLINED,
    bank_pb2.Session.EXPIRED: Outcome.EXPIRED,
    bank_pb2.Session.CLOSED: Outcome.CLOSED,
}

_METHODS = {
    bank_pb2.Session.CARD: Method.CARD,
    bank_pb2.Session.UPI: Method.UPI,
    bank_pb2.Session.NETBANKING: Method.NETBANKING,
}


class BankClient:
    """The bank as a Gateway. Its sessions and refunds bear our ids."""

    def __init__(self, channel: grpc.aio.Channel, public_url: str) -> None:
        """`public_url` is where customers reach Boxoffice, which shows them the bank's page."""
        self._stub = bank_pb2_grpc.BankServiceStub(channel)
        self._pages = f"{public_url.rstrip('/')}/api/v1/payments/fake-checkout"

    async def create_session(self, payment: Payment, booking: Payable) -> CheckoutPage:
        """See Gateway."""
        request = bank_pb2.CreateSessionRequest(
            session_id=payment.session_id,
            payment_id=str(payment.id),
            amount=payment.amount,
            currency=payment.currency,
            expires_at=to_timestamp(payment.expires_at),
            description=booking.description[:500],
            items=[item[:100] for item in booking.items[:100]],
            order_id=str(payment.booking_id),
            method=bank_pb2.Session.Method.Value(payment.method or "METHOD_UNSPECIFIED"),
        )
        try:
            session = await call(self._stub.CreateSession, request, seconds=GATEWAY_SECONDS)
        except PeerFailure as refusal:
            raise _defect(refusal) from refusal
        return CheckoutPage(_report(session), f"{self._pages}/{session.id}")

    async def get_session(self, payment: Payment) -> SessionReport | None:
        """See Gateway."""
        request = bank_pb2.GetSessionRequest(session_id=payment.session_id)
        try:
            return _report(await call(self._stub.GetSession, request, seconds=GATEWAY_SECONDS))
        except PeerFailure as refusal:
            if refusal.code == Code.NOT_FOUND:
                return None
            raise _defect(refusal) from refusal

    async def close_session(self, payment: Payment, seconds: float = GATEWAY_SECONDS) -> SessionReport | None:
        """See Gateway."""
        request = bank_pb2.CloseSessionRequest(session_id=payment.session_id)
        try:
            return _report(await call(self._stub.CloseSession, request, seconds=seconds))
        except PeerFailure as refusal:
            if refusal.code == Code.NOT_FOUND:
                return None
            raise _defect(refusal) from refusal

    async def end_session(self, payment: Payment) -> SessionReport | None:
        """See Gateway. The bank ends sessions by its own clock, which payment's may be ahead of."""
        return await self.get_session(payment)

    async def find_refund(self, refund: Refund, seconds: float = GATEWAY_SECONDS) -> RefundAnswer | None:
        """See Gateway. Nobody asks: the bank has no disputes."""
        return None

    async def fee(self, payment: Payment) -> Fee | None:
        """See Gateway. The bank keeps nothing."""
        return Fee(0, 0)

    async def refund(self, refund: Refund, seconds: float = GATEWAY_SECONDS) -> RefundAnswer:
        """See Gateway."""
        request = bank_pb2.CreateRefundRequest(
            refund_id=str(refund.id), session_id=refund.session_id, amount=refund.amount
        )
        try:
            answer = await call(self._stub.CreateRefund, request, seconds=seconds)
        except PeerFailure as refusal:
            if refusal.reason not in _FINAL_REFUSALS:
                raise _defect(refusal) from refusal
            raise RefundDeclined(f"{refusal.reason}: {refusal.message}") from refusal
        if answer.status == bank_pb2.Refund.DECLINED:
            raise RefundDeclined("declined")
        if answer.status not in _REFUND_ANSWERS:
            raise _not_understood("refund status", answer.status)
        return _REFUND_ANSWERS[answer.status]


_FINAL_REFUSALS = ("SESSION_NOT_CAPTURED", "REFUND_EXCEEDS_CAPTURE", "REFUND_MISMATCH")
"""What the bank will say of a refund however often it is asked."""


_REFUND_ANSWERS = {bank_pb2.Refund.PENDING: RefundAnswer.PENDING, bank_pb2.Refund.SUCCEEDED: RefundAnswer.SUCCEEDED}


def _report(session: bank_pb2.Session) -> SessionReport:
    if session.status not in _OUTCOMES:
        raise _not_understood("session status", session.status)
    return SessionReport(
        payment_id=UUID(session.payment_id),
        session_id=session.id,
        amount=session.amount,
        currency=session.currency,
        outcome=_OUTCOMES[session.status],
        method=_method(session),
        gateway_order_id=session.gateway_order_id or None,
        gateway_payment_id=session.gateway_payment_id or None,
    )


def _method(session: bank_pb2.Session) -> Method | None:
    if not session.HasField("method"):
        return None
    if session.method not in _METHODS:
        # It is shown to people and decides nothing.
        unknown("payment method", session.method)
    return _METHODS.get(session.method)


def _not_understood(kind: str, word: object) -> Failure:
    """Return what is told where the bank uses a word that is not known here: it is asked again, as if it were away."""
    unknown(kind, word)
    return Unavailable()


def _defect(refusal: PeerFailure) -> Failure:
    if is_transient(refusal):
        return refusal
    log.error("the bank refused us: %s: %s", refusal.reason, refusal)
    return Unavailable()
