"""Which roles users have."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar
from uuid import UUID

from services.chassis.errors import Failure
from services.chassis.store.database import Database, Statement, Transaction
from services.chassis.store.rows import read
from services.chassis.writes.operation import Operation, Rows
from services.identity.accounts.domain import ADMIN, User, normalised, with_user
from services.identity.errors import LastAdmin, UserNotFound
from services.identity.roles import statements as sql


@dataclass(frozen=True, slots=True)
class SetRoles:
    """The wish that a user has these roles and no others, but for USER."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The user."""
    roles: list[str]


@dataclass(frozen=True, slots=True)
class LockedUsers:
    """Users whom nobody else changes meanwhile, and all admins."""

    admins: set[UUID]
    users: dict[UUID, User]
    changed: set[UUID] = field(default_factory=set)


class SetUsersRoles(Operation[SetRoles, LockedUsers, User]):
    """Answers with the user; refuses with UserNotFound, LastAdmin."""

    def reads(self, batch: Sequence[SetRoles], *, wait: bool) -> dict[str, Statement]:
        """Lock the admins, so that two who stop being admins take turns, and the users."""
        return {
            "admins": (sql.LOCK_ADMINS, ()),
            "users": (sql.LOCK_USERS, {"ids": [command.key for command in batch]}),
        }

    async def load(self, tx: Transaction, batch: Sequence[SetRoles], rows: Rows) -> tuple[LockedUsers, Sequence[UUID]]:
        """Return who is an admin, and the users."""
        users = {user.id: user for user in read(User, rows["users"])}
        return LockedUsers({row.id for row in rows["admins"]}, users), ()

    def decide(self, command: SetRoles, state: LockedUsers) -> User:
        """Give the user the roles, if somebody is an admin then."""
        user = state.users.get(command.key)
        if user is None:
            raise UserNotFound()
        if ADMIN in command.roles:
            state.admins.add(user.id)
        elif state.admins == {user.id}:
            raise LastAdmin()
        else:
            state.admins.discard(user.id)
        state.users[user.id] = replace(user, roles=with_user(command.roles))
        state.changed.add(user.id)
        return state.users[user.id]

    async def write(self, tx: Transaction, state: LockedUsers) -> None:
        """Write the roles."""
        for user_id in sorted(state.changed):
            await tx.send(sql.SET_ROLES, {"id": user_id, "roles": state.users[user_id].roles})


async def make_admin(db: Database, email: str) -> str:
    """Make the account of an e-mail address an admin's; return the address, raise Failure if there is no account."""
    async with db.transaction() as tx:
        if not await tx.fetch(sql.GRANT_ADMIN, {"email": normalised(email)}):
            raise Failure(f"there is no account of {email}: register it first")
    return normalised(email)
