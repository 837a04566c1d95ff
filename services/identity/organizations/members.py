"""Members: they come, go and get other roles under the lock of their organization, which always has an owner."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.chassis.store.database import READ_CLOCK, Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.operation import Operation, Rows
from services.identity.errors import (
    LastOwner,
    MemberAlreadyExists,
    MemberLimitExceeded,
    MemberNotFound,
    OrganizationLimitExceeded,
    OrganizationNotFound,
    UserNotFound,
)
from services.identity.organizations import statements as sql
from services.identity.organizations.domain import MAX_MEMBERS, MAX_ORGANIZATIONS, OWNER, Member, MemberAccount


@dataclass(frozen=True, slots=True)
class AddMember:
    """The wish that the account of an e-mail address is a member."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The organization."""
    email: str
    """Normalised."""
    role: str


@dataclass(frozen=True, slots=True)
class SetMemberRole:
    """The wish that a member has another role."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The organization."""
    user_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """The wish that a membership ends."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The organization."""
    user_id: UUID


ChangeMember = AddMember | SetMemberRole | RemoveMember


@dataclass(frozen=True, slots=True)
class LockedOrganizations:
    """Organizations whose members nobody else changes meanwhile, and who may come to be one."""

    now: datetime
    members: dict[UUID, dict[UUID, Member]]
    """Of each organization that there is, by the user."""
    accounts: dict[str, MemberAccount]
    """By the e-mail address."""
    put: dict[tuple[UUID, UUID], Member] = field(default_factory=dict)
    removed: dict[tuple[UUID, UUID], Member] = field(default_factory=dict)


class ChangeMembers(Operation[ChangeMember, LockedOrganizations, Member]):
    """Answers with the member, as it is or was; refuses with what the contract says of each wish."""

    def reads(self, batch: Sequence[ChangeMember], *, wait: bool) -> dict[str, Statement]:
        """Lock the organizations, so that two owners who remove each other take turns, and the accounts."""
        organizations = {"ids": sorted({command.key for command in batch})}
        accounts = {"ids": [], "emails": [command.email for command in batch if isinstance(command, AddMember)]}
        return {
            "organizations": (sql.LOCK_ORGANIZATIONS, organizations),
            "locks": (sql.LOCK_ACCOUNTS, accounts),
            "clock": (READ_CLOCK, ()),
            "members": (sql.MEMBERS, organizations),
            "accounts": (sql.ACCOUNTS, accounts),
        }

    async def load(
        self, tx: Transaction, batch: Sequence[ChangeMember], rows: Rows
    ) -> tuple[LockedOrganizations, Sequence[UUID]]:
        """Put the members to their organizations."""
        members: dict[UUID, dict[UUID, Member]] = {row.id: {} for row in rows["organizations"]}
        for member in read(Member, rows["members"]):
            members[member.organization_id][member.user_id] = member
        accounts = {account.email: account for account in read(MemberAccount, rows["accounts"])}
        return LockedOrganizations(rows["clock"][0].now, members, accounts), ()

    def decide(self, command: ChangeMember, state: LockedOrganizations) -> Member:
        """Change the members, if there is an owner then and there are not too many."""
        members = state.members.get(command.key)
        if members is None:
            raise OrganizationNotFound()
        if isinstance(command, AddMember):
            member = _added(command, state, members)
            members[member.user_id] = state.put[command.key, member.user_id] = member
            return member
        if (found := members.get(command.user_id)) is None:
            raise MemberNotFound()
        role = command.role if isinstance(command, SetMemberRole) else None
        if role != OWNER and [each.user_id for each in members.values() if each.role == OWNER] == [found.user_id]:
            raise LastOwner()
        if role is None:
            state.removed[command.key, found.user_id] = members.pop(found.user_id)
            return found
        members[found.user_id] = state.put[command.key, found.user_id] = replace(found, role=role)
        return members[found.user_id]

    async def write(self, tx: Transaction, state: LockedOrganizations) -> None:
        """Write the members."""
        if state.put:
            members = list(state.put.values())
            await tx.send(sql.PUT_MEMBERS, columns(members, "organization_id", "user_id", "role", "joined_at"))
        if state.removed:
            await tx.send(sql.REMOVE_MEMBERS, columns(state.removed.values(), "organization_id", "user_id"))


def _added(command: AddMember, state: LockedOrganizations, members: dict[UUID, Member]) -> Member:
    """Return the member that an account becomes, or is already."""
    account = state.accounts.get(command.email)
    if account is None:
        raise UserNotFound("There is no account of this e-mail address: have it registered first.")
    if (found := members.get(account.id)) is not None:
        if found.role != command.role:
            raise MemberAlreadyExists(role=found.role)
        return found
    if len(members) >= MAX_MEMBERS:
        raise MemberLimitExceeded(limit=MAX_MEMBERS)
    if account.organizations >= MAX_ORGANIZATIONS:
        raise OrganizationLimitExceeded(
            "The account is in as many organizations as a user may be in: have it leave one first.",
            limit=MAX_ORGANIZATIONS,
        )
    return Member(command.key, account.id, account.email, account.name, command.role, state.now)
