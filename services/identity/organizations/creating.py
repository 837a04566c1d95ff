"""Creating organizations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.identity.errors import OrganizationLimitExceeded, UserNotFound
from services.identity.organizations import statements as sql
from services.identity.organizations.domain import MAX_ORGANIZATIONS, OWNER, MemberAccount, Organization

M = TypeVar("M", bound=Message)
"""What the client is answered with."""


@dataclass(frozen=True, slots=True)
class CreateOrganization(Generic[M]):
    """The wish to create an organization, of which a user is the owner."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The user, who is locked."""
    name: str
    once: Once[Organization, M]


@dataclass(frozen=True, slots=True)
class Founders:
    """Accounts that nobody else makes members meanwhile, and the organizations that are created."""

    now: datetime
    accounts: dict[UUID, MemberAccount]
    created: list[tuple[Organization, UUID]] = field(default_factory=list)


class CreateOrganizations(KeyedOperation[CreateOrganization[M], Founders, Organization, M], Generic[M]):
    """Creates organizations; refuses with UserNotFound, OrganizationLimitExceeded."""

    def reads(self, batch: Sequence[CreateOrganization[M]], *, wait: bool) -> dict[str, Statement]:
        """Lock the accounts."""
        accounts = {"ids": sorted({command.key for command in batch}), "emails": []}
        return {"locks": (sql.LOCK_ACCOUNTS, accounts), "clock": (READ_CLOCK, ()), "accounts": (sql.ACCOUNTS, accounts)}

    async def load(
        self, tx: Transaction, batch: Sequence[CreateOrganization[M]], rows: Rows
    ) -> tuple[Founders, Sequence[UUID]]:
        """Take the accounts as they are."""
        accounts = {account.id: account for account in read(MemberAccount, rows["accounts"])}
        return Founders(rows["clock"][0].now, accounts), ()

    def decide(self, command: CreateOrganization[M], state: Founders) -> Organization:
        """Create the organization, if its owner is in few enough."""
        account = state.accounts.get(command.key)
        if account is None:
            raise UserNotFound()
        created = sum(founder == command.key for _, founder in state.created)
        if account.organizations + created >= MAX_ORGANIZATIONS:
            raise OrganizationLimitExceeded(limit=MAX_ORGANIZATIONS)
        organization = Organization(new_id(), command.name, state.now)
        state.created.append((organization, command.key))
        return organization

    async def write(self, tx: Transaction, state: Founders) -> None:
        """Write the organizations, and their owners."""
        if state.created:
            organizations = [organization for organization, _ in state.created]
            await tx.send(sql.CREATE_ORGANIZATIONS, columns(organizations, "id", "name", "created_at"))
            owners = {"user_id": [user_id for _, user_id in state.created], "role": [OWNER] * len(state.created)}
            joined = columns(organizations, organization_id="id", joined_at="created_at")
            await tx.send(sql.PUT_MEMBERS, joined | owners)
