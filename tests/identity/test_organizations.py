"""Organizations: made, and their members who come, go and get other roles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from boxoffice.identity.v1 import identity_pb2
from boxoffice.identity.v1 import organizations_pb2 as pb
from boxoffice.policy.v1.policy_pb2 import Membership

from services.chassis.store.database import Database
from services.identity.organizations.domain import MAX_MEMBERS, MAX_ORGANIZATIONS
from tests.identity.house import House, opened_house, refused

OWNER, MANAGER, BOX_OFFICE, FINANCE, DOOR = (Membership.Role.Value(name) for name in Membership.Role.keys()[1:])


@pytest.fixture
async def house(identity_db: Database) -> AsyncIterator[House]:
    async with opened_house(identity_db) as house:
        yield house


async def founded(house: House, name: str = "Lantern Events") -> tuple[identity_pb2.Tokens, pb.Organization]:
    """Return an organization, and its owner's tokens, which are of before it."""
    owner = await house.somebody("ORGANIZER")
    made = await house.call("CreateOrganization", pb.CreateOrganizationRequest(name=name), token=owner.access_token)
    return owner, made


async def joined(
    house: House, owner: identity_pb2.Tokens, organization: pb.Organization, role: Membership.Role.ValueType
) -> identity_pb2.Tokens:
    """Make somebody new a member; return the tokens of before."""
    user = await house.registered()
    tokens = await house.login(user.email)
    request = pb.AddMemberRequest(organization_id=organization.id, email=user.email, role=role)
    member = await house.call("AddMember", request, token=owner.access_token)
    assert (member.user_id, member.email, member.role) == (user.id, user.email, role)
    return tokens


async def roles(house: House, organization: pb.Organization, token: str) -> dict[str, int]:
    listed = await house.call("ListMembers", pb.ListMembersRequest(organization_id=organization.id), token=token)
    return {member.user_id: member.role for member in listed.members}


def claims(token: str) -> dict[str, str]:
    found: dict[str, str] = jwt.decode(token, options={"verify_signature": False})["organizations"]
    return found


async def test_who_creates_an_organization_is_its_owner(house: House) -> None:
    owner, made = await founded(house)
    assert made.name == "Lantern Events"
    assert made.HasField("created_at")
    assert await roles(house, made, owner.access_token) == {owner.user_id: OWNER}
    get = pb.GetOrganizationRequest(organization_id=made.id)
    assert await house.call("GetOrganization", get, token=owner.access_token) == made
    listed = await house.call("ListOrganizations", pb.ListOrganizationsRequest(), token=owner.access_token)
    assert [(each.organization, each.role) for each in listed.organizations] == [(made, OWNER)]


async def test_only_an_organizer_or_an_admin_with_an_account_creates_one(house: House) -> None:
    request = pb.CreateOrganizationRequest(name="Lantern Events")
    async with refused("PERMISSION_DENIED"):
        await house.call("CreateOrganization", request, token=(await house.somebody()).access_token)
    admin = await house.somebody("ADMIN")
    await house.call("CreateOrganization", request, token=admin.access_token)
    await house.db.execute("DELETE FROM members")
    await house.db.execute("DELETE FROM token_families WHERE user_id = %s", (UUID(admin.user_id),))
    await house.db.execute("DELETE FROM account_mails WHERE user_id = %s", (UUID(admin.user_id),))
    await house.db.execute("DELETE FROM users WHERE id = %s", (UUID(admin.user_id),))
    async with refused("USER_NOT_FOUND"):
        await house.call("CreateOrganization", request, token=admin.access_token)


async def test_the_same_key_makes_one_organization(house: House) -> None:
    owner = await house.somebody("ORGANIZER")
    request = pb.CreateOrganizationRequest(name="Lantern Events", idempotency_key="once")
    answers = await asyncio.gather(
        *(house.call("CreateOrganization", request, token=owner.access_token) for _ in range(5))
    )
    assert len({answer.id for answer in answers}) == 1
    async with refused("IDEMPOTENCY_KEY_REUSED"):
        other = pb.CreateOrganizationRequest(name="Another", idempotency_key="once")
        await house.call("CreateOrganization", other, token=owner.access_token)


