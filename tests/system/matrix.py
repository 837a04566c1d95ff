"""Who may call what, for every method of the contracts and every kind of caller: requests, callers, and what follows.

Requests come from the table of right ones in bad_input. What follows comes from the policies beside the methods.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import grpc
import httpx
from google.api.httpbody_pb2 import HttpBody
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

import roster
from stack import tokens
from stack.accounts import bearer
from stack.launcher import Stack
from tests.gateway.fakes import Method
from tests.patience import patient
from tests.system.bad_input import World, at_path, camel, samples
from tests.system.client import Json, new_user
from tests.system.inside import OPTIONS, allowed, reached
from tests.system.samples import FILES, over_rest

NOBODY, OWNER, OTHER, ORGANIZER, ADMIN = "nobody", "the owner", "another user", "an organizer", "an admin"
GATE = "a gate"
PEOPLE = (NOBODY, OWNER, OTHER, ORGANIZER, ADMIN, GATE)
REST, GATEWAY, SERVICE = "REST", "gRPC at the gateway", "gRPC at the service"

ADMITTED, ABSENT = "admitted", "absent"
UNAUTHENTICATED, DENIED = "UNAUTHENTICATED", "PERMISSION_DENIED"
"""The reasons of who is turned away. A wrong password or signature has a reason of its own."""
WRONG = {"INVALID_FIELD", "INTERNAL", "UNIMPLEMENTED", "METHOD_NOT_FOUND", "UNKNOWN"}
"""What no example may come to: it would prove nothing of who may."""

FORGED = (
    *(("x-user-id", "{owner}"), ("x-user-roles", "ADMIN"), ("x-user", "{owner}"), ("x-roles", "ADMIN")),
    *(("x-service", "booking"), ("x-service-token", "booking"), ("x-service-name", "booking")),
    *(("x-forwarded-user", "{owner}"), ("x-jwt-payload", "e30"), ("x-caller", "booking")),
    ("x-forwarded-client-cert", "By=booking.boxoffice.internal;DNS=booking.boxoffice.internal"),
)
"""Headers that say who calls, as some other system might believe them."""


@dataclass(frozen=True)
class Answer:
    """What a caller was told: OK, or the reason why not, and every word of it."""

    reason: str
    words: str = ""

    def without(self, *ids: str) -> Answer:
        """Return it with these ids left out."""
        words = self.words
        for each in ids:
            words = words.replace(each, "…")
        return Answer(self.reason, words)


def is_users(method: Method) -> bool:
    """Tell whether a request names whose it is."""
    return "user_id" in method.descriptor.input_type.fields_by_name


def expected(method: Method, who: str) -> str:
    """Return what the policy of a method that people may call says of somebody who asks as the owner would."""
    kinds = allowed(method.path)[0]
    if "PUBLIC" in kinds:
        return ADMITTED
    if "GATE" in kinds:
        return {GATE: ADMITTED, NOBODY: UNAUTHENTICATED}.get(who, DENIED)
    if who in (NOBODY, GATE):
        return UNAUTHENTICATED  # nobody else asks for the credential of a gate
    if "OWNER" in kinds:
        return ADMITTED if who in (OWNER, ADMIN) or not is_users(method) else ABSENT
    roles = {ORGANIZER: {"ORGANIZER"}, ADMIN: {"ADMIN"}}.get(who, set())
    return ADMITTED if roles & kinds else DENIED


def example(method: Method, world: World) -> tuple[Json, Json | None]:
    """Return the owner's request of a method: its paths' variables, and its body; a LookupError if there is none."""
    name = method.descriptor.name
    variables, body = samples(world)[
        name if method.bindings else name.replace("Get", "Render").replace("List", "Render")
    ]
    if "OWNER" in allowed(method.path)[0] and is_users(method) and "user_id" not in variables:
        body = {"userId": world.user} | (body or {})
    return variables, body


def ways(method: Method) -> list[str]:
    """Return the ways to a method."""
    return [REST, GATEWAY, SERVICE] if method.bindings else [GATEWAY, SERVICE]


@dataclass(frozen=True)
class Callers:
    """Everybody, and every way to the methods."""

    world: World
    signing: tokens.Tokens
    http: httpx.AsyncClient
    channels: Mapping[str, grpc.aio.Channel]
    """To each service by its name, and to the gateway."""

    def metadata(self, who: str) -> tuple[tuple[str, str], ...]:
        """Return what somebody shows."""
        if who == GATE:
            return (("gate-credential", self.world.gate),)
        signed = {
            NOBODY: "",
            OWNER: self.signing.token_for(self.world.user),
            OTHER: self.signing.token_for(STRANGER),
            ORGANIZER: self.signing.token_for(tokens.ORGANIZER, "ORGANIZER"),
            ADMIN: self.signing.token_for(tokens.ADMIN, "ADMIN"),
        }
        return bearer(signed[who])

    async def ask(
        self, way: str, method: Method, request: tuple[Json, Json | None], metadata: tuple[tuple[str, str], ...]
    ) -> Answer:
        """Call a method."""
        if way == REST:
            return await self._rest(method, request, metadata)
        channel = self.channels["gateway" if way == GATEWAY else method.cluster]
        return await over_grpc(channel, method, message(method, request), metadata)

    async def _rest(
        self, method: Method, request: tuple[Json, Json | None], metadata: tuple[tuple[str, str], ...]
    ) -> Answer:
        verb, path = method.bindings[0]
        variables, body = at_path(path, *request)
        url = path.format_map(variables)
        sent = over_rest(method.descriptor.name, verb, body)
        async with self.http.stream(verb, url, headers=dict(metadata), **sent) as answer:
            if answer.status_code == 200:
                return Answer("OK")
            content = (await answer.aread()).decode()
        try:
            fields = json.loads(content)
        except ValueError:  # a page
            return Answer(str(answer.status_code), content)
        return Answer(fields["details"][0]["reason"], content)


STRANGER = new_user()


def message(method: Method, request: tuple[Json, Json | None]) -> Message:
    """Return a request as a message."""
    variables, body = request
    made = method.request()
    fields = {camel(name): value for name, value in variables.items()} | (body or {})
    if isinstance(made, HttpBody):
        return made
    json_format.ParseDict(fields, made)
    if file := FILES.get(method.descriptor.name):
        made.file.data = file  # type: ignore[attr-defined]
    return made


async def over_grpc(
    channel: grpc.aio.Channel, method: Method, request: Message, metadata: tuple[tuple[str, str], ...]
) -> Answer:
    """Call a method; of a stream, wait for the first message."""
    make = channel.unary_stream if method.streams else channel.unary_unary
    call: Any = make(method.path, request_serializer=type(request).SerializeToString)(
        request, timeout=patient(20), metadata=metadata
    )
    try:
        if method.streams:
            await anext(aiter(call))
            call.cancel()
        else:
            await call
    except grpc.aio.AioRpcError as error:
        status, info = rpc_status.from_call(error), error_details_pb2.ErrorInfo()
        if status is None or not status.details or not status.details[0].Unpack(info):
            return Answer(error.code().name, str(error.details()))
        # Not as bytes: what is told of a field is its name and its words.
        return Answer(str(info.reason), re.sub(r"\s+", " ", str(status)))
    return Answer("OK")


def absent(method: Method, request: tuple[Json, Json | None]) -> list[tuple[tuple[Json, Json | None], ...]]:
    """Return pairs of requests that nobody but the owner may tell apart: for the owner's thing, and for none at all."""
    variables, body = request
    fields = variables | (body or {})
    nobody, nothing = new_user(), str(uuid4())
    owner = fields.get("userId") or fields.get("user_id")

    def renamed(old: str, new: str, *, unnamed: bool = False) -> tuple[Json, Json | None]:
        changed_body = None if body is None else json.loads(json.dumps(body).replace(old, new))
        if unnamed and changed_body is not None:
            changed_body.pop("userId", None)
        return json.loads(json.dumps(variables).replace(old, new)), changed_body

    pairs = [(request, renamed(owner, nobody))]
    if (booking := fields.get("bookingId") or fields.get("booking_id")) is not None:
        pairs.append((renamed(booking, booking, unnamed=True), renamed(booking, nothing, unnamed=True)))
    return pairs


@asynccontextmanager
async def opened(stack: Stack, world: World) -> AsyncIterator[Callers]:
    """Open every way to the methods, for people."""
    gateway = stack.public_url.removeprefix("http://")
    async with (
        httpx.AsyncClient(base_url=stack.public_url, timeout=patient(20), trust_env=False, verify=False) as http,
        grpc.aio.insecure_channel(gateway, options=OPTIONS) as to_gateway,
        AsyncExitStack() as open_channels,
    ):
        channels = {name: await open_channels.enter_async_context(reached(stack, name)) for name in roster.NAMES}
        channels["gateway"] = to_gateway
        yield Callers(world, tokens.opened(stack.settings), http, channels)
