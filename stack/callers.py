"""Sends with every call the token that it takes: hooks for clients over REST and gRPC.

What a call takes, and whom it names, is read off the contracts and the call, in one place for all clients.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
import httpx
from boxoffice.policy.v1 import policy_pb2
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto

from gateway.contracts import DESCRIPTOR
from stack.accounts import bearer
from stack.settings import Settings
from stack.tokens import Tokens, needed

USER = ("userId", "user_id")
"""How a request names its user."""


def of_request(tokens: Tokens | None, verb: str, url: str, body: Any = None) -> dict[str, str]:
    """Return the header for a REST request, `body` being what JSON it carries; {} if it takes none."""
    if tokens is None:
        return {}
    parts = urlsplit(url)
    for method, pattern, allowed in _routes():
        if method == verb and (match := pattern.fullmatch(parts.path)):
            named = match.groupdict().get("user_id") or _user(parse_qs(parts.query)) or _user(body)
            return dict(bearer(tokens.fitting(allowed, named)))
    return {}


class Bearer(httpx.Auth):
    """Has an HTTP client send tokens, but where a request brings its own."""

    requires_request_body = True

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See httpx."""
        if "authorization" not in request.headers:
            request.headers.update(of_request(self._tokens, request.method, str(request.url), _read(request.content)))
        yield request


def over_http(settings: Settings) -> Bearer | None:
    """Return what has an HTTP client send tokens to a stack that runs; None where calls take none."""
    tokens = needed(settings)
    return None if tokens is None else Bearer(tokens)


def over_grpc(settings: Settings) -> list[grpc.aio.ClientInterceptor]:
    """Return what has a channel of grpc.aio send tokens to a stack that runs; nothing where calls take none."""
    return interceptors(needed(settings))


def interceptors(tokens: Tokens | None) -> list[grpc.aio.ClientInterceptor]:
    """Return what has a channel of grpc.aio send tokens; nothing without them."""
    return [] if tokens is None else [_Unary(tokens), _Stream(tokens)]


class _OverGrpc:
    """Has a channel send tokens, but where a call brings its own."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def _with_token(self, details: Any, request: Any) -> Any:
        metadata = tuple(details.metadata or ())
        if any(key == "authorization" for key, _ in metadata):
            return details
        path = details.method.decode() if isinstance(details.method, bytes) else details.method
        token = self._tokens.fitting(_policies().get(path, frozenset({"PUBLIC"})), str(getattr(request, "user_id", "")))
        return details._replace(metadata=grpc.aio.Metadata(*metadata, *bearer(token)))


class _Unary(_OverGrpc, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return await continuation(self._with_token(details, request), request)


class _Stream(_OverGrpc, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return await continuation(self._with_token(details, request), request)


def _user(fields: Any) -> str:
    """Return whom a request's fields name, as one text."""
    if not isinstance(fields, dict):
        return ""
    named = next((fields[name] for name in USER if name in fields), "")
    return str(named[0] if isinstance(named, list) and named else named)


def _read(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        return None


@cache
def _routes() -> list[tuple[str, re.Pattern[str], frozenset[str]]]:
    """Return every REST call's verb, path and policy."""
    found = []
    for _, method in _methods():
        rule = method.options.Extensions[annotations_pb2.http]
        for binding in (rule, *rule.additional_bindings) if rule.WhichOneof("pattern") else ():
            verb = str(binding.WhichOneof("pattern"))
            pattern = re.sub(
                r"{(\w+)}", r"(?P<\1>[^/]+)", re.escape(getattr(binding, verb)).replace(r"\{", "{").replace(r"\}", "}")
            )
            found.append((verb.upper(), re.compile(pattern), _allowed(method)))
    return found


@cache
def _policies() -> dict[str, frozenset[str]]:
    """Return every method's policy by its path in gRPC."""
    return {f"/{service}/{method.name}": _allowed(method) for service, method in _methods()}


def _methods() -> list[tuple[str, MethodDescriptorProto]]:
    files = FileDescriptorSet.FromString(DESCRIPTOR.read_bytes()).file
    return [
        (f"{file.package}.{service.name}", method)
        for file in files
        for service in file.service
        for method in service.method
    ]


def _allowed(method: MethodDescriptorProto) -> frozenset[str]:
    return frozenset(map(policy_pb2.Policy.Caller.Name, method.options.Extensions[policy_pb2.policy].allow))
