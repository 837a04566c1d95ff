"""OrganizationService: parse, call, render."""

from uuid import UUID

from boxoffice.identity.v1 import organizations_pb2 as pb
from boxoffice.identity.v1 import organizations_pb2_grpc
from boxoffice.policy.v1 import policy_pb2

from services.chassis.errors import Failure, Unauthenticated
from services.chassis.store.database import Database
from services.chassis.wire.identity import caller
from services.chassis.wire.incoming import Context
from services.chassis.wire.owners import ORGANIZATION, Things
from services.chassis.wire.pages import BY_ID, PageRequest
from services.chassis.wire.times import to_timestamp
from services.chassis.writes.idempotency import Once, key_of
from services.identity.accounts.domain import normalised
from services.identity.attempts.addresses import Callers
from services.identity.attempts.operation import Attempts
from services.identity.errors import MemberNotFound, OrganizationNotFound, UserNotFound
from services.identity.organizations import reading
from services.identity.organizations.creating import CreateOrganization, CreateOrganizations
from services.identity.organizations.domain import Member, Organization, OwnOrganization
from services.identity.organizations.members import AddMember, ChangeMembers, RemoveMember, SetMemberRole

_Role = policy_pb2.Membership.Role


class OrganizationServicer(organizations_pb2_grpc.OrganizationServiceServicer):
    """Organizations and their members. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, attempts: Attempts, callers: Callers) -> None:
        self._db = db
        self._create: CreateOrganizations[pb.Organization] = CreateOrganizations(db)
        self._change = ChangeMembers(db)
        self._attempts = attempts
        self._callers = callers

    async def CreateOrganization(self, request: pb.CreateOrganizationRequest, context: Context) -> pb.Organization:
        creator = caller_id()
        once = Once(key_of(request, "CreateOrganization", creator), pb.Organization, _organization)
        return await self._create.alone(CreateOrganization(creator, request.name, once))

    async def GetOrganization(self, request: pb.GetOrganizationRequest, context: Context) -> pb.Organization:
        return _organization(await reading.get_organization(self._db, UUID(request.organization_id)))

    async def ListOrganizations(
        self, request: pb.ListOrganizationsRequest, context: Context
    ) -> pb.ListOrganizationsResponse:
        page = PageRequest(request, BY_ID)
        found = await reading.list_organizations(self._db, caller_id(), after=page.after, limit=page.limit)
        own, token = page.render(found, lambda each: each.organization.id, _own)
        return pb.ListOrganizationsResponse(organizations=own, next_page_token=token)

    async def UpdateOrganization(self, request: pb.UpdateOrganizationRequest, context: Context) -> pb.Organization:
        return _organization(await reading.rename(self._db, UUID(request.organization_id), request.name))

    async def AddMember(self, request: pb.AddMemberRequest, context: Context) -> pb.Member:
        add = AddMember(UUID(request.organization_id), normalised(request.email), _Role.Name(request.role))
        try:
            return _member(await self._change.alone(add))
        except UserNotFound:
            await self._attempts.email_guessed(self._callers.address(context))
            raise

    async def ListMembers(self, request: pb.ListMembersRequest, context: Context) -> pb.ListMembersResponse:
        page = PageRequest(request, BY_ID)
        organization_id = UUID(request.organization_id)
        found = await reading.list_members(self._db, organization_id, after=page.after, limit=page.limit)
        members, token = page.render(found, lambda member: member.user_id, _member)
        return pb.ListMembersResponse(members=members, next_page_token=token)

    async def SetMemberRole(self, request: pb.SetMemberRoleRequest, context: Context) -> pb.Member:
        wish = SetMemberRole(UUID(request.organization_id), UUID(request.member_id), _Role.Name(request.role))
        return _member(await self._change.alone(wish))

    async def RemoveMember(self, request: pb.RemoveMemberRequest, context: Context) -> pb.RemoveMemberResponse:
        await self._change.alone(RemoveMember(UUID(request.organization_id), UUID(request.member_id)))
        return pb.RemoveMemberResponse()

    async def LeaveOrganization(
        self, request: pb.LeaveOrganizationRequest, context: Context
    ) -> pb.LeaveOrganizationResponse:
        try:
            await self._change.alone(RemoveMember(UUID(request.organization_id), caller_id()))
        except MemberNotFound:
            raise OrganizationNotFound() from None
        return pb.LeaveOrganizationResponse()


def things() -> dict[str, Things]:
    """Return whose organizations are: their own, and hidden from all who are not in them."""

    async def itself(organization_id: UUID) -> UUID:
        return organization_id

    async def hidden(_: UUID) -> Failure:
        return OrganizationNotFound()

    return {ORGANIZATION: Things(itself, hidden)}


def caller_id() -> UUID:
    """Return the user who calls."""
    who = caller.get()
    if who is None or who.user_id is None:
        raise Unauthenticated("Log in: this takes an access token, sent as `authorization: Bearer …`.")
    return who.user_id


def _organization(organization: Organization) -> pb.Organization:
    return pb.Organization(
        id=str(organization.id), name=organization.name, created_at=to_timestamp(organization.created_at)
    )


def _own(own: OwnOrganization) -> pb.ListOrganizationsResponse.OwnOrganization:
    return pb.ListOrganizationsResponse.OwnOrganization(
        organization=_organization(own.organization), role=_Role.Value(own.role)
    )


def _member(member: Member) -> pb.Member:
    return pb.Member(
        organization_id=str(member.organization_id),
        user_id=str(member.user_id),
        email=member.email,
        name=member.name,
        role=_Role.Value(member.role),
        joined_at=to_timestamp(member.joined_at),
    )
