"""A gateway that has no keys yet, as identity is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from services.identity.keys.signing import SigningKey
from tests.gateway.fakes import Gateway, Services
from tests.gateway.guarded import (
    GET_BOOKING,
    GET_JWKS,
    KEY,
    USER,
    accepts,
    bearer,
    check_refused,
    configuration,
    guarded_services,
    made,
    publish,
    unavailable,
)
from tests.identity import forge
from tests.patience import eventually, patient


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
