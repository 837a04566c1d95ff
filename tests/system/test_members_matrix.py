"""Every method as each role that a member of an organization has, and as a member of another: as its contract says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

import httpx
import pytest
from boxoffice.policy.v1 import policy_pb2

from services.chassis.wire.identity import Rule, policy
from stack.accounts import bearer
from stack.launcher import Stack
from tests.gateway.fakes import PUBLIC, Method
from tests.patience import patient
from tests.system import matrix
from tests.system.bad_input import World
from tests.system.client import Client, Json, ok
from tests.system.conftest import AUTH, opened_client
from tests.system.matrix import ABSENT, ADMITTED, DENIED, Callers
from tests.system.test_bad_input import make_world

pytestmark = pytest.mark.skipif(AUTH == "off", reason="anybody may do anything")

ROLES = [name for name, number in policy_pb2.Membership.Role.items() if number]
ANOTHERS = "OWNER of another organization"
NOT_FOUND = "not found"
ORGANIZATION = "organization_id"
EVENT = {"title": "Low Tide", "category": "CONCERT", "durationMinutes": 60}


@dataclass(frozen=True)
class Member:
    """An account that is a member."""

    email: str
    metadata: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class House:
    """An organization with a member of each role, what it has, and the owner of another organization."""

    world: World
    """Its show, event, venue and hall are the organization's."""
    draft: World
    """Its show and event are drafts of the organization's."""
    members: Mapping[str, Member]

    async def join_again(self, client: Client, role: str) -> None:
        """Have the member in the organization again who may have left it."""
        body = {"email": self.members[role].email, "role": role}
        path = f"organizations/{self.world.organization_id}/members"
        answer = await client.ask("POST", path, body, headers=client.organizer)
        assert answer.status_code in (200, 409), answer.text


def each(methods: list[Method]) -> list[object]:
    return [pytest.param(method, id=method.descriptor.name) for method in methods]


@pytest.fixture(scope="module")
async def house(stack: Stack) -> House:
    world = await make_world(stack)
    async with opened_client(stack) as client:
        ours, theirs = [
            ok(await client.ask("POST", "organizations", {"name": name}, headers=client.organizer))["id"]
            for name in ("Low Tide Nights", "High Water Nights")
        ]
        members = {role: await _member(client, ours, role) for role in ROLES}
        members[ANOTHERS] = await _member(client, theirs, "OWNER")
    headers = dict(members["OWNER"].metadata)
    async with httpx.AsyncClient(
        base_url=stack.public_url, headers=headers, timeout=patient(20), trust_env=False
    ) as http:
        return await _house(Client(http), replace(world, organization_id=ours), members)


async def _member(client: Client, organization_id: str, role: str) -> Member:
    """Make an account, and have it in an organization; then the access token says so."""
    who = {"email": f"{uuid4()}@example.com", "password": "correct horse battery"}
    ok(await client.ask("POST", "auth/register", who | {"name": role}, headers={"Idempotency-Key": str(uuid4())}))
    added = {"email": who["email"], "role": role}
    ok(await client.ask("POST", f"organizations/{organization_id}/members", added, headers=client.organizer))
    return Member(who["email"], bearer(ok(await client.ask("POST", "auth/login", who))["accessToken"]))


async def _house(owner: Client, world: World, members: Mapping[str, Member]) -> House:
    """Make things as the owner does: they are the organization's, as the owner is in no other."""
    show = await owner.make_show()
    layout = ok(await owner.ask("GET", f"seats/screens/{show.screen_id}"))
    public = ok(await owner.ask("POST", "events", EVENT | {"status": "PUBLISHED"}))
    draft = ok(await owner.ask("POST", "events", EVENT | {"status": "DRAFT"}))
    unseen = ok(
        await owner.ask(
            "POST",
            "shows",
            {
                "eventId": draft["id"],
                "screenId": show.screen_id,
                "startTime": "2031-06-01T00:00:00Z",
                "currency": "INR",
                "prices": [{"tier": tier, "price": 100} for tier in ("REGULAR", "PREMIUM", "VIP")],
            },
        )
    )
    assert {each["organizationId"] for each in (public, draft, unseen)} == {world.organization_id}
    seat_id = layout["rows"][0]["seats"][0]["id"]
    owned = replace(world, show=show, event_id=public["id"], layout_seat_id=seat_id)
    return House(owned, replace(owned, event_id=draft["id"], show=replace(show, id=unseen["id"])), members)


@pytest.fixture
async def callers(stack: Stack, house: House) -> AsyncIterator[Callers]:
    async with matrix.opened(stack, house.world) as callers:
        yield callers


def expected(method: Method, rule: Rule, who: str) -> str:
    """Return what the policy says of a member who asks for what is the organization's, none of which is hidden."""
    if "MEMBER" not in rule.allowed:
        return matrix.expected(method, matrix.OTHER)
    if who in rule.member_roles:
        return ADMITTED
    # Nobody knows of an organization who is not in it.
    return NOT_FOUND if who == ANOTHERS and method.cluster == "identity" else DENIED


def is_as(reason: str, wanted: str) -> bool:
    """Tell whether a method answers as it should."""
    refused = {matrix.UNAUTHENTICATED, DENIED, "ORGANIZATION_NOT_FOUND", *matrix.WRONG}
    return {
        ADMITTED: reason not in refused,
        ABSENT: reason == "USER_NOT_FOUND",
        NOT_FOUND: reason == "ORGANIZATION_NOT_FOUND",
    }.get(wanted, reason == wanted)


def example(method: Method, rule: Rule, world: World) -> tuple[Json, Json | None]:
    """Return a request that is about the organization and what it has."""
    variables, body = matrix.example(method, world)
    if rule.organization_of == ORGANIZATION and ORGANIZATION not in variables:
        body = (body or {}) | {"organizationId": world.organization_id}
    return variables, body


@pytest.mark.parametrize("method", each(PUBLIC))
async def test_members_are_answered_as_the_policy_says(
    stack: Stack, house: House, callers: Callers, method: Method
) -> None:
    rule = policy(method.path)
    request = example(method, rule, house.world)
    complaints = []
    async with opened_client(stack) as client:
        for way in matrix.ways(method):
            for who, member in house.members.items():
                answer = await callers.ask(way, method, request, member.metadata)
                if not is_as(answer.reason, wanted := expected(method, rule, who)):
                    complaints.append(f"{who} by {way} should be {wanted}: {answer}")
                if method.descriptor.name == "LeaveOrganization" and who in ROLES:
                    await house.join_again(client, who)
    assert complaints == []


ABOUT_EVENTS_AND_SHOWS = [one for one in PUBLIC if policy(one.path).organization_of in ("event_id", "show_id")]


@pytest.mark.parametrize("method", each(ABOUT_EVENTS_AND_SHOWS))
async def test_who_is_not_in_its_organization_finds_no_draft_by_any_method(
    house: House, callers: Callers, method: Method
) -> None:
    thing = policy(method.path).organization_of.removesuffix("_id").upper()
    request = matrix.example(method, house.draft)
    for way in matrix.ways(method):
        for metadata in (house.members[ANOTHERS].metadata, callers.metadata(matrix.ORGANIZER)):
            answer = await callers.ask(way, method, request, metadata)
            # Who is an organizer nowhere may not ask at all.
            is_asker = metadata == house.members[ANOTHERS].metadata or "ORGANIZER" in policy(method.path).allowed
            assert answer.reason == (f"{thing}_NOT_FOUND" if is_asker else DENIED), (way, answer)
