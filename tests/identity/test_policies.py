"""Every RPC says who may call it, and callers are held to that: users to what is theirs, services to what is theirs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.policy.v1 import policy_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet

import roster
from gateway.contracts import DESCRIPTOR, faults, public_methods
from services.chassis.errors import Failure, PermissionDenied, Unauthenticated, UserNotFound
from services.chassis.wire.identity import Access, Caller, Guard, policy
from services.chassis.wire.keys import FetchedKeys
from services.chassis.wire.owners import ITSELF
from services.identity.keys.signing import SigningKey
from tests.cases import all_cases
from tests.gateway.fakes import INTERNAL, METHODS, PUBLIC
from tests.identity import forge
from tests.identity.test_attacks import Source

ME, OTHER = "018f0000-0000-7000-8000-00000000000a", "018f0000-0000-7000-8000-00000000000b"
OURS = "018f0000-0000-7000-8000-0000000000aa"
KEY = SigningKey("one", forge.FOREIGN)
ALL = [pytest.param(method, id=method.descriptor.name) for method in METHODS.values()]
BOOKINGS = "/boxoffice.booking.v1.BookingService/"

MEMBER_ROLES = [name for name, number in policy_pb2.Membership.Role.items() if number]

SERVICES = {*roster.NAMES, "prometheus"}
CREDENTIAL = "g" * 43
CALLERS: dict[str, Any] = {
    "nobody": {},
    "a user": {"roles": ["USER"]},
    "an organizer": {"roles": ["USER", "ORGANIZER"]},
    "an admin": {"roles": ["USER", "ADMIN"]},
    "a gate": {"credential": CREDENTIAL},
    **{f"a member as {role}": {"roles": ["USER"], "organizations": {OURS: role}} for role in MEMBER_ROLES},
    "the gateway": {"peer": "gateway"},
    "the operator": {"peer": "operator"},
    **{name: {"peer": name} for name in sorted(SERVICES)},
}
NOBODY = {"nobody", "the gateway", "the operator", "a gate"}
"""Who is not known, a gate where none may call."""
MAY = {
    "PUBLIC": CALLERS.keys() - SERVICES,
    "OWNER": {"a user", "an organizer", "an admin", *(f"a member as {role}" for role in MEMBER_ROLES)},
    "ORGANIZER": {"an organizer"},
    "ADMIN": {"an admin"},
    "SERVICE": set(),
    "MEMBER": set(),
    "GATE": {"a gate"},
}
"""Who may call by what a policy allows, but for services and the roles of members: they are named."""
NAMES = {method.descriptor.name for method in METHODS.values()}


def calls_of(service: roster.Service) -> set[str]:
    """Return the methods that a service's code calls on its stubs, and that of the keys, which the chassis asks for."""
    code = "\n".join(file.read_text() for file in service.folder.rglob("*.py"))
    keys = set() if service.name == "identity" else {"GetJwks"}
    return keys | (NAMES & set(re.findall(r"self\._\w+\.([A-Z]\w+)\b", code)))


CALLS = {service.name: calls_of(service) for service in roster.SERVICES}
"""What each service calls, and has to."""


def metadata(who: str) -> dict[str, str | bytes]:
    caller = CALLERS[who]
    if "roles" in caller:
        return {"authorization": f"Bearer {KEY.sign(forge.right(ME, **caller))}"}
    if "credential" in caller:
        return {"gate-credential": caller["credential"]}
    return {}


def peer(who: str) -> str:
    """Return whose certificate a call comes with: a user's comes through the gateway."""
    return str(CALLERS[who].get("peer", "gateway" if who != "nobody" else ""))


@pytest.fixture
async def guard() -> AsyncIterator[Guard]:
    # Whose things are is told in test_members.
    rules = [policy(method.path) for method in METHODS.values()]
    anybodys = dict.fromkeys([name for rule in rules for name in (rule.organization_of, *rule.uses)], ITSELF)

    async def gate_of(credential: str) -> UUID | None:
        return UUID(OTHER) if credential == CREDENTIAL else None

    yield Guard(FetchedKeys(Source(KEY).fetch), anybodys, gates=gate_of)


