"""Razorpay: payment links, which are paid on Razorpay's own page, and refunds; over its REST API.

What differs from the bank stays in here and in razorpay_events (docs/adr/0038-razorpay.md):

- ids are Razorpay's. Ours go along (a link's `reference_id` is the payment's id, a refund's `receipt` the refund's),
  and everything is looked up by them first: so a create whose answer was lost finds what it made.
- a link lives for 15 minutes at least, longer than most of our sessions: it ends by our call. A link that does not let
  itself be cancelled has been paid, or is being paid.
- a payment that fails ends nothing: the customer tries again on the same page.
- an idempotency key of a refund is good for two tries at the same time, and not trusted for longer.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import from_json

from services.chassis.errors import Failure, Unavailable
from services.chassis.sight.vocabulary import unknown
from services.chassis.values.currencies import DIGITS
from services.payment.domain.disputes import DisputeReport
from services.payment.domain.payments import Method, Outcome, Payable, Payment, SessionReport
from services.payment.domain.refunds import Refund
from services.payment.errors import AmountNotPayable
from services.payment.gateways.http import HttpClient, until_at_most
from services.payment.gateways.interface import GATEWAY_SECONDS, CheckoutPage, Fee, RefundAnswer, RefundDeclined
from services.payment.gateways.razorpay_events import ItsDispute, ItsDisputes, dispute_report

log = logging.getLogger(__name__)

RAZORPAY = "razorpay"
URL = "https://api.razorpay.com/v1"
LINK_SECONDS = 60 * 60
"""How long after its payment a link ends by itself: later than any session, and 15 minutes from now, at least, whenever
it is made. Our call ends it before; this is for the case that nobody is there to call."""

MAX_DISPUTES = 100
"""Disputes that are listed at once."""

MAX_REFUNDS = 100
"""Refunds of a payment that are looked through, as many as Razorpay lists at once."""

_OUTCOMES = {
    "created": None,
    "partially_paid": None,
    "paid": Outcome.CAPTURED,
    "expired": Outcome.EXPIRED,
    "cancelled": Outcome.CLOSED,
}

_METHODS = {"card": Method.CARD, "emi": Method.CARD, "upi": Method.UPI, "netbanking": Method.NETBANKING}
"""Of its other methods, such as wallets, we have no name."""

_REFUSED = (400, 404, 409, 422)
"""What Razorpay says of a request that it has understood. Everything else passes, or is ours to put right."""

M = TypeVar("M", bound=BaseModel)


class _Entity(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _LinkPayment(_Entity):
    payment_id: str = Field(pattern=r"^pay_[A-Za-z0-9]{1,40}$")
    amount: int
    status: str
    method: str = ""


class Link(_Entity):
    """A payment link."""

    id: str = Field(pattern=r"^plink_[A-Za-z0-9]{1,40}$")
    reference_id: str
    amount: int
    currency: str
    status: str
    short_url: str = Field("", pattern=r"^(https?://\S+)?$")
    payments: list[_LinkPayment] | None = None

    @property
    def captured(self) -> _LinkPayment | None:
        """The payment that took the money, if one did. A payment may come late, to a link that has ended before."""
        return next(
            (one for one in self.payments or () if one.status == "captured" and one.amount >= self.amount), None
        )


class _Links(_Entity):
    payment_links: list[Link]


class _ItsRefund(_Entity):
    id: str = Field(pattern=r"^rfnd_[A-Za-z0-9]{1,40}$")
    amount: int
    status: str
    receipt: str | None = None
    notes: dict[str, Any] | list[Any] | None = None

    def is_of(self, refund_id: UUID) -> bool:
        """Tell whether it is this refund of ours, by its receipt, or by a note that somebody wrote at the dashboard."""
        notes = self.notes if isinstance(self.notes, dict) else {}
        return str(refund_id) in (self.receipt, notes.get("refund_id"))


class _ItsRefunds(_Entity):
    items: list[_ItsRefund]


class _ItsPayment(_Entity):
    fee: int | None = Field(None, ge=0)
    """With the tax on it."""
    tax: int | None = Field(None, ge=0)


class _Refusal(Exception):
    """Razorpay has understood the request and does not carry it out."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(f"{status}: {description}")
        self.status = status
        self.description = description


