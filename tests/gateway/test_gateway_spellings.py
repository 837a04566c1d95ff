"""Paths and queries in all spellings: they say the same to the check and to the service."""

from __future__ import annotations

from typing import Any

import grpc
import httpx
import pytest
from boxoffice.inventory.v1 import catalog_pb2

from tests.gateway import hostile
from tests.gateway.connections import END_STREAM, HEADERS, by_http2, exchange, frames, is_whole
from tests.gateway.fakes import Gateway, Services, call
from tests.gateway.paths import GET_SHOW, PAGES, PATHS, READS, STREAMS, WITH_BODY
from tests.gateway.requests import blamed

# --- Paths in all spellings: what the transcoder takes for a method, rest.lua has looked at


@pytest.mark.parametrize("spell", ["{}/", "{}//", "/{}", "/.{}", "{}/.", "{}/x/.."])
async def test_no_spelling_of_a_path_passes_by_the_check(
    spell: str, rest: httpx.AsyncClient, services: Services, gateway: Gateway
) -> None:
    for path, verbs in PATHS.items():
        for verb in verbs:
            if verbs[verb].takes_bytes:
                continue
            body = b'{"nope":1}' if (verb, path) in WITH_BODY else b""
            target = spell.format(path) + ("" if body else "?nope=1")
            lines = [hostile.JSON, f"content-length: {len(body)}"]
            answer = await exchange(gateway, hostile.request(f"{verb} {target} HTTP/1.1", *lines, body=body), is_whole)
            assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ")), (verb, target, answer)
    assert services.calls == []


@pytest.mark.parametrize("beside", ["", "/", "%2F", "//"])
async def test_the_query_does_not_say_what_the_path_says(
    beside: str, rest: httpx.AsyncClient, services: Services
) -> None:
    for name in ("userId", "user_id", "user%49d"):
        answer = await rest.delete(f"/api/v1/bookings/holds/me{beside}?{name}=other")
        blamed(answer, "userId", "is not a query parameter of this method")
    assert services.calls == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("a%20b", "a b"),
        ("a%2Fb%2f", "a/b/"),
        ("a;b=c", "a;b=c"),
        ("a:b", "a:b"),
        ("a%zz%2", "a%zz%2"),
        ("%C3%A9%c3%a9", "éé"),
        ("a%252Fb", "a%2Fb"),
        ("a&b=c", "a&b=c"),
        ("%7B%7D", "{}"),
    ],
)
async def test_a_path_says_the_same_to_the_check_and_to_the_service(
    path: str, value: str, rest: httpx.AsyncClient, services: Services
) -> None:
    # The check compares what the body says with what it read in the path, the service gets what the transcoder read.
    answer = await rest.patch(f"/api/v1/bookings/{path}/cancel", json={"bookingId": value})
    assert answer.status_code == 200, answer.text
    assert services.calls[0].request.booking_id == value
    other = await rest.patch(f"/api/v1/bookings/{path}/cancel", json={"bookingId": value.replace("+", " ") + "x"})
    blamed(other, "bookingId", "is not what the path says")


@pytest.mark.parametrize(
    ("query", "section"),
    [
        ("section=a+b", "a b"),
        ("section=a%2Bb", "a+b"),
        ("section=a;b", "a;b"),
        ("section=a=b", "a=b"),
        ("section=a%26userId%3Db", "a&userId=b"),
        ("&&section=a&", "a"),
        ("se%63tion=a", "a"),
        ("section=%zz", "%zz"),
        ("section", ""),
        ("section=", ""),
    ],
)
async def test_a_query_says_the_same_to_the_check_and_to_the_service(
    query: str, section: str, rest: httpx.AsyncClient, services: Services
) -> None:
    answer = await rest.get(f"/api/v1/seats/shows/x/available?{query}")
    assert answer.status_code == 200, answer.text
    assert services.calls[0].request.section == section


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("bookings", '{"showSeatIds":["a",null]}', "showSeatIds[1]"),
        ("bookings", '{"showSeatIds":[null]}', "showSeatIds[0]"),
        ("bookings/hold-seats", '{"showSeatIds":[ null ,"a"]}', "showSeatIds[0]"),
        ("shows", '{"prices":[{"tier":"VIP"},null]}', "prices[1]"),
        ("shows", '{"blockedSeatIds":["a","b",null]}', "blockedSeatIds[2]"),
        ("venues/x/screens", '{"sections":[{"rows":[null]}]}', "sections[0].rows[0]"),
    ],
)
async def test_a_null_in_a_list_is_refused_by_its_place(
    path: str, body: str, field: str, rest: httpx.AsyncClient, services: Services
) -> None:
    blamed(await rest.post(f"/api/v1/{path}", content=body), field, "is null: leave it out of the list")
    assert services.calls == []


# --- What is of gRPC


async def test_nothing_of_grpcs_own_is_in_an_answer_of_rest(
    rest: httpx.AsyncClient, services: Services, gateway: Gateway
) -> None:
    async def missing(request: Any, context: Any) -> Any:
        await context.abort(grpc.StatusCode.NOT_FOUND, "None.", (("grpc-status-details-bin", b""),))

    services["booking"].answers["/boxoffice.booking.v1.BookingService/GetBooking"] = missing
    paths = [*READS, *STREAMS, *PAGES, "/api/v1/bookings/x", "/nope", "/api/v1/shows?nope=1", "/api/v1/users"]
    for path in paths:
        answer = await rest.get(path)
        assert not [name for name in answer.headers if name.startswith("grpc-")], path
    for path in (*READS, *STREAMS):
        kinds = [kind for kind, _, _ in await by_http2(gateway, "GET", path)]
        # One for the headers, none for trailers, which would be gRPC's.
        assert kinds.count(HEADERS) == 1, path


async def test_a_service_may_be_asked_by_grpc_under_each_of_its_names(gateway: Gateway, services: Services) -> None:
    async with grpc.aio.insecure_channel(gateway.address) as channel:
        await call(channel, GET_SHOW, catalog_pb2.GetShowRequest(show_id="x"))
    for content_type in ("application/grpc+proto", "application/grpc"):
        data = hostile.PREFACE + hostile.frame(4)
        data += hostile.headers_frame(1, end=False, **{"content-type": content_type})
        data += hostile.frame(0, b"\0\0\0\0\0", flags=1, stream=1)
        await exchange(gateway, data, lambda got: any(flags & END_STREAM for _, flags, _ in frames(got)))
    assert len(services.calls) == 3
