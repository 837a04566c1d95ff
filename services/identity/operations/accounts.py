"""Accounts: made, shown and changed, and logged in to."""

from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.errors import Failure
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read
from services.chassis.work.idempotency import Once
from services.identity.domain.accounts import User, normalised
from services.identity.domain.errors import EmailTaken, LoginFailed, PasswordWrong, UserNotFound
from services.identity.hashing import Passwords
from services.identity.operations import tokens
from services.identity.operations.attempts import Attempts
from services.identity.operations.registration import CreateAccount, CreateAccounts
from services.identity.operations.tokens import Grant
from services.identity.queries import accounts as sql
from services.identity.queries.tokens import END_FAMILIES

M = TypeVar("M", bound=Message)


class Accounts:
    """What has to do with passwords."""

    def __init__(self, db: Database, passwords: Passwords, attempts: Attempts, family_life: timedelta) -> None:
        self._db = db
        self._passwords = passwords
        self._attempts = attempts
        self._family_life = family_life

    async def register(self, email: str, password: str, name: str, address: str, once: Once[User, M]) -> M:
        """Create an account; raise EmailTaken after the same work, TooManyAttempts."""
        email = normalised(email)
        await self._attempts.registration(address)
        password_hash = await self._passwords.hash(password, address)
        create: CreateAccounts[M] = CreateAccounts(self._db, self._attempts)
        try:
            return await create.alone(CreateAccount(email, name, password_hash, address, once))
        except EmailTaken:
            await self._attempts.email_taken(address)
            raise

    async def login(self, email: str, password: str, address: str) -> Grant:
        """Begin a family of tokens; raise LoginFailed after the same work whatever is wrong, TooManyAttempts."""
        email = normalised(email)
        trial = await self._attempts.login(email, address)
        [user] = await self._db.fetch(sql.FIND_LOGIN, {"email": email}) or [None]
        if not await self._passwords.matches(user and user.password_hash, password, address) or user is None:
            await self._attempts.failed(trial)
            raise LoginFailed()
        async with self._db.transaction() as tx:
            await self._attempts.succeeded(tx, trial)
            grant = await tokens.begin(tx, user.id, user.password_hash, self._family_life)
        if grant is None:
            raise LoginFailed()
        return grant

    async def change_password(self, user_id: UUID, current: str, new: str, address: str) -> Grant:
        """Change a password, end all families of the user, begin a new one; raise PasswordWrong, TooManyAttempts."""
        trial = await self._attempts.password_change(user_id)
        [user] = await self._db.fetch(sql.FIND_PASSWORD, {"id": user_id}) or [None]
        if user is None:
            raise UserNotFound()
        if not await self._passwords.matches(user.password_hash, current, address):
            await self._attempts.failed(trial)
            raise PasswordWrong()
        changed = await self._passwords.hash(new, address)
        async with self._db.transaction() as tx:
            await self._attempts.succeeded(tx, trial)
            if not await tx.fetch(sql.CHANGE_PASSWORD, {"id": user_id, "old": user.password_hash, "new": changed}):
                raise PasswordWrong()
            await tx.send(END_FAMILIES, {"user_id": user_id})
            grant = await tokens.begin(tx, user_id, changed, self._family_life)
        assert grant is not None, "nobody else changes a password that this transaction has changed"
        return grant


@retried
async def get(db: Database, user_id: UUID) -> User:
    """Return an account, or raise UserNotFound."""
    for user in read(User, await db.fetch(sql.FIND_USER, {"id": user_id})):
        return user
    raise UserNotFound()


@retried
async def rename(db: Database, user_id: UUID, name: str | None) -> User:
    """Change what a user is called, unless `name` is None; raise UserNotFound."""
    async with db.transaction() as tx:
        for user in read(User, await tx.fetch(sql.RENAME_USER, {"id": user_id, "name": name})):
            return user
    raise UserNotFound()


@retried
async def list_users(db: Database, *, email: str | None, after: UUID | None, limit: int) -> list[User]:
    """Return accounts, newest first, that are older than `after`."""
    given = {"email": email, "after": after, "limit": limit}
    return read(User, await db.fetch(sql.list_users(given), given))


async def make_admin(db: Database, email: str) -> str:
    """Make the account of an e-mail address an admin's; return the address, raise Failure if there is no account."""
    async with db.transaction() as tx:
        if not await tx.fetch(sql.GRANT_ADMIN, {"email": normalised(email)}):
            raise Failure(f"there is no account of {email}: register it first")
    return normalised(email)
