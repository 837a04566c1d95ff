"""Who may call, how often, from which pages; and what is shed when there is too much of it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import yaml
from boxoffice.inventory.v1 import catalog_pb2
from google.api import httpbody_pb2
from google.protobuf.message import Message

from gateway.edge import Edge
from gateway.render import render
from tests.gateway.fakes import Context, FakeService, Gateway, Services, call, call_web, status_of
from tests.patience import eventually, patient

GET_SHOW = "/boxoffice.inventory.v1.CatalogService/GetShow"
SEAT_MAP = "/boxoffice.inventory.v1.InventoryService/RenderSeatMap"
CHECKOUT = "/boxoffice.bank.v1.BankService/GetCheckoutPage"

Opened = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
async def opened(services: Services, tmp_path: Path) -> Opened:
    """Open a gateway with settings of one's own; `change` gets its configuration first."""

    @asynccontextmanager
    async def opened(edge: Edge, change: Callable[[Any], None] = lambda _: None) -> AsyncIterator[httpx.AsyncClient]:
        config = yaml.load(render(services.addresses, port=0, admin_port=0, edge=edge), yaml.CSafeLoader)
        change(config)
        gateway = Gateway(tmp_path, json.dumps(config))
        await gateway.start()
        try:
            async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(10)) as client:
                yield client
        finally:
            await gateway.stop()

    return opened


def came_by(address: str) -> dict[str, str]:
    return {"x-forwarded-for": address}


# --- How often


async def test_a_flood_is_turned_away_and_other_callers_are_not(opened: Opened) -> None:
    async with opened(Edge(rate_limit_per_second=5, trusted_proxies=1)) as rest:

        async def ask(address: str) -> httpx.Response:
            return await rest.get("/api/v1/shows/x", headers=came_by(address))

        flood = [await ask("203.0.113.7") for _ in range(40)]
        statuses = Counter(answer.status_code for answer in flood)
        assert set(statuses) == {200, 429}
        assert statuses[200] >= 10
        turned_away = next(answer for answer in flood if answer.status_code == 429)
        assert turned_away.headers["retry-after"] == "1"
        body = turned_away.json()
        assert body["code"] == 8
        info, retry = body["details"]
        assert info["reason"] == "RATE_LIMITED"
        assert retry == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}

        for number in range(30):
            assert (await ask(f"198.51.100.{number}")).status_code == 200
        # Who waits is served again, and what was not counted is answered all the while.
        assert (await rest.get("/healthz", headers=came_by("203.0.113.7"))).status_code == 200
        assert await eventually(lambda: _is_served(ask, "203.0.113.7"))


async def _is_served(ask: Callable[[str], Any], address: str) -> bool:
    return bool((await ask(address)).status_code == 200)


async def test_an_ipv6_caller_cannot_hide_in_its_own_network(opened: Opened) -> None:
    async with opened(Edge(rate_limit_per_second=1, trusted_proxies=1)) as rest:
        statuses = [
            (await rest.get("/api/v1/shows/x", headers=came_by(f"2001:db8:0:1::{number:x}"))).status_code
            for number in range(1, 20)
        ]
        assert 429 in statuses
        elsewhere = await rest.get("/api/v1/shows/x", headers=came_by("2001:db8:0:2::1"))
        assert elsewhere.status_code == 200


async def test_without_a_proxy_of_our_own_nobody_says_who_they_are(opened: Opened) -> None:
    async with opened(Edge(rate_limit_per_second=1)) as rest:
        statuses = [
            (await rest.get("/api/v1/shows/x", headers=came_by(f"203.0.113.{number}"))).status_code
            for number in range(20)
        ]
        assert 429 in statuses


