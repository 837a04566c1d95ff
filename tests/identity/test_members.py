"""Members of organizations are held to what policies say of them: their organization and their role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import invoices_pb2
from boxoffice.inventory.v1 import catalog_pb2
from boxoffice.policy.v1 import policy_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gateway.contracts import DESCRIPTOR, faults
from gateway.released import broken
from services.chassis.errors import Failure, InvalidField, NotFound, PermissionDenied, Unauthenticated, UserNotFound
from services.chassis.wire.identity import Guard, caller, own_organizations
from services.chassis.wire.keys import FetchedKeys
from services.chassis.wire.owners import ITSELF, Shared, Things
from tests.identity import forge
from tests.identity.test_attacks import Source
from tests.identity.test_policies import KEY, MEMBER_ROLES, OTHER, OURS

INVOICE = "/boxoffice.booking.v1.InvoiceService/GetInvoice"
CATALOG = "/boxoffice.inventory.v1.CatalogService/"
THEIRS, MORE = str(uuid4()), str(uuid4())
MAY = {"OWNER", "MANAGER"}


class NoVenue(NotFound):
    """There is no such venue."""


class Venues(Things):
    """Venues that a test says whose they are; `asked` counts the questions."""

    def __init__(self, owners: Mapping[str, str | None], hidden: frozenset[str] = frozenset()) -> None:
        self.asked = 0

        async def find(id_: UUID) -> UUID | None:
            self.asked += 1
            if str(id_) not in owners:
                raise NoVenue()
            owner = owners[str(id_)]
            return None if owner is None else UUID(owner)

        async def is_hidden(id_: UUID) -> Failure | None:
            return NoVenue() if str(id_) in hidden else None

        super().__init__(find, is_hidden)


def guard(venues: Things | None = None, memberships: Any = None, **others: Things) -> Guard:
    things = {
        "venue_id": venues or Venues({}),
        **dict.fromkeys(("event_id", "movie_id", "screen_id"), ITSELF),
        **others,
    }
    return Guard(FetchedKeys(Source(KEY).fetch), things, memberships)


def token(*roles: str, **organizations: str) -> dict[str, str | bytes]:
    claims = forge.right(OTHER, roles=["USER", *roles], organizations=organizations)
    return {"authorization": f"Bearer {KEY.sign(claims)}"}


async def admitted(who: dict[str, str | bytes], name: str, request: Any, checked_by: Guard | None = None) -> Any:
    access = (checked_by or guard()).access_to(CATALOG + name)
    await access.admit(request, who, "gateway")
    await access.check(request)
    return request


def event(organization_id: str = "") -> catalog_pb2.CreateEventRequest:
    return catalog_pb2.CreateEventRequest(title="Low Tide", organization_id=organization_id)


def screen(venue_id: str) -> catalog_pb2.CreateScreenRequest:
    return catalog_pb2.CreateScreenRequest(venue_id=venue_id, name="One")


@pytest.mark.parametrize("role", MEMBER_ROLES)
async def test_a_member_may_by_the_role_and_in_that_organization_only(role: str) -> None:
    ours = token(**{OURS: role})
    if role in MAY:
        await admitted(ours, "CreateEvent", event(OURS))
        await admitted(ours, "CreateEvent", event(OURS.upper()))
    else:
        with pytest.raises(PermissionDenied):
            await admitted(ours, "CreateEvent", event(OURS))
    with pytest.raises(PermissionDenied):
        await admitted(ours, "CreateEvent", event(THEIRS))


async def test_a_role_in_one_organization_is_none_in_another() -> None:
    both = token(**{OURS: "DOOR", THEIRS: "OWNER"})
    with pytest.raises(PermissionDenied):
        await admitted(both, "CreateEvent", event(OURS))
    await admitted(both, "CreateEvent", event(THEIRS))


async def test_who_names_no_organization_makes_what_is_their_only_ones() -> None:
    made = await admitted(token("ORGANIZER", **{OURS: "MANAGER", THEIRS: "DOOR"}), "CreateEvent", event())
    assert made.organization_id == OURS
    with pytest.raises(InvalidField) as refusal:
        await admitted(token(**{OURS: "MANAGER", THEIRS: "OWNER"}), "CreateEvent", event())
    assert [field for field, _ in refusal.value.violations] == ["organizationId"]


async def test_an_organizer_without_an_organization_makes_boxoffices_own_and_an_admin_whatever_they_say() -> None:
    assert (await admitted(token("ORGANIZER"), "CreateEvent", event())).organization_id == ""
    assert (await admitted(token("ORGANIZER", **{OURS: "DOOR"}), "CreateEvent", event())).organization_id == ""
    with pytest.raises(PermissionDenied):
        await admitted(token("ORGANIZER"), "CreateEvent", event(OURS))
    assert (await admitted(token("ADMIN", **{OURS: "OWNER"}), "CreateEvent", event())).organization_id == ""
    assert (await admitted(token("ADMIN"), "CreateEvent", event(THEIRS))).organization_id == THEIRS


async def test_whose_a_thing_is_its_service_says() -> None:
    ours, theirs, boxoffices = (str(uuid4()) for _ in range(3))
    held = guard(Venues({ours: OURS, theirs: THEIRS, boxoffices: None}))
    member = token(**{OURS: "MANAGER"})
    await admitted(member, "CreateScreen", screen(ours), held)
    for venue in (theirs, boxoffices):
        with pytest.raises(PermissionDenied):
            await admitted(member, "CreateScreen", screen(venue), held)
    with pytest.raises(NoVenue):
        await admitted(member, "CreateScreen", screen(str(uuid4())), held)
    await admitted(token("ORGANIZER"), "CreateScreen", screen(boxoffices), held)
    with pytest.raises(PermissionDenied):
        await admitted(token("ORGANIZER"), "CreateScreen", screen(ours), held)
    await admitted(token("ADMIN"), "CreateScreen", screen(theirs), held)


async def test_what_is_hidden_is_told_in_the_words_for_what_does_not_exist_but_to_members() -> None:
    hidden = str(uuid4())
    held = guard(Venues({hidden: OURS}, frozenset({hidden})))
    for who in (token("ORGANIZER"), token(**{THEIRS: "OWNER"})):
        with pytest.raises(NoVenue):
            await admitted(who, "CreateScreen", screen(hidden), held)
    with pytest.raises(PermissionDenied):
        await admitted(token("ORGANIZER", **{OURS: "DOOR"}), "CreateScreen", screen(hidden), held)
    await admitted(token(**{OURS: "OWNER"}), "CreateScreen", screen(hidden), held)


async def test_an_owner_is_asked_for_once_and_what_is_not_there_again() -> None:
    venue, absent = str(uuid4()), str(uuid4())
    venues = Venues({venue: OURS})
    held = guard(venues)
    for _ in range(3):
        await admitted(token(**{OURS: "OWNER"}), "CreateScreen", screen(venue), held)
    assert venues.asked == 1
    for count in (2, 3):
        with pytest.raises(NoVenue):
            await admitted(token(**{OURS: "OWNER"}), "CreateScreen", screen(absent), held)
        assert venues.asked == count


async def test_a_service_that_knows_memberships_does_not_go_by_the_token() -> None:
    async def none_any_more(_: UUID) -> Mapping[UUID, str]:
        return {}

    async def owner_since_a_moment_ago(user_id: UUID) -> Mapping[UUID, str]:
        return {UUID(OURS): "OWNER"} if str(user_id) == OTHER else {}

    with pytest.raises(PermissionDenied):
        await admitted(token(**{OURS: "OWNER"}), "CreateEvent", event(OURS), guard(memberships=none_any_more))
    await admitted(token(), "CreateEvent", event(OURS), guard(memberships=owner_since_a_moment_ago))


@pytest.mark.parametrize("claim", [[OURS], "x", {"me": "OWNER"}, 7])
async def test_a_token_whose_organizations_are_none_is_not_good(claim: Any) -> None:
    signed = KEY.sign(forge.right(OTHER, roles=["USER", "ADMIN"], organizations=claim))
    with pytest.raises(Unauthenticated):
        await admitted({"authorization": f"Bearer {signed}"}, "CreateEvent", event())


async def test_whose_hidden_things_a_caller_sees() -> None:
    assert own_organizations() is None, "nobody is checked"
    get, nothing = guard().access_to(CATALOG + "GetEvent"), catalog_pb2.GetEventRequest()
    for who, seen in (
        ({}, frozenset()),
        (token("ORGANIZER"), frozenset()),
        (token(**{OURS: "DOOR", THEIRS: "OWNER"}), frozenset({UUID(OURS), UUID(THEIRS)})),
        (token("ADMIN", **{OURS: "DOOR"}), None),
    ):
        await get.admit(nothing, who, "gateway")
        assert own_organizations() == seen
    caller.set(None)


def shared(owner: str | None, *others: str, everybody: bool = False, hidden: bool = False) -> Things:
    """Return things that are shared like this."""

    async def who(_: UUID) -> Shared:
        return Shared(None if owner is None else UUID(owner), None if everybody else frozenset(map(UUID, others)))

    async def find(_: UUID) -> UUID | None:
        return None if owner is None else UUID(owner)

    async def is_hidden(_: UUID) -> Failure | None:
        return NoVenue() if hidden else None

    return Things(find, is_hidden, who)


async def make_show(who: dict[str, str | bytes], event: Things, screen: Things) -> catalog_pb2.CreateShowRequest:
    request = catalog_pb2.CreateShowRequest(event_id=str(uuid4()), screen_id=str(uuid4()))
    made: catalog_pb2.CreateShowRequest = await admitted(
        who, "CreateShow", request, guard(event_id=event, screen_id=screen)
    )
    return made


@pytest.mark.parametrize("at", ["event", "screen"])
async def test_a_show_is_made_of_what_its_organization_may_use_and_of_nothing_else(at: str) -> None:
    everybodys = shared(None, everybody=True)

    async def of(who: dict[str, str | bytes], thing: Things) -> None:
        await make_show(who, *((thing, everybodys) if at == "event" else (everybodys, thing)))

    ours, organizer = token(**{OURS: "MANAGER"}), token("ORGANIZER")
    for thing in (everybodys, shared(THEIRS, everybody=True), shared(OURS), shared(THEIRS, OURS), shared(None, OURS)):
        await of(ours, thing)
    for who, thing in (
        (ours, shared(THEIRS)),
        (ours, shared(THEIRS, MORE)),
        (ours, shared(None)),
        (organizer, shared(None)),
        (organizer, shared(THEIRS)),
        (organizer, shared(THEIRS, OURS)),
    ):
        with pytest.raises(PermissionDenied):
            await of(who, thing)
    for thing in (everybodys, shared(THEIRS, everybody=True)):
        await of(organizer, thing)
    await of(token("ADMIN"), shared(THEIRS))
    with pytest.raises(NoVenue):
        await of(ours, shared(THEIRS, hidden=True))
    await of(ours, shared(OURS, hidden=True))


async def test_where_users_and_members_may_call_it_is_a_members_only_if_they_have_the_role_there() -> None:
    ours, theirs, absent = (str(uuid4()) for _ in range(3))
    bookings = Venues({ours: OURS, theirs: THEIRS}, frozenset({ours, theirs}))
    access = guard(booking_id=bookings).access_to(INVOICE)

    async def user_of(who: dict[str, str | bytes], booking_id: str, user_id: str = "") -> str:
        request = invoices_pb2.GetInvoiceRequest(booking_id=booking_id, user_id=user_id)
        await access.admit(request, who, "gateway")
        await access.check(request)
        return request.user_id

    finance, door = token(**{OURS: "FINANCE"}), token(**{OURS: "DOOR"})
    assert await user_of(finance, ours) == "", "anybody's"
    assert await user_of(finance, ours, THEIRS) == THEIRS
    for who, booking in (
        (finance, theirs),
        (door, ours),
        (token("ORGANIZER"), ours),
        (token(**{OURS: "DOOR", THEIRS: "OWNER"}), ours),
    ):
        assert await user_of(who, booking) == OTHER, "their own"
        with pytest.raises(UserNotFound):
            await user_of(who, booking, THEIRS)
    with pytest.raises(NoVenue):
        await user_of(finance, absent)
    asked = bookings.asked
    assert await user_of(token(), str(uuid4())) == OTHER
    assert bookings.asked == asked, "whose it is matters to nobody who is a member of nothing"
    assert await user_of(token("ADMIN"), ours) == ""


def changed(name: str, **policy: Any) -> bytes:
    """Return the contracts with another policy of a method of the catalogue."""
    files = FileDescriptorSet.FromString(DESCRIPTOR.read_bytes())
    [catalog] = [file for file in files.file if file.name.endswith("/catalog.proto")]
    [method] = [one for one in catalog.service[0].method if one.name == name]
    stated = method.options.Extensions[policy_pb2.policy]
    for field, value in policy.items():
        if isinstance(value, str):
            setattr(stated, field, value)
        else:
            getattr(stated, field)[:] = value
    return files.SerializeToString()


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        ({"allow": [3, 4]}, "has to allow MEMBER where it says something of members"),
        ({"allow": [6, 1]}, "cannot allow MEMBER beside PUBLIC"),
        ({"allow": [6, 2]}, "has to name a thing of its user's in organization_of"),
        ({"member_roles": []}, "has to name member_roles"),
        ({"member_roles": [0]}, "has to name member_roles"),
        ({"organization_of": ""}, "has to name in organization_of a field of its request"),
        ({"organization_of": "venue_id"}, "has to name in organization_of a field of its request"),
        ({"uses": ["venue_id"]}, "has to name in uses fields of its request"),
        ({"uses": ["title"], "allow": [4], "member_roles": [], "organization_of": ""}, "has to allow MEMBER"),
    ],
)
def test_a_policy_that_says_too_little_of_members_fails_the_build(policy: Any, complaint: str) -> None:
    [fault] = faults(changed("CreateEvent", **policy))
    assert complaint in fault


def test_members_who_are_shut_out_are_missed_by_clients() -> None:
    before, after = changed("CreateEvent"), changed("CreateEvent", member_roles=[1])
    assert broken(before, after) == ["boxoffice.inventory.v1.CatalogService.CreateEvent shuts members as MANAGER out"]


def test_a_thing_that_nobody_knows_is_no_way_around_the_policy() -> None:
    with pytest.raises(LookupError):
        Guard(FetchedKeys(Source(KEY).fetch)).access_to(CATALOG + "CreateScreen")
