"""A stack of its own, started once, for what outsiders use; and a service that answers as it is told to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from audit import audit
from boxoffice_client import AsyncClient, Client, Options
from stack.launcher import Stack
from tests.clients.service import Script, served
from tests.stacks import started


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """The stack; when the tests are over, its books must be in order."""
    with started(auth="off") as stack:
        yield stack
        audit.rest(stack.server.url, audit.REST_SECONDS)
        broken = audit.look(stack.server.url).broken
        assert not broken, "\n".join(map(str, broken))


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to this machine directly, whatever the environment says."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    """A service on a port of its own, which answers what its script says."""
    script = Script()
    server = await served(script)
    yield script
    await server.stop(None)


@pytest.fixture(params=[Client, AsyncClient], ids=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Each of the clients: what holds for one holds for the other."""
    found: Callable[..., Any] = request.param
    return found


@pytest.fixture
def options() -> Options:
    """Patience enough for a busy machine."""
    return Options(timeout_seconds=30)
