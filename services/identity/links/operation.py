"""Using links up: each is good once."""

from dataclasses import dataclass
from uuid import UUID

from services.chassis.store.database import Database, Transaction, retried
from services.identity.accounts.hashing import Passwords
from services.identity.errors import LinkNotValid
from services.identity.links import statements as sql
from services.identity.mails.domain import MailKind, hash_of
from services.identity.mails.operation import AccountMails
from services.identity.mails.statements import LOCK_USER
from services.identity.tokens.statements import END_FAMILIES


@dataclass(frozen=True, slots=True)
class Link:
    """What a token is for."""

    user_id: UUID
    kind: MailKind
    is_good: bool
    is_verified: bool
    """Whether the address that it went to is known to be its user's."""


class Links:
    """Does what links are for."""

    def __init__(self, db: Database, passwords: Passwords, mails: AccountMails) -> None:
        self._db = db
        self._passwords = passwords
        self._mails = mails

    @retried
    async def find(self, token: str) -> Link | None:
        """Return what a token is for; None where nobody has made it."""
        for row in await self._db.fetch(sql.FIND_LINK, {"hash": hash_of(token)}):
            return Link(row.user_id, MailKind(row.kind), row.is_good, row.is_verified)
        return None

    async def verify(self, token: str) -> None:
        """Note that an address is its user's; raise LinkNotValid."""
        user_id = await self._good(token, MailKind.VERIFICATION)
        async with self._db.transaction() as tx:
            await _use(tx, token, user_id, MailKind.VERIFICATION)
            await tx.send(sql.VERIFY, {"user_id": user_id})

    async def reset_password(self, token: str, password: str, address: str) -> None:
        """Set a new password, end all families of the user and tell them; raise LinkNotValid.

        The password is hashed only for a token that is good, and before the transaction.
        """
        user_id = await self._good(token, MailKind.PASSWORD_RESET)
        password_hash = await self._passwords.hash(password, address)
        async with self._db.transaction() as tx:
            await _use(tx, token, user_id, MailKind.PASSWORD_RESET)
            await tx.send(sql.SET_PASSWORD, {"user_id": user_id, "password_hash": password_hash})
            await tx.send(END_FAMILIES, {"user_id": user_id, "by": "PASSWORD"})
            await self._mails.password_changed(tx, user_id)

    async def _good(self, token: str, kind: MailKind) -> UUID:
        link = await self.find(token)
        if link is None or link.kind is not kind or not link.is_good:
            raise LinkNotValid()
        return link.user_id


async def _use(tx: Transaction, token: str, user_id: UUID, kind: MailKind) -> None:
    """Lock the user, and use the link up under that lock; raise LinkNotValid where somebody else has."""
    if not await tx.fetch(LOCK_USER, {"user_id": user_id}):
        raise LinkNotValid()
    if not await tx.fetch(sql.USE_LINK, {"hash": hash_of(token), "kind": kind}):
        raise LinkNotValid()
