"""Razorpay in a storm: a stand-in beside the stack, its customers, and what goes wrong there by itself."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp

from services.payment.refunds.statements import REDRIVE
from stack.postgres import Server
from stack.services import API
from storm.razorpay import StandIn, environment
from storm.razorpay_customers import Customers
from storm.razorpay_server import razorpay

LATE_SECONDS = 6.0
PAUSE_SECONDS = 0.5
END_SECONDS = 60.0
SHARES = {"lost answer": 4, "forgotten keys": 4, "late failing refund": 3, "dispute": 2, "decision": 2}
"""What goes wrong, and how often each."""

T = TypeVar("T")

BALANCE = """
    SELECT coalesce(sum(amount) FILTER (WHERE account IN ('BALANCE', 'FEES', 'TAXES')), 0)::bigint FROM ledger
"""


@dataclass
class AtRazorpay:
    """The stand-in, which runs in a thread of its own until all is reckoned."""

    stand_in: StandIn
    customers: Customers
    chance: random.Random
    _loop: asyncio.AbstractEventLoop
    done: Counter[str] = field(default_factory=Counter)
    """What went wrong, and how often."""
    _over: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """Return what payment is told."""
        return dict(environment(self.stand_in)) | {"POLL_FIRST_SECONDS": "2", "POLL_MAX_SECONDS": "5"}

    async def pay(self, session: str, behaviour: str) -> None:
        """Pay on a session's page."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.customers.pay(session, behaviour), self._loop))

    def begin(self, public_url: str) -> None:
        """Deliver webhooks there, and let things go wrong."""
        self._do(self._connect(public_url))
        self._mischief = asyncio.run_coroutine_threadsafe(self._go_wrong(), self._loop)

    def end(self, server: Server) -> None:
        """Let nothing more go wrong, decide and tell what is open, and redrive what is stuck, as an operator does."""
        self._over = True
        self._mischief.result(END_SECONDS)
        self._do(self._settle())
        with server.connect("payment") as connection:
            connection.execute(REDRIVE.encode())

    def nets(self) -> dict[str, int]:
        """Return what the account has of each booking, fees left aside."""
        nets = defaultdict[str, int](int)
        for link, payment in self._paid():
            nets[link["notes"]["booking_id"]] += payment["amount"] - payment["amount_refunded"]
        return dict(nets)

    @property
    def methods(self) -> dict[str, set[str]]:
        """The behaviours that were chosen for each booking."""
        return self.customers.methods

    def captured(self) -> dict[str, int]:
        """Return what was taken by each session."""
        return {link["notes"]["session_id"]: payment["amount"] for link, payment in self._paid()}

    def differs(self, server: Server) -> str:
        """Return in what payment's ledger has another balance than the account; empty if it has the same."""
        with server.connect("payment") as connection:
            [(booked,)] = connection.execute(BALANCE.encode()).fetchall()
        fees = sum(payment["fee"] for _, payment in self._paid())
        has = self.stand_in.balance + fees
        return "" if booked == has else f"Razorpay's account has {has} before fees, the ledger says {booked}"

    def _paid(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        for link in list(self.stand_in.links.values()):
            for one in link["payments"] or ():
                yield link, self.stand_in.payments[one["payment_id"]]

    def _do(self, doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(END_SECONDS)

    async def _connect(self, public_url: str) -> None:
        http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))

        async def post(body: bytes, headers: dict[str, str]) -> int:
            url = f"{public_url}{API}/payments/webhooks/razorpay"
            async with http.post(url, data=body, headers=headers) as answer:
                return answer.status

        self.stand_in.post = post
        self._http = http

    async def _go_wrong(self) -> None:
        while not self._over:
            await asyncio.sleep(PAUSE_SECONDS * self.chance.uniform(0.5, 1.5))
            [what] = self.chance.choices(list(SHARES), list(SHARES.values()))
            self.done[what] += 1
            match what:
                case "lost answer":
                    self.stand_in.moods.lose_answers = 1
                case "forgotten keys":
                    self.stand_in.forget_keys()
                case "late failing refund":
                    await self._fail_a_refund()
                case "dispute":
                    await self._dispute()
                case _:
                    await self._decide(self._open()[:1])

    async def _fail_a_refund(self) -> None:
        done = [one for one in self.stand_in.refunds.values() if one["status"] == "processed"]
        if done:
            refund = self.chance.choice(done)
            self.stand_in.fail_refund(refund)
            await self.customers.tell(self.stand_in.event("refund.failed", refund=refund))

    async def _dispute(self) -> None:
        disputed = {dispute["payment_id"] for dispute in self.stand_in.disputes.values()}
        whole = [payment for _, payment in self._paid() if not payment["amount_refunded"]]
        if free := [payment for payment in whole if payment["id"] not in disputed]:
            dispute = self.stand_in.dispute(self.chance.choice(free))
            body = self.stand_in.dispute_event("created", dispute)
            for _ in range(self.chance.choice((1, 2))):
                await self.customers.tell(body)

    def _open(self) -> list[dict[str, Any]]:
        return [dispute for dispute in self.stand_in.disputes.values() if dispute["status"] == "open"]

    async def _decide(self, disputes: list[dict[str, Any]]) -> None:
        for dispute in disputes:
            end = self.chance.choice(("won", "lost", "closed"))
            self.stand_in.decide(dispute, end)
            await self.customers.tell(self.stand_in.dispute_event(end, dispute))

    async def _settle(self) -> None:
        self.stand_in.moods.lose_answers = 0
        await self.customers.finish_late()
        await self._decide(self._open())
        for refund in list(self.stand_in.refunds.values()):
            # Whatever was told while nobody was there to hear of it.
            what = {"failed": "refund.failed", "processed": "refund.processed"}[refund["status"]]
            await self.customers.tell(self.stand_in.event(what, refund=refund))
        for _, payment in list(self._paid()):
            await self.customers.tell(self.stand_in.event("payment.captured", payment=payment))
        for dispute in list(self.stand_in.disputes.values()):
            await self.customers.tell(self.stand_in.dispute_event(dispute["status"], dispute))
        await self.customers.told()


@contextmanager
def running(seed: str) -> Iterator[AtRazorpay]:
    """Run a stand-in in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="razorpay", daemon=True)
    thread.start()
    serving = razorpay()
    stand_in = asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(END_SECONDS)
    at = AtRazorpay(stand_in, Customers(stand_in, LATE_SECONDS), random.Random(f"razorpay {seed}"), loop)
    try:
        yield at
    finally:
        at._over = True

        async def close() -> None:
            if (http := getattr(at, "_http", None)) is not None:
                await http.close()
            await serving.__aexit__(None, None, None)

        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(close(), loop).result(END_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(END_SECONDS)
