"""Organizations and members, as they are shown; and what somebody is in each."""

from uuid import UUID

from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read
from services.identity.errors import OrganizationNotFound
from services.identity.organizations import statements as sql
from services.identity.organizations.domain import Member, Organization, OwnOrganization


@retried
async def get_organization(db: Database, organization_id: UUID) -> Organization:
    """Return an organization, or raise OrganizationNotFound."""
    for organization in read(Organization, await db.fetch(sql.FIND_ORGANIZATION, {"id": organization_id})):
        return organization
    raise OrganizationNotFound()


@retried
async def rename(db: Database, organization_id: UUID, name: str) -> Organization:
    """Give an organization another name; raise OrganizationNotFound."""
    async with db.transaction() as tx:
        given = {"id": organization_id, "name": name}
        for organization in read(Organization, await tx.fetch(sql.RENAME_ORGANIZATION, given)):
            return organization
    raise OrganizationNotFound()


@retried
async def list_organizations(db: Database, user_id: UUID, *, after: UUID | None, limit: int) -> list[OwnOrganization]:
    """Return a user's organizations, newest first, that are older than `after`."""
    given = {"user_id": user_id, "after": after, "limit": limit}
    return read(OwnOrganization, await db.fetch(sql.list_organizations(given), given))


@retried
async def list_members(db: Database, organization_id: UUID, *, after: UUID | None, limit: int) -> list[Member]:
    """Return an organization's members by their ids, behind `after`; raise OrganizationNotFound."""
    given = {"id": organization_id, "after": after, "limit": limit}
    # Every organization has a member.
    members = read(Member, await db.fetch(sql.list_members(given), given))
    if not members and after is None:
        raise OrganizationNotFound()
    return members


@retried
async def memberships(db: Database, user_id: UUID) -> dict[UUID, str]:
    """Return a user's role in each organization of theirs."""
    return {row.organization_id: row.role for row in await db.fetch(sql.ROLES_OF_USER, {"user_id": user_id})}
