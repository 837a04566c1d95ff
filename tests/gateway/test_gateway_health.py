"""The health pages, and how soon a service that went away and came back is noticed."""

import httpx
import pytest

from tests.gateway.fakes import Gateway, Services
from tests.patience import eventually

HEALTH = "/api/v1/health"


async def test_health_is_200_while_every_service_is_healthy(rest: httpx.AsyncClient) -> None:
    answer = await rest.get(HEALTH)
    assert (answer.status_code, answer.json()) == (200, {"status": "SERVING"})
    assert answer.headers["content-type"] == "application/json"
    assert (await rest.head(HEALTH)).status_code == 200


@pytest.mark.parametrize("name", ["inventory", "bank"])
async def test_health_follows_each_service_away_and_back(
    name: str, own_gateway: Gateway, own_rest: httpx.AsyncClient, own_services: Services
) -> None:
    async def status() -> int:
        return (await own_rest.get(HEALTH)).status_code

    async def healthy() -> bool:
        return await status() == 200

    async def unhealthy() -> bool:
        return await status() == 503

    assert await healthy()
    await own_services[name].stop()
    await eventually(unhealthy)
    answer = await own_rest.get(HEALTH)
    assert answer.json()["code"] == 14
    assert name in answer.json()["message"]
    assert answer.json()["details"][0]["reason"] == "UNAVAILABLE"
    liveness = await own_rest.get("/healthz")
    assert (liveness.status_code, liveness.json()) == (200, {"status": "SERVING"})

    await own_services[name].start()
    await eventually(healthy)
    assert own_services[name].calls == []
    path = {"inventory": "/api/v1/shows/x", "bank": "/api/v1/payments/fake-checkout/x"}[name]
    assert (await own_rest.get(path)).status_code == 200


async def test_a_write_that_never_reached_its_service_is_sent_again(
    own_gateway: Gateway, own_rest: httpx.AsyncClient, own_services: Services
) -> None:
    # The service comes back on the same port before anybody has noticed that it was away.
    assert (await own_rest.post("/api/v1/bookings", json={})).status_code == 200
    await own_services["booking"].stop()
    await own_services["booking"].start()
    assert (await own_rest.post("/api/v1/bookings", json={})).status_code == 200
