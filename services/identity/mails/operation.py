"""Mails about accounts: asked for where what they are about is written, taken by notifications, brought to an end."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.chassis.ids import new_id
from services.chassis.store.database import Database, Statement, Transaction
from services.chassis.store.rows import Row, read
from services.identity.attempts.operation import Attempts
from services.identity.errors import PasswordWrong, TooManyAttempts, UserNotFound
from services.identity.mails import statements as sql
from services.identity.mails.domain import (
    KEPT,
    LEASE,
    LINK_LIFE,
    MAILS_PER_HOUR,
    TRIED_FOR,
    ClaimedMail,
    MailKind,
    Tokens,
    hash_of,
)

ENDS = {"SENT": "SENT", "SKIPPED": "SKIPPED", "DEAD": "DEAD"}
"""The states of mails by the outcomes that end them."""

HOUR = timedelta(hours=1)


class AccountMails:
    """Asks for mails about accounts. Where `AUTH` is off, nobody may fetch them, and none is asked for."""

    def __init__(self, db: Database, tokens: Tokens, attempts: Attempts, *, are_sent: bool) -> None:
        self._db = db
        self._tokens = tokens
        self._attempts = attempts
        self._are_sent = are_sent

    async def registered(self, tx: Transaction, user_id: UUID) -> None:
        """Ask for the mail that verifies the address of a new account."""
        if self._are_sent:
            await tx.send(*self._asked(user_id, MailKind.VERIFICATION))

    async def password_changed(self, tx: Transaction, user_id: UUID) -> None:
        """Tell a user that the password was changed, and end the links that would change it, or the address."""
        await tx.send(sql.END_LINKS, {"user_id": user_id})
        if self._are_sent:
            _, given = self._asked(user_id, MailKind.PASSWORD_CHANGED)
            await tx.send(sql.ASK_IF_VERIFIED, given)

    async def ask_verification(self, user_id: UUID) -> None:
        """Ask for the mail that verifies an address, if it is not verified; raise UserNotFound, TooManyAttempts."""
        async with self._db.transaction() as tx:
            [user] = await tx.fetch(sql.LOCK_USER, {"user_id": user_id}) or [None]
            if user is None:
                raise UserNotFound()
            if user.is_verified or not self._are_sent:
                return
            if seconds := await _seconds_to_wait(tx, user_id):
                raise TooManyAttempts(seconds)
            await tx.send(*self._asked(user_id, MailKind.VERIFICATION))

    async def ask_reset(self, email: str, address: str) -> None:
        """Ask for the mail by which the user of an address sets a new password, or else verifies it.

        `email` is normalised and need not be of an account: what is written first takes as long either way. Raises
        TooManyAttempts where too many were asked for from one network.
        """
        async with self._db.transaction() as tx:
            await self._attempts.mail_asked(tx, address)
            for user in await tx.fetch(sql.LOCK_USER_OF, {"email": email}):
                if self._are_sent and not await _seconds_to_wait(tx, user.id):
                    kind = MailKind.PASSWORD_RESET if user.is_verified else MailKind.VERIFICATION
                    await tx.send(*self._asked(user.id, kind))

    async def ask_change(self, tx: Transaction, user_id: UUID, password_hash: str, email: str, address: str) -> None:
        """Ask for the mail by which another e-mail address becomes a user's.

        Where an account has the address, the mail is not sent, but it counts and is kept all the same, which tells the
        user nothing. Raises UserNotFound, PasswordWrong where the password's hash is another by now, TooManyAttempts.
        """
        await self._attempts.mail_asked(tx, address)
        [user] = await tx.fetch(sql.LOCK_USER, {"user_id": user_id}) or [None]
        if user is None:
            raise UserNotFound()
        if user.password_hash != password_hash:
            raise PasswordWrong()
        if seconds := await _seconds_to_wait(tx, user_id):
            raise TooManyAttempts(seconds)
        if self._are_sent:
            asked, given = self._asked(user_id, MailKind.EMAIL_CHANGE, email)
            await tx.send(asked, given)
            await tx.send(sql.SKIP_IF_TAKEN, given)

    async def email_changed(self, tx: Transaction, user_id: UUID, before: str | None) -> None:
        """Tell a user at the verified address of before, if any, and end the links that went there."""
        await tx.send(sql.END_LINKS, {"user_id": user_id})
        if before is not None and self._are_sent:
            await tx.send(*self._asked(user_id, MailKind.EMAIL_CHANGED, before))

    async def claim(self, limit: int) -> list[tuple[ClaimedMail, str]]:
        """Take some mails that are due, each with the token of its link."""
        claimed = read(ClaimedMail, await self._db.fetch(sql.CLAIM, {"lease": LEASE, "limit": limit}))
        return [(mail, self._tokens.of(mail.id) if MailKind(mail.kind).has_link else "") for mail in claimed]

    def _asked(self, user_id: UUID, kind: MailKind, email: str | None = None) -> Statement:
        mail_id = new_id()
        given: dict[str, Any] = {"id": mail_id, "user_id": user_id, "kind": kind, "email": email}
        if kind.has_link:
            return sql.ASK, given | {"hash": hash_of(self._tokens.of(mail_id)), "life": LINK_LIFE}
        return sql.ASK, given | {"hash": None, "life": TRIED_FOR}


async def _seconds_to_wait(tx: Transaction, user_id: UUID) -> float:
    """Return after how long a user may have one more mail with a link; 0: now. Under the user's lock."""
    lately: list[Row] = await tx.fetch(sql.ASKED_LATELY, {"user_id": user_id, "limit": MAILS_PER_HOUR})
    if len(lately) < MAILS_PER_HOUR:
        return 0.0
    oldest = lately[-1]
    seconds: float = (oldest.asked_at + HOUR - oldest.now).total_seconds()
    return max(1.0, seconds)


async def finish(db: Database, mail_id: UUID, attempts: int, outcome: str, reason: str) -> None:
    """Note what came of an attempt."""
    given = {"id": mail_id, "attempts": attempts, "reason": reason or None}
    if state := ENDS.get(outcome):
        await db.execute(sql.FINISH, given | {"state": state})
    else:
        await db.execute(sql.POSTPONE, given | {"is_known": outcome != "UNKNOWN"})


async def give_up(db: Database, *, limit: int = 500) -> int:
    """Give up one batch of mails whose time is over; return how many. A job."""
    return await db.execute(sql.GIVE_UP, {"limit": limit})


async def forget(db: Database, *, limit: int = 500) -> int:
    """Forget one batch of mails that were asked for long ago; return how many. A job."""
    return await db.execute(sql.FORGET, {"age": KEPT, "limit": limit})
