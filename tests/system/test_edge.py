"""The door: what cannot be reached through it, and what it says of what is behind it."""

import grpc
import httpx
import pytest
from google.protobuf import empty_pb2

from roster import SERVICES
from services.chassis.wire.identity import policy
from stack.launcher import Stack
from tests.gateway.fakes import INTERNAL, Method
from tests.patience import eventually, patient
from tests.system.client import Client, Show, new_user, ok, refusal
from tests.system.databases import rows, value
from tests.system.inside import reached

FIRST_PAGES = {"ListBookingEvents", "ListShowEvents"}


@pytest.mark.parametrize("method", [pytest.param(method, id=method.descriptor.name) for method in INTERNAL])
async def test_what_services_say_to_each_other_is_not_for_others(
    stack: Stack, client: Client, channel: grpc.aio.Channel, method: Method
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as through_the_gateway:
        await channel.unary_unary(method.path, request_serializer=bytes)(b"", timeout=patient(10))
    assert through_the_gateway.value.code() == grpc.StatusCode.UNIMPLEMENTED
    for path in (method.path, "/api/v1" + method.path):
        answer = await client.http.post(path, json={})
        assert (answer.status_code, refusal(answer).reason) == (404, "METHOD_NOT_FOUND")
    # It is there, for those who are inside.
    async with reached(stack, method.cluster, min(policy(method.path).services)) as inside:
        code = await inside.unary_unary(method.path, request_serializer=bytes)(b"", timeout=patient(10)).code()
    # An empty request asks for nothing, but where it asks for the first page of events.
    assert code == (grpc.StatusCode.OK if method.descriptor.name in FIRST_PAGES else grpc.StatusCode.INVALID_ARGUMENT)


@pytest.mark.parametrize(
    "path", ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"]
)
async def test_what_tools_ask_services_is_not_for_others(channel: grpc.aio.Channel, path: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await channel.unary_unary(path, request_serializer=empty_pb2.Empty.SerializeToString)(empty_pb2.Empty())
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_the_health_page_tells_of_every_service(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.confirmed(show, new_user(), show.seats[:1])
    assert ok(await client.ask("GET", "health")) == {"status": "SERVING"}
    assert "payment" in await client.booking(booking["id"])

    stack.stop_one("payment")
    try:
        health = await eventually(lambda: unhealthy(client), 10)
        assert refusal(health).reason == "UNAVAILABLE"
        # The gateway itself is alive, and so is all that needs no payment.
        assert (await client.http.get("/healthz")).status_code == 200
        assert (await client.booking(booking["id"]))["status"] == "CONFIRMED"
        assert "payment" not in await client.booking(booking["id"])
        pending = await client.booked(show, new_user(), show.seats[1:2])
        refused = refusal(await client.initiate(pending))
        assert (refused.status, refused.reason) == (503, "UNAVAILABLE")
    finally:
        stack.start_one("payment")
    await client.healthy()
    client.patient = True
    assert (await client.pay(await client.session(pending)))["status"] == "CAPTURED"
    await client.until(pending["id"], "CONFIRMED")


async def unhealthy(client: Client) -> httpx.Response | None:
    answer = await client.ask("GET", "health")
    return None if answer.status_code == 200 else answer


async def test_booking_says_so_when_inventory_is_away(stack: Stack, client: Client, show: Show) -> None:
    user = new_user()
    stack.stop_one("inventory")
    try:
        refused = refusal(await client.book(show, user, show.seats[:1], headers={"Idempotency-Key": "k"}))
        assert (refused.status, refused.reason) == (503, "UNAVAILABLE")
    finally:
        stack.start_one("inventory")
    await client.healthy()
    client.patient = True
    booking = ok(await client.book(show, user, show.seats[:1], headers={"Idempotency-Key": "k"}))
    assert booking["status"] == "PENDING"
    listed = ok(await client.ask("GET", f"bookings/user/{user}"))["bookings"]
    assert [one["id"] for one in listed] == [booking["id"]]


async def test_a_booking_that_was_left_unfinished_is_given_up_soon_after_inventory_is_back(
    stack: Stack, show: Show
) -> None:
    # As a crash leaves it that comes right after the intent was written.
    booking_id = new_user()
    stack.stop_one("inventory")
    try:
        with stack.server.connect("booking") as connection:
            connection.execute(
                "INSERT INTO bookings (id, user_id, state, lease_until, created_at, updated_at, show_id, event_id,"
                " is_movie, title, theatre, city, screen, starts_at) SELECT %s, gen_random_uuid(), 'RESERVING', now,"
                " now, now, %s, %s, true, 'T', 'H', 'C', 'S', now FROM boxoffice_clock() AS now",
                [booking_id, show.id, show.movie_id],
            )

        async def is_postponed() -> bool:
            # Tried, and to be tried again in two seconds: not when the lease runs out, which is eight.
            query = (
                "SELECT version > 1 AND lease_until < boxoffice_clock() + interval '3 s' FROM bookings WHERE id = %s"
            )
            return bool(value(stack.server, "booking", query, booking_id))

        await eventually(is_postponed, 4)
    finally:
        stack.start_one("inventory")

    async def is_gone() -> bool:
        return bool(value(stack.server, "booking", "SELECT count(*) = 0 FROM bookings WHERE id = %s", booking_id))

    await eventually(is_gone)
    claim = "SELECT state FROM reservations WHERE booking_id = %s"
    assert value(stack.server, "inventory", claim, booking_id) == "REFUSED"


def test_the_work_behind_calls_has_connections_of_its_own(stack: Stack) -> None:
    names = "SELECT DISTINCT application_name FROM pg_stat_activity WHERE application_name LIKE '%%-background'"
    found = {name for (name,) in rows(stack.server, "postgres", names)}
    assert found == {f"{service.module.removeprefix('services.')}-background" for service in SERVICES}
