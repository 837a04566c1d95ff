"""The API as a customer uses it: over gRPC to the services themselves, or over REST through the gateway."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import grpc
from boxoffice.bank.v1 import bank_pb2, bank_pb2_grpc
from boxoffice.booking.v1 import admissions_pb2, admissions_pb2_grpc, booking_pb2, booking_pb2_grpc
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc, inventory_pb2, inventory_pb2_grpc
from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from certificates import certificates
from stack import accounts

CALL_SECONDS = 10.0
WAIT_SECONDS = 25
"""The longest wait that the contracts allow."""
CONNECTIONS = 4
OPTIONS: Sequence[tuple[str, Any]] = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
)
DETAILS = "grpc-status-details-bin"
OVERLOADED = "OVERLOADED"
TOO_MANY = 429
NOTHING: Mapping[str, str] = {}
# The gateway would compress for those who ask, which costs it a sixth of a seat map: what is measured is Boxoffice.
JSON = {"content-type": "application/json", "accept-encoding": "identity"}


class Refused(Exception):
    """A request was refused, or not answered."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Target:
    """Where the API is: the gateway's URL, and each service's host:port."""

    url: str
    inventory: str
    booking: str
    payment: str
    bank: str
    token: str = field(default="", repr=False)
    """An access token of the admin's, who may buy for everybody, where calls take one."""
    tls: Path | None = None
    """The folder of certificates, where services speak TLS."""
    connections: int = CONNECTIONS
    """Over how many connections to each service gRPC calls go."""

    @property
    def bearer(self) -> dict[str, str]:
        """The header that carries the token."""
        return dict(accounts.bearer(self.token))

    @property
    def gateway(self) -> Target:
        """Return the same by way of the gateway, whose one port has every service's methods."""
        address = self.url.partition("://")[2]
        return replace(self, inventory=address, booking=address, payment=address, bank=address, tls=None)

    def channel(self, name: str) -> grpc.aio.Channel:
        """Open a channel to a service."""
        address: str = getattr(self, name)
        if self.tls is None:
            return grpc.aio.insecure_channel(address, options=OPTIONS)
        own = ("grpc.ssl_target_name_override", f"{name}{certificates.SUFFIX}")
        return grpc.aio.secure_channel(address, certificates.channel_credentials(self.tls), options=[*OPTIONS, own])


class Shop(ABC):
    """What a customer can do. Everything raises Refused with the reason that was told."""

    @abstractmethod
    async def hold(self, user: str, show: str, seats: Sequence[str], key: str) -> None: ...

    @abstractmethod
    async def book(
        self, user: str, show: str, seats: Sequence[str], key: str, coupon: str = "", area: str | None = None
    ) -> str:
        """Create a booking, with a coupon if one is named, or of two places of an area; return its id."""

    @abstractmethod
    async def initiate(self, user: str, booking: str, key: str) -> str:
        """Begin to pay and return the session."""

    @abstractmethod
    async def pay(self, session: str, method: str = "") -> str:
        """Have the bank simulate a payment, by a method of its choice if none is named; return the session's status."""

    @abstractmethod
    async def status(self, user: str) -> str:
        """Return the status of a user's newest booking, as a list of one shows it."""

    @abstractmethod
    async def read(self, booking: str) -> str:
        """Read a whole booking, its payment too; return its status."""

    @abstractmethod
    async def wait(self, booking: str) -> str:
        """Wait for a booking to be PENDING no more, as long as may be, and read the whole of it; return its status."""

    @abstractmethod
    async def cancel(self, user: str, booking: str, key: str) -> None: ...

    @abstractmethod
    async def check_in(self, gate: tuple[str, str], show: str, code: str, key: str) -> str:
        """Show a gate, whose id and credential are given, a ticket; return what that comes to."""

    @abstractmethod
    async def seats(self, show: str) -> int:
        """Read a show's seat map; return the bytes of the answer."""

    @abstractmethod
    async def find(self, text: str) -> int:
        """Search events by words; return how many are found, 20 at most."""

    @abstractmethod
    async def watch(self, show: str) -> None:
        """Begin to watch a show's seats, and return when the first message is there; the stream stays open."""