async def test_a_flood_is_told_in_its_own_tongue(opened: Opened) -> None:
    async with opened(Edge(rate_limit_per_second=1)) as rest:
        while (await rest.get("/api/v1/shows/x")).status_code == 200:
            pass
        _, trailers = await call_web(rest, GET_SHOW, catalog_pb2.GetShowRequest())
        assert (trailers["grpc-status"], trailers["grpc-message"]) == ("8", "Too many requests: try again in a moment.")
        async with grpc.aio.insecure_channel(f"{rest.base_url.host}:{rest.base_url.port}") as channel:
            for _ in range(20):
                try:
                    await call(channel, GET_SHOW, catalog_pb2.GetShowRequest())
                except grpc.aio.AioRpcError as error:
                    refused = error
        assert refused.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert len(status_of(refused).details) == 2


@pytest.mark.parametrize(
    ("settings", "about"),
    [
        ({"rate_limit_per_second": 0}, "RATE_LIMIT_PER_SECOND"),
        ({"rate_limit_per_second": 10_000_000}, "RATE_LIMIT_PER_SECOND"),
        ({"trusted_proxies": -1}, "TRUSTED_PROXIES"),
        ({"hold_pace_milliseconds": 0}, "HOLD_PACE_MILLISECONDS"),
        ({"hold_pace_milliseconds": 1_001}, "HOLD_PACE_MILLISECONDS"),
        ({"cors_origins": ("app.example",)}, "CORS_ORIGINS"),
        ({"cors_origins": ("https://app.example/",)}, "CORS_ORIGINS"),
        ({"cors_origins": ("*", "https://app.example")}, "CORS_ORIGINS"),
        ({"cors_origins": ("*",), "cors_credentials": "on"}, "CORS_CREDENTIALS"),
        ({"cors_origins": ("https://app.example",), "cors_credentials": "yes"}, "CORS_CREDENTIALS"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Any, about: str) -> None:
    with pytest.raises(ValueError, match=about):
        Edge(**settings)


# --- Which pages


async def preflight(rest: httpx.AsyncClient, origin: str, path: str = "/api/v1/bookings") -> httpx.Response:
    asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "x"}
    return await rest.options(path, headers=asked)


async def test_pages_of_the_origins_that_are_named_may_call_and_no_others(opened: Opened, services: Services) -> None:
    async with opened(Edge(cors_origins=("https://app.example", "http://localhost:3000"))) as rest:
        for origin in ("https://app.example", "http://localhost:3000"):
            for path in ("/api/v1/bookings", GET_SHOW):
                allowed = await preflight(rest, origin, path)
                assert allowed.status_code == 200
                assert allowed.headers["access-control-allow-origin"] == origin
                assert "PATCH" in allowed.headers["access-control-allow-methods"]
                assert "idempotency-key" in allowed.headers["access-control-allow-headers"]
                assert allowed.headers["access-control-allow-credentials"] == "true"
            assert services.calls == []
            answer = await rest.get("/api/v1/shows/x", headers={"origin": origin})
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["access-control-allow-credentials"] == "true"
            assert "retry-after" in answer.headers["access-control-expose-headers"]
            # A page reads refusals too, also those that no service sees.
            refused = await rest.get("/api/v1/shows?nope=1", headers={"origin": origin})
            assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (400, origin)
            services.forget()
        # What is no method stays none.
        for path in ("/api/v1/nope", "/api/nope"):
            for content_type in ("application/json", "application/grpc", "application/grpc-web"):
                headers = {"origin": "https://app.example", "content-type": content_type}
                nothing = await rest.post(path, content=b"{}", headers=headers)
                assert nothing.status_code == 404 or nothing.headers["grpc-status"] == "12"
        assert services.calls == []
        for origin in ("https://app.example.evil", "http://app.example", "null"):
            assert (await preflight(rest, origin)).status_code == 405
            answer = await rest.get("/api/v1/shows/x", headers={"origin": origin})
            assert "access-control-allow-origin" not in answer.headers


async def test_pages_of_other_origins_may_not_call_unless_it_is_set(rest: httpx.AsyncClient) -> None:
    refused = await preflight(rest, "https://app.example")
    assert refused.status_code == 405
    answer = await rest.get("/api/v1/shows/x", headers={"origin": "https://app.example"})
    assert not [name for name in (*refused.headers, *answer.headers) if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "edge",
    [Edge(cors_origins=("*",)), Edge(cors_origins=("https://app.example",), cors_credentials="off")],
    ids=["everybody", "off"],
)
async def test_cookies_are_for_origins_that_are_named_unless_it_is_set(edge: Edge, opened: Opened) -> None:
    async with opened(edge) as rest:
        for answer in (
            await preflight(rest, "https://app.example"),
            await rest.get("/api/v1/shows/x", headers={"origin": "https://app.example"}),
        ):
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://app.example")
            assert "access-control-allow-credentials" not in answer.headers


# --- What goes out


async def test_large_json_is_compressed_for_those_who_ask(rest: httpx.AsyncClient, services: Services) -> None:
    async def seat_map(request: object, _: object) -> Message:
        seats = [{"section": "East", "row": "", "number": n, "tier": "REGULAR", "price": 0} for n in range(1000)]
        return httpbody_pb2.HttpBody(content_type="application/json", data=json.dumps({"seats": seats}).encode())

    services["inventory"].answers[SEAT_MAP] = seat_map
    asked = {"accept-encoding": "gzip"}
    async with rest.stream("GET", "/api/v1/seats/shows/x", headers=asked) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
        assert (answer.headers["content-encoding"], answer.headers["vary"].lower()) == ("gzip", "accept-encoding")
    plain = await rest.get("/api/v1/seats/shows/x", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed) == plain.content
    assert len(packed) < len(plain.content) / 10
    small = await rest.get("/api/v1/shows/x", headers=asked)
    assert "content-encoding" not in small.headers


async def test_answers_are_nobody_elses_and_what_they_say_they_are(rest: httpx.AsyncClient, services: Services) -> None:
    for path in ("/api/v1/shows/x", "/nope", "/api/v1/shows?nope=1", "/healthz"):
        answer = await rest.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["cache-control"] == "no-store" or path == "/healthz", path
        assert not {"server", "x-powered-by", "x-envoy-upstream-service-time"} & set(answer.headers), path

    async def checkout(request: object, context: Context) -> Message:
        await context.send_initial_metadata((("cache-control", "max-age=60"), ("content-security-policy", "x")))
        return httpbody_pb2.HttpBody(content_type="text/html", data=b"<p>")

    services["bank"].answers[CHECKOUT] = checkout
    page = await rest.get("/api/v1/payments/fake-checkout/x")
    assert (page.headers["cache-control"], page.headers["content-security-policy"]) == ("max-age=60", "x")


# --- Who is passed over


async def _cutting(request: object, context: Context) -> Message:
    raise AssertionError("it is cut before")


async def test_the_only_host_is_never_passed_over(
    own_gateway: Gateway, own_rest: httpx.AsyncClient, own_services: Services
) -> None:
    async def away(request: object, context: Context) -> Message:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "Away.")
        raise AssertionError

    own_services["inventory"].answers[GET_SHOW] = away
    for _ in range(30):
        assert (await own_rest.get("/api/v1/shows/x")).status_code == 503
    assert len(own_services.calls) == 90
    # Nor after calls that came to nothing: it is asked again as soon as it answers.
    await own_services["inventory"].stop()
    tried = await asyncio.gather(*(own_rest.get("/api/v1/shows/x") for _ in range(30)))
    assert {answer.status_code for answer in tried} == {503}
    await own_services["inventory"].start()
    own_services["inventory"].answers.clear()

    async def answers() -> bool:
        return (await own_rest.get("/api/v1/shows/x")).status_code == 200

    await eventually(answers)


