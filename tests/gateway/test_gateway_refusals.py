"""What the gateway refuses at its door: queries and bodies that do not fit, broken JSON, what is too large."""

import http.client

import httpx
import pytest

from tests.gateway.fakes import Gateway, Services
from tests.gateway.requests import DURATION, FROM, MUST, PAGE_SIZE, SEAT, START, UNKNOWN, USER, blamed, reason


@pytest.mark.parametrize(
    ("query", "field", "what"),
    [
        ("?nope=1", "nope", "is not a query parameter of this method"),
        ("?n%6Fpe=1&screenId=x", "nope", "is not a query parameter of this method"),
        ("?screenId=x&nope", "nope", "is not a query parameter of this method"),
        ("?movieId.x=1", "movieId.x", "is not a query parameter of this method"),
        ("?%FF=1", "?", "is not a query parameter of this method"),
        ("?movieId=a&movie_id=b", "movieId", "comes twice"),
        ("?movieId=", "movieId", "is empty: give an id, or leave it out"),
        ("?movieId", "movieId", "is empty: give an id, or leave it out"),
        ("?pageSize=many", "pageSize", PAGE_SIZE),
        ("?page_size=1.5", "pageSize", PAGE_SIZE),
        ("?pageSize=99999999999", "pageSize", PAGE_SIZE),
        ("?pageSize=", "pageSize", PAGE_SIZE),
        ("?from=yesterday", "from", FROM),
        ("?from=2026-13-01T00:00:00Z", "from", FROM),
    ],
)
async def test_a_query_that_does_not_fit_is_refused_with_its_name(
    query: str, field: str, what: str, rest: httpx.AsyncClient, services: Services
) -> None:
    blamed(await rest.get(f"/api/v1/shows{query}"), field, what)
    assert services.calls == []


async def test_methods_with_a_body_and_methods_with_a_path_take_no_other_parameters(
    rest: httpx.AsyncClient, services: Services
) -> None:
    nope = "is not a query parameter of this method"
    blamed(await rest.get("/api/v1/shows/x?showId=y"), "showId", nope)
    blamed(await rest.post("/api/v1/bookings?userId=u", json={}), "userId", nope)
    blamed(await rest.post("/api/v1/payments/webhook?data=u", content=b"x"), "data", nope)
    blamed(await rest.delete("/api/v1/bookings/holds/x?user_id=y"), "userId", nope)
    assert services.calls == []


SECTIONS = '{"name":"S","sections":[{"name":"N","rows":[{"label":"A","seatCount":2,"tier":"VIP"},%s]}]}'


