"""Sending messages, step by step: take endpoints, post to each what comes next, one after the other, and note it."""

import asyncio
import json
import logging
import secrets
import time

from services.chassis.errors import Failure
from services.chassis.sight import faults
from services.chassis.store.database import Database
from services.chassis.values.vault import SecretUnreadable, Vault
from services.notifications.measures import WEBHOOKS
from services.notifications.webhooks import operation
from services.notifications.webhooks.domain import RUN_SECONDS, Answer, Message, Outcome, State, Taken
from services.notifications.webhooks.posting import Poster
from services.notifications.webhooks.signing import signed_headers, unseal

log = logging.getLogger(__name__)

FAST_ENDPOINTS = 48
"""How many endpoints are sent to at once by a process, of those that answer fast."""
SLOW_ENDPOINTS = 32
"""How many of the others: they wait for each other, and the fast ones do not wait for them."""
BATCH = 20
"""Messages that are sent to an endpoint before others have their turn."""
PAUSE_SECONDS = 1.0
"""How often endpoints are looked for that there is something to send to."""
STOP_SECONDS = 2.0
"""How long what is on its way may take when the process stops. What takes longer is sent again, with the same id."""


class Sender:
    """Sends messages to endpoints. Every process of the service runs one; each endpoint is one sender's at a time."""

    def __init__(self, db: Database, vault: Vault, poster: Poster) -> None:
        self._db = db
        self._vault = vault
        self._poster = poster
        self._going: dict[asyncio.Task[None], bool] = {}
        """What is under way, and whether it is to a slow endpoint."""
        self._again = asyncio.Event()

    async def run(self) -> None:
        """Send messages as they come, until cancelled."""
        try:
            while True:
                self._again.clear()
                faults.operation.set("webhooks")
                try:
                    await self._begin()
                except Failure as failure:
                    log.warning("webhooks wait: %s: %s", failure.reason, failure)
                except Exception:  # it never ends by itself: messages would wait for ever
                    log.exception("sending webhooks stumbled")
                try:
                    # Not wait_for, which may swallow a cancellation.
                    async with asyncio.timeout(PAUSE_SECONDS):
                        await self._again.wait()
                except TimeoutError:
                    continue
        finally:
            if self._going:
                _, late = await asyncio.wait(self._going, timeout=STOP_SECONDS)
                for task in late:
                    task.cancel()

    async def send_once(self) -> int:
        """Send to the endpoints that there is something to send to now; return how many there were."""
        begun = await self._begin()
        await asyncio.gather(*begun)
        return len(begun)

    async def _begin(self) -> list[asyncio.Task[None]]:
        """Begin to send to as many endpoints as there is room for."""
        begun = []
        for is_slow, most in ((False, FAST_ENDPOINTS), (True, SLOW_ENDPOINTS)):
            room = most - sum(slow is is_slow for slow in self._going.values())
            for taken in await operation.take(self._db, is_slow=is_slow, limit=room):
                task = asyncio.create_task(self._send_to(taken))
                self._going[task] = is_slow
                task.add_done_callback(self._ended)
                begun.append(task)
        return begun

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._going.pop(task, None)
        self._again.set()

    async def _send_to(self, taken: Taken) -> None:
        """Send to one endpoint what comes next, and leave it to whoever is next."""
        try:
            until = time.monotonic() + RUN_SECONDS
            try:
                signers = unseal(self._vault, taken.id, taken.sealed)
            except SecretUnreadable:
                log.error("WEBHOOK_KEY_SECRET is another than that by which secrets were encrypted: set that one")
                return  # nobody takes it again until its lease is over
            if taken.state is State.CHALLENGED:
                await self._challenge(taken, signers)
            else:
                await self._send_all(taken, signers, until)
            await operation.give_back(self._db, taken)
        except Failure as failure:
            # The lease runs out, and what is not noted is sent again, with the same id.
            log.warning("a webhook is left for later: %s: %s", failure.reason, failure)
        except Exception:  # one endpoint must not end the others
            log.exception("an endpoint cannot be sent to", extra={"endpoint_id": str(taken.id)})

    async def _send_all(self, taken: Taken, signers: list[str], until: float) -> None:
        for message in await operation.next_resends(self._db, taken, BATCH):
            answer = await self._post(taken, message, signers)
            if not await operation.note_resent(self._db, taken, message.number, answer) or time.monotonic() > until:
                return
        if not taken.is_due:
            return
        page = await operation.next_messages(self._db, taken, BATCH)
        for message in page.messages:
            answer = await self._post(taken, message, signers)
            if answer.outcome is not Outcome.TAKEN:
                await self._failed(taken, message.number, answer)
                return
            if not await operation.note_taken(self._db, taken, message.number, answer) or time.monotonic() > until:
                return
        if len(page.messages) < BATCH:
            await operation.pass_over(self._db, taken, page.last)

    async def _post(self, taken: Taken, message: Message, signers: list[str]) -> Answer:
        headers = signed_headers(message.webhook_id, message.content, signers)
        answer = await self._poster.post(taken.url, message.content, headers)
        WEBHOOKS.labels(answer.outcome).inc()
        return answer

    async def _challenge(self, taken: Taken, signers: list[str]) -> None:
        """Ask an endpoint whether it wants messages: it says so by what it can only read there."""
        challenge = secrets.token_urlsafe(32)
        content = json.dumps({"type": "webhook.challenge", "data": {"challenge": challenge}}, separators=(",", ":"))
        id_ = f"challenge_{taken.id}_{taken.lease}"
        answer = await self._poster.post(taken.url, content, signed_headers(id_, content, signers), challenge)
        WEBHOOKS.labels(answer.outcome).inc()
        if answer.outcome is Outcome.TAKEN:
            await operation.note_taken(self._db, taken, None, answer)
        else:
            await self._failed(taken, None, answer)

    async def _failed(self, taken: Taken, number: int | None, answer: Answer) -> None:
        if await operation.note_failed(self._db, taken, number, answer):
            log.warning("an endpoint is switched off", extra={"endpoint_id": str(taken.id)})
