"""Where calls take a token: who has none that is good gets no further, but for what the contracts allow everybody."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.identity.v1 import identity_pb2 as identity
from cryptography.hazmat.primitives.asymmetric import ec
from google.api import httpbody_pb2
from grpc_status import rpc_status

from certificates import certificates
from gateway import auth, static, tls
from gateway.edge import Edge
from gateway.render import CLUSTERS, render
from gateway.replies import HEALTH_PATH
from gateway.tls import Files
from services.chassis.errors import Unavailable
from services.chassis.wire import identity as chassis
from services.chassis.wire import tls as chassis_tls
from services.chassis.wire.status import to_status
from services.chassis.wire.tls import Certificate
from services.identity.keys.signing import SigningKey
from stack import ports
from tests.gateway.fakes import PUBLIC, FakeService, Gateway, Method, Services, call, call_web, status_of
from tests.identity import forge
from tests.patience import eventually, patient

USER = "018f0000-0000-7000-8000-000000000000"
KEY = SigningKey("one", ec.generate_private_key(ec.SECP256R1()))
GET_JWKS = "/boxoffice.identity.v1.IdentityService/GetJwks"
EVERYBODYS = [method for method in PUBLIC if "PUBLIC" in chassis.policy(method.path).allowed]
GUARDED = [method for method in PUBLIC if method not in EVERYBODYS]
GET_BOOKING = "/api/v1/bookings/x"


def publish(services: Services, *keys: SigningKey) -> None:
    async def answer(request: Any, context: Any) -> Any:
        content = json.dumps({"keys": [key.public_jwk() for key in keys]}).encode()
        return httpbody_pb2.HttpBody(content_type="application/jwk-set+json", data=content)

    services["identity"].answers[GET_JWKS] = answer


def made(folder: Path) -> Path:
    """Make certificates for all."""
    certificates.make(folder / "tls")
    return folder / "tls"


def own_certificate(folder: Path, name: str) -> Certificate:
    own = folder / name
    return Certificate.read(own / "ca.pem", own / "cert.pem", own / "key.pem")


def guarded_services(folder: Path) -> Services:
    """Return services behind TLS, each with its certificate."""
    return Services(
        {name: FakeService(name, credentials=own_certificate(folder, name).server_credentials()) for name in CLUSTERS}
    )


def configuration(services: Services, folder: Path) -> str:
    [port] = ports.choose(1)
    own = folder / "gateway"
    files = Files(*(str(own / name) for name in ("ca.pem", "cert.pem", "key.pem")))
    return render(services.addresses, port=port, admin_port=0, edge=Edge(auth="on"), tls_files=files)


async def unavailable(request: Any, context: Any) -> Any:
    await context.abort_with_status(rpc_status.to_status(to_status(Unavailable())))


@pytest.fixture(scope="module")
async def _guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Services, Gateway]]:
    folder = made(tmp_path_factory.mktemp("certificates"))
    services = guarded_services(folder)
    await services.start()
    publish(services, KEY)
    patch = pytest.MonkeyPatch()
    patch.setattr(auth, "KEYS_SECONDS", 1)
    gateway = Gateway(tmp_path_factory.mktemp("auth"), configuration(services, folder))
    patch.undo()
    await gateway.start()
    async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(10)) as rest:
        await eventually(lambda: accepts(rest, KEY))
    yield services, gateway
    await gateway.stop()
    await services.stop()


async def accepts(rest: httpx.AsyncClient, key: SigningKey) -> bool:
    return (await rest.get(GET_BOOKING, headers=bearer(key.sign(forge.right(USER))))).status_code == 200


@pytest.fixture
def services(_guarded: tuple[Services, Gateway]) -> Services:
    for service in _guarded[0].values():
        service.calls.clear()
    publish(_guarded[0], KEY)
    return _guarded[0]


@pytest.fixture
async def rest(_guarded: tuple[Services, Gateway]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{_guarded[1].address}", timeout=patient(10)) as client:
        yield client


@pytest.fixture
async def channel(_guarded: tuple[Services, Gateway]) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(_guarded[1].address) as to_gateway:
        yield to_gateway


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def arrived(services: Services) -> list[str]:
    """Return what reached a service, but for Envoy's own questions."""
    return [call.path for call in services.calls if call.path != GET_JWKS]


async def ask(rest: httpx.AsyncClient, method: Method, headers: dict[str, str] | None = None) -> httpx.Response:
    verb, path = method.bindings[0]
    body = {} if verb in ("POST", "PATCH", "PUT") else None
    return await rest.request(verb, re.sub(r"{(\w+)}", "x", path), json=body, headers=headers)