@pytest.mark.parametrize(
    ("path", "body", "field", "what"),
    [
        ("bookings", '{"userId":"u","nope":1}', "nope", UNKNOWN),
        ("bookings", '{"nope":{"deep":[{}]}}', "nope", UNKNOWN),
        ("bookings", '{"UserId":"u"}', "UserId", UNKNOWN),
        ("bookings", '{"":1}', '""', UNKNOWN),
        ("bookings", '{"\\u0000":1}', "?", UNKNOWN),
        ("bookings", '{"%s":1}' % ("n" * 3000), "n" * 100, UNKNOWN),
        ("bookings", '{"userId":"a","userId":"a"}', "userId", "comes twice"),
        ("bookings", '{"userId":"a","user_id":"b"}', "userId", "comes twice"),
        ("bookings", '{"userId":"a","user\\u0049d":"b"}', "userId", "comes twice"),
        ("bookings", '{"userId":7}', "userId", USER),
        ("bookings", '{"userId":{"a":1}}', "userId", USER),
        ("bookings", '{"userId":["a"]}', "userId", USER),
        ("bookings", '{"showSeatIds":7}', "showSeatIds", MUST["CreateBookingRequest.show_seat_ids"]),
        ("bookings", '{"showSeatIds":["a",true]}', "showSeatIds[1]", SEAT),
        ("bookings", '{"showSeatIds":["a",["b"]]}', "showSeatIds[1]", SEAT),
        ("movies", '{"durationMinutes":"many"}', "durationMinutes", DURATION),
        ("movies", '{"durationMinutes":1e400}', "durationMinutes", DURATION),
        ("movies", '{"durationMinutes":2147483648}', "durationMinutes", DURATION),
        ("movies", '{"durationMinutes":"0x10"}', "durationMinutes", DURATION),
        ("shows", '{"startTime":"2030-01-01"}', "startTime", START),
        ("shows", '{"startTime":"2030-01-01T24:00:00Z"}', "startTime", START),
        ("shows", '{"startTime":7}', "startTime", START),
        ("shows", '{"prices":[{"tier":"NOPE"}]}', "prices[0].tier", "must be one of REGULAR, PREMIUM, VIP"),
        ("venues/x/screens", SECTIONS % '{"label":"B","nope":1}', "sections[0].rows[1].nope", UNKNOWN),
        ("venues/x/screens", SECTIONS % "7", "sections[0].rows[1]", "must be an object"),
        ("venues/x/screens", '{"venueId":"y"}', "venueId", "is not what the path says"),
        ("venues/x%2Fy/screens", '{"venue_id":"x"}', "venueId", "is not what the path says"),
    ],
)
async def test_a_body_that_does_not_fit_its_contract_is_refused_with_the_fields_name(
    path: str, body: str, field: str, what: str, rest: httpx.AsyncClient, services: Services
) -> None:
    blamed(await rest.post(f"/api/v1/{path}", content=body), field, what)
    assert services.calls == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"userId" 1}',
        b'{"userId":"a"',
        b"{}{}",
        b"[]",
        b"7",
        b"userId=a",
        b"{userId:'a'}",
        b"{'userId':'a'}",
        b'{"userId":"a",}',
        b'{"userId":NaN}',
        b'{"showSeatIds":[007]}',
        b'{"userId":"a\nb"}',
        b'{"userId":"a"}\0',
        b'\xef\xbb\xbf{"userId":"a"}',
        b'{"showSeatIds":["a" "b"]}',
        b"[" * 100_000,
    ],
)
async def test_malformed_json_is_refused(body: bytes, rest: httpx.AsyncClient, services: Services) -> None:
    answer = await rest.post("/api/v1/bookings", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert (answer.json()["code"], reason(answer)) == (3, "INVALID_FIELD")
    assert answer.json()["message"].startswith("The request is not well-formed. ")
    assert services.calls == []


@pytest.mark.parametrize("name", ["booking_id", "bookingId"])
async def test_a_body_that_contradicts_the_path_is_refused(
    name: str, rest: httpx.AsyncClient, services: Services
) -> None:
    answer = await rest.patch("/api/v1/bookings/a/cancel", json={name: "b"})
    blamed(answer, "bookingId", "is not what the path says")
    assert services.calls == []


async def test_a_body_may_say_again_what_the_path_says(rest: httpx.AsyncClient, services: Services) -> None:
    assert (await rest.patch("/api/v1/bookings/a/cancel", json={"bookingId": "a"})).status_code == 200
    (arrived,) = services.calls
    assert arrived.request.booking_id == "a"


@pytest.mark.parametrize("path", ["/api/v1/bookings", "/api/v1/payments/webhook"])
@pytest.mark.parametrize("size", [300 * 1024, 4 * 1024 * 1024])
async def test_a_body_that_is_too_large_is_refused(
    path: str, size: int, rest: httpx.AsyncClient, services: Services
) -> None:
    answer = await rest.post(path, content=b'{"idempotencyKey": "' + b"x" * size + b'"}')
    assert (answer.status_code, answer.json()["code"], reason(answer)) == (413, 3, "REQUEST_TOO_LARGE")
    assert services.calls == []


async def test_a_body_of_256_kib_is_not_too_large(rest: httpx.AsyncClient, services: Services) -> None:
    answer = await rest.post("/api/v1/payments/webhook", content=b"\x80" * 256 * 1024)
    assert answer.status_code == 200
    assert len(services.calls[0].request.data) == 256 * 1024


@pytest.mark.parametrize("headers", [{"a": "x" * 40_000}, {f"a{number}": "x" for number in range(120)}])
async def test_headers_that_are_too_large_or_too_many_are_refused(
    headers: dict[str, str], rest: httpx.AsyncClient, services: Services
) -> None:
    answer = await rest.get("/api/v1/shows/x", headers=headers)
    assert (answer.status_code, reason(answer)) == (431, "REQUEST_TOO_LARGE")
    assert services.calls == []


def test_smuggled_framing_is_refused(gateway: Gateway, services: Services) -> None:
    client = http.client.HTTPConnection(gateway.address)
    client.putrequest("POST", "/api/v1/bookings")
    client.putheader("content-length", "5")
    client.putheader("transfer-encoding", "chunked")
    client.endheaders(b"0\r\n\r\n")
    answer = client.getresponse()
    assert answer.status == 400
    assert answer.getheader("content-type") == "application/json"
    client.close()
    assert services.calls == []
