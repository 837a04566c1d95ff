"""What takes a password: an account is created, logged in to, and given another password."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.store.database import Database, Transaction
from services.chassis.writes.idempotency import Once
from services.identity.accounts import statements as sql
from services.identity.accounts.domain import User, normalised
from services.identity.accounts.hashing import Passwords
from services.identity.accounts.registration import CreateAccount, CreateAccounts
from services.identity.attempts.domain import Trial
from services.identity.attempts.operation import Attempts
from services.identity.errors import EmailTaken, LoginFailed, PasswordWrong, UserNotFound
from services.identity.mails.operation import AccountMails
from services.identity.tokens import families
from services.identity.tokens.families import Grant
from services.identity.tokens.statements import END_FAMILIES

M = TypeVar("M", bound=Message)


class Accounts:
    """Passwords are hashed and compared before each transaction: that takes too long for one."""

    def __init__(
        self, db: Database, passwords: Passwords, attempts: Attempts, mails: AccountMails, family_life: timedelta
    ) -> None:
        self._db = db
        self._passwords = passwords
        self._attempts = attempts
        self._mails = mails
        self._family_life = family_life

    async def register(self, email: str, password: str, name: str, address: str, once: Once[User, M]) -> M:
        """Create an account; raise EmailTaken after the same work, TooManyAttempts."""
        email = normalised(email)
        await self._attempts.registration(address)
        password_hash = await self._passwords.hash(password, address)
        create: CreateAccounts[M] = CreateAccounts(self._db, self._attempts, self._mails)
        try:
            return await create.alone(CreateAccount(email, name, password_hash, address, once))
        except EmailTaken:
            await self._attempts.email_guessed(address)
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
            grant = await families.begin(tx, user.id, user.password_hash, self._family_life)
        if grant is None:
            raise LoginFailed()
        return grant

    async def change_password(self, user_id: UUID, current: str, new: str, address: str) -> Grant:
        """Change a password, end all families, tell the user, begin a new family.

        Raises PasswordWrong, TooManyAttempts.
        """
        trial, present = await self._compare(user_id, current, address)
        changed = await self._passwords.hash(new, address)
        async with self._db.transaction() as tx:
            await self._attempts.succeeded(tx, trial)
            if not await tx.fetch(sql.CHANGE_PASSWORD, {"id": user_id, "old": present, "new": changed}):
                raise PasswordWrong()
            await tx.send(END_FAMILIES, {"user_id": user_id, "by": "PASSWORD"})
            await self._mails.password_changed(tx, user_id)
            grant = await families.begin(tx, user_id, changed, self._family_life)
        assert grant is not None, "nobody else changes a password that this transaction has changed"
        return grant

    @asynccontextmanager
    async def confirmed(self, user_id: UUID, password: str, address: str) -> AsyncIterator[tuple[Transaction, str]]:
        """Begin a transaction for a user who knows the password; give its hash, which may have changed meanwhile.

        Raises UserNotFound, PasswordWrong, TooManyAttempts.
        """
        trial, present = await self._compare(user_id, password, address)
        async with self._db.transaction() as tx:
            await self._attempts.succeeded(tx, trial)
            yield tx, present

    async def _compare(self, user_id: UUID, password: str, address: str) -> tuple[Trial, str]:
        """Compare the password of a user who is logged in; return its trial, and its hash."""
        trial = await self._attempts.password_change(user_id)
        [user] = await self._db.fetch(sql.FIND_PASSWORD, {"id": user_id}) or [None]
        if user is None:
            raise UserNotFound()
        if not await self._passwords.matches(user.password_hash, password, address):
            await self._attempts.failed(trial)
            raise PasswordWrong()
        return trial, user.password_hash
