"""Creating accounts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from google.protobuf.message import Message

from services.chassis.errors import Interrupted
from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.identity.accounts import statements as sql
from services.identity.accounts.domain import USER, User
from services.identity.attempts.operation import Attempts
from services.identity.errors import EmailTaken
from services.identity.mails.operation import AccountMails

M = TypeVar("M", bound=Message)
"""What the client is answered with."""


@dataclass(frozen=True, slots=True)
class CreateAccount(Generic[M]):
    """The wish to create an account; its password is hashed already, for that takes too long for a transaction."""

    urgent: ClassVar[bool] = False

    email: str
    """Normalised."""
    name: str
    password_hash: str = field(repr=False)
    address: str
    """Where it comes from; counted against the accounts that may be made from there."""
    once: Once[User, M]

    @property
    def key(self) -> str:
        """An e-mail address has one account."""
        return self.email


@dataclass(frozen=True, slots=True)
class NewAccounts(Generic[M]):
    """Accounts that are created."""

    now: datetime
    taken: set[str]
    """E-mail addresses that have an account."""
    created: list[tuple[User, CreateAccount[M]]] = field(default_factory=list)


class CreateAccounts(KeyedOperation[CreateAccount[M], NewAccounts[M], User, M], Generic[M]):
    """Creates accounts; refuses with EmailTaken, TooManyAttempts."""

    def __init__(self, db: Database, attempts: Attempts, mails: AccountMails) -> None:
        super().__init__(db)
        self._attempts = attempts
        self._mails = mails

    def reads(self, batch: Sequence[CreateAccount[M]], *, wait: bool) -> dict[str, Statement]:
        """An account that is not there cannot be locked: see `write`."""
        return {"taken": (sql.TAKEN, {"emails": [command.email for command in batch]}), "clock": (READ_CLOCK, ())}

    async def load(
        self, tx: Transaction, batch: Sequence[CreateAccount[M]], rows: Rows
    ) -> tuple[NewAccounts[M], Sequence[str]]:
        """Return which e-mail addresses are taken."""
        return NewAccounts(rows["clock"][0].now, {row.email for row in rows["taken"]}), ()

    def decide(self, command: CreateAccount[M], state: NewAccounts[M]) -> User:
        """Create the account, unless its e-mail address has one."""
        if command.email in state.taken:
            raise EmailTaken()
        user = User(new_id(), command.email, command.name, [USER], state.now)
        state.taken.add(command.email)
        state.created.append((user, command))
        return user

    async def write(self, tx: Transaction, state: NewAccounts[M]) -> None:
        """Write the accounts, count them, and ask for the mails that verify their addresses."""
        for user, command in state.created:
            create = (sql.CREATE_USER, asdict(user) | {"password_hash": command.password_hash})
            if not await self._attempts.registered(tx, command.address, create):
                # Somebody has taken the e-mail address since it was read: run again, this is refused.
                raise Interrupted()
            await self._mails.registered(tx, user.id)
