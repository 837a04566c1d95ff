"""Every method as each role that a member of an organization has, and as a member of another: as its contract says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

import httpx
import pytest
from boxoffice.policy.v1 import policy_pb2

from gateway.openapi.examples import BODIES
from services.chassis.wire.identity import Rule, policy
from stack.accounts import bearer
from stack.launcher import Stack
from tests.gateway.fakes import PUBLIC, Method
from tests.patience import patient
from tests.system import matrix
from tests.system.bad_input import World
from tests.system.client import Client, Json, Show, ok, refusal
from tests.system.conftest import AUTH, opened_client
from tests.system.databases import rows
from tests.system.matrix import ABSENT, ADMITTED, DENIED, Callers
from tests.system.samples import a_url, over_rest
from tests.system.selling import gstin
from tests.system.test_bad_input import make_world

pytestmark = pytest.mark.skipif(AUTH == "off", reason="anybody may do anything")

ROLES = [name for name, number in policy_pb2.Membership.Role.items() if number]
ANOTHERS = "OWNER of another organization"
ELSEWHERE = "DOOR, and OWNER of another organization"
ROLE = {**dict(zip(ROLES, ROLES, strict=True)), ELSEWHERE: "DOOR"}
"""Of those who are in the organization, there."""
ORGANIZATION = "organization_id"
PRIVATE = {
    "booking_id": "BOOKING_NOT_FOUND",
    "coupon_id": "COUPON_NOT_FOUND",
    "seller_id": "SELLER_NOT_FOUND",
    "endpoint_id": "WEBHOOK_ENDPOINT_NOT_FOUND",
}
"""What nobody else is told of, and what they are told instead."""
ORGANIZATION_NOT_FOUND = "ORGANIZATION_NOT_FOUND"
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
    anothers_show: Show
    """Of the organization of ANOTHERS."""

    async def join_again(self, client: Client, who: str) -> None:
        """Have the member in the organization again who may have left it."""
        body = {"email": self.members[who].email, "role": ROLE[who]}
        path = f"organizations/{self.world.organization_id}/members"
        answer = await client.ask("POST", path, body, headers=client.organizer)
        assert answer.status_code in (200, 409), answer.text

    async def endpoint(self, client: Client) -> str:
        """Have the organization have another endpoint, and return its id."""
        path, owner = "webhooks/endpoints", dict(self.members["OWNER"].metadata)
        made = await client.ask("POST", path, BODIES["UpdateWebhookEndpoint"] | {"url": a_url()}, headers=owner)
        if made.status_code == 200:
            return str(ok(made)["endpoint"]["id"])
        # Those that others were refused to delete are there.
        listed = await client.ask("GET", path, headers=owner)
        return next(str(one["id"]) for one in ok(listed)["endpoints"] if one["id"] != self.world.endpoint_id)

    async def image(self, client: Client) -> str:
        """Have the event have an image, also where that was deleted, and return its id."""
        path = f"/api/v1/events/{self.world.event_id}/images"
        owner = dict(self.members["OWNER"].metadata)
        image = await client.http.post(path, headers=owner, **over_rest("UploadImage", "POST", {"altText": "A poster"}))
        return str(ok(image)["id"])


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
        members = {role: await _member(client, {ours: role}) for role in ROLES}
        members[ANOTHERS] = await _member(client, {theirs: "OWNER"})
        members[ELSEWHERE] = await _member(client, {ours: ROLE[ELSEWHERE], theirs: "OWNER"})
        async with _called_by(stack, members["OWNER"]) as owner, _called_by(stack, members[ANOTHERS]) as other:
            anothers_show = await other.make_show()
            return await _house(client, owner, replace(world, organization_id=ours), members, anothers_show)


@asynccontextmanager
async def _called_by(stack: Stack, member: Member) -> AsyncIterator[Client]:
    headers = dict(member.metadata)
    async with httpx.AsyncClient(
        base_url=stack.public_url, headers=headers, timeout=patient(20), trust_env=False, verify=False
    ) as http:
        yield Client(http)


async def _member(client: Client, roles: Mapping[str, str]) -> Member:
    """Make an account, and have it in organizations; then the access token says so."""
    who = {"email": f"{uuid4()}@example.com", "password": "correct horse battery"}
    ok(await client.ask("POST", "auth/register", who | {"name": "Mo"}, headers={"Idempotency-Key": str(uuid4())}))
    for organization_id, role in roles.items():
        added = {"email": who["email"], "role": role}
        ok(await client.ask("POST", f"organizations/{organization_id}/members", added, headers=client.organizer))
    return Member(who["email"], bearer(ok(await client.ask("POST", "auth/login", who))["accessToken"]))


async def _house(
    admin: Client, owner: Client, world: World, members: Mapping[str, Member], anothers_show: Show
) -> House:
    """Make things as the owner does: they are the organization's, as the owner is in no other."""
    show = await owner.make_show()
    booking = await admin.booked(show, world.user, show.seats[:1])
    seller = ok(await owner.ask("PUT", f"sellers/{uuid4()}", BODIES["SetSeller"] | {"taxNumber": (number := gstin())}))
    coupon = ok(await owner.ask("POST", "coupons", BODIES["CreateCoupon"] | {"code": str(uuid4())[:8]}))
    endpoint = ok(await owner.ask("POST", "webhooks/endpoints", BODIES["UpdateWebhookEndpoint"]))
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
    assert {each["organizationId"] for each in (public, draft, unseen, seller, coupon)} == {world.organization_id}
    seat_id = layout["rows"][0]["seats"][0]["id"]
    owned = replace(
        world,
        show=show,
        event_id=public["id"],
        layout_seat_id=seat_id,
        booking_id=booking["id"],
        seller_id=seller["id"],
        tax_number=number,
        coupon_id=coupon["id"],
        endpoint_id=endpoint["endpoint"]["id"],
    )
    return House(
        owned, replace(owned, event_id=draft["id"], show=replace(show, id=unseen["id"])), members, anothers_show
    )


