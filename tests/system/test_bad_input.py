"""Whatever is wrong with a request: it is refused with a reason and the field, and changes nothing."""

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest
from boxoffice.inventory.v1 import inventory_pb2, inventory_pb2_grpc
from google.protobuf.descriptor import FieldDescriptor
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from gateway.openapi.examples import BODIES
from stack import accounts, credentials
from stack.launcher import Stack
from tests.cases import all_cases
from tests.gateway.fakes import PUBLIC, Method
from tests.gateway.test_words import LIBRARIES
from tests.patience import patient
from tests.system.bad_input import JSON, Case, World, at_path, cases, samples
from tests.system.client import Client, Show, new_user, ok, refusal
from tests.system.conftest import opened_client
from tests.system.databases import at_rest, unchanged
from tests.system.doors import make_gate
from tests.system.samples import a_url, over_rest
from tests.system.selling import sell
from tests.system.test_walk import refused

SERVICES = sorted({method.cluster for method in PUBLIC})
"""Whose methods are tried together: to see that nothing has changed takes longer than to try one of them."""
AT_ONCE = 8
# What the gateway, or the reader of messages, says of what is no message of the method at all.
NOT_WELL_FORMED = ("The request is not well-formed. ", "The request is not a message of this method.")


@pytest.fixture(scope="module")
async def world(stack: Stack) -> World:
    return await make_world(stack)


async def make_world(stack: Stack) -> World:
    """Make something of everything; the user has a booking that waits, and a hold."""
    async with opened_client(stack) as client:
        show = await client.make_show()
        event = ok(await client.ask("POST", "events", {"title": "E", "category": "CONCERT", "durationMinutes": 60}))
        layout = ok(await client.ask("GET", f"seats/screens/{show.screen_id}"))
        user = new_user()
        seller = await sell(client, show)
        coupon = ok(await client.ask("POST", "coupons", BODIES["CreateCoupon"] | {"code": new_user()[:8]}))
        booking = await client.booked(show, user, show.seats[-1:])
        paying = ok(await client.initiate(booking))
        paid = (user, booking["id"], paying["sessionId"], paying["paymentId"])
        ids = (*paid, coupon["id"], seller["id"], seller["taxNumber"])
        ok(await client.hold(show, user, show.seats[-2:-1]))
        made = stack.load_accounts()
        account, organization_id = made["user"], made["organizer"].organization_id
        endpoint = BODIES["CreateWebhookEndpoint"] | {"organizationId": organization_id, "url": a_url()}
        endpoint_id = ok(await client.ask("POST", "webhooks/endpoints", endpoint))["endpoint"]["id"]
        gate = await make_gate(client, show.id, "HOME")
    await at_rest(stack.server)
    secrets = credentials.load(stack.settings.data_dir / credentials.FILE)
    token = accounts.token(stack.address("identity"), "admin", secrets, stack.settings.tls())
    await _have_a_member(stack, organization_id, token)
    seat_id = layout["rows"][0]["seats"][0]["id"]
    password = secrets["demo-user"]
    who = (account.user_id, organization_id, endpoint_id, password, token, gate["credential"])
    return World(show, event["id"], seat_id, *ids, *who)


async def _have_a_member(stack: Stack, organization_id: str, token: str) -> None:
    """Have the demo user in the demo organizer's organization."""
    async with opened_client(stack) as client:
        headers = {"authorization": f"Bearer {token}"}
        member = {"email": accounts.email("user"), "role": "BOX_OFFICE"}
        ok(await client.ask("POST", f"organizations/{organization_id}/members", member, headers=headers))


@pytest.mark.parametrize("service", SERVICES)
async def test_bad_input_is_refused_and_changes_nothing(
    stack: Stack, client: Client, world: World, service: str
) -> None:
    tried, complaints = 0, list[str]()
    left = bad_requests(service, world)

    async def try_what_is_left() -> None:
        nonlocal tried
        for at, case in left:
            headers = {"authorization": f"Bearer {world.token}", "gate-credential": world.gate} | dict(case.headers)
            answer = await client.http.request(case.verb, case.url, content=case.content, headers=headers)
            tried += 1
            if complaint := wrong_with(case, answer):
                complaints.append(f"{at}: {case.name}: {complaint}")

    async with unchanged(stack.server):
        await asyncio.gather(*(try_what_is_left() for _ in range(AT_ONCE)))
        assert not complaints, f"{len(complaints)} of {tried}:\n" + "\n".join(complaints)