def check_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == 'Bearer realm="boxoffice"'
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["code"] == 16
    assert told["message"].startswith("It is not known who calls: log in")
    assert [(detail["reason"], detail["domain"]) for detail in told["details"]] == [("UNAUTHENTICATED", "boxoffice")]


def test_there_are_methods_of_both_kinds() -> None:
    assert len(EVERYBODYS) > 10
    assert len(GUARDED) > 10


async def test_everybody_may_call_what_the_contracts_allow_everybody(
    rest: httpx.AsyncClient, services: Services
) -> None:
    for method in EVERYBODYS:
        if not method.bindings:
            continue  # another has its JSON
        for headers in ({}, bearer("expired")):
            services[method.cluster].calls.clear()
            assert (await ask(rest, method, headers)).status_code == 200, method.path
            assert method.path in [call.path for call in services[method.cluster].calls]


async def test_the_gateways_own_pages_are_everybodys(rest: httpx.AsyncClient, services: Services) -> None:
    for headers in ({}, bearer("expired"), bearer(KEY.sign(forge.right(USER)))):
        for file in static.files("on"):
            page = await rest.get(file.path, headers=headers)
            assert (page.status_code, page.content) == (200, file.source.read_bytes()), file.path
        assert (await rest.get(HEALTH_PATH, headers=headers)).status_code in (200, 503)
        assert (await rest.get("/api/v1/nothing", headers=headers)).status_code == 404
    assert arrived(services) == []


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR", "Bearer ", "bearer  "])
async def test_the_word_bearer_may_be_in_any_case(
    scheme: str, rest: httpx.AsyncClient, channel: grpc.aio.Channel, services: Services
) -> None:
    token = KEY.sign(forge.right(USER))
    headers = {"authorization": f"{scheme} {token}"}
    assert (await rest.get(GET_BOOKING, headers=headers)).status_code == 200
    get_booking = "/boxoffice.booking.v1.BookingService/GetBooking"
    method = channel.unary_unary(get_booking, request_serializer=booking_pb2.GetBookingRequest.SerializeToString)
    await method(booking_pb2.GetBookingRequest(), metadata=tuple(headers.items()))
    assert arrived(services) == [get_booking] * 2
    # And is a word of its own.
    for other in (f"{scheme.strip()}{token}", scheme.strip(), token, f"Basic {token}"):
        check_refused(await rest.get(GET_BOOKING, headers={"authorization": other}))


async def test_all_else_takes_a_token(rest: httpx.AsyncClient, channel: grpc.aio.Channel, services: Services) -> None:
    for method in GUARDED:
        check_refused(await ask(rest, method))
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await call(channel, method.path, method.request())
        assert failure.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert status_of(failure.value).code == 16
        message, trailers = await call_web(rest, method.path, method.request())
        assert (message, trailers["grpc-status"]) == (b"", "16")
    assert arrived(services) == []


async def test_with_a_token_it_is_called_and_told_who_calls(rest: httpx.AsyncClient, services: Services) -> None:
    claims = forge.right(USER)
    token = KEY.sign(claims)
    for method in GUARDED:
        services[method.cluster].calls.clear()
        forged = {"x-user-claims": "e30", "x-client-address": "10.0.0.1"}
        assert (await ask(rest, method, bearer(token) | forged)).status_code == 200, method.path
        [seen] = [call for call in services[method.cluster].calls if call.path == method.path]
        assert seen.metadata["authorization"] == f"Bearer {token}"
        payload = str(seen.metadata["x-user-claims"])
        assert json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) == claims
        assert seen.metadata["x-client-address"] == "127.0.0.1"


async def test_no_forged_token_gets_through(rest: httpx.AsyncClient, services: Services) -> None:
    for what, token in forge.forged(KEY, USER):
        if not token.isprintable():
            continue  # no header carries it
        answer = await rest.get(GET_BOOKING, headers=bearer(token))
        assert answer.status_code == 401, what
        check_refused(answer)
    assert arrived(services) == []
    assert await accepts(rest, KEY)


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "{good}", "Bearer Bearer {good}", "Token {good}"])
async def test_a_token_comes_as_bearer(rest: httpx.AsyncClient, services: Services, header: str) -> None:
    good = KEY.sign(forge.right(USER))
    check_refused(await rest.get(GET_BOOKING, headers={"authorization": header.format(good=good)}))
    assert arrived(services) == []