@pytest.fixture(scope="module")
async def callers(stack: Stack, house: House) -> AsyncIterator[Callers]:
    async with matrix.opened(stack, house.world) as callers:
        yield callers


def expected(method: Method, rule: Rule, who: str) -> str:
    """Return what the policy says of a member who asks for what is the organization's, none of which is a draft."""
    if "MEMBER" not in rule.allowed:
        return matrix.expected(method, matrix.OTHER)
    if ROLE.get(who) in rule.member_roles:
        return ADMITTED
    if "OWNER" in rule.allowed:
        return ABSENT  # they ask for somebody else
    if who != ANOTHERS:
        return DENIED
    # Nobody knows of an organization who is not in it.
    private = PRIVATE | ({ORGANIZATION: ORGANIZATION_NOT_FOUND} if method.cluster == "identity" else {})
    return private.get(rule.organization_of, DENIED)


def is_as(reason: str, wanted: str) -> bool:
    """Tell whether a method answers as it should."""
    refused = {matrix.UNAUTHENTICATED, DENIED, ORGANIZATION_NOT_FOUND, *PRIVATE.values(), *matrix.WRONG}
    return {ADMITTED: reason not in refused, ABSENT: reason == "USER_NOT_FOUND"}.get(wanted, reason == wanted)


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
                if method.descriptor.name == "DeleteImage":
                    request = {"image_id": await house.image(client)}, None
                if method.descriptor.name == "DeleteWebhookEndpoint":
                    request = {"endpoint_id": await house.endpoint(client)}, None
                answer = await callers.ask(way, method, request, member.metadata)
                if not is_as(answer.reason, wanted := expected(method, rule, who)):
                    complaints.append(f"{who} by {way} should be {wanted}: {answer}")
                if method.descriptor.name == "LeaveOrganization" and who in ROLE:
                    await house.join_again(client, who)
    assert complaints == []


async def test_nobody_sells_for_another_organization_or_gives_its_discounts(house: House, callers: Callers) -> None:
    """Whoever owns another organization uses nothing of this one for its own."""

    async def of(name: str, variables: Json, body: Json) -> str:
        [method] = [one for one in PUBLIC if one.descriptor.name == name]
        answers = [
            (await callers.ask(way, method, (variables, body), house.members[ANOTHERS].metadata)).reason
            for way in matrix.ways(method)
        ]
        assert len(set(answers)) == 1, answers
        return answers[0]

    seller = BODIES["SetSeller"] | {"taxNumber": house.world.tax_number}
    assert await of("SetSeller", {"seller_id": house.world.seller_id}, seller) == "SELLER_NOT_FOUND"
    tax = BODIES["SetShowTax"] | {"sellerId": house.world.seller_id}
    assert await of("SetShowTax", {"show_id": house.anothers_show.id}, tax) == "SELLER_NOT_FOUND"


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


