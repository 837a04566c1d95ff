"""Values at the edge of what they are: times, numbers, the words of enums, and texts of all kinds."""

import json

import httpx
import pytest
from boxoffice.inventory.v1 import catalog_pb2

from tests.gateway.fakes import Services
from tests.gateway.requests import DURATION, FROM, START, blamed

UNICODE = "must be a text in Unicode, sent as UTF-8"

NO_TIMES = (
    *("2026-11-31T18:00:00Z", "2027-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-00-01T00:00:00Z"),
    *("2026-01-00T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-32T00:00:00Z", "2026-1-1T00:00:00Z"),
    *("2026-01-01T24:00:00Z", "2026-01-01T23:60:00Z", "2026-12-31T23:59:60Z", "2026-01-01T00:00Z"),
    *("2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+05:60", "2026-01-01T00:00:00+0530", "2026-01-01T00:00:00"),
    *("2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00.5.5Z"),
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "10000-01-01T00:00:00Z"),
    *("2026-01-01 00:00:00Z", "2026-01-01t00:00:00z", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z ", "1767225600"),
)


@pytest.mark.parametrize("given", NO_TIMES)
async def test_a_time_that_no_calendar_has_is_refused_in_bodies_and_queries(
    given: str, rest: httpx.AsyncClient, services: Services
) -> None:
    blamed(await rest.post("/api/v1/shows", json={"startTime": given}), "startTime", START)
    blamed(await rest.get("/api/v1/shows", params={"to": given}), "to", FROM)
    assert services.calls == []


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("2000-02-29T00:00:00.123456789Z", "2000-02-29T00:00:00.123456789Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
        ("0001-01-01T00:01:00+00:01", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:58:59-00:01", "9999-12-31T23:59:59Z"),
        ("2026-01-01T00:00:00-23:59", "2026-01-01T23:59:00Z"),
        ("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00Z"),
    ],
)
async def test_a_time_at_the_edges_of_the_calendar_is_taken(
    given: str, meant: str, rest: httpx.AsyncClient, services: Services
) -> None:
    assert (await rest.post("/api/v1/shows", json={"startTime": given})).status_code == 200
    assert (await rest.get("/api/v1/shows", params={"to": given})).status_code == 200
    created, listed = services.calls
    assert created.request.start_time.ToJsonString() == listed.request.to.ToJsonString() == meant


@pytest.mark.parametrize("word", ["vip", "Vip", "vIP", "VIP"])
async def test_the_words_of_enums_are_taken_in_any_case(word: str, rest: httpx.AsyncClient, services: Services) -> None:
    assert (await rest.post("/api/v1/shows", json={"prices": [{"tier": word}]})).status_code == 200
    assert services.calls[0].request.prices[0].tier == catalog_pb2.TierPrice(tier="VIP").tier


@pytest.mark.parametrize("word", ["movie", "Movie", "mOvIe", "MOVIE"])
async def test_the_words_of_enums_are_taken_in_any_case_in_a_query_too(
    word: str, rest: httpx.AsyncClient, services: Services
) -> None:
    assert (await rest.get("/api/v1/events", params={"category": word})).status_code == 200
    assert services.calls[0].request.category == catalog_pb2.Event.MOVIE


@pytest.mark.parametrize(
    "raw", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\xc2\xa4", b"a\xe2\x82"]
)
async def test_bytes_that_are_no_unicode_are_refused_with_the_fields_name(
    raw: bytes, rest: httpx.AsyncClient, services: Services
) -> None:
    escaped = "".join(f"%{byte:02X}" for byte in raw)
    blamed(await rest.post("/api/v1/movies", content=b'{"title":"' + raw + b'"}'), "title", UNICODE)
    blamed(await rest.get(f"/api/v1/shows?pageToken={escaped}"), "pageToken", UNICODE)
    blamed(await rest.get(f"/api/v1/shows/{escaped}"), "showId", UNICODE)
    assert services.calls == []


@pytest.mark.parametrize(
    "escape", [r"\ud800", r"\udc00", r"\udc00\ud800", r"\ud800\n\udc00", r"\u12", r"\x41", r"\\\u"]
)
async def test_escapes_of_what_is_no_unicode_are_refused_with_the_fields_name(
    escape: str, rest: httpx.AsyncClient, services: Services
) -> None:
    blamed(await rest.post("/api/v1/movies", content=f'{{"title":"{escape}"}}'), "title", UNICODE)
    assert services.calls == []


async def test_unicode_of_all_lengths_is_taken(rest: httpx.AsyncClient, services: Services) -> None:
    title = "a\x7f\x80é߿ࠀम퟿\ue000\uffff𐀀🎟\U0010ffff"
    assert (await rest.post("/api/v1/movies", json={"title": title})).status_code == 200
    assert (
        await rest.post("/api/v1/movies", content=json.dumps({"title": title}, ensure_ascii=False))
    ).status_code == 200
    assert (await rest.get("/api/v1/shows", params={"pageToken": title})).status_code == 200
    first, second, third = services.calls
    assert first.request.title == second.request.title == third.request.page_token == title


@pytest.mark.parametrize("number", ["1.0", "1e1", "1-1", "", " 5", "0x10", "1_000", "+5"])
async def test_a_number_in_quotes_is_written_in_digits(
    number: str, rest: httpx.AsyncClient, services: Services
) -> None:
    blamed(await rest.post("/api/v1/movies", json={"durationMinutes": number}), "durationMinutes", DURATION)
    assert services.calls == []
