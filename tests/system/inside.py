"""The way to a service itself, past the gateway: as one of our services, or as somebody who has none of their secrets.

This is the one place here that knows by what services know each other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import grpc

from services.chassis import identity
from services.chassis.identity import SERVICE_HEADER, ServiceTokens
from stack.credentials import FILE, load
from stack.launcher import Stack

SERVICES = frozenset({"inventory", "booking", "payment", "bank", "identity"})
OPTIONS = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]


class _Introduced(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens

    async def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        metadata = grpc.aio.Metadata(*(details.metadata or ()), (SERVICE_HEADER, self._tokens.own()))
        return await continuation(details._replace(metadata=metadata), request)


def allowed(method: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the kinds of caller that a method's policy allows, and which services."""
    kinds = identity.policy(method)
    return kinds, SERVICES if "SERVICE" in kinds or "PUBLIC" in kinds else frozenset()


@contextmanager
def within(stack: Stack, service: str) -> Iterator[None]:
    """Have the services' own code, run here, call others as `service` does."""
    if stack.settings.auth == "on":
        identity.introduce(service, load(stack.settings.data_dir / FILE)["service"])
    try:
        yield
    finally:
        identity.own = None


@asynccontextmanager
async def reached(stack: Stack, service: str, caller: str = "") -> AsyncIterator[grpc.aio.Channel]:
    """Open a channel to a service's first replica, as the service `caller`, or as nobody."""
    secret = load(stack.settings.data_dir / FILE)["service"]
    introduced = [_Introduced(ServiceTokens(caller, secret))] if caller else []
    async with grpc.aio.insecure_channel(stack.address(service), options=OPTIONS, interceptors=introduced) as channel:
        yield channel