@asynccontextmanager
async def one_of_two_away(
    services: Services, folder: Path, change: Callable[[Any], None] = lambda _: None
) -> AsyncIterator[tuple[Gateway, httpx.AsyncClient]]:
    """Open a gateway to two replicas of inventory, of which one goes away; `change` gets its configuration first."""
    replicas = [FakeService("inventory") for _ in range(2)]
    for replica in replicas:
        await replica.start()
    both = ",".join(f"127.0.0.1:{replica.port}" for replica in replicas)
    config = yaml.load(render(services.addresses | {"inventory": both}, port=0, admin_port=0), yaml.CSafeLoader)
    change(config)
    gateway = Gateway(folder, json.dumps(config))
    await gateway.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(10)) as rest:
            await replicas[0].stop()
            yield gateway, rest
    finally:
        await gateway.stop()
        for replica in replicas:
            await replica.stop()


async def test_a_replica_that_cannot_be_reached_is_passed_over(services: Services, tmp_path: Path) -> None:
    async with one_of_two_away(services, tmp_path) as (_, rest):
        answers = [(await rest.get("/api/v1/shows/x")).status_code for _ in range(40)]
        assert set(answers) == {200}


async def test_who_met_a_replica_that_is_away_is_sent_to_the_other_one(services: Services, tmp_path: Path) -> None:
    """Not to the same one again, while nothing else tells the gateway which one that is."""

    def never_learn(config: Any) -> None:
        for cluster in config["static_resources"]["clusters"]:
            cluster.get("outlier_detection", {})["enforcing_consecutive_local_origin_failure"] = 0
            for check in cluster.get("health_checks", []):
                check["unhealthy_threshold"] = 1_000

    async with one_of_two_away(services, tmp_path, never_learn) as (gateway, rest):
        assert {(await rest.get("/api/v1/shows/x")).status_code for _ in range(100)} == {200}
        tried = await gateway.stats("cluster.inventory.upstream_rq_retry")
        assert tried == await gateway.stats("cluster.inventory.upstream_rq_retry_success") > 0


