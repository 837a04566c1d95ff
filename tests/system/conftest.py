"""A whole stack of its own, started once, with PostgreSQL, all services and Envoy; and ways to it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest

from audit import audit
from stack import tokens
from stack.accounts import bearer
from stack.callers import over_grpc, over_http
from stack.launcher import Stack
from tests.patience import eventually, patient
from tests.stacks import started
from tests.system.client import Client, Show
from tests.system.databases import rows

AUTH: Any = os.environ.get("AUTH") or "on"
"""What is shown here is shown with identity on; AUTH=off tries it without."""

CROWD = 100
lets_crowds_in: set[int] = set()
"""The processes of the gateway that let so many hold at once."""

FOUNDER = "00000000-0000-7000-8000-00000000000c"
"""An organizer who has an account."""
WITH_ACCOUNT = """
    INSERT INTO users (id, email, name, password_hash, roles) VALUES (%s, 'tests@example.com', '', '', '{USER}')
    RETURNING id
"""

walk_timings: list[tuple[float, str]] = []
"""(milliseconds, what was asked) of the walks' requests."""

books_out_of_order: list[str] = []
"""What the audits after each file found."""


@pytest.fixture(scope="package")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack. Its PostgreSQL is durable, for it will be killed.

    Where a test failed, its data and logs stay.
    """
    with started(
        auth=AUTH,
        # All tests register from one address.
        environments={
            "identity": {"ATTEMPTS_PER_ADDRESS": "1000000"},
            "booking": {"CHECK_IN_OPENS_MINUTES": "10080"},  # for shows of the tests, which are in three days
        },
        keep=lambda: bool(request.session.testsfailed or books_out_of_order),
        postgres_durable=True,
    ) as stack:
        rows(stack.server, "identity", WITH_ACCOUNT, FOUNDER)
        yield stack
    _tell_worst(request.config)


@pytest.fixture(scope="module", autouse=True)
def books_in_order(stack: Stack) -> Iterator[None]:
    """When a file's tests are over, the stack's books must be in order."""
    yield
    audit.rest(stack.server.url, audit.REST_SECONDS)
    faults = audit.look(stack.server.url).broken
    books_out_of_order.extend(map(str, faults))
    assert not faults, f"see {stack.settings.data_dir}\n" + "\n".join(map(str, faults))


def _tell_worst(config: pytest.Config) -> None:
    if not walk_timings:
        return
    capture = config.pluginmanager.get_plugin("capturemanager")
    assert capture is not None
    worst = ", ".join(f"{what} {milliseconds:.0f} ms" for milliseconds, what in sorted(walk_timings, reverse=True)[:3])
    with capture.global_and_fixture_disabled():
        print(f"\nthe walk's slowest requests of {len(walk_timings)}: {worst}", file=sys.stderr)


@asynccontextmanager
async def opened_client(stack: Stack) -> AsyncIterator[Client]:
    """Open the API, over connections of its own."""
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    auth = over_http(stack.settings)
    async with httpx.AsyncClient(
        base_url=stack.public_url, auth=auth, limits=limits, timeout=patient(15), trust_env=False, verify=False
    ) as http:
        signing = tokens.opened(stack.settings)
        yield Client(http, organizer=dict(bearer(signing.token_for(FOUNDER, "ORGANIZER"))))


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[Client]:
    """The API, over connections of a test's own, with all of the stack up, whatever the test before did to it."""
    async with opened_client(stack) as client:
        await client.healthy()
        gateway = stack.pid("gateway")
        if gateway not in lets_crowds_in:
            await eventually(lambda: is_let_in(client, CROWD))
            lets_crowds_in.add(gateway)
        yield client


async def is_let_in(client: Client, crowd: int) -> bool:
    """Tell whether so many may hold at once. A gateway that has just begun lets in few until it has seen some."""
    nowhere = {"showId": str(uuid4()), "userId": str(uuid4()), "showSeatIds": [str(uuid4())]}
    holds = [client.ask("POST", "bookings/hold-seats", nowhere) for _ in range(crowd)]
    return {answer.status_code for answer in await asyncio.gather(*holds)} == {404}


@pytest.fixture
async def channel(stack: Stack) -> AsyncIterator[grpc.aio.Channel]:
    """The API over native gRPC, through the gateway's port."""
    target = stack.public_url.removeprefix("http://")
    sending = over_grpc(stack.settings)
    options = [("grpc.enable_http_proxy", 0)]
    async with grpc.aio.insecure_channel(target, options=options, interceptors=sending) as channel:
        yield channel


@pytest.fixture
async def show(client: Client) -> Show:
    """A show of the test's own: thirty seats, in three days."""
    return await client.make_show()