def test_every_rpc_has_a_policy() -> None:
    with all_cases() as case:
        for method in METHODS.values():
            with case(method.path):
                rule = policy(method.path)
                allowed = rule.allowed
                assert allowed <= set(MAY)
                calling = {name for name, methods in CALLS.items() if method.descriptor.name in methods}
                assert rule.services == calling, "its policy has to name the services that call it, and no others"
                if method in INTERNAL:
                    assert allowed == {"SERVICE"}, "what the gateway does not reach is for services"
                if "PUBLIC" in allowed:
                    assert allowed <= {"PUBLIC", "SERVICE"}
                if "OWNER" in allowed and "identity" not in method.path:
                    assert "ADMIN" in allowed


def test_an_rpc_without_a_policy_fails_the_build_and_is_served_to_nobody() -> None:
    assert faults(DESCRIPTOR.read_bytes()) == []
    files = FileDescriptorSet.FromString(DESCRIPTOR.read_bytes())
    [booking] = [file for file in files.file if file.name.endswith("/booking.proto")]
    booking.service[0].method[0].options.ClearExtension(policy_pb2.policy)
    booking.service[0].method[1].options.Extensions[policy_pb2.policy].allow[:] = [0]
    names = [f"boxoffice.booking.v1.BookingService.{name}" for name in ("CreateBooking", "QuoteBooking")]
    assert faults(files.SerializeToString()) == [
        f"{names[0]} does not say who may call it",
        f"{names[0]} does not say from which budget its calls are",
        f"{names[1]} does not say who may call it",
    ]
    with pytest.raises(LookupError):
        policy("/grpc.health.v1.Health/Check")


@pytest.mark.parametrize(
    ("method", "services", "complaint"),
    [
        ("GetPayableBooking", [], "has to name services where it allows SERVICE"),
        ("CreateBooking", ["payment"], "has to name services where it allows SERVICE"),
        ("GetPayableBooking", ["payment", "paiment"], "names what is no other service: paiment"),
        ("GetPayableBooking", ["booking"], "names what is no other service: booking"),
    ],
)
def test_services_that_are_missing_unknown_or_out_of_place_fail_the_build(
    method: str, services: list[str], complaint: str
) -> None:
    files = FileDescriptorSet.FromString(DESCRIPTOR.read_bytes())
    [booking] = [file for file in files.file if file.name.endswith("/booking.proto")]
    [changed] = [one for one in booking.service[0].method if one.name == method]
    changed.options.Extensions[policy_pb2.policy].services[:] = services
    [fault] = faults(files.SerializeToString())
    assert fault.startswith(f"boxoffice.booking.v1.BookingService.{method} {complaint}")


def test_whose_user_a_request_names_can_be_told() -> None:
    with all_cases() as case:
        for method in METHODS.values():
            with case(method.path):
                fields = set(method.descriptor.input_type.fields_by_name)
                assert not {"user", "owner_id", "customer_id", "holder_id"} & fields, "it would not be compared"
                if policy(method.path).allowed & {"ORGANIZER"}:
                    assert "user_id" not in fields


def test_what_everybody_may_call_is_this_and_no_more() -> None:
    names = {method.descriptor.name for method in PUBLIC if "PUBLIC" in policy(method.path).allowed}
    assert names == {
        *("GetEvent", "ListEvents", "GetMovie", "ListMovies", "GetVenue", "ListVenues", "GetShow", "ListShows"),
        *(
            "GetSeatLayout",
            "GetEventSeats",
            "GetSeatMap",
            "ListAvailableSeats",
            "RenderSeatMap",
            "RenderAvailableSeats",
        ),
        *("WatchSeats", "StreamSeats", "GetShowKinds", "ListReviews", "ExportHall", "GetImageFile"),
        *("ReceiveWebhook", "SimulatePayment", "GetCheckoutPage"),
        *("ReceiveRazorpayWebhook", "ReturnFromRazorpay", "GetPaymentResultPage"),
        *("VerifyEmail", "RequestPasswordReset", "ResetPassword", "GetAccountPage", "SubmitAccountForm"),
        *("Register", "Login", "Refresh", "Logout", "GetJwks", "GetTicketKeys", "GetUnsubscribePage", "Unsubscribe"),
    }
    takes_token = {method.path for method in public_methods(DESCRIPTOR.read_bytes()) if method.takes_token}
    assert takes_token == {method.path for method in PUBLIC if "PUBLIC" not in policy(method.path).allowed}