async def test_tokens_say_what_a_user_is_in_each_organization_from_the_next_refresh_on(house: House) -> None:
    owner, made = await founded(house)
    assert claims(owner.access_token) == {}
    door = await joined(house, owner, made, DOOR)
    assert claims((await house.refresh(owner)).access_token) == {made.id: "OWNER"}
    refreshed = await house.refresh(door)
    assert claims(refreshed.access_token) == {made.id: "DOOR"}
    assert claims((await house.login((await house.registered()).email)).access_token) == {}
    request = pb.RemoveMemberRequest(organization_id=made.id, member_id=door.user_id)
    await house.call("RemoveMember", request, token=owner.access_token)
    assert claims((await house.refresh(refreshed)).access_token) == {}


async def test_a_token_of_somebody_in_as_many_organizations_as_may_be_is_good(house: House) -> None:
    owner = await house.somebody("ORGANIZER")
    for number in range(MAX_ORGANIZATIONS):
        request = pb.CreateOrganizationRequest(name=f"Organization {number}")
        last = await house.call("CreateOrganization", request, token=owner.access_token)
    async with refused("ORGANIZATION_LIMIT_EXCEEDED", "FAILED_PRECONDITION") as refusal:
        await house.call("CreateOrganization", pb.CreateOrganizationRequest(name="More"), token=owner.access_token)
    assert refusal.failure.metadata == {"limit": str(MAX_ORGANIZATIONS)}
    await house.db.execute("UPDATE members SET role = 'BOX_OFFICE' WHERE organization_id <> %s", (UUID(last.id),))
    token = (await house.refresh(owner)).access_token
    assert len(claims(token)) == MAX_ORGANIZATIONS
    listed = await house.call("ListOrganizations", pb.ListOrganizationsRequest(), token=token)
    assert len(listed.organizations) == MAX_ORGANIZATIONS


async def test_a_removed_member_may_nothing_here_though_their_token_says_so(house: House) -> None:
    owner, made = await founded(house)
    other = await house.refresh(await joined(house, owner, made, OWNER))
    assert len(await roles(house, made, other.access_token)) == 2
    gone = pb.RemoveMemberRequest(organization_id=made.id, member_id=owner.user_id)
    refreshed = await house.refresh(owner)
    await house.call("RemoveMember", gone, token=other.access_token)
    back = pb.RemoveMemberRequest(organization_id=made.id, member_id=other.user_id)
    async with refused("PERMISSION_DENIED"):
        await house.call("RemoveMember", back, token=refreshed.access_token)


async def test_two_owners_who_remove_each_other_at_once_leave_one(house: House) -> None:
    for way in ("RemoveMember", "SetMemberRole", "LeaveOrganization") * 3:
        owner, made = await founded(house)
        other = await joined(house, owner, made, OWNER)

        def wish(member: str, way: str = way, organization_id: str = made.id) -> Any:
            if way == "LeaveOrganization":
                return pb.LeaveOrganizationRequest(organization_id=organization_id)
            given: dict[str, Any] = {"organization_id": organization_id, "member_id": member}
            return (
                pb.RemoveMemberRequest(**given)
                if way == "RemoveMember"
                else pb.SetMemberRoleRequest(**given, role=DOOR)
            )

        outcomes = await asyncio.gather(
            house.call(way, wish(other.user_id), token=owner.access_token),
            house.call(way, wish(owner.user_id), token=other.access_token),
            return_exceptions=True,
        )
        left = await house.db.fetch(
            "SELECT 1 FROM members WHERE organization_id = %s AND role = 'OWNER'", (UUID(made.id),)
        )
        assert len(left) == 1, outcomes
        assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1