async def test_a_token_in_the_query_or_a_cookie_is_none(rest: httpx.AsyncClient, services: Services) -> None:
    good = KEY.sign(forge.right(USER))
    answer = await rest.get(GET_BOOKING, params={"access_token": good})
    assert answer.status_code in (400, 401)
    check_refused(await rest.get(GET_BOOKING, headers={"cookie": f"access_token={good}"}))
    assert arrived(services) == []


async def test_the_key_set_comes_over_http(rest: httpx.AsyncClient, services: Services) -> None:
    answer = await rest.get("/.well-known/jwks.json")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.json() == {"keys": [KEY.public_jwk()]}


async def test_a_cookie_comes_and_goes(rest: httpx.AsyncClient, services: Services) -> None:
    login = "/boxoffice.identity.v1.IdentityService/Login"

    async def answer(request: Any, context: Any) -> Any:
        await context.send_initial_metadata((("set-cookie", "a=b; Path=/; HttpOnly"), ("cache-control", "no-store")))
        return identity.Tokens(access_token="token")

    services["identity"].answers[login] = answer
    response = await rest.post("/api/v1/auth/login", json={}, headers={"cookie": "one=1; two=2"})
    assert response.headers["set-cookie"] == "a=b; Path=/; HttpOnly"
    assert response.headers["cache-control"] == "no-store"
    [seen] = [call for call in services["identity"].calls if call.path == login]
    assert seen.metadata["cookie"] == "one=1; two=2"
    del services["identity"].answers[login]


async def test_identity_sees_by_x_forwarded_for_whether_a_proxy_stands_before(
    rest: httpx.AsyncClient, services: Services
) -> None:
    login = "/boxoffice.identity.v1.IdentityService/Login"
    for told in ([], ["198.51.100.1"], ["198.51.100.1, 10.0.0.1"]):
        services["identity"].calls.clear()
        headers = [("x-forwarded-for", address) for address in told]
        assert (await rest.post("/api/v1/auth/login", json={}, headers=headers)).status_code == 200
        [arrived] = [call for call in services["identity"].calls if call.path == login]
        # Envoy adds one address, which for a caller on its own machine is the machine's.
        *came, _ = str(arrived.metadata["x-forwarded-for"]).split(",")
        assert ",".join(came) == "".join(told)
        assert arrived.metadata["x-client-address"] == "127.0.0.1"


async def test_a_new_key_is_known_before_long_and_an_old_one_forgotten(
    rest: httpx.AsyncClient, services: Services
) -> None:
    following = SigningKey("two", ec.generate_private_key(ec.SECP256R1()))
    assert not await accepts(rest, following)
    publish(services, KEY, following)
    await eventually(lambda: accepts(rest, following))
    assert await accepts(rest, KEY)
    publish(services, following)

    async def forgotten() -> bool:
        return not await accepts(rest, KEY)

    await eventually(forgotten)
    publish(services, KEY)
    await eventually(lambda: accepts(rest, KEY))


async def test_while_identity_is_away_tokens_stay_good(
    rest: httpx.AsyncClient, services: Services, _guarded: tuple[Services, Gateway]
) -> None:
    log = _guarded[1].log
    await services["identity"].stop()
    try:
        # By the third question that failed, the keys are older than they are kept.
        failed = log.read_text().count("Jwks async fetching")
        await eventually(lambda: log.read_text().count("Jwks async fetching") >= failed + 3)
        assert await accepts(rest, KEY)
    finally:
        await services["identity"].start()
    services["identity"].calls.clear()
    await eventually(lambda: services["identity"].calls)
    assert await accepts(rest, KEY)


@asynccontextmanager
async def without_keys(tmp_path: Path) -> AsyncIterator[tuple[Services, httpx.AsyncClient]]:
    """Run a gateway that was started while identity does not tell its keys; what it asks of it is noted."""
    folder = made(tmp_path)
    services = guarded_services(folder)
    await services.start()

    async def frozen(request: Any, context: Any) -> Any:
        await asyncio.Event().wait()

    services["identity"].answers[GET_JWKS] = frozen
    gateway = Gateway(tmp_path, configuration(services, folder))
    await gateway.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(20)) as rest:
            yield services, rest
    finally:
        await gateway.stop()
        await services.stop()


