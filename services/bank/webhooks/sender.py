"""The sender of webhooks. The bank's other job is sessions.close.end_due."""

import asyncio
import logging

from services.bank.webhooks.deliveries import Deliveries, Delivery
from services.bank.webhooks.merchant import Merchant
from services.chassis.errors import Failure

log = logging.getLogger(__name__)

PARALLEL = 64
"""Webhooks on their way at once. A busy shop takes a tenth to a half of a second for each: with 16, every ticket of an
on-sale waited for its webhook."""

STOP_SECONDS = 2.0
"""How long webhooks that are on their way may take when the bank stops."""

POLL_SECONDS = 1.0
"""How often to look for webhooks that another replica appended, or left behind."""


class Sender:
    """Sends webhooks, several at once; a slow one holds nobody up but itself."""

    def __init__(self, deliveries: Deliveries, merchant: Merchant) -> None:
        self._deliveries = deliveries
        self._merchant = merchant
        self._sending: set[asyncio.Task[None]] = set()
        self._more = False

    async def run(self) -> None:
        """Send what is due, until cancelled."""
        try:
            await self._run(self._deliveries.wake)
        finally:
            if self._sending:
                await asyncio.wait(self._sending, timeout=STOP_SECONDS)

    async def _run(self, wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            try:
                await self._start()
            except Failure as failure:
                log.warning("the sender waits: %s", failure)
            except Exception:
                log.exception("the sender stumbled")
            try:
                # Not wait_for, which may swallow a cancellation.
                async with asyncio.timeout(POLL_SECONDS):
                    await wake.wait()
            except TimeoutError:
                continue

    async def _start(self) -> None:
        """Start sending as many webhooks as there is room for."""
        room = PARALLEL - len(self._sending)
        due = await self._deliveries.claim(room) if room else []
        self._more = len(due) == room
        for delivery in due:
            task = asyncio.create_task(self._send(delivery))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if self._more:
            self._deliveries.wake.set()

    async def _send(self, delivery: Delivery) -> None:
        try:
            answer = await self._merchant.post(delivery.event_id, delivery.payload)
            if answer.error is None or (delivery.is_lie and answer.is_refusal):
                await self._deliveries.delivered(delivery, answer.error)
                return
            delay = await self._deliveries.postpone(delivery, answer.error)
            log.warning("webhook not taken", extra={"event_id": delivery.event_id, "error": answer.error})
            asyncio.get_running_loop().call_later(delay, self._deliveries.wake.set)
        except Failure as failure:
            # The lease runs out and it is sent again, under the same id.
            log.warning("webhook left for later: %s", failure)
        except Exception:
            log.exception("webhook %s cannot be sent", delivery.event_id)
