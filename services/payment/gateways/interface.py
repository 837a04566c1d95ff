"""What payment asks of a payment gateway. A payment stays at the gateway that it was begun at.

Every call may be repeated; what came of one that fails is not known. A gateway also raises Unavailable for refusals
that can only be a defect of ours, and logs them as errors: customers have no use for what a gateway said to us.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from services.chassis.errors import Unavailable
from services.payment.domain.payments import Payable, Payment, SessionReport
from services.payment.domain.refunds import Refund

log = logging.getLogger(__name__)

GATEWAY_SECONDS = 3.0
"""How long a gateway may take for an answer."""


class RefundAnswer(StrEnum):
    """What a gateway says to a refund."""

    SUCCEEDED = "SUCCEEDED"
    PENDING = "PENDING"


class RefundDeclined(Exception):
    """The gateway will not carry this refund out."""


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """A session, and where it is paid."""

    report: SessionReport
    url: str


@dataclass(frozen=True, slots=True)
class Fee:
    """What a gateway has kept of a payment."""

    amount: int
    """With the tax on it."""
    tax: int


class Gateway(Protocol):
    """A payment gateway."""

    async def create_session(self, payment: Payment, booking: Payable) -> CheckoutPage:
        """Open the session of a payment, or look at it if it was opened before."""

    async def get_session(self, payment: Payment) -> SessionReport | None:
        """Look at a payment's session; return None if the gateway does not know it."""

    async def close_session(self, payment: Payment, seconds: float = GATEWAY_SECONDS) -> SessionReport | None:
        """Close a payment's session if it is open, and look at it; return None if the gateway does not know it.

        A session that does not let itself be closed is being paid: it is reported as it is.
        """

    async def end_session(self, payment: Payment) -> SessionReport | None:
        """End a payment's session whose time is up, if the gateway does not by itself, and look at it.

        A gateway that has a clock of its own may find that there is time left, and report the session as open.
        """

    async def refund(self, refund: Refund, seconds: float = GATEWAY_SECONDS) -> RefundAnswer:
        """Have a refund carried out; raise RefundDeclined if the gateway never will."""

    async def find_refund(self, refund: Refund, seconds: float = GATEWAY_SECONDS) -> RefundAnswer | None:
        """Look at a refund that may have been asked for before; return None where it is neither on its way nor done."""

    async def fee(self, payment: Payment) -> Fee | None:
        """Return what it has kept of a payment that was captured; None while that is not known."""


class Gateways:
    """The gateways that are configured, as one: each payment and refund goes to its own.

    So the gateway of new payments can be changed while payments at the one before are open.
    """

    def __init__(self, by_name: Mapping[str, Gateway], *, current: str) -> None:
        """`current` is the name of the gateway of new payments."""
        self._by_name = by_name
        self.current = current

    async def create_session(self, payment: Payment, booking: Payable) -> CheckoutPage:
        """See Gateway."""
        return await self._of(payment).create_session(payment, booking)

    async def get_session(self, payment: Payment) -> SessionReport | None:
        """See Gateway."""
        return await self._of(payment).get_session(payment)

    async def close_session(self, payment: Payment, seconds: float = GATEWAY_SECONDS) -> SessionReport | None:
        """See Gateway."""
        return await self._of(payment).close_session(payment, seconds)

    async def end_session(self, payment: Payment) -> SessionReport | None:
        """See Gateway."""
        return await self._of(payment).end_session(payment)

    async def refund(self, refund: Refund, seconds: float = GATEWAY_SECONDS) -> RefundAnswer:
        """See Gateway."""
        return await self._of(refund).refund(refund, seconds)

    async def find_refund(self, refund: Refund, seconds: float = GATEWAY_SECONDS) -> RefundAnswer | None:
        """See Gateway."""
        return await self._of(refund).find_refund(refund, seconds)

    async def fee(self, payment: Payment) -> Fee | None:
        """See Gateway."""
        return await self._of(payment).fee(payment)

    def _of(self, thing: Payment | Refund) -> Gateway:
        gateway = self._by_name.get(thing.gateway)
        if gateway is None:
            log.error("%s is at a gateway that is not configured: %s", thing.id, thing.gateway)
            raise Unavailable()
        return gateway