@pytest.mark.parametrize("way", ["RemoveMember", "SetMemberRole", "LeaveOrganization"])
async def test_the_last_owner_stays(house: House, way: str) -> None:
    owner, made = await founded(house)
    await joined(house, owner, made, MANAGER)
    request: Any = {
        "RemoveMember": pb.RemoveMemberRequest(organization_id=made.id, member_id=owner.user_id),
        "SetMemberRole": pb.SetMemberRoleRequest(organization_id=made.id, member_id=owner.user_id, role=MANAGER),
        "LeaveOrganization": pb.LeaveOrganizationRequest(organization_id=made.id),
    }[way]
    async with refused("LAST_OWNER", "FAILED_PRECONDITION"):
        await house.call(way, request, token=owner.access_token)
    assert (await roles(house, made, owner.access_token))[owner.user_id] == OWNER


async def test_a_member_is_what_was_said_last_and_leaves(house: House) -> None:
    owner, made = await founded(house)
    member = await joined(house, owner, made, DOOR)
    for role in (FINANCE, FINANCE, OWNER, MANAGER):
        request = pb.SetMemberRoleRequest(organization_id=made.id, member_id=member.user_id, role=role)
        assert (await house.call("SetMemberRole", request, token=owner.access_token)).role == role
    leave = pb.LeaveOrganizationRequest(organization_id=made.id)
    await house.call("LeaveOrganization", leave, token=member.access_token)
    assert await roles(house, made, owner.access_token) == {owner.user_id: OWNER}
    for way, gone in (
        ("RemoveMember", pb.RemoveMemberRequest(organization_id=made.id, member_id=member.user_id)),
        ("SetMemberRole", pb.SetMemberRoleRequest(organization_id=made.id, member_id=member.user_id, role=DOOR)),
    ):
        async with refused("MEMBER_NOT_FOUND"):
            await house.call(way, gone, token=owner.access_token)


async def test_who_is_added_twice_is_a_member_once(house: House) -> None:
    owner, made = await founded(house)
    user = await house.registered()
    request = pb.AddMemberRequest(organization_id=made.id, email=f" {user.email.upper()}", role=DOOR)
    first = await house.call("AddMember", request, token=owner.access_token)
    assert await house.call("AddMember", request, token=owner.access_token) == first
    request.role = MANAGER
    async with refused("MEMBER_ALREADY_EXISTS", "ALREADY_EXISTS") as refusal:
        await house.call("AddMember", request, token=owner.access_token)
    assert refusal.failure.metadata == {"role": "DOOR"}


async def test_addresses_without_an_account_are_not_found_and_counted(identity_db: Database) -> None:
    async with opened_house(identity_db, attempts_per_address=3) as house:
        owner, made = await founded(house)
        here = (("x-client-address", "10.9.9.9"),)
        for number in range(3):
            request = pb.AddMemberRequest(organization_id=made.id, email=f"nobody{number}@example.com", role=DOOR)
            async with refused("USER_NOT_FOUND", "NOT_FOUND"):
                await house.call("AddMember", request, token=owner.access_token, metadata=here)
        async with refused("TOO_MANY_ATTEMPTS"):
            await house.call("AddMember", request, token=owner.access_token, metadata=here)


async def test_an_organization_has_so_many_members_and_no_more(house: House) -> None:
    owner, made = await founded(house)
    await house.db.execute(
        """
        WITH made AS (
            INSERT INTO users (id, email, name, password_hash, roles)
            SELECT gen_random_uuid(), format('member%%s@example.com', n), '', '', '{USER}'
            FROM generate_series(2, %s) AS n RETURNING id
        )
        INSERT INTO members SELECT %s, id, 'DOOR', clock_timestamp() FROM made
        """,
        (MAX_MEMBERS, UUID(made.id)),
    )
    user = await house.registered()
    request = pb.AddMemberRequest(organization_id=made.id, email=user.email, role=DOOR)
    async with refused("MEMBER_LIMIT_EXCEEDED", "FAILED_PRECONDITION"):
        await house.call("AddMember", request, token=owner.access_token)
    listing, seen = pb.ListMembersRequest(organization_id=made.id, page_size=70), []
    while True:
        page = await house.call("ListMembers", listing, token=owner.access_token)
        seen += [member.user_id for member in page.members]
        if not page.next_page_token:
            break
        listing.page_token = page.next_page_token
    assert len(set(seen)) == len(seen) == MAX_MEMBERS
    assert seen == sorted(seen)


