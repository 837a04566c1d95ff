"""The transactions of a deletion; see steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.errors import Interrupted, RequestInProgress
from services.chassis.store.database import Database, Transaction, retried
from services.chassis.store.rows import read
from services.chassis.writes.idempotency import NOBODY
from services.identity.deleting import statements as sql
from services.identity.errors import LastAdmin, LastOwner, PasswordWrong, UserNotFound
from services.identity.mails.statements import FORGET_OF as FORGET_MAILS_OF
from services.identity.roles.statements import LOCK_ADMINS
from services.identity.tokens.statements import END_FAMILIES

LEASE_SECONDS = 30
"""How long nobody else takes a deletion over; longer than its calls take."""

TOKEN_MINUTES = 16
"""After how long no access token of a deleted account is good any more, by any clock of ours."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A deletion that goes on."""

    user_id: UUID
    is_emptied: bool
    """Whether the account is deleted; else it is still to be asked whether it may be."""
    is_signed_out: bool
    """Whether no token of the user lives any more."""


async def is_deleted(db: Database, user_id: UUID) -> bool:
    """Tell whether an account is deleted."""
    return bool(await db.fetch(sql.IS_DELETED, {"id": user_id}))


async def begin(tx: Transaction, user_id: UUID, password_hash: str) -> None:
    """Begin a deletion, or take one over; raise PasswordWrong where the hash is another by now, LastOwner, LastAdmin,
    RequestInProgress."""
    if await _lock(tx, user_id) != password_hash:
        raise PasswordWrong()
    if not await tx.fetch(sql.BEGIN, {"id": user_id, "lease_seconds": LEASE_SECONDS}):
        raise RequestInProgress()


@retried
async def empty(db: Database, user_id: UUID) -> None:
    """Delete an account; raise LastOwner, LastAdmin, RequestInProgress where somebody else was faster."""
    user = {"id": user_id}
    async with db.transaction() as tx:
        await _lock(tx, user_id)
        if not await tx.fetch(sql.EMPTIED, user):
            raise RequestInProgress()
        await tx.send(sql.EMPTY_USER, user)
        await tx.send(sql.LEAVE_ORGANIZATIONS, user)
        await tx.send(FORGET_MAILS_OF, user)
        await tx.send(END_FAMILIES, {"user_id": user_id, "by": "LOGOUT"})
        await tx.send(sql.FORGET_KEYS, user)
        await tx.send(sql.FORGET_REGISTRATION, user | {"nobody": NOBODY})


async def _lock(tx: Transaction, user_id: UUID) -> str:
    """Lock an account and its organizations, and return its password's hash; raise what says that it has to stay."""
    user = {"id": user_id}
    organizations, admins, users, own = await tx.fetch_all(
        (sql.LOCK_OWN_ORGANIZATIONS, user), (LOCK_ADMINS, ()), (sql.LOCK_USER, user), (sql.OWN_ORGANIZATIONS, user)
    )
    if not users:
        raise UserNotFound()
    if {row.organization_id for row in own} - {row.id for row in organizations}:
        raise Interrupted()  # the user has become a member of another one meanwhile
    for row in own:
        if row.is_last_owner:
            raise LastOwner(organization_id=row.organization_id)
    if {row.id for row in admins} == {user_id}:
        raise LastAdmin()
    password_hash: str = users[0].password_hash
    return password_hash


async def withdraw(db: Database, user_id: UUID) -> None:
    """Give a deletion up: the account stays."""
    await db.execute(sql.WITHDRAW, {"id": user_id})


async def take_over(db: Database, *, limit: int) -> Sequence[Unfinished]:
    """Take over one batch of deletions that go on and that nobody is at."""
    given = {"lease_seconds": LEASE_SECONDS, "token_minutes": TOKEN_MINUTES, "limit": limit}
    async with db.transaction() as tx:
        return read(Unfinished, await tx.fetch(sql.TAKE_OVER, given))


async def forgotten(db: Database, user_id: UUID, *, is_signed_out: bool) -> None:
    """Note that all services have forgotten a user: for good, or until no token lives any more."""
    given = {"id": user_id, "token_minutes": TOKEN_MINUTES}
    await db.execute(sql.DONE if is_signed_out else sql.AGAIN, given)