@pytest.mark.parametrize("who", CALLERS)
async def test_who_may_call_a_method_may_and_nobody_else(who: str, guard: Guard) -> None:
    for method in METHODS.values():
        refused: Failure | None = None
        try:
            await guard.access_to(method.path).admit(method.request(), metadata(who), peer(who))
        except Failure as failure:
            refused = failure
        named = method.descriptor.name in CALLS.get(who, ())
        rule = policy(method.path)
        as_member = who.removeprefix("a member as ") in rule.member_roles
        if named or as_member or any(who in MAY[kind] for kind in rule.allowed):
            assert refused is None, method.path
        else:
            assert isinstance(refused, Unauthenticated if who in NOBODY else PermissionDenied), method.path


async def admitted(guard: Guard, method: str, request: Any, who: str) -> Access:
    access = guard.access_to(method)
    await access.admit(request, metadata(who), peer(who))
    await access.check(request)
    return access


async def test_a_request_without_a_user_is_the_callers(guard: Guard) -> None:
    request = booking_pb2.GetBookingRequest(booking_id=str(uuid4()))
    await admitted(guard, f"{BOOKINGS}GetBooking", request, "a user")
    assert request.user_id == ME


async def test_an_admins_request_stays_as_it_is(guard: Guard) -> None:
    for user in ("", OTHER):
        request = booking_pb2.GetBookingRequest(booking_id=str(uuid4()), user_id=user)
        await admitted(guard, f"{BOOKINGS}GetBooking", request, "an admin")
        assert request.user_id == user


@pytest.mark.parametrize("who", ["a user", "an organizer"])
async def test_another_user_is_nobody(guard: Guard, who: str) -> None:
    for name in ("GetBooking", "CancelBooking", "CreateBooking", "ListBookings", "QuoteBooking", "RefundBooking"):
        kind = METHODS[f"{BOOKINGS}{name}"].request
        with pytest.raises(UserNotFound):
            await admitted(guard, f"{BOOKINGS}{name}", kind(user_id=OTHER), who)
        await admitted(guard, f"{BOOKINGS}{name}", kind(user_id=ME), who)
        await admitted(guard, f"{BOOKINGS}{name}", kind(user_id=ME.upper()), who)


async def test_a_gate_calls_for_itself_by_a_credential_that_is_good(guard: Guard) -> None:
    method = "/boxoffice.booking.v1.AdmissionService/CheckInTicket"
    access, kind = guard.access_to(method), METHODS[method].request
    request = kind()
    for named in ("", OTHER, OTHER.upper()):
        request = kind(gate_id=named)
        # Whatever token comes along: there is one way for gates.
        await access.admit(request, metadata("a gate") | metadata("an admin"), "gateway")
        assert request.gate_id.lower() == OTHER  # type: ignore[attr-defined]
    with pytest.raises(PermissionDenied, match="another gate's"):
        await admitted(guard, method, kind(gate_id=ME), "a gate")
    for wrong in ("", "x" * 43):
        with pytest.raises(Unauthenticated):
            await access.admit(kind(), {"gate-credential": wrong} | metadata("an admin"), "gateway")


async def test_whose_seats_are_held_is_told_to_that_user_only(guard: Guard) -> None:
    method = "/boxoffice.inventory.v1.InventoryService/GetSeatMap"
    kind = METHODS[method].request
    with pytest.raises(Unauthenticated):
        await admitted(guard, method, kind(user_id=OTHER), "nobody")
    with pytest.raises(UserNotFound):
        await admitted(guard, method, kind(user_id=OTHER), "a user")
    for user, who in (("", "nobody"), (ME, "a user"), (OTHER, "an admin")):
        await admitted(guard, method, kind(user_id=user), who)


async def test_a_service_acts_for_any_user(guard: Guard) -> None:
    method = "/boxoffice.payment.v1.PaymentService/GetPaymentStatus"
    for user in ("", OTHER):
        request = METHODS[method].request(user_id=user)
        await admitted(guard, method, request, "booking")
        assert request.user_id == user  # type: ignore[attr-defined]


async def test_a_call_with_a_token_is_its_users_whoever_passes_it_on(guard: Guard) -> None:
    user = Caller(roles=frozenset({"USER"}), user_id=UUID(ME))
    for through in ("", "gateway", "operator", "booking"):
        assert await guard.identify(metadata("a user"), through) == user
    assert await guard.identify({}, "booking") == Caller(service="booking")
    for through in ("", "gateway", "operator"):
        assert await guard.identify({}, through) is None
    with pytest.raises(Unauthenticated):
        await guard.identify({"authorization": "Bearer forged"}, "booking")
