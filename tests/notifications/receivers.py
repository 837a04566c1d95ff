"""Endpoints of organizations: servers on loopback that answer as tests say, and what sends to them."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import grpc
from boxoffice.events.v1 import events_pb2
from boxoffice.notifications.v1 import webhooks_pb2 as pb
from boxoffice.notifications.v1 import webhooks_pb2_grpc
from standardwebhooks import Webhook

from services.chassis.store.database import Database
from services.chassis.writes.consumer import Consumer, Events
from services.notifications.clients import BOOKINGS, SHOWS
from services.notifications.webhooks import writing
from services.notifications.webhooks.endpoints import Endpoints
from services.notifications.webhooks.posting import LookUp, Poster
from services.notifications.webhooks.rpc import WebhookServicer
from services.notifications.webhooks.signing import vault_of
from services.notifications.webhooks.steps import Sender
from tests.notifications.topics import BookingEvent, ShowEvent, at
from tests.servers import served

VAULT = vault_of("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ1Njc4")
ALL = tuple(number for number in pb.WebhookMessage.Type.values() if number)

FLOOD = b"x" * 65_536
FLOODED_BYTES = 10 * 1024 * 1024


@dataclass
class Posted:
    """What a receiver was sent."""

    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    @property
    def number(self) -> int:
        return int(self.content["number"])

    def is_signed_with(self, secret: str) -> bool:
        try:
            Webhook(secret).verify(self.body, self.headers)
        except Exception:
            return False
        return True


@dataclass
class Receiver:
    """An endpoint. It answers challenges, and each message as the next of `answers` says, or with 200."""

    host: str = "127.0.0.1"
    answers: list[str] = field(default_factory=list)
    challenges: list[str] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    asked: list[Posted] = field(default_factory=list)
    """Challenges that came."""
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once somebody waits for an answer that does not come."""
    release: asyncio.Event = field(default_factory=asyncio.Event)
    flooded: int = 0
    """How many bytes could be sent of an answer without an end."""
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/hooks"

    @property
    def numbers(self) -> list[int]:
        return [each.number for each in self.posted]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await self._answer(await self._read(reader), writer)
        self.at_once -= 1
        with suppress(ConnectionError, ssl.SSLError):
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Posted:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        return Posted(headers, (await reader.readexactly(int(headers["content-length"]))).decode())

    async def _answer(self, posted: Posted, writer: asyncio.StreamWriter) -> None:
        body = ""
        if posted.content["type"] == "webhook.challenge":
            self.asked.append(posted)
            how = self.challenges.pop(0) if self.challenges else "200"
            body = posted.content["data"]["challenge"] if how == "200" else ""
        else:
            self.posted.append(posted)
            how = self.answers.pop(0) if self.answers else "200"
        if how == "hang":
            self.held.set()
            await self.release.wait()
            return
        if how == "flood":
            await self._flood(writer)
            return
        status, _, location = how.partition(" ")
        more = f"location: {location}\r\n" if location else ""
        writer.write(f"HTTP/1.1 {status} Some\r\ncontent-length: {len(body)}\r\n{more}\r\n{body}".encode())
        await writer.drain()

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        # Else the system here would take megabytes of it, whether anybody reads them or not.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, len(FLOOD))
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {FLOODED_BYTES}\r\n\r\n".encode())
        while self.flooded < FLOODED_BYTES:
            writer.write(FLOOD)
            await writer.drain()
            self.flooded += len(FLOOD)