def bad_requests(service: str, world: World) -> Iterator[tuple[str, Case]]:
    """Yield bad requests to a service's methods at each of their paths, and where."""
    for method in PUBLIC:
        for verb, path in method.bindings if method.cluster == service else ():
            for case in cases(verb, path, method, world):
                yield f"{verb} {path}", case


def wrong_with(case: Case, answer: httpx.Response) -> str | None:
    """Return what is wrong with the answer to a bad request, or None."""
    if not 400 <= answer.status_code < 500:
        return f"{answer.status_code} {answer.text[:200]}"
    if found := LIBRARIES.search(answer.json()["message"].removeprefix(f"{case.at}: ")):
        return f"{found[0]!r} is no word for people: {answer.json()['message'][:200]}"
    try:
        answered = refusal(answer)
    except (AssertionError, KeyError) as error:
        return f"no proper refusal: {error!r}"[:300]
    if case.reason is not None:
        return None if answered.reason == case.reason else f"{answered.reason} instead of {case.reason}"
    if case.at is not None:
        if any(field == case.at or field.startswith((f"{case.at}[", f"{case.at}.")) for field in answered.fields):
            return None
        return f"{case.at} is not blamed: {answered}"
    if answered.reason == "INVALID_FIELD" and not answered.fields and not answered.message.startswith(NOT_WELL_FORMED):
        return f"no field is blamed: {answered}"
    return None


async def test_what_the_samples_hold_is_right_but_for_what_is_made_wrong(client: Client, world: World) -> None:
    # Else all of the above would be refused for another reason.
    for method in [method for method in PUBLIC if method.bindings]:
        variables, body = samples(world)[method.descriptor.name]
        assert set(variables) <= {each.name for each in method.descriptor.input_type.fields}
        if method.descriptor.name in (
            *("ReceiveWebhook", "SimulatePayment", "RefundBooking", "CancelBooking", "Refresh", "ChangePassword"),
            *("DeleteAccount", "Logout", "UpdateProfile", "ReceiveRazorpayWebhook", "ReturnFromRazorpay"),
            # There is no message yet, and others need the endpoint.
            *("ResendWebhookMessage", "DeleteWebhookEndpoint"),
            # There is no ticket yet.
            *("PreviewRefund", "GrantRefund", "GetInvoice", "GetTicketCode", "RenderTicketCode"),
            *("RenderTickets", "RenderCalendar", "RenderInvoice"),
            *("OfferTicket", "WithdrawOffer", "AcceptOffer", "DeclineOffer", "ReturnTicket"),
            # The gate and the scan are made up.
            *("RotateGate", "RevokeGate", "UndoAdmission"),
            # Nobody has seen the show yet.
            *("WriteReview", "DeleteReview", "ReportReview", "HideReview"),
            # Nothing has happened yet.
            "ReadNotice",
            # Nobody has made the link.
            *("GetUnsubscribePage", "Unsubscribe"),
            # The event has no image of this id, nor any.
            *("DeleteImage", "ReorderImages", "GetImageFile"),
            # No link is good.
            *("VerifyEmail", "ResetPassword", "SubmitAccountForm", "RequestEmailChange"),
            # An admin is in no organization.
            "LeaveOrganization",
            # No seat is blocked, and the code is made up.
            *("BookGuests", "RevokeAccessCode"),
            # The show is not cancelled, and not to be.
            *("CancelShow", "CancelEvent", "GetShowCancellation"),
        ):
            continue
        verb, path = method.bindings[0]
        variables, body = at_path(path, variables, body)
        headers = {"authorization": f"Bearer {world.token}", "gate-credential": world.gate}
        url = path.format_map(variables)
        sent = over_rest(method.descriptor.name, verb, body)
        async with client.http.stream(verb, url, headers=headers, **sent) as answer:
            assert answer.status_code == 200, f"{verb} {path}: {(await answer.aread()).decode()}"


# --- Over gRPC


