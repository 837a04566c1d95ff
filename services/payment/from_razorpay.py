"""What comes from Razorpay by itself: webhooks, and customers who return from its page."""

import logging
from collections.abc import Mapping
from uuid import UUID

from services.chassis.store.database import Database
from services.payment.checkout.look import PaymentLookup
from services.payment.checkout.steps import Checkout
from services.payment.disputes import operation as disputes
from services.payment.domain.disputes import DisputeReport
from services.payment.domain.payments import CAPTURED, BankEvent, Outcome, Payment, SessionReport
from services.payment.errors import EventMismatch, GatewayNotConfigured, InvalidSignature, PaymentNotFound
from services.payment.gateways.razorpay import MAX_DISPUTES, Razorpay
from services.payment.gateways.razorpay_events import (
    DisputeWord,
    LateCapture,
    RazorpaySignatures,
    RefundWord,
    Word,
    parse,
)
from services.payment.refunds.words import RefundWords

log = logging.getLogger(__name__)

DISPUTE_PAGES = 10
"""How many pages of disputes are looked through: the newest thousand."""


class FromRazorpay:
    """Takes what Razorpay sends."""

    def __init__(
        self,
        razorpay: Razorpay,
        signatures: RazorpaySignatures,
        payments: PaymentLookup,
        checkout: Checkout,
        refunds: RefundWords,
        db: Database,
    ) -> None:
        self._db = db
        self._razorpay = razorpay
        self._signatures = signatures
        self._payments = payments
        self._checkout = checkout
        self._refunds = refunds

    async def take(self, body: bytes, headers: Mapping[str, str | bytes]) -> bool:
        """Take a webhook; return whether it was of use.

        What is well signed and not of use is taken all the same: Razorpay disables who refuses its webhooks for a day,
        and its account may have payments of others. Raises InvalidSignature, InvalidField, and Unavailable where
        Razorpay is to send it again.
        """
        told = parse(self._signatures.check(body, headers), body)
        if told is None:
            return False
        event, word = told
        try:
            await self._settle(event, word)
        except (PaymentNotFound, EventMismatch) as refusal:
            log.warning("event %s (%s) is left alone: %s", event.id, event.type, refusal.reason)
            return False
        return True

    async def ask_for_disputes(self) -> int:
        """Look through the newest disputes for such as no webhook has told of; return how many there were."""
        found = 0
        for page in range(DISPUTE_PAGES):
            listed = await self._razorpay.disputes(page * MAX_DISPUTES)
            for report in await disputes.not_known(self._db, listed):
                try:
                    await self._dispute(report)
                    found += 1
                except (PaymentNotFound, EventMismatch) as refusal:
                    log.warning("dispute %s is left alone: %s", report.id, refusal.reason)
            if len(listed) < MAX_DISPUTES:
                break
        return found

    async def take_return(
        self, payment_id: UUID, link_id: str, reference_id: str, status: str, gateway_payment_id: str, signature: str
    ) -> None:
        """Take a customer who returns, and let the payment be asked about at once.

        Raises InvalidSignature unless Razorpay has signed that it is this payment's customer.
        """
        self._signatures.check_return(link_id, reference_id, status, gateway_payment_id, signature)
        if reference_id != str(payment_id):
            raise InvalidSignature()
        await self._checkout.hasten(payment_id)

    async def _settle(self, event: BankEvent, word: Word) -> None:
        match word:
            case SessionReport():
                await self._checkout.settle_report(word, event)
            case RefundWord(refund_id):
                await self._refunds.settle(refund_id, event)
            case LateCapture(gateway_payment_id):
                await self._capture(await self._named(gateway_payment_id), event)
            case DisputeWord(dispute_id):
                await self._dispute(await self._razorpay.dispute(dispute_id), event)

    async def _capture(self, payment: Payment, event: BankEvent) -> None:
        report = SessionReport(payment.id, payment.session_id, payment.amount, payment.currency, Outcome.CAPTURED)
        await self._checkout.settle_report(report, event)

    async def _dispute(self, report: DisputeReport, event: BankEvent | None = None) -> None:
        """Record how a dispute stands; if its payment's capture is not known yet, that is asked about first."""
        payment = await self._named(report.gateway_payment_id)
        if payment.state not in CAPTURED:
            await self._capture(payment, event or BankEvent(f"rzp_{report.id}", "payment.captured"))
        await disputes.record_dispute(self._db, payment.id, report, event)

    async def _named(self, gateway_payment_id: str) -> Payment:
        """Return the payment that one of Razorpay's is for; raise PaymentNotFound if it is none of ours."""
        payment_id = await self._razorpay.payment_of(gateway_payment_id)
        if payment_id is None:
            raise PaymentNotFound()
        return await self._payments.named(payment_id)


def configured(from_razorpay: FromRazorpay | None) -> FromRazorpay:
    """Return it; raise GatewayNotConfigured where there is none."""
    if from_razorpay is None:
        raise GatewayNotConfigured()
    return from_razorpay