@asynccontextmanager
async def receiver(
    *answers: str, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """Serve an endpoint on a free port."""
    made = Receiver(host, list(answers))
    server = await asyncio.start_server(made.serve, host, 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.release.set()
        server.close()


@dataclass
class Hooks:
    """The service's database and methods, topics, and a sender."""

    db: Database
    rpc: webhooks_pb2_grpc.WebhookServiceStub
    poster: Poster
    sender: Sender
    organization: UUID = field(default_factory=uuid4)
    bookings: list[events_pb2.BookingEvent] = field(default_factory=list)
    shows: list[events_pb2.ShowEvent] = field(default_factory=list)

    async def tell(
        self, kind: int = BookingEvent.CONFIRMED, times: int = 1, organization: Any = "", **more: Any
    ) -> None:
        """Tell of so many bookings of the organization's shows, and read that."""
        for _ in range(times):
            event = BookingEvent(
                position=len(self.bookings) + 1,
                kind=kind,  # type: ignore[arg-type]
                booking_id=str(uuid4()),
                version=4,
                user_id=str(uuid4()),
                show_id=str(uuid4()),
                seat_count=2,
                final_amount=59_000,
                currency="INR",
                organization_id=str(organization or self.organization),
                **more,
            )
            event.time.FromDatetime(at(len(self.bookings)))
            self.bookings.append(event)
        await self.read()

    async def tell_of_show(self, kind: int) -> None:
        event = ShowEvent(position=len(self.shows) + 1, kind=kind, show_id=str(uuid4()), version=3)  # type: ignore[arg-type]
        event.organization_id = str(self.organization)
        event.time.FromDatetime(at(0))
        self.shows.append(event)
        await self.read()

    async def read(self) -> None:
        """Read both topics to their ends."""

        async def bookings(after: int | None) -> Events[events_pb2.BookingEvent]:
            return Events(self.bookings[after or 0 :][:7], len(self.bookings))

        async def shows(after: int | None) -> Events[events_pb2.ShowEvent]:
            return Events(self.shows[after or 0 :], len(self.shows))

        of_bookings = Consumer(self.db, writing.CONSUMER, BOOKINGS, bookings, writing.write_of_bookings)
        of_shows = Consumer(self.db, writing.CONSUMER, SHOWS, shows, writing.write_of_shows)
        while await of_bookings.consume_once() + await of_shows.consume_once():
            pass

    async def endpoint(
        self, url: str, types: Sequence[int] = ALL, organization: UUID | None = None
    ) -> pb.WebhookEndpointWithSecret:
        """Make an endpoint."""
        request = pb.CreateWebhookEndpointRequest(
            organization_id=str(organization or self.organization),
            url=url,
            types=types,  # type: ignore[arg-type]
        )
        return await self.rpc.CreateWebhookEndpoint(request)

    async def enabled(self, at: Receiver, types: Sequence[int] = ALL) -> pb.WebhookEndpointWithSecret:
        """Make an endpoint that answers its challenge."""
        made = await self.endpoint(at.url, types)
        await self.send()
        assert await self.state(made) == "ENABLED"
        return made

    async def send(self) -> None:
        """Send until there is nothing to send now."""
        while await self.sender.send_once():
            pass

    async def get(self, made: pb.WebhookEndpointWithSecret) -> pb.WebhookEndpoint:
        return await self.rpc.GetWebhookEndpoint(pb.GetWebhookEndpointRequest(endpoint_id=made.endpoint.id))

    async def state(self, made: pb.WebhookEndpointWithSecret) -> str:
        return pb.WebhookEndpoint.State.Name((await self.get(made)).state)

    async def attempts(self, made: pb.WebhookEndpointWithSecret) -> list[tuple[int | None, str, int | None]]:
        """Return what was sent to an endpoint, oldest first: number, outcome and status."""
        request = pb.ListWebhookAttemptsRequest(endpoint_id=made.endpoint.id, page_size=100)
        found = reversed((await self.rpc.ListWebhookAttempts(request)).attempts)
        return [
            (
                each.number if each.HasField("number") else None,
                pb.WebhookAttempt.Outcome.Name(each.outcome),
                each.status if each.HasField("status") else None,
            )
            for each in found
        ]

    async def messages(self, organization: UUID | None = None, **more: Any) -> pb.ListWebhookMessagesResponse:
        request = pb.ListWebhookMessagesRequest(organization_id=str(organization or self.organization), **more)
        return await self.rpc.ListWebhookMessages(request)

    def another_sender(self) -> Sender:
        return Sender(self.db, VAULT, self.poster)


@asynccontextmanager
async def opened_hooks(
    db: Database, look_up: LookUp | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Hooks]:
    """Serve webhooks on a database."""
    servicer = WebhookServicer(db, Endpoints(db, VAULT, allow_loopback=True))

    def add(server: grpc.aio.Server) -> None:
        webhooks_pb2_grpc.add_WebhookServiceServicer_to_server(servicer, server)

    poster = Poster(allow_loopback=True, look_up=look_up, tls=tls)
    try:
        async with served(add) as channel:
            stub = webhooks_pb2_grpc.WebhookServiceStub(channel)
            yield Hooks(db, stub, poster, Sender(db, VAULT, poster))
    finally:
        await poster.close()