class Razorpay:
    """Razorpay as a Gateway."""

    def __init__(self, key_id: str, key_secret: SecretStr, public_url: str, url: str = URL) -> None:
        """`public_url` is where customers reach Boxoffice, to which they return."""
        self._returns = f"{public_url.rstrip('/')}/api/v1/payments/return"
        self._http = HttpClient(url, aiohttp.encode_basic_auth(key_id, key_secret.get_secret_value()))

    async def create_session(self, payment: Payment, booking: Payable) -> CheckoutPage:
        """See Gateway. Raises AmountNotPayable where Razorpay has no such amount."""
        if not _is_payable(payment.amount, payment.currency):
            raise AmountNotPayable()
        until = until_at_most(GATEWAY_SECONDS)
        link = await self._link_of(payment.id, until)
        if link is None:
            try:
                answer = await self._call("POST", "/payment_links", until, body=self._wish(payment, booking))
                link = _read(Link, answer)
            except _Refusal as refusal:
                # Another request may have made it meanwhile: there is one link of a reference.
                link = await self._link_of(payment.id, until)
                if link is None:
                    raise _defect(refusal) from refusal
        return CheckoutPage(_report(payment, link), link.short_url)

    async def get_session(self, payment: Payment) -> SessionReport | None:
        """See Gateway."""
        link = await self._link_of(payment.id, until_at_most(GATEWAY_SECONDS))
        return None if link is None else _report(payment, link)

    async def close_session(self, payment: Payment, seconds: float = GATEWAY_SECONDS) -> SessionReport | None:
        """See Gateway."""
        until = until_at_most(seconds)
        link = await self._link_of(payment.id, until)
        if link is None:
            return None
        if _outcome(link) is None:
            try:
                link = _read(Link, await self._call("POST", f"/payment_links/{link.id}/cancel", until))
            except _Refusal as refusal:
                log.info("link %s is not cancelled: %s", link.id, refusal)
                link = await self._link_of(payment.id, until) or link
        return _report(payment, link)

    async def end_session(self, payment: Payment) -> SessionReport | None:
        """See Gateway. A link stands for longer than its payment, so it is called off."""
        report = await self.close_session(payment)
        if report is not None and report.outcome == Outcome.CLOSED:
            # Nobody has called it off: its time was up.
            return replace(report, outcome=Outcome.EXPIRED)
        return report

    async def refund(self, refund: Refund, seconds: float = GATEWAY_SECONDS) -> RefundAnswer:
        """See Gateway. What was asked for before is found, however long ago that was."""
        until = until_at_most(seconds)
        path, known = await self._known(refund, until)
        failed = sum(one.status == "failed" for one in known)
        if known and (failed < len(known) or failed > refund.redriven):
            return _refund_answer(known)
        name = f"{refund.id}-{failed}" if failed else str(refund.id)
        body = {"amount": refund.amount, "receipt": name, "notes": {"refund_id": str(refund.id)}}
        key = {"x-refund-idempotency": name}
        try:
            made = _read(_ItsRefund, await self._call("POST", f"{path}/refund", until, body=body, headers=key))
        except _Refusal as refusal:
            if refusal.status == 409 or "balance" in refusal.description.lower():
                # Another try is under way, or the account is empty for now.
                log.warning("refund %s waits: %s", refund.id, refusal)
                raise Unavailable() from refusal
            raise RefundDeclined(refusal.description[:200]) from refusal
        return _refund_answer([made])

    async def find_refund(self, refund: Refund, seconds: float = GATEWAY_SECONDS) -> RefundAnswer | None:
        """See Gateway."""
        _, known = await self._known(refund, until_at_most(seconds))
        return _refund_answer(known) if any(one.status != "failed" for one in known) else None

    async def _known(self, refund: Refund, until: float) -> tuple[str, list[_ItsRefund]]:
        """Return the path of the payment that a refund is of, and what Razorpay has of the refund."""
        link = await self._link_of(refund.payment_id, until)
        captured = None if link is None else link.captured
        if link is None or captured is None:
            log.error("refund %s is of a payment that Razorpay has not captured", refund.id)
            raise Unavailable()
        if not _is_payable(refund.amount, link.currency):
            raise RefundDeclined("Razorpay refunds amounts in this currency only with a 0 as the last digit")
        path = f"/payments/{captured.payment_id}"
        listed = _read(_ItsRefunds, await self._call("GET", f"{path}/refunds?count={MAX_REFUNDS}", until))
        return path, [one for one in listed.items if one.is_of(refund.id)]

    async def fee(self, payment: Payment) -> Fee | None:
        """See Gateway. Razorpay tells it with its payment, once it has settled that."""
        until = until_at_most(GATEWAY_SECONDS)
        name = payment.gateway_payment_id
        if name is None:
            link = await self._link_of(payment.id, until)
            name = link.captured.payment_id if link is not None and link.captured is not None else None
        if name is None:
            return None
        made = _read(_ItsPayment, await self._call("GET", f"/payments/{name}", until))
        return None if made.fee is None else Fee(made.fee, made.tax or 0)

    async def dispute(self, id_: str) -> DisputeReport:
        """Return how a dispute stands."""
        return dispute_report(
            _read(ItsDispute, await self._call("GET", f"/disputes/{id_}", until_at_most(GATEWAY_SECONDS)))
        )

    async def disputes(self, skip: int) -> list[DisputeReport]:
        """Return a page of disputes, newest first: those after so many."""
        path = f"/disputes?count={MAX_DISPUTES}&skip={skip}"
        listed = _read(ItsDisputes, await self._call("GET", path, until_at_most(GATEWAY_SECONDS)))
        return [dispute_report(one) for one in listed.items]

    async def payment_of(self, gateway_payment_id: str) -> UUID | None:
        """Return which payment of ours one of Razorpay's belongs to, if any."""
        links = await self._links(f"payment_id={gateway_payment_id}", until_at_most(GATEWAY_SECONDS))
        return _uuid(links[0].reference_id) if links else None

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    def _wish(self, payment: Payment, booking: Payable) -> dict[str, Any]:
        return {
            "amount": payment.amount,
            "currency": payment.currency,
            "accept_partial": False,
            "expire_by": int(payment.created_at.timestamp()) + LINK_SECONDS,
            "reference_id": str(payment.id),
            "description": ", ".join(booking.description.splitlines())[:2000],
            "notify": {"sms": False, "email": False},
            "reminder_enable": False,
            "notes": {"session_id": payment.session_id, "booking_id": str(payment.booking_id)},
            "callback_url": f"{self._returns}/{payment.id}",
            "callback_method": "get",
        }

    async def _link_of(self, payment_id: UUID, until: float) -> Link | None:
        """Return the link of a payment of ours."""
        links = await self._links(f"reference_id={payment_id}", until)
        return next((link for link in links if link.reference_id == str(payment_id)), None)

    async def _links(self, query: str, until: float) -> list[Link]:
        return _read(_Links, await self._call("GET", f"/payment_links?{query}", until)).payment_links

    async def _call(
        self,
        verb: str,
        path: str,
        until: float,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Ask Razorpay; return its answer's body. Raises _Refusal, or Unavailable where nothing definite came."""
        name = f"razorpay {verb} {path.split('?')[0].split('/')[1]}"
        return _definite(name, *await self._http.call(name, verb, path, until, body=body, headers=headers))


def _definite(name: str, status: int, data: bytes) -> bytes:
    if 200 <= status < 300:
        return data
    if status not in _REFUSED:
        log.log(logging.ERROR if status in (401, 403) else logging.WARNING, "%s: HTTP %d", name, status)
        raise Unavailable()
    try:
        error = from_json(data).get("error", {})
        raise _Refusal(status, str(error.get("description", "")))
    except (ValueError, AttributeError):
        # No refusal of Razorpay's own, which is JSON.
        log.warning("%s: HTTP %d that is not Razorpay's", name, status)
        raise Unavailable() from None


def _read(kind: type[M], data: bytes) -> M:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        fields = sorted({".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False)})
        log.error("Razorpay's answer is no %s: %s", kind.__name__, fields[:5])
        raise Unavailable() from None


def _is_payable(amount: int, currency: str) -> bool:
    """Tell whether Razorpay has this amount. It counts as ISO does, but of three decimals the last must be 0."""
    return DIGITS.get(currency) in (0, 2) or (DIGITS.get(currency) == 3 and amount % 10 == 0)


def _report(payment: Payment, link: Link) -> SessionReport:
    captured = link.captured
    return SessionReport(
        payment.id,
        payment.session_id,
        link.amount,
        link.currency,
        _outcome(link),
        method=None if captured is None else _METHODS.get(captured.method),
        gateway_order_id=link.id,
        gateway_payment_id=None if captured is None else captured.payment_id,
    )


def _outcome(link: Link) -> Outcome | None:
    if link.captured is not None:
        return Outcome.CAPTURED
    if link.status not in _OUTCOMES:
        unknown("razorpay link status", link.status)
        raise Unavailable()
    return _OUTCOMES[link.status]


def _refund_answer(known: list[_ItsRefund]) -> RefundAnswer:
    """Return how far a refund is. One that failed may have been made again, by hand: any that succeeded counts."""
    states = {one.status for one in known}
    if "processed" in states:
        return RefundAnswer.SUCCEEDED
    if "pending" in states:
        return RefundAnswer.PENDING
    if states == {"failed"}:
        raise RefundDeclined("Razorpay could not carry it out")
    unknown("razorpay refund status", sorted(states)[0])
    raise Unavailable()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _defect(refusal: _Refusal) -> Failure:
    log.error("Razorpay refused us: %s", refusal)
    return Unavailable()