async def test_a_gateway_without_keys_leaves_it_to_the_service_whose_a_token_is(tmp_path: Path) -> None:
    async with without_keys(tmp_path) as (services, rest):
        token = KEY.sign(forge.right(USER))
        answer = await rest.get(GET_BOOKING, headers=bearer(token) | {"x-user-claims": "e30"})
        assert answer.status_code == 200
        [seen] = [call for call in services["booking"].calls if call.path.endswith("/GetBooking")]
        assert seen.metadata["authorization"] == f"Bearer {token}"
        assert "x-user-claims" not in seen.metadata
        # A service that has no keys either says so, and when to come back.
        services["booking"].answers[seen.path] = unavailable
        answer = await rest.get(GET_BOOKING, headers=bearer(token))
        assert (answer.status_code, answer.json()["details"][0]["reason"]) == (503, "UNAVAILABLE")
        services["booking"].calls.clear()
        # What is bad whatever the keys are gets no further.
        now = int(time.time())
        for bad in (
            {},
            bearer("garbage"),
            bearer(KEY.sign(forge.right(USER, iat=now - 2000, exp=now - 1000))),
            bearer(KEY.sign(forge.right(USER, aud="somebody"))),
            bearer(KEY.sign(forge.right(USER, iss="somebody"))),
            {"authorization": f"Basic {token}"},
            {"x-user-claims": "e30"},
        ):
            check_refused(await rest.get(GET_BOOKING, headers=bad))
        twice = await rest.get(GET_BOOKING, headers=[("authorization", f"Bearer {token}")] * 2)
        assert twice.status_code in (200, 401, 503)
        assert services["booking"].calls == [] or twice.status_code != 401
        assert (await rest.get("/api/v1/shows")).status_code == 200
        # It finds them as soon as identity tells them, and is strict again.
        publish(services, KEY)
        services["booking"].answers.clear()
        foreign = SigningKey("foreign", ec.generate_private_key(ec.SECP256R1()))

        async def strict() -> bool:
            return not await accepts(rest, foreign)

        await eventually(strict)
        assert await accepts(rest, KEY)


async def test_a_gateway_without_keys_asks_for_them_once_at_a_time(tmp_path: Path) -> None:
    async with without_keys(tmp_path) as (services, rest):
        headers = bearer(KEY.sign(forge.right(USER)))
        services["identity"].calls.clear()
        answers = await asyncio.gather(*(rest.get(GET_BOOKING, headers=headers) for _ in range(100)))
        assert {answer.status_code for answer in answers} == {200}
        asked = [call for call in services["identity"].calls if call.path == GET_JWKS]
        # Each question takes two seconds in vain, and Envoy's own may come between.
        assert len(asked) <= 5


async def test_the_gateway_calls_a_service_only_where_that_services_certificate_is(tmp_path: Path) -> None:
    folder = made(tmp_path)
    services = guarded_services(folder)
    services["booking"].credentials = own_certificate(folder, "payment").server_credentials()
    services["payment"].credentials = None
    foreign = made(tmp_path / "foreign")
    services["bank"].credentials = own_certificate(foreign, "bank").server_credentials()
    await services.start()
    publish(services, KEY)
    gateway = Gateway(tmp_path, configuration(services, folder))
    await gateway.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://{gateway.address}/api/v1", timeout=patient(10)) as rest:
            # By now it has its keys, so it is not for want of them.
            token = bearer(KEY.sign(forge.right(USER)))
            await eventually(lambda: GET_JWKS in [call.path for call in services["identity"].calls])
            told = {
                "inventory": (await rest.get("/shows")).status_code,
                "booking": (await rest.get("/bookings/x", headers=token)).status_code,
                "payment": (await rest.post("/payments/webhook", json={})).status_code,
                "bank": (await rest.get("/payments/fake-checkout/x")).status_code,
            }
            assert told == {"inventory": 200, "booking": 503, "payment": 503, "bank": 503}
            for name in ("booking", "payment", "bank"):
                assert services[name].calls == []
            assert (await rest.get("/health")).status_code == 503
    finally:
        await gateway.stop()
        await services.stop()


def test_without_certificates_there_is_no_configuration() -> None:
    with pytest.raises(ValueError, match="TLS_CA_FILE"):
        render(dict.fromkeys(CLUSTERS, "127.0.0.1:1"), port=1, admin_port=1, edge=Edge(auth="on"))


def test_both_sides_ask_for_the_same_issuer_and_audience() -> None:
    assert (auth.ISSUER, auth.AUDIENCE) == (chassis.ISSUER, chassis.AUDIENCE)
    assert tls.SUFFIX == chassis_tls.SUFFIX == certificates.SUFFIX