def _varint(number: int) -> bytes:
    """Return a number below 16,384 as the wire has it: seven bits a byte."""
    return bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7])


def bad_messages(method: Method) -> Iterator[tuple[str, bytes]]:
    """Yield messages that are no messages of the method, or hold what they must not."""
    yield "garbage", b"\xff\xff\xff\xff"
    yield "the wrong wire type", b"\x0d\x00\x00\x00"
    yield "an unfinished field", b"\x0a\x7fabc"
    for each in method.descriptor.input_type.fields:
        if each.type == FieldDescriptor.TYPE_STRING:
            tag = _varint(each.number << 3 | 2)
            yield f"{each.name} is no text", tag + b"\x02\xff\xfe"
            yield f"{each.name} is NUL", tag + b"\x01\0"
            yield f"{each.name} is huge", tag + b"\xa0\x8d\x06" + b"x" * 100_000


@pytest.mark.parametrize("service", SERVICES)
async def test_bad_messages_are_refused_and_change_nothing(
    stack: Stack, channel: grpc.aio.Channel, world: World, service: str
) -> None:
    metadata = (*accounts.bearer(world.token), ("gate-credential", world.gate))
    async with unchanged(stack.server):
        with all_cases() as case:
            for method in [method for method in PUBLIC if method.cluster == service]:
                for name, data in bad_messages(method):
                    if is_right(method, name):
                        continue
                    with case(f"{method.descriptor.name}: {name}"):
                        call = channel.unary_unary(method.path, request_serializer=bytes)
                        await is_refused(method, call(data, timeout=patient(10), metadata=metadata))


def is_right(method: Method, name: str) -> bool:
    """Tell whether one of the bad messages is none where this method gets it."""
    if method.descriptor.name == "GetCheckoutPage" and name == "session_id is NUL":
        return True  # it has a page, as everything has
    fields = method.descriptor.input_type.fields
    # An unknown field is left alone, and then nothing is wrong with a list.
    return name == "the wrong wire type" and not (fields and fields[0].name.endswith("_id"))


async def is_refused(method: Method, call: Awaitable[bytes]) -> None:
    """See that a call is refused for its message."""
    expected = {grpc.StatusCode.INVALID_ARGUMENT: "INVALID_FIELD"}
    if method.descriptor.name.startswith("Receive"):
        expected[grpc.StatusCode.UNAUTHENTICATED] = "INVALID_SIGNATURE"
    if method.descriptor.name == "ReceiveRazorpayWebhook":
        expected[grpc.StatusCode.NOT_FOUND] = "GATEWAY_NOT_CONFIGURED"
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        assert error.code() in expected, str(error)
        status, info = rpc_status.from_call(error), error_details_pb2.ErrorInfo()
        assert status is not None and status.details[0].Unpack(info)
        assert info.reason == expected[error.code()]
    else:
        raise AssertionError(f"it is accepted: {answer[:200]!r}")


# --- Requests that are dangerous if they are taken for something else


async def test_a_hold_without_a_user_touches_nobodys_holds(
    stack: Stack, client: Client, channel: grpc.aio.Channel, show: Show
) -> None:
    alice = new_user()
    ok(await client.hold(show, alice, show.seats[:2]))
    async with unchanged(stack.server):
        seats: dict[str, Any] = {"showId": show.id, "showSeatIds": show.seats[:1]}
        for nobody in ({}, {"userId": ""}, {"userId": None}, {"userId": "\0"}, {"user": alice}):
            for path in ("bookings/hold-seats", "bookings"):
                answered = refusal(await client.ask("POST", path, seats | nobody))
                blamed = ("user",) if "user" in nobody else ("userId",)
                assert (answered.status, answered.reason, answered.fields) == (400, "INVALID_FIELD", blamed)
        for path in (
            "bookings/holds/",
            "bookings/holds",
            "bookings/holds/%20",
            "bookings/holds/*",
            "bookings/holds/null",
        ):
            assert refusal(await client.ask("DELETE", path)).status in (400, 404, 405)
        inventory = inventory_pb2_grpc.InventoryServiceStub(channel)
        for user in ("", "00000000"):
            code, _ = await refused(inventory.ReleaseHolds(inventory_pb2.ReleaseHoldsRequest(user_id=user)))
            assert code == grpc.StatusCode.INVALID_ARGUMENT
    # Another user's release, even of the same show, is not hers; nor is a release in another show.
    assert ok(await client.ask("DELETE", f"bookings/holds/{new_user()}?showId={show.id}")) == {"released": 0}
    other = await client.make_show()
    assert ok(await client.ask("DELETE", f"bookings/holds/{alice}?showId={other.id}")) == {"released": 0}
    assert await client.statuses(show.id, show.seats[:2], alice) == ["HELD_BY_ME", "HELD_BY_ME"]
    assert ok(await client.ask("DELETE", f"bookings/holds/{alice}")) == {"released": 2}


