"""Sending mails, step by step: take some, ask whom they are for and what they are about, and hand them over."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.chassis.errors import Code, Failure
from services.chassis.sight import faults
from services.chassis.store.database import Database
from services.notifications.clients import BookingClient, IdentityClient, InventoryClient
from services.notifications.mails import operation
from services.notifications.mails.composing import AddressUnusable, Composer, ascii_address
from services.notifications.mails.delivery import Server, hand_over
from services.notifications.mails.domain import LEASE, Mail, Outcome, ReminderCheck, Result, why_not_remind
from services.notifications.measures import MAILS, PAPERLESS
from services.notifications.notices.domain import Fact, Kind
from services.notifications.peers import Attachment, BookingInWords, Recipient
from services.notifications.preferences import operation as preferences
from services.notifications.preferences.domain import UNCHOSEN, Links, Preferences

log = logging.getLogger(__name__)

BATCH = 20
UNSENT_BATCH = 200
"""How many are taken at once: fewer where they are handed over, one after the other, while their lease lasts."""
TRIES_BEHIND = 5
"""How often a mail waits for booking to follow a rescheduled show, which takes seconds. Then it goes as it is: where
the show was rescheduled again, booking never shows what this mail is about."""
TRIES_FOR_PAPERS = 8
"""How often a mail waits for its tickets as files, which takes some minutes: booking may be away, or refuse for a while
what can wait. Then it goes without, and names the page that has them."""
WITH_PAPERS = {Kind.CONFIRMED, Kind.SHOW_RESCHEDULED}
"""Facts whose mails have the tickets and a calendar with them."""
MAX_PAPERS_BYTES = 2 * 1024 * 1024
"""Of all files of a mail; a hundred tickets are a quarter of it. Larger mails are refused by many servers."""
NO_TICKETS = ("TICKET_REVOKED", "BOOKING_NOT_FOUND")
"""Why a booking has no papers and will not come to have any."""
PAUSE_SECONDS = 1.0
"""How often mails are looked for where none was due."""


class Mails:
    """The mails that wait, and who sends them. Every process of the service runs this."""

    def __init__(
        self,
        db: Database,
        identity: IdentityClient,
        booking: BookingClient,
        inventory: InventoryClient,
        composer: Composer,
        server: Server | None,
        links: Links,
        language: str,
        reminders_per_hour: int,
    ) -> None:
        """Without a `server` no mail is sent: each is skipped.

        `language` is that of mails to who has chosen none. A user gets so many reminders within an hour at most.
        """
        self._db = db
        self._identity = identity
        self._booking = booking
        self._inventory = inventory
        self._composer = composer
        self._server = server
        self._links = links
        self._language = language
        self._reminders_per_hour = reminders_per_hour

    async def run(self) -> None:
        """Send mails as they come due, until cancelled."""
        if self._server is None:
            log.warning("SMTP_HOST is not set: no mails are sent, and those that were to be are skipped")
        while True:
            faults.operation.set("mails")
            try:
                while await self.send_once():
                    pass
            except Failure as failure:
                log.warning("mails wait: %s: %s", failure.reason, failure)
            except Exception:  # it never ends by itself: mails would wait for ever
                log.exception("sending mails stumbled")
            await asyncio.sleep(PAUSE_SECONDS)

    async def send_once(self) -> int:
        """Try one batch of mails that are due; return how many there were."""
        until = time.monotonic() + LEASE.total_seconds() / 2
        mails = await operation.claim(self._db, UNSENT_BATCH if self._server is None else BATCH)
        if not mails:
            return 0
        ready = await self._made(mails)
        if ready and self._server is not None:
            await hand_over(self._server, ready, self._note, lambda: time.monotonic() < until)
        return len(mails)

    async def _made(self, mails: Sequence[Mail]) -> list[tuple[Mail, str, bytes]]:
        """Return mails with their address and content, but for those of which it is noted that they are not made.

        Those that are skipped are noted together: each by itself would be a transaction for every ticket.
        """
        people = await self._recipients(mails)
        chosen = await preferences.find(self._db, list({mail.fact.user_id for mail in mails}))
        checks = await operation.check_reminders(self._db, mails)
        reminded = Counter[UUID]()
        ready, skipped = [], list[tuple[Mail, Result]]()
        for mail in mails:
            to = people.get(mail.fact.user_id)
            wish = chosen.get(mail.fact.user_id, UNCHOSEN)
            if (why := self._why_not(mail, to, wish)) is not None:
                skipped.append((mail, Result(Outcome.SKIPPED, why)))
                continue
            assert to is not None, "else there is a reason"
            check = checks.get(mail.id)
            if check is not None:
                check = replace(check, sent=check.sent + reminded[mail.fact.user_id])
            made = await self._compose(mail, to, wish, check)
            if not isinstance(made, Result):
                ready.append((mail, *made))
                reminded[mail.fact.user_id] += check is not None
            elif made.outcome is Outcome.SKIPPED:
                skipped.append((mail, made))
            else:
                await self._note(mail, made)
        if skipped:
            await operation.finish(self._db, skipped)
            MAILS.labels(Outcome.SKIPPED).inc(len(skipped))
        return ready

    async def _recipients(self, mails: Sequence[Mail]) -> dict[UUID, Recipient]:
        if self._server is None:
            return {}
        try:
            return await self._identity.recipients(sorted({mail.fact.user_id for mail in mails}))
        except Failure as failure:
            for mail in mails:
                await self._note(mail, Result(Outcome.LATER, failure.reason))
            raise

    def _why_not(self, mail: Mail, to: Recipient | None, wish: Preferences) -> str | None:
        if self._server is None:
            return "NO_MAIL_SERVER"
        if to is None:
            return "NO_ADDRESS"
        if not to.is_verified:
            return "NOT_VERIFIED"
        return "NOT_WANTED" if mail.fact.kind is Kind.REMINDER and not wish.reminders else None

    async def _compose(
        self, mail: Mail, to: Recipient, wish: Preferences, check: ReminderCheck | None
    ) -> tuple[str, bytes] | Result:
        try:
            booking = await self._in_words(mail.fact)
        except Failure as failure:
            is_gone = failure.code is Code.NOT_FOUND
            return Result(Outcome.SKIPPED if is_gone else Outcome.LATER, failure.reason)
        if check is not None and (why := self._why_not_remind(mail, check, booking)) is not None:
            return Result(Outcome.SKIPPED, why)
        language = wish.language or self._language
        try:
            if await self._is_behind(mail, booking):
                return Result(Outcome.LATER, "BOOKING_BEHIND")
            papers = await self._papers(mail, booking.id, language)
        except Failure as failure:
            return Result(Outcome.LATER, failure.reason)
        try:
            token = "" if check is None else self._links.token(mail.fact.user_id)
            return ascii_address(to.email), self._composer.compose(mail, booking, to, language, papers, token)
        except AddressUnusable:
            return Result(Outcome.SKIPPED, "ADDRESS_UNUSABLE")
        except Exception:  # a mail that cannot be made must not hold up the others of its batch
            log.exception("a mail cannot be made", extra={"mail_id": str(mail.id)})
            return Result(Outcome.LATER, "NOT_MADE")

    async def _in_words(self, fact: Fact) -> BookingInWords:
        if fact.offer_id is not None:
            return await self._booking.held_in_words(fact.offer_id, fact.user_id)
        assert fact.booking_id is not None, "a mail is about one of both"
        return await self._booking.in_words(fact.booking_id, fact.user_id)

    def _why_not_remind(self, mail: Mail, check: ReminderCheck, booking: BookingInWords) -> str | None:
        return why_not_remind(
            mail.fact.starts_at, check, is_confirmed=booking.is_confirmed, most=self._reminders_per_hour
        )

    async def _is_behind(self, mail: Mail, booking: BookingInWords) -> bool:
        """Tell whether booking does not follow a rescheduled show yet: the mail would tell of the hall of before.

        A show that was rescheduled before may have got another hall alone, so inventory is asked. Raises Failure.
        """
        fact = mail.fact
        if mail.attempts > TRIES_BEHIND or fact.kind not in (Kind.SHOW_RESCHEDULED, Kind.REMINDER):
            return False
        if booking.starts_at != fact.starts_at:
            return True
        if fact.kind is Kind.REMINDER:
            return False
        try:
            return not booking.is_rescheduled or booking.screen != (await self._inventory.show(fact.show_id)).screen
        except Failure as failure:
            if failure.code is Code.NOT_FOUND:
                return False
            raise

    async def _papers(self, mail: Mail, booking_id: UUID, language: str) -> list[Attachment]:
        """Return the files that go with a mail; none where there are none, or after some tries. Raise Failure."""
        fact = mail.fact
        if fact.kind not in WITH_PAPERS:
            return []
        try:
            papers = await self._booking.papers(booking_id, fact.user_id, language)
        except Failure as failure:
            if failure.reason in NO_TICKETS:
                return []
            if mail.attempts <= TRIES_FOR_PAPERS:
                raise
            log.error("a mail goes without its tickets: %s", failure.reason, extra={"mail_id": str(mail.id)})
            PAPERLESS.inc()
            return []
        if sum(len(one.data) for one in papers) > MAX_PAPERS_BYTES:
            log.warning("the tickets of a mail are too large to go with it", extra={"mail_id": str(mail.id)})
            PAPERLESS.inc()
            return []
        return papers

    async def _note(self, mail: Mail, result: Result) -> None:
        outcome = await operation.note(self._db, mail, result)
        MAILS.labels(outcome).inc()
        if outcome is Outcome.DEAD:
            log.error("dead mail", extra={"mail_id": str(mail.id), "why": result.reason})
