"""Mails that other services ask for, about accounts and offers: they wait there, are taken, and handed over.

Nothing of them is kept here: who they are for and the tokens of their links stay in memory for as long as that takes.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Protocol

from services.chassis.errors import Failure
from services.chassis.sight import faults
from services.notifications.mails.composing import AddressUnusable, Composer, ascii_address
from services.notifications.mails.delivery import Server, hand_over
from services.notifications.mails.domain import LEASE, Outcome, Result
from services.notifications.measures import MAILS
from services.notifications.peers import AskedMail

log = logging.getLogger(__name__)

BATCH = 20
PAUSE_SECONDS = 1.0
"""How often mails are asked for where none was due."""


class Asking(Protocol):
    """A service that has mails sent."""

    async def claim_mails(self, limit: int) -> list[AskedMail]:
        """Take some mails that are due."""
        ...

    async def finish_mail(self, mail: AskedMail, outcome: str, reason: str) -> None:
        """Say what came of an attempt."""
        ...


class AskedMails:
    """Who sends mails that a service asks for. Every process of this service runs one for each."""

    def __init__(self, asking: Asking, composer: Composer, server: Server | None, language: str) -> None:
        """Without a `server` no mail is sent: each is skipped."""
        self._asking = asking
        self._composer = composer
        self._server = server
        self._language = language

    async def run(self) -> None:
        """Send mails as they are asked for, until cancelled."""
        while True:
            faults.operation.set("asked mails")
            try:
                while await self.send_once():
                    pass
            except Failure as failure:
                log.warning("asked mails wait: %s: %s", failure.reason, failure)
            except Exception:  # it never ends by itself: mails would wait for ever
                log.exception("sending asked mails stumbled")
            await asyncio.sleep(PAUSE_SECONDS)

    async def send_once(self) -> int:
        """Try one batch of mails that are due; return how many there were."""
        until = time.monotonic() + LEASE.total_seconds() / 2
        mails = await self._asking.claim_mails(BATCH)
        ready = await self._made(mails)
        if ready and self._server is not None:
            await hand_over(self._server, ready, self._note, lambda: time.monotonic() < until)
        return len(mails)

    async def _made(self, mails: Sequence[AskedMail]) -> list[tuple[AskedMail, str, bytes]]:
        """Return mails with their address and content, but for those of which it is said that they are not made."""
        ready = []
        for mail in mails:
            if self._server is None:
                await self._note(mail, Result(Outcome.SKIPPED, "NO_MAIL_SERVER"))
                continue
            try:
                content = self._composer.compose_asked(mail, self._language)
                ready.append((mail, ascii_address(mail.email), content))
            except AddressUnusable:
                await self._note(mail, Result(Outcome.SKIPPED, "ADDRESS_UNUSABLE"))
            except Exception as error:  # a mail that cannot be made must not hold up the others of its batch
                log.error("a mail cannot be made: %s", type(error).__name__, extra={"mail_id": str(mail.id)})
                await self._note(mail, Result(Outcome.LATER, "NOT_MADE"))
        return ready

    async def _note(self, mail: AskedMail, result: Result) -> None:
        await self._asking.finish_mail(mail, result.outcome.name, result.reason)
        MAILS.labels(result.outcome).inc()
        if result.outcome is Outcome.DEAD:
            log.error("dead mail", extra={"mail_id": str(mail.id), "why": result.reason})
