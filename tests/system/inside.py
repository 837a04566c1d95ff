"""The way to a service itself, past the gateway: as one of our services, or with a certificate that is nobody's.

This is the one place here that knows by what services know each other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import grpc

from certificates.certificates import OPERATOR, SUFFIX
from services.chassis.wire import identity, tls
from stack.launcher import Stack

OPTIONS = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]


def allowed(method: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the kinds of caller that a method's policy allows, and which services."""
    rule = identity.policy(method)
    return rule.allowed, rule.services


@contextmanager
def within(stack: Stack, service: str) -> Iterator[None]:
    """Have the services' own code, run here, call others as `service` does."""
    tls.own = certificate(stack, service)
    try:
        yield
    finally:
        tls.own = None


def certificate(stack: Stack, name: str) -> tls.Certificate | None:
    """Return somebody's certificate; None where AUTH is off, and nobody has one."""
    folder = stack.settings.tls()
    files = ("ca.pem", "cert.pem", "key.pem")
    return None if folder is None else tls.Certificate.read(*(folder / name / file for file in files))


@asynccontextmanager
async def reached(stack: Stack, service: str, caller: str = OPERATOR) -> AsyncIterator[grpc.aio.Channel]:
    """Open a channel to a service's first replica, with the certificate of `caller`."""
    own, address = certificate(stack, caller), stack.address(service)
    if own is None:
        channel = grpc.aio.insecure_channel(address, options=OPTIONS)
    else:
        options = [*OPTIONS, ("grpc.ssl_target_name_override", f"{service}{SUFFIX}")]
        channel = grpc.aio.secure_channel(address, own.channel_credentials(), options=options)
    async with channel:
        yield channel
