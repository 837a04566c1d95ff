"""Where calls take a token: who has none that is good gets no further, but for what the contracts allow everybody."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.identity.v1 import identity_pb2 as identity
from cryptography.hazmat.primitives.asymmetric import ec

from certificates import certificates
from gateway import auth, static, tls
from gateway.edge import Edge
from gateway.render import CLUSTERS, render
from gateway.replies import HEALTH_PATH
from services.chassis.wire import identity as chassis
from services.chassis.wire import tls as chassis_tls
from services.identity.keys.signing import SigningKey
from tests.gateway.fakes import Gateway, Services, call, call_web, status_of
from tests.gateway.guarded import (
    EVERYBODYS,
    GET_BOOKING,
    GET_JWKS,
    GUARDED,
    KEY,
    USER,
    accepts,
    arrived,
    ask,
    bearer,
    check_refused,
    configuration,
    guarded_services,
    made,
    own_certificate,
    publish,
)
from tests.identity import forge
from tests.patience import eventually, patient


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
    for forwarded in ([], ["198.51.100.1"], ["198.51.100.1, 10.0.0.1"]):
        services["identity"].calls.clear()
        headers = [("x-forwarded-for", address) for address in forwarded]
        assert (await rest.post("/api/v1/auth/login", json={}, headers=headers)).status_code == 200
        [arrived] = [call for call in services["identity"].calls if call.path == login]
        # Envoy adds one address, which for a caller on its own machine is the machine's.
        *came, _ = str(arrived.metadata["x-forwarded-for"]).split(",")
        assert ",".join(came) == "".join(forwarded)
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
            sent = {
                "inventory": (await rest.get("/shows")).status_code,
                "booking": (await rest.get("/bookings/x", headers=token)).status_code,
                "payment": (await rest.post("/payments/webhook", json={})).status_code,
                "bank": (await rest.get("/payments/fake-checkout/x")).status_code,
            }
            assert sent == {"inventory": 200, "booking": 503, "payment": 503, "bank": 503}
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
