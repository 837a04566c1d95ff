"""An organization with a show that was sold, an endpoint, and messages of both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx

from gateway.openapi.examples import BODIES
from stack.accounts import bearer
from stack.launcher import Stack
from tests.patience import eventually, patient
from tests.system.client import Client, new_user, ok
from tests.system.samples import a_url


@asynccontextmanager
async def owner_of_an_organization(stack: Stack, client: Client) -> AsyncIterator[Client]:
    """Give who owns an organization that has nothing yet."""
    name = {"name": "Low Tide Nights"}
    organization = ok(await client.ask("POST", "organizations", name, headers=client.organizer))["id"]
    async with called_by(stack, await _member(client, {organization: "OWNER"})) as owner:
        yield owner


@asynccontextmanager
async def called_by(stack: Stack, headers: Mapping[str, str]) -> AsyncIterator[Client]:
    """Give a client whose calls carry these headers."""
    async with httpx.AsyncClient(
        base_url=stack.public_url, headers=headers, timeout=patient(20), trust_env=False, verify=False
    ) as http:
        yield Client(http)


async def _member(client: Client, roles: Mapping[str, str]) -> dict[str, str]:
    """Make an account, and have it in organizations; return what it shows."""
    who = {"email": f"{uuid4()}@example.com", "password": "correct horse battery"}
    ok(await client.ask("POST", "auth/register", who | {"name": "Mo"}, headers={"Idempotency-Key": str(uuid4())}))
    for organization, role in roles.items():
        added = {"email": who["email"], "role": role}
        ok(await client.ask("POST", f"organizations/{organization}/members", added, headers=client.organizer))
    return dict(bearer(ok(await client.ask("POST", "auth/login", who))["accessToken"]))


async def have_an_organization_told(stack: Stack, client: Client) -> None:
    """Have a show of an organization sold, and wait until it is told of that."""
    async with owner_of_an_organization(stack, client) as owner:
        made = ok(await owner.ask("POST", "webhooks/endpoints", BODIES["UpdateWebhookEndpoint"] | {"url": a_url()}))
        ok(await owner.ask("POST", f"webhooks/endpoints/{made['endpoint']['id']}/rotate-secret", {}))
        show = await owner.make_show()
        await client.booked(show, new_user(), show.seats[:1])

        async def told() -> bool:
            return int(ok(await owner.ask("GET", "webhooks/messages")).get("last", 0)) == 2

        await eventually(told)
