"""Accounts, as they are shown and renamed."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.store.database import Database, retried
from services.chassis.store.rows import Row, read
from services.identity.accounts import statements as sql
from services.identity.accounts.domain import User
from services.identity.errors import UserNotFound


@retried
async def get(db: Database, user_id: UUID) -> User:
    """Return an account, or raise UserNotFound."""
    for user in read(User, await db.fetch(sql.FIND_USER, {"id": user_id})):
        return user
    raise UserNotFound()


@retried
async def contacts(db: Database, user_ids: Sequence[UUID]) -> list[Row]:
    """Return how those of the users are reached that have accounts."""
    return await db.fetch(sql.FIND_CONTACTS, {"ids": list(user_ids)})


@retried
async def change(db: Database, user_id: UUID, name: str | None, phone: str | None) -> User:
    """Change what a user has said of himself, but for what is None; raise UserNotFound."""
    async with db.transaction() as tx:
        for user in read(User, await tx.fetch(sql.CHANGE_PROFILE, {"id": user_id, "name": name, "phone": phone})):
            return user
    raise UserNotFound()


@retried
async def verify_email(db: Database, user_id: UUID, is_verified: bool) -> User:
    """Note whether a user's e-mail address is known to be theirs; raise UserNotFound."""
    async with db.transaction() as tx:
        for user in read(User, await tx.fetch(sql.VERIFY_EMAIL, {"id": user_id, "is_verified": is_verified})):
            return user
    raise UserNotFound()


@retried
async def list_users(db: Database, *, email: str | None, after: UUID | None, limit: int) -> list[User]:
    """Return accounts, newest first, that are older than `after`."""
    given = {"email": email, "after": after, "limit": limit}
    return read(User, await db.fetch(sql.list_users(given), given))