READS = [
    one
    for one in PUBLIC
    if "PUBLIC" in policy(one.path).allowed and {"event_id", "show_id"} & set(one.descriptor.input_type.fields_by_name)
]
FILTERED = {"ListShows"}
"""What finds nothing where others are told that there is nothing."""
WATCHES = {"WatchSeats", "StreamSeats"}
"""Nothing is sold of a draft, so nobody watches one."""


@pytest.mark.parametrize("method", each([one for one in READS if one.descriptor.name not in FILTERED]))
async def test_a_draft_is_read_by_members_of_its_organization_whatever_their_role_and_by_nobody_else(
    house: House, callers: Callers, method: Method
) -> None:
    draft = replace(house.draft, show=replace(house.draft.show, movie_id=house.draft.event_id))
    request = matrix.example(method, draft)
    asking = {who: member.metadata for who, member in house.members.items()}
    asking |= {who: callers.metadata(who) for who in matrix.PEOPLE}
    complaints = []
    for way in matrix.ways(method):
        for who, metadata in asking.items():
            reason = (await callers.ask(way, method, request, metadata)).reason
            sees = (who in ROLE or who == matrix.ADMIN) and method.descriptor.name not in WATCHES
            if not (reason == "OK" if sees else reason.endswith("_NOT_FOUND")):
                complaints.append(f"{who} by {way}: {reason}")
    assert complaints == []


async def test_a_manager_prepares_a_draft_and_sees_what_its_cancellation_would_do(
    house: House, callers: Callers
) -> None:
    names = {
        *("PreviewShowCancellation", "PreviewEventCancellation", "ListShowBookings"),
        *("SetShowFees", "GetShowFees", "SetShowKinds", "GetShowKinds", "SetShowTax", "GetEventSharing"),
    }
    for method in [one for one in PUBLIC if one.descriptor.name in names]:
        for way in matrix.ways(method):
            request = matrix.example(method, house.draft)
            answer = await callers.ask(way, method, request, house.members["MANAGER"].metadata)
            assert answer.reason == "OK", (method.path, way, answer)


async def test_the_money_of_an_organizations_show_is_seen_and_given_back_by_its_members(
    stack: Stack, house: House
) -> None:
    show, seller_id = house.world.show, house.world.seller_id
    async with (
        opened_client(stack) as admin,
        _called_by(stack, house.members["MANAGER"]) as manager,
        _called_by(stack, house.members["FINANCE"]) as finance,
    ):
        ok(await manager.ask("PUT", f"shows/{show.id}/tax", BODIES["SetShowTax"] | {"sellerId": seller_id}))
        sold = await admin.confirmed(show, str(uuid4()), show.seats[2:4])
        listed = ok(await finance.ask("GET", f"shows/{show.id}/bookings", params={"status": "CONFIRMED"}))["bookings"]
        assert [one["id"] for one in listed] == [sold["id"]]
        assert {"email", "phone", "name"}.isdisjoint(listed[0])
        assert ok(await finance.ask("GET", f"bookings/{sold['id']}")) == sold
        invoice = ok(await finance.ask("GET", f"bookings/{sold['id']}/invoice"))["invoice"]
        assert invoice["seller"]["organizationId"] == house.world.organization_id
        period = {"from": "2026-01-01T00:00:00Z", "to": "2090-01-01T00:00:00Z"}
        export = await finance.ask("GET", f"sellers/{seller_id}/invoices", params=period)
        assert invoice["number"] in export.text
        path, why = f"payments/refund/{sold['id']}/grant", {"percentage": 100, "reason": "The hall was too cold."}
        assert refusal(await finance.ask("POST", path, why)).reason == DENIED
        assert ok(await manager.ask("POST", path, why))["refundAmount"] == sold["finalAmount"]
        granted_by = ok(await manager.ask("GET", "users/me"))["id"]
    refunds = "SELECT cause, decided_by::text, reason FROM booking_refunds WHERE booking_id = %s"
    assert rows(stack.server, "booking", refunds, sold["id"]) == [("GRANTED", granted_by, why["reason"])]
    kept = "SELECT organization_id::text FROM bookings WHERE id = %s"
    assert rows(stack.server, "booking", kept, sold["id"]) == [(house.world.organization_id,)]