async def test_who_is_in_too_many_organizations_is_added_to_none(house: House) -> None:
    busy = await house.somebody("ORGANIZER")
    for number in range(MAX_ORGANIZATIONS - 1):
        request = pb.CreateOrganizationRequest(name=f"Organization {number}")
        await house.call("CreateOrganization", request, token=busy.access_token)
    profile = await house.call("GetProfile", identity_pb2.GetProfileRequest(), token=busy.access_token)
    both = [await founded(house) for _ in range(2)]
    adds = [
        house.call(
            "AddMember",
            pb.AddMemberRequest(organization_id=made.id, email=profile.email, role=DOOR),
            token=owner.access_token,
        )
        for owner, made in both
    ]
    outcomes = await asyncio.gather(*adds, return_exceptions=True)
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1, outcomes


async def test_an_organization_is_renamed_by_its_owner(house: House) -> None:
    owner, made = await founded(house)
    request = pb.UpdateOrganizationRequest(organization_id=made.id, name="Lantern & Daughters")
    assert (await house.call("UpdateOrganization", request, token=owner.access_token)).name == "Lantern & Daughters"
    manager = await joined(house, owner, made, MANAGER)
    async with refused("PERMISSION_DENIED"):
        await house.call("UpdateOrganization", request, token=manager.access_token)


WISHES: dict[str, tuple[Any, set[int]]] = {
    "GetOrganization": (pb.GetOrganizationRequest, {OWNER, MANAGER, BOX_OFFICE, FINANCE, DOOR}),
    "ListMembers": (pb.ListMembersRequest, {OWNER, MANAGER}),
    "UpdateOrganization": (lambda **given: pb.UpdateOrganizationRequest(name="New", **given), {OWNER}),
    "AddMember": (lambda **given: pb.AddMemberRequest(email="x@example.com", role=DOOR, **given), {OWNER}),
    "SetMemberRole": (
        lambda **given: pb.SetMemberRoleRequest(member_id=str(uuid4()), role=DOOR, **given),
        {OWNER},
    ),
    "RemoveMember": (lambda **given: pb.RemoveMemberRequest(member_id=str(uuid4()), **given), {OWNER}),
    "LeaveOrganization": (pb.LeaveOrganizationRequest, set()),
}
"""A request of each method about an organization, and who may; all may leave, and are told so elsewhere."""


@pytest.mark.parametrize("name", WISHES)
async def test_who_may_do_what_in_an_organization(house: House, name: str) -> None:
    make, may = WISHES[name]
    owner, made = await founded(house)
    members = {OWNER: owner} | {
        role: await joined(house, owner, made, role) for role in (MANAGER, BOX_OFFICE, FINANCE, DOOR)
    }
    for role, tokens in members.items():
        if name == "LeaveOrganization":
            continue
        try:
            await house.call(name, make(organization_id=made.id), token=tokens.access_token)
        except Exception as error:
            denied = "PERMISSION_DENIED" in str(error)
            assert denied == (role not in may), (Membership.Role.Name(role), error)
        else:
            assert role in may
    stranger, _ = await founded(house)
    for id_ in (made.id, str(uuid4())):
        async with refused("ORGANIZATION_NOT_FOUND", "NOT_FOUND"):
            await house.call(name, make(organization_id=id_), token=stranger.access_token)
    async with refused("PERMISSION_DENIED"):
        nobody = await house.somebody("ORGANIZER")
        await house.call(name, make(organization_id=made.id), token=nobody.access_token)