A = TypeVar("A")


class GrpcShop(Shop):
    """Over gRPC, to the services themselves."""

    def __init__(self, channels: dict[str, list[grpc.aio.Channel]], bearer: dict[str, str]) -> None:
        self._metadata = tuple(bearer.items()) or None
        self._inventory = cycle([inventory_pb2_grpc.InventoryServiceStub(channel) for channel in channels["inventory"]])
        self._catalogue = cycle([catalog_pb2_grpc.CatalogServiceStub(channel) for channel in channels["inventory"]])
        self._booking = cycle([booking_pb2_grpc.BookingServiceStub(channel) for channel in channels["booking"]])
        self._admissions = cycle([admissions_pb2_grpc.AdmissionServiceStub(each) for each in channels["booking"]])
        self._payment = cycle([payment_pb2_grpc.PaymentServiceStub(channel) for channel in channels["payment"]])
        self._bank = cycle([bank_pb2_grpc.BankServiceStub(channel) for channel in channels["bank"]])
        self._open: list[Any] = []
        """Streams that would end if they were forgotten."""
        # Read as bytes: what an app does with hundreds of seats is its own affair.
        self._maps: Iterator[Callable[..., Awaitable[bytes]]] = cycle(
            [
                channel.unary_unary(
                    "/boxoffice.inventory.v1.InventoryService/GetSeatMap",
                    request_serializer=inventory_pb2.GetSeatMapRequest.SerializeToString,
                )
                for channel in channels["inventory"]
            ]
        )

    async def hold(self, user: str, show: str, seats: Sequence[str], key: str) -> None:
        request = inventory_pb2.HoldSeatsRequest(user_id=user, show_id=show, show_seat_ids=seats, idempotency_key=key)
        await self._call(next(self._inventory).HoldSeats, request)

    async def book(
        self, user: str, show: str, seats: Sequence[str], key: str, coupon: str = "", area: str | None = None
    ) -> str:
        request = booking_pb2.CreateBookingRequest(
            user_id=user, show_id=show, show_seat_ids=seats, idempotency_key=key, coupon_code=coupon
        )
        if area:
            request.areas.add(area_id=area, quantity=2)
        return (await self._call(next(self._booking).CreateBooking, request)).id

    async def initiate(self, user: str, booking: str, key: str) -> str:
        request = payment_pb2.InitiatePaymentRequest(user_id=user, booking_id=booking, idempotency_key=key)
        return (await self._call(next(self._payment).InitiatePayment, request)).session_id

    async def pay(self, session: str, method: str = "") -> str:
        request = bank_pb2.SimulatePaymentRequest(session_id=session, payment_method=method)
        answer = await self._call(next(self._bank).SimulatePayment, request)
        return bank_pb2.Session.Status.Name(answer.status)

    async def status(self, user: str) -> str:
        request = booking_pb2.ListBookingsRequest(user_id=user, page_size=1)
        answer = await self._call(next(self._booking).ListBookings, request)
        return booking_pb2.Booking.Status.Name(answer.bookings[0].status)

    async def read(self, booking: str) -> str:
        request = booking_pb2.GetBookingRequest(booking_id=booking)
        return booking_pb2.Booking.Status.Name((await self._call(next(self._booking).GetBooking, request)).status)

    async def wait(self, booking: str) -> str:
        request = booking_pb2.GetBookingRequest(booking_id=booking, wait_seconds=WAIT_SECONDS)
        answer = await self._call(next(self._booking).GetBooking, request, CALL_SECONDS + WAIT_SECONDS)
        return booking_pb2.Booking.Status.Name(answer.status)

    async def cancel(self, user: str, booking: str, key: str) -> None:
        request = booking_pb2.CancelBookingRequest(user_id=user, booking_id=booking, idempotency_key=key)
        await self._call(next(self._booking).CancelBooking, request)

    async def check_in(self, gate: tuple[str, str], show: str, code: str, key: str) -> str:
        gate_id, credential = gate
        request = admissions_pb2.CheckInTicketRequest(gate_id=gate_id, show_id=show, code=code, idempotency_key=key)
        try:
            answer = await next(self._admissions).CheckInTicket(
                request, timeout=CALL_SECONDS, metadata=(("gate-credential", credential),)
            )
        except grpc.aio.AioRpcError as error:
            raise Refused(reason_of(error)) from error
        return admissions_pb2.Scan.Result.Name(answer.result)

    async def seats(self, show: str) -> int:
        return len(await self._call(next(self._maps), inventory_pb2.GetSeatMapRequest(show_id=show)))

    async def find(self, text: str) -> int:
        return len((await self._call(next(self._catalogue).ListEvents, catalog_pb2.ListEventsRequest(q=text))).events)

    async def watch(self, show: str) -> None:
        call = next(self._inventory).WatchSeats(inventory_pb2.WatchSeatsRequest(show_id=show), metadata=self._metadata)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                if await call.read() is grpc.aio.EOF:
                    raise Refused("ENDED")
        except TimeoutError:
            raise Refused("TimeoutError") from None
        except grpc.aio.AioRpcError as error:
            raise Refused(reason_of(error)) from error
        self._open.append(call)

    async def _call(self, method: Callable[..., Awaitable[A]], request: Message, seconds: float = CALL_SECONDS) -> A:
        try:
            return await method(request, timeout=seconds, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise Refused(reason_of(error)) from error


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """Return the reason that a refusal tells, or its code where it tells none; and what an overload leaves out."""
    info, retry, comes_back = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo(), False
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS and isinstance(value, bytes):
            with suppress(DecodeError):
                for detail in status_pb2.Status.FromString(value).details:
                    detail.Unpack(info)
                    comes_back = detail.Unpack(retry) or comes_back
    if info.reason == OVERLOADED and not (comes_back and error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED):
        return f"{OVERLOADED}, {error.code().name} or no RetryInfo"
    return str(info.reason or error.code().name)


class RestShop(Shop):
    """Over REST, through the gateway."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self._api = f"{url}/api/v1"
        self._open: list[Any] = []
        """Streams that would end if they were forgotten."""

    async def hold(self, user: str, show: str, seats: Sequence[str], key: str) -> None:
        await self._post(
            "bookings/hold-seats", {"userId": user, "showId": show, "showSeatIds": seats, "idempotencyKey": key}
        )

    async def book(
        self, user: str, show: str, seats: Sequence[str], key: str, coupon: str = "", area: str | None = None
    ) -> str:
        body: dict[str, Any] = {"userId": user, "showId": show, "showSeatIds": seats, "idempotencyKey": key}
        if area:
            body["areas"] = [{"areaId": area, "quantity": 2}]
        if coupon:
            body["couponCode"] = coupon
        return str((await self._post("bookings", body))["id"])

    async def initiate(self, user: str, booking: str, key: str) -> str:
        body = {"userId": user, "bookingId": booking, "idempotencyKey": key}
        return str((await self._post("payments/initiate", body))["sessionId"])

    async def pay(self, session: str, method: str = "") -> str:
        return str((await self._post(f"payments/simulate/{session}", {"paymentMethod": method}))["status"])

    async def status(self, user: str) -> str:
        answer = json.loads(await self._ask("GET", f"bookings/user/{user}?pageSize=1"))
        return str(answer["bookings"][0]["status"])

    async def read(self, booking: str) -> str:
        return str(json.loads(await self._ask("GET", f"bookings/{booking}"))["status"])

    async def wait(self, booking: str) -> str:
        seconds = CALL_SECONDS + WAIT_SECONDS
        answer = await self._ask("GET", f"bookings/{booking}?waitSeconds={WAIT_SECONDS}", seconds=seconds)
        return str(json.loads(answer)["status"])

    async def cancel(self, user: str, booking: str, key: str) -> None:
        await self._ask("PATCH", f"bookings/{booking}/cancel", {"userId": user, "idempotencyKey": key})

    async def check_in(self, gate: tuple[str, str], show: str, code: str, key: str) -> str:
        body = {"gateId": gate[0], "showId": show, "code": code, "idempotencyKey": key}
        answer = await self._ask("POST", "check-ins", body, {"gate-credential": gate[1]})
        return str(json.loads(answer)["result"])

    async def refund(self, user: str, booking: str, key: str) -> None:
        """Give a ticket back."""
        await self._post(f"payments/refund/{booking}", {"userId": user, "idempotencyKey": key})

    async def health(self) -> None:
        """Ask whether all of it is well."""
        await self._ask("GET", "health")

    async def login(self, email: str, password: str, address: str) -> None:
        """Log in from an address, which the gateway is told of; services' own ports take nobody's word for it."""
        await self._ask("POST", "auth/login", {"email": email, "password": password}, {"x-forwarded-for": address})

    async def seats(self, show: str) -> int:
        return len(await self._ask("GET", f"seats/shows/{show}"))

    async def find(self, text: str) -> int:
        return len(json.loads(await self._ask("GET", f"events?{urlencode({'q': text})}"))["events"])

    async def watch(self, show: str) -> None:
        url = f"{self._api}/seats/shows/{show}/watch"
        try:
            async with asyncio.timeout(CALL_SECONDS):
                answer = await self.http.get(url, timeout=aiohttp.ClientTimeout())
                if answer.status != 200:
                    raise Refused(reason_of_http(answer.status, answer.headers, await answer.read()))
                if not await answer.content.readline():
                    raise Refused("ENDED")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Refused(type(error).__name__) from error
        self._open.append(answer)

    async def _post(self, path: str, body: object) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(await self._ask("POST", path, body))
        return answer

    async def _ask(
        self,
        verb: str,
        path: str,
        body: object = None,
        more: Mapping[str, str] = NOTHING,
        seconds: float = CALL_SECONDS,
    ) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._api}/{path}"
        headers, timeout = {**JSON, **more}, aiohttp.ClientTimeout(total=seconds)
        try:
            async with self.http.request(verb, url, data=data, headers=headers, timeout=timeout) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Refused(type(error).__name__) from error
        if answer.status != 200:
            raise Refused(reason_of_http(answer.status, answer.headers, content))
        return content


def reason_of_http(status: int, headers: Mapping[str, str], content: bytes) -> str:
    """Return the reason that a refusal tells, or its status; and what an overload leaves out."""
    with suppress(ValueError, TypeError, AttributeError):
        details = json.loads(content).get("details", [])
        reasons = [str(detail["reason"]) for detail in details if detail.get("reason")]
        comes_back = "retry-after" in headers and any("retryDelay" in detail for detail in details)
        if reasons == [OVERLOADED] and not (status == TOO_MANY and comes_back):
            return f"{OVERLOADED}, HTTP {status} or no Retry-After and RetryInfo"
        if reasons:
            return reasons[0]
    return f"HTTP {status}"


@asynccontextmanager
async def opened(target: Target, *, rest: bool) -> AsyncIterator[Shop]:
    """Connect to the API; gRPC connections stand when this returns."""
    if rest:
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, headers=target.bearer, trust_env=False
        ) as http:
            yield RestShop(http, target.url)
        return
    channels = {
        name: [target.channel(name) for _ in range(target.connections)]
        for name in ("inventory", "booking", "payment", "bank")
    }
    everyone = [channel for some in channels.values() for channel in some]
    try:
        async with asyncio.timeout(CALL_SECONDS):
            await asyncio.gather(*(channel.channel_ready() for channel in everyone))
        yield GrpcShop(channels, target.bearer)
    finally:
        await asyncio.gather(*(channel.close() for channel in everyone))
