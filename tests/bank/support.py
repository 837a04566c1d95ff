"""What tests of the bank, and of its merchant, stand on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import grpc
from boxoffice.bank.v1 import bank_pb2 as pb
from boxoffice.bank.v1 import bank_pb2_grpc
from google.rpc import error_details_pb2, status_pb2

from services.bank.rpc import BankService, Sandbox
from services.bank.webhooks.deliveries import Deliveries
from services.bank.webhooks.merchant import Merchant
from services.bank.webhooks.sender import PARALLEL, Sender
from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Database
from services.chassis.wire.calls import DETAILS
from services.chassis.wire.times import to_timestamp
from tests.listening import listening
from tests.servers import served

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1iYW5rLW51bWJlci1vbmU="
SANDBOX = Sandbox(seed="test")


async def refused(call: Awaitable[Any]) -> tuple[grpc.StatusCode, str]:
    """Return how a call is refused: its code and reason."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        for key, value in error.trailing_metadata() or ():
            if key == DETAILS:
                info = error_details_pb2.ErrorInfo()
                status_pb2.Status.FromString(value).details[0].Unpack(info)
                return error.code(), info.reason
        return error.code(), ""
    raise AssertionError(f"not refused: {answer}")


@dataclass
class Received:
    """A request as the receiver got it."""

    headers: Mapping[str, str]
    body: bytes


Answer = Callable[[Received], Awaitable[int]]


async def _take(_: Received) -> int:
    return 200


@dataclass
class Receiver:
    """A tiny HTTP server that takes webhooks; `answer` says with which status."""

    url: str = ""
    answer: Answer = _take
    received: list[Received] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")[1:-2]
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                request = Received(headers, await reader.readexactly(int(headers["content-length"])))
                self.received.append(request)
                status = await self.answer(request)
                writer.write(b"HTTP/1.1 %d Told\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n" % status)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the bank hung up
        finally:
            writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver()
    async with listening(receiver.handle) as port:
        receiver.url = f"http://127.0.0.1:{port}/webhook"
        yield receiver


@asynccontextmanager
async def sending(deliveries: Deliveries, url: str) -> AsyncIterator[None]:
    """Run the bank's sender against `url`."""
    merchant = Merchant(url, SECRET, connections=PARALLEL)
    task = asyncio.create_task(Sender(deliveries, merchant).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await merchant.close()


@dataclass
class Bank:
    """A bank that is served, and short ways to call it."""

    db: Database
    deliveries: Deliveries
    stub: bank_pb2_grpc.BankServiceAsyncStub

    async def open(self, *, amount: int = 50_000, minutes: float = 10, **more: Any) -> pb.Session:
        [clock] = await self.db.fetch(READ_CLOCK)
        return await self.stub.CreateSession(new_session(clock.now, amount=amount, minutes=minutes, **more))

    async def get(self, session_id: str) -> pb.Session:
        return await self.stub.GetSession(pb.GetSessionRequest(session_id=session_id))

    async def close(self, session_id: str) -> pb.Session:
        return await self.stub.CloseSession(pb.CloseSessionRequest(session_id=session_id))

    async def pay(self, session_id: str) -> pb.Session:
        wanted = pb.SimulatePaymentRequest.SUCCESS
        return await self.stub.SimulatePayment(pb.SimulatePaymentRequest(session_id=session_id, result=wanted))

    async def decline(self, session_id: str) -> pb.Session:
        wanted = pb.SimulatePaymentRequest.DECLINE
        return await self.stub.SimulatePayment(pb.SimulatePaymentRequest(session_id=session_id, result=wanted))

    async def simulate(self, session_id: str, behaviour: str, code: str = "") -> pb.Session:
        request = pb.SimulatePaymentRequest(session_id=session_id, payment_method=behaviour, code=code)
        return await self.stub.SimulatePayment(request)

    async def refund(self, session_id: str, amount: int, refund_id: str = "") -> pb.Refund:
        return await self.stub.CreateRefund(
            pb.CreateRefundRequest(refund_id=refund_id or str(new_id()), session_id=session_id, amount=amount)
        )

    async def ledger(self, session_id: str) -> list[int]:
        rows = await self.db.fetch("SELECT amount FROM ledger WHERE session_id = %s ORDER BY id", (session_id,))
        return [row.amount for row in rows]

    async def events(self, session_id: str) -> list[str]:
        rows = await self.db.fetch("SELECT type FROM deliveries WHERE session_id = %s ORDER BY id", (session_id,))
        return [row.type for row in rows]


def new_session(now: datetime, *, amount: int = 50_000, minutes: float = 10, **more: Any) -> pb.CreateSessionRequest:
    """Make a request for a new session."""
    facts: dict[str, Any] = {
        "session_id": f"sess_{new_id()}",
        "payment_id": str(new_id()),
        "currency": "INR",
        "description": "Monsoon Letters, Sat 21 Nov 18:30 UTC",
        "items": ["Stalls C7", "Stalls C8"],
    }
    return pb.CreateSessionRequest(
        amount=amount, expires_at=to_timestamp(now + timedelta(minutes=minutes)), **(facts | more)
    )


@asynccontextmanager
async def served_bank(
    db: Database, kind: type[BankService] = BankService, *, sandbox: Sandbox = SANDBOX
) -> AsyncIterator[tuple[Bank, BankService, grpc.aio.Channel]]:
    """Serve a bank on a free port, without its sender."""
    deliveries = Deliveries(db)
    servicer = kind(db, deliveries, sandbox)
    async with served(lambda server: bank_pb2_grpc.add_BankServiceServicer_to_server(servicer, server)) as channel:
        yield Bank(db, deliveries, bank_pb2_grpc.BankServiceStub(channel)), servicer, channel