async def test_more_connections_than_there_may_be_are_closed_and_the_others_go_on(opened: Opened) -> None:
    def few(config: Any) -> None:
        for monitor in config["overload_manager"]["resource_monitors"]:
            if "max_active_downstream_connections" in monitor["typed_config"]:
                monitor["typed_config"]["max_active_downstream_connections"] = 5

    async with opened(Edge(), few) as rest:
        where = rest.base_url.host, rest.base_url.port
        assert (await rest.get("/api/v1/shows/x")).status_code == 200
        others = [await asyncio.open_connection(*where) for _ in range(10)]

        async def closed() -> int:
            return sum([await _is_closed(reader) for reader, _ in others])

        async def enough() -> bool:
            return await closed() >= 4

        await eventually(enough)
        assert await closed() <= 7
        assert (await rest.get("/api/v1/shows/x")).status_code == 200
        for _, writer in others:
            writer.close()

        async def lets_in() -> bool:
            async with httpx.AsyncClient(base_url=rest.base_url, timeout=patient(10)) as another:
                try:
                    return (await another.get("/api/v1/shows/x")).status_code == 200
                except httpx.TransportError:
                    return False

        assert await eventually(lets_in)


async def _is_closed(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(0.2):
            return await reader.read(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def test_when_memory_ends_requests_are_turned_away(opened: Opened) -> None:
    def tiny(config: Any) -> None:
        for monitor in config["overload_manager"]["resource_monitors"]:
            if "max_heap_size_bytes" in monitor["typed_config"]:
                monitor["typed_config"]["max_heap_size_bytes"] = 1
        # Else nobody would be let in to be told.
        actions = config["overload_manager"]["actions"]
        actions[:] = [action for action in actions if not action["name"].endswith("stop_accepting_connections")]

    async with opened(Edge(), tiny) as rest:

        async def turned_away() -> httpx.Response | None:
            answer = await rest.get("/api/v1/shows/x")
            return None if answer.status_code == 200 else answer

        refusal = await eventually(turned_away)
        assert (refusal.status_code, refusal.json()["code"], refusal.headers["retry-after"]) == (503, 14, "1")
        assert refusal.json()["details"][0]["reason"] == "UNAVAILABLE"
        assert (await rest.get("/healthz")).status_code == 503
