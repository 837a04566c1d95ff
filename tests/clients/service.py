"""Services that answer as a script says, with the chassis around them: what they refuse looks as it always does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from boxoffice.bank.v1 import bank_pb2, bank_pb2_grpc
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc

from boxoffice_client import AsyncClient, Client, Options
from services.chassis.errors import Failure
from services.chassis.process.server import make_server

NOBODY = "00000000-0000-4000-8000-000000000000"
BOOK = {"user_id": NOBODY, "show_id": NOBODY, "show_seat_ids": [NOBODY]}
SIMULATE = {"session_id": f"sess_{NOBODY}", "payment_method": "pm_succeed"}


@dataclass
class Script:
    """What a service refuses one after the other, before it answers; and what it was asked."""

    refusals: list[Failure] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """How much time each call had."""
    url: str = ""

    def play(self, request: Any, context: Any) -> None:
        self.asked.append(request)
        self.request_ids.append(dict(context.invocation_metadata())["x-request-id"])
        self.seconds.append(context.time_remaining())
        if self.refusals:
            raise self.refusals.pop(0)


class Bookings(booking_pb2_grpc.BookingServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    async def CreateBooking(self, request: Any, context: Any) -> booking_pb2.Booking:
        self._script.play(request, context)
        return booking_pb2.Booking(id=NOBODY)

    async def GetBooking(self, request: Any, context: Any) -> booking_pb2.Booking:
        self._script.play(request, context)
        return booking_pb2.Booking(id=request.booking_id)


class Bank(bank_pb2_grpc.BankServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    async def SimulatePayment(self, request: Any, context: Any) -> bank_pb2.Session:
        self._script.play(request, context)
        return bank_pb2.Session(id=request.session_id)


async def served(script: Script, credentials: grpc.ServerCredentials | None = None) -> grpc.aio.Server:
    """Serve what plays the script, at its address or, where it has none, at a free one; over TLS with credentials."""
    server = make_server()
    booking_pb2_grpc.add_BookingServiceServicer_to_server(Bookings(script), server)
    bank_pb2_grpc.add_BankServiceServicer_to_server(Bank(script), server)
    at = script.url.removeprefix("http://") or "127.0.0.1:0"
    port = server.add_insecure_port(at) if credentials is None else server.add_secure_port(at, credentials)
    script.url = f"http://127.0.0.1:{port}"
    await server.start()
    return server


async def ask(kind: Callable[..., Any], url: str, options: Options, method: str, **fields: Any) -> Any:
    """Ask with either client, without holding up the event loop."""
    if kind is AsyncClient:
        async with AsyncClient(url, options=options) as awaiting:
            return await getattr(awaiting, method)(**fields)

    def wait() -> Any:
        with Client(url, options=options) as waiting:
            return getattr(waiting, method)(**fields)

    return await asyncio.to_thread(wait)
