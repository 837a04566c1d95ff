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
        """Note that the address that a mail went to is its user's; raise LinkNotValid."""
        await self._verify(token, await self._good(token, MailKind.VERIFICATION, MailKind.EMAIL_CHANGE))

    @retried  # whoever sets the user's password meanwhile has the row and waits for the table
    async def _verify(self, token: str, link: Link) -> None:
        async with self._db.transaction() as tx:
            if link.kind is MailKind.EMAIL_CHANGE:
                await tx.send(sql.LOCK_ADDRESSES)
            email = await _use(tx, token, link.user_id, link.kind)
            if link.kind is MailKind.VERIFICATION:
                await tx.send(sql.VERIFY, {"user_id": link.user_id})
                return
            changed = await tx.fetch(sql.CHANGE_EMAIL, {"user_id": link.user_id, "email": email})
            if not changed:
                raise LinkNotValid()
            await self._mails.email_changed(tx, link.user_id, changed[0].before)

    async def reset_password(self, token: str, password: str, address: str) -> None:
        """Set a new password, end all families of the user and tell them; raise LinkNotValid.

        The password is hashed only for a token that is good, and before the transaction.
        """
        user_id = (await self._good(token, MailKind.PASSWORD_RESET)).user_id
        password_hash = await self._passwords.hash(password, address)
        async with self._db.transaction() as tx:
            await _use(tx, token, user_id, MailKind.PASSWORD_RESET)
            await tx.send(sql.SET_PASSWORD, {"user_id": user_id, "password_hash": password_hash})
            await tx.send(END_FAMILIES, {"user_id": user_id, "by": "PASSWORD"})
            await self._mails.password_changed(tx, user_id)

    async def _good(self, token: str, *kinds: MailKind) -> Link:
        link = await self.find(token)
        if link is None or link.kind not in kinds or not link.is_good:
            raise LinkNotValid()
        return link


async def _use(tx: Transaction, token: str, user_id: UUID, kind: MailKind) -> str | None:
    """Lock the user, and use the link up under that lock; return where its mail went, if not to the account's address.

    Raises LinkNotValid where somebody else has used it.
    """
    if not await tx.fetch(LOCK_USER, {"user_id": user_id}):
        raise LinkNotValid()
    used = await tx.fetch(sql.USE_LINK, {"hash": hash_of(token), "kind": kind})
    if not used:
        raise LinkNotValid()
    email: str | None = used[0].email
    return email