async def test_unknown_names_are_not_found(stack: Stack, client: Client, show: Show) -> None:
    user, unknown = new_user(), str(uuid4())
    async with unchanged(stack.server):
        other = show.seats[0]
        for body, reason in (
            ({"showId": unknown, "userId": user, "showSeatIds": [other]}, "SHOW_NOT_FOUND"),
            ({"showId": show.id, "userId": user, "showSeatIds": [other, unknown]}, "SEAT_NOT_FOUND"),
        ):
            for path in ("bookings/hold-seats", "bookings"):
                answered = refusal(await client.ask("POST", path, body))
                assert (answered.status, answered.reason) == (404, reason)
                if reason == "SEAT_NOT_FOUND":
                    assert answered.metadata == {"seat_ids": unknown}
        show_body = {
            "screenId": show.screen_id,
            "startTime": "2031-01-01T00:00:00Z",
            "prices": [{"tier": tier, "price": 1} for tier in ("REGULAR", "PREMIUM", "VIP")],
        }
        for names, reason in (
            ({"movieId": unknown}, "MOVIE_NOT_FOUND"),
            ({"eventId": unknown}, "EVENT_NOT_FOUND"),
            ({"movieId": show.movie_id, "screenId": unknown}, "SCREEN_NOT_FOUND"),
        ):
            answered = refusal(await client.ask("POST", "shows", show_body | names))
            assert (answered.status, answered.reason) == (404, reason)
        answered = refusal(await client.ask("POST", "payments/initiate", {"bookingId": unknown, "userId": user}))
        assert (answered.status, answered.reason) == (404, "BOOKING_NOT_FOUND")


async def test_a_seat_named_twice_is_refused_in_any_spelling(stack: Stack, client: Client, show: Show) -> None:
    user, seat = new_user(), show.seats[0]
    async with unchanged(stack.server):
        for ask in (client.hold, client.book):
            for seats in ([seat, seat], [seat, seat.upper()], [seat.upper(), seat]):
                answered = refusal(await ask(show, user, seats))
                assert (answered.status, answered.reason, answered.fields) == (400, "INVALID_FIELD", ("showSeatIds",))
    # In capitals alone it is the same seat.
    assert ok(await client.hold(show, user.upper(), [seat.upper()]))["seats"][0]["id"] == seat
    assert await client.statuses(show.id, [seat], user) == ["HELD_BY_ME"]


async def test_ten_thousand_seats_are_refused(stack: Stack, client: Client, show: Show) -> None:
    user = new_user()
    async with unchanged(stack.server):
        few = refusal(await client.book(show, user, [str(uuid4()) for _ in range(101)]))
        assert (few.status, few.reason, few.fields) == (400, "INVALID_FIELD", ("showSeatIds",))
        short = refusal(await client.book(show, user, ["x"] * 10_000))
        assert (short.status, short.reason) == (400, "INVALID_FIELD")
        assert short.fields[0] == "showSeatIds"
        many = refusal(await client.book(show, user, [str(uuid4()) for _ in range(10_000)]))
        assert (many.status, many.reason) == (413, "REQUEST_TOO_LARGE")


async def test_json_that_is_not_said_to_be_json_is_read_all_the_same(client: Client, show: Show) -> None:
    # The gateway looks at the body, not at its label.
    content = b'{"title":"Labelled","durationMinutes":9}'
    for headers in ({}, {"content-type": "text/plain"}, JSON):
        ok(await client.http.post("/api/v1/movies", content=content, headers=headers))
