"""Customers at Razorpay: what they do on its page, by the names of the sandbox's behaviours, and what befalls them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from storm.razorpay import Json, StandIn

NOT_ENOUGH = "Your account does not have enough balance to carry out the refund operation."
REFUSED_FOR_GOOD = "The refund is not supported by the bank"
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 3.0, 3.0, 5.0, 5.0, 5.0, 5.0)
"""How long after a webhook that nobody took the next try is; then Razorpay gives up, and has to be asked."""


@dataclass(frozen=True)
class Behaviour:
    """What a customer does, and what Razorpay makes of it."""

    pays: bool = True
    method: str = "upi"
    is_late: bool = False
    """Whether the payment is under way for a while: meanwhile the link cannot be cancelled."""
    told: int = 1
    """How often a webhook tells of it."""
    told_late: bool = False
    between_false_ends: bool = False
    lies: bool = False
    """Whether webhooks tell of another amount and of another payment."""
    refusals: int = 0
    """How often the account is empty when a refund is wanted."""
    refunds: bool = True


_DECLINES = Behaviour(pays=False)
BEHAVIOURS: Mapping[str, Behaviour] = {
    "pm_succeed": Behaviour(),
    "pm_decline": _DECLINES,
    "pm_decline_then_succeed": _DECLINES,
    "pm_never_answer": Behaviour(told=0),
    "pm_duplicate": Behaviour(told=4),
    "pm_reorder": Behaviour(between_false_ends=True),
    "pm_delay": Behaviour(told_late=True),
    "pm_late": Behaviour(is_late=True),
    "pm_tamper_amount": Behaviour(lies=True, told=0),
    "pm_tamper_payment": Behaviour(lies=True, told=0),
    "pm_fail_refund_1": Behaviour(refusals=1),
    "pm_fail_refund_3": Behaviour(refusals=3),
    "pm_refund_declined": Behaviour(refunds=False),
    "card_succeed": Behaviour(method="card"),
    "card_3ds": Behaviour(method="card"),
    "card_decline": _DECLINES,
    "upi_succeed": Behaviour(),
    "upi_decline": _DECLINES,
    "upi_silent": _DECLINES,
    "netbanking_succeed": Behaviour(method="netbanking"),
    "netbanking_decline": _DECLINES,
    "netbanking_late": Behaviour(is_late=True, method="netbanking"),
}
"""Whatever the sandbox's bank plays (docs/sandbox.md), as it is at Razorpay: there a decline ends no link, so the next
attempt is on the same page, and a card's code is asked for on it."""


@dataclass
class Customers:
    """Those who pay at a stand-in."""

    stand_in: StandIn
    late_seconds: float
    """How long what is late is under way."""
    methods: dict[str, set[str]] = field(default_factory=dict)
    """The behaviours that were chosen for each booking."""
    _beside: set[asyncio.Task[None]] = field(default_factory=set)

    async def pay(self, session_id: str, name: str) -> None:
        """Pay on the page of a session; nothing happens where it is closed."""
        link = next(one for one in self.stand_in.links.values() if one["notes"]["session_id"] == session_id)
        behaviour, reference = BEHAVIOURS[name], link["reference_id"]
        chosen = self.methods.setdefault(link["notes"]["booking_id"], set())
        if name == "pm_decline_then_succeed" and name in chosen:
            behaviour = Behaviour()
        chosen.add(name)
        if link["status"] != "created" or reference in self.stand_in.being_paid:
            return
        if not behaviour.pays:
            failed = self.stand_in.fail(reference)
            await self.tell(self.stand_in.event("payment.failed", payment=failed))
        elif behaviour.is_late:
            self.stand_in.being_paid.add(reference)
            self._spawn(self._pay_late(reference, behaviour))
        else:
            await self._paid(reference, behaviour)

    async def finish_late(self) -> None:
        """Let all that is late come now."""
        for reference in list(self.stand_in.being_paid):
            await self._paid(reference, Behaviour())

    async def told(self) -> None:
        """Wait until what is told has been told."""
        while self._beside:
            await asyncio.wait(set(self._beside))

    async def tell(self, body: bytes) -> None:
        """Deliver a webhook, again and again for a while."""
        for pause in PAUSES:
            try:
                if await self.stand_in.tell(body) == 200:
                    return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(pause)

    async def _pay_late(self, reference: str, behaviour: Behaviour) -> None:
        await asyncio.sleep(self.late_seconds)
        if reference in self.stand_in.being_paid:
            await self._paid(reference, behaviour)

    async def _paid(self, reference: str, behaviour: Behaviour) -> None:
        payment = self.stand_in.pay(reference, method=behaviour.method)
        self.stand_in.being_paid.discard(reference)
        if behaviour.refusals:
            self.stand_in.refusals[payment["id"]] = [NOT_ENOUGH] * behaviour.refusals
        if not behaviour.refunds:
            self.stand_in.never_refunded[payment["id"]] = REFUSED_FOR_GOOD
        for body in self._webhooks(reference, payment, behaviour):
            self._spawn(self._tell_late(body) if behaviour.told_late else self.tell(body))

    def _webhooks(self, reference: str, payment: Json, behaviour: Behaviour) -> list[bytes]:
        event = self.stand_in.link_event
        told = [event("payment_link.paid", reference), self.stand_in.event("payment.captured", payment=payment)]
        bodies = told * behaviour.told
        if behaviour.between_false_ends:
            ends = [event(f"payment_link.{end}", reference) for end in ("cancelled", "expired")]
            bodies = ends + bodies + ends
        if behaviour.lies:
            link = self.stand_in.link_of(reference)
            others = [one for one in self.stand_in.links.values() if one["status"] == "created"]
            lies = [
                link | {"amount": link["amount"] // 2},
                *(link | {"reference_id": one["reference_id"]} for one in others[:2]),
            ]
            bodies += [self.stand_in.event("payment_link.paid", payment_link=lie) for lie in [*lies, *others[:2]]]
        return bodies

    async def _tell_late(self, body: bytes) -> None:
        await asyncio.sleep(self.late_seconds)
        await self.tell(body)

    def _spawn(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(doing)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
