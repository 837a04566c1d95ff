"""HTTP itself: verbs, what a body is said to be, what a connection is asked to become."""

from __future__ import annotations

import gzip

import httpx
import pytest
from google.api import httpbody_pb2

from tests.gateway import hostile
from tests.gateway.connections import DATA, by_http2, exchange, is_whole
from tests.gateway.fakes import Gateway, Services
from tests.gateway.paths import PAGES, PATHS, RAW, READS, STREAMS, WEBHOOK, WITH_BODY, WITHOUT_BODY
from tests.gateway.requests import blamed, reason
from tests.patience import eventually

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


# --- Verbs


@pytest.mark.parametrize("path", [*READS, *PAGES])
async def test_a_head_is_answered_as_a_get_without_its_body(
    path: str, rest: httpx.AsyncClient, services: Services, gateway: Gateway
) -> None:
    # A file is compressed for who takes that, and its length not known before.
    plain = {"accept-encoding": "identity"}
    whole, head = await rest.get(path, headers=plain), await rest.head(path, headers=plain)
    assert (head.status_code, head.content) == (200, b"")
    refused_verbs = [
        {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
        for answer in (whole, head)
    ]
    assert refused_verbs[0] == refused_verbs[1]
    assert len(services.calls) == (2 if path in READS else 0)
    # A body that nobody asked for would break a connection of HTTP/2.
    assert b"".join(payload for kind, _, payload in await by_http2(gateway, "HEAD", path) if kind == DATA) == b""


async def test_a_head_is_refused_as_a_get_is(rest: httpx.AsyncClient, services: Services, gateway: Gateway) -> None:
    for path, status in (("/api/v1/shows?nope=1", 400), ("/nope", 404), ("/api/v1/auth/login", 405)):
        refused = await rest.head(path, headers={"x-request-id": f"head-{status}"})
        assert (refused.status_code, refused.content) == (status, b"")
    assert services.calls == []
    lines = await eventually(lambda: [line for line in gateway.access_log if line["request_id"] == "head-400"])
    assert (lines[0]["method"], lines[0]["grpc_status"]) == ("HEAD", "INVALID_ARGUMENT")


@pytest.mark.parametrize("path", [*PATHS, *PAGES])
async def test_a_verb_that_a_path_does_not_take_is_405_with_those_that_it_takes(
    path: str, rest: httpx.AsyncClient, services: Services
) -> None:
    taken = set(PATHS.get(path, ["GET"]))
    if "GET" in taken and path not in STREAMS:
        taken.add("HEAD")
    for verb in VERBS:
        if verb in taken:
            continue
        # Without the header, a QUERY breaks the rules of its own.
        answer = await rest.request(verb, path, headers={"content-type": "application/json"})
        assert answer.status_code == 405, f"{verb} {path}"
        assert set(answer.headers["allow"].split(", ")) == taken
        assert answer.headers["content-type"] == "application/json"
        if verb != "HEAD":
            assert (answer.json()["code"], reason(answer)) == (12, "VERB_NOT_ALLOWED")
    assert services.calls == []


# --- What a body is said to be


@pytest.mark.parametrize(("verb", "path"), WITH_BODY)
async def test_a_body_that_is_compressed_is_415(
    verb: str, path: str, rest: httpx.AsyncClient, services: Services
) -> None:
    for encoding in ("gzip", "br", "GZIP", "deflate, gzip"):
        answer = await rest.request(verb, path, content=gzip.compress(b"{}"), headers={"content-encoding": encoding})
        assert (answer.status_code, reason(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert answer.headers["accept-encoding"] == "identity"
    assert services.calls == []
    plain = await rest.request(verb, path, content=b"{}", headers={"content-encoding": "Identity"})
    assert plain.status_code == 200


NO_JSON = [
    "multipart/form-data; boundary=x",
    "application/xml",
    "text/html",
    "image/png",
    "application/x-protobuf",
    "application/jsonp",
    "application/json, text/html",
    "application/json; charset=utf-16",
    'application/json; charset="ISO-8859-1"',
    "json",
    # Neither gRPC nor gRPC-Web, and yet such words had rest.lua passed by.
    "application/grpc-foo",
    "application/grpc;x",
    "application/grpcx",
    "application/grpc-webx",
    "application/grpc-web-text+json2",
]


@pytest.mark.parametrize("content_type", NO_JSON)
async def test_a_body_that_is_surely_not_json_is_415(
    content_type: str, rest: httpx.AsyncClient, services: Services
) -> None:
    for verb, path in WITH_BODY:
        if path in RAW:
            continue
        answer = await rest.request(verb, path, content=b'{"nope":1}', headers={"content-type": content_type})
        assert (answer.status_code, reason(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE"), path
        assert answer.headers["accept"] == "application/json"
    assert services.calls == []


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"; x=y',
        "application/vnd.api+json",
        "application/problem+json; charset=us-ascii",
        "application/x-www-form-urlencoded",  # curl -d
        "text/plain;charset=UTF-8",  # fetch with a text
        "application/octet-stream",
    ],
)
async def test_json_is_read_under_each_name_that_programs_give_it(
    content_type: str | None, rest: httpx.AsyncClient, services: Services
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    answer = await rest.post("/api/v1/bookings", content=b'{"userId":"u"}', headers=headers)
    assert answer.status_code == 200
    assert services.calls[0].request.user_id == "u"
    blamed(
        await rest.post("/api/v1/bookings", content=b'{"nope":1}', headers=headers),
        "nope",
        "is not a field of this request",
    )


async def test_a_webhook_is_what_its_signature_says(rest: httpx.AsyncClient, services: Services) -> None:
    answer = await rest.post(WEBHOOK, content=b"<a>", headers={"content-type": "application/xml"})
    assert answer.status_code == 200
    assert services.calls[0].request == httpbody_pb2.HttpBody(content_type="application/xml", data=b"<a>")


@pytest.mark.parametrize(("verb", "path"), WITHOUT_BODY)
async def test_a_method_without_a_body_does_not_read_one(
    verb: str, path: str, rest: httpx.AsyncClient, services: Services
) -> None:
    for body in (b'{"userId":"other"}', b'{"showId":"s"}', b'{"nope":1}', b"userId=other", b"[]", b"{}{}"):
        answer = await rest.request(verb, path, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, reason(answer)) == (400, "INVALID_FIELD"), body
        assert answer.json()["message"].endswith("takes no body: put its fields in the path and the query.")
    assert services.calls == []
    for body in (b"", b"{}", b" { } \r\n"):
        assert (await rest.request(verb, path, content=body)).status_code == 200


# --- What a connection is asked to become


UPGRADES = {
    "a websocket": {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
    },
    "HTTP/2": {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "AAMAAABkAAQAAP__"},
    "HTTP/2 without settings": {"connection": "Upgrade", "upgrade": "h2c"},
    "TLS": {"connection": "upgrade", "upgrade": "TLS/1.3, HTTP/1.1"},
    "anything": {"connection": "close, Upgrade", "upgrade": "x"},
    "many things": {"connection": "Upgrade", "upgrade": "h2c, websocket, connect-udp"},
    "something without saying so": {"upgrade": "websocket"},
    "something without saying what": {"connection": "Upgrade"},
}
HARMLESS = {
    "te: trailers": {"te": "trailers"},
    "te of another kind": {"connection": "te", "te": "gzip, deflate;q=0.5"},
    "trailers that are told of": {"trailer": "x-a"},
    "an expectation": {"expect": "100-continue"},
    "an expectation that is none": {"expect": "1000-miracles"},
    "a proxy's": {"proxy-connection": "keep-alive", "proxy-authorization": "Basic YTpi", "max-forwards": "0"},
    "keep-alive": {"connection": "keep-alive, x-a", "keep-alive": "timeout=5", "x-a": "b"},
    "a method of another kind": {"x-http-method-override": "DELETE", "x-method-override": "DELETE"},
    "another path": {"x-original-url": "/api/v1/bookings", "x-rewrite-url": "/api/v1/bookings"},
    "a range": {"range": "bytes=0-1", "if-range": "x"},
    "gRPC's": {"grpc-accept-encoding": "br", "grpc-timeout": "x", "grpc-encoding": "br", "grpc-status": "5"},
}
TARGETS = [("GET", path) for path in (*READS, *PAGES)] + [each for each in WITH_BODY if each[1] != WEBHOOK]


@pytest.mark.parametrize("headers", [*UPGRADES.values(), *HARMLESS.values()], ids=[*UPGRADES, *HARMLESS])
async def test_a_request_with_it_is_answered_as_one_without(
    headers: dict[str, str], gateway: Gateway, services: Services
) -> None:
    async def answered(verb: str, path: str) -> None:
        body = b"" if verb == "GET" else b"{}"
        lines = [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines += [hostile.JSON, f"content-length: {len(body)}"]
        data = hostile.request(f"{verb} {path} HTTP/1.1", *lines, body=body)
        answer = await exchange(gateway, data, is_whole)
        status = [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")][-1]
        assert status == b"HTTP/1.1 200 OK", (verb, path, answer[:500])

    for verb, path in TARGETS:
        await answered(verb, path)
    assert len(services.calls) == len(TARGETS) - len(PAGES)


@pytest.mark.parametrize(
    "data",
    [
        hostile.request("GET\t/api/v1/shows\tHTTP/1.1"),
        hostile.request("GET /api/v1/shows HTTP/1.1", "x-a: b\rx-user-id: root"),
        hostile.request("GET http://elsewhere.example/api/v1/shows HTTP/1.1"),
    ],
    ids=["tabs", "a bare CR", "another host's target"],
)
async def test_what_envoy_reads_though_it_is_written_wrongly_says_nothing_more(
    data: bytes, gateway: Gateway, services: Services
) -> None:
    assert (await exchange(gateway, data, is_whole)).startswith(b"HTTP/1.1 200 OK")
    (arrived,) = services.calls
    assert arrived.path.endswith("/ListShows")
    assert "x-user-id" not in arrived.metadata


async def test_streams_come_though_an_upgrade_was_asked_for(gateway: Gateway, services: Services) -> None:
    for path in STREAMS:
        for headers in UPGRADES.values():
            lines = [f"{name}: {value}" for name, value in headers.items()]
            data = hostile.request(f"GET {path} HTTP/1.1", *lines)
            answer = await exchange(gateway, data, lambda got: got.endswith(b"0\r\n\r\n"))
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer
    assert len(services.calls) == len(STREAMS) * len(UPGRADES)
