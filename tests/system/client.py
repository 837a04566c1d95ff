"""Boxoffice as its customers meet it: REST through the gateway, and what is said when something is refused."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import httpx

from stack.services import API
from tests.patience import eventually, patient

ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
PRICES = {"REGULAR": 20_001, "PREMIUM": 30_003, "VIP": 50_005}
TRANSIENT = (502, 503, 504)
PATIENCE_SECONDS = patient(40)
Json = dict[str, Any]

_numbers = count(1)


def new_user() -> str:
    """Return a user that nobody has met."""
    return str(uuid4())


@dataclass(frozen=True)
class Refusal:
    """What a caller is told who is refused."""

    status: int
    reason: str
    message: str
    metadata: dict[str, str]
    fields: tuple[str, ...] = ()


def refusal(answer: httpx.Response) -> Refusal:
    """Read a refusal; it must have the shape that all refusals have, and tell nothing internal."""
    assert 400 <= answer.status_code < 600, f"{answer.status_code}: {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/json", answer.text[:500]
    body = answer.json()
    assert set(body) == {"code", "message", "details"}, body
    assert isinstance(body["code"], int) and body["code"] > 0, body
    assert body["message"], body
    details = {detail["@type"]: detail for detail in body["details"]}
    info = details[ERROR_INFO]
    assert (bool(info["reason"]), info["domain"]) == (True, "boxoffice"), body
    check_headers(answer, details.get(RETRY_INFO))
    for secret in ("Traceback", "psycopg", "site-packages", "SELECT ", ".py"):
        assert secret not in answer.text, body
    violations = details.get(BAD_REQUEST, {}).get("fieldViolations", [])
    return Refusal(
        answer.status_code,
        info["reason"],
        body["message"],
        info["metadata"],
        tuple(violation["field"] for violation in violations),
    )


def check_headers(answer: httpx.Response, retry: Json | None) -> None:
    """See that the headers say when to come again if the details do, and nothing that is gRPC's own."""
    seconds = None if retry is None else str(math.ceil(float(retry["retryDelay"].removesuffix("s"))))
    assert answer.headers.get("retry-after") == seconds, (retry, answer.headers)
    assert not [name for name in answer.headers if name.startswith("grpc-")], answer.headers


def ok(answer: httpx.Response) -> Json:
    """Return the body of an answer that must be a success."""
    assert answer.status_code == 200, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:800]}"
    body: Json = answer.json()
    return body


@dataclass
class Show:
    """A show of a test's own."""

    id: str
    movie_id: str
    venue_id: str
    screen_id: str
    starts_at: datetime
    seats: list[str]
    prices: dict[str, int]

    def price(self, seats: Sequence[str]) -> int:
        return sum(self.prices[seat] for seat in seats)


@dataclass
class Client:
    """Calls the API, as whomever `http` says. `timings` gets (milliseconds, what was asked) of every request.

    One that is `patient` asks again while a part of the system is away, as the answers say: right after a crash.
    """

    http: httpx.AsyncClient
    timings: list[tuple[float, str]] = field(default_factory=list)
    patient: bool = False
    organizer: Json = field(default_factory=dict)
    """The headers of an organizer who has an account."""

    async def ask(self, verb: str, path: str, body: Json | None = None, **more: Any) -> httpx.Response:
        """Ask for `path` (behind /api/v1/)."""
        if not self.patient:
            return await self._ask(verb, path, body, **more)

        async def look() -> httpx.Response | None:
            try:
                answer = await self._ask(verb, path, body, **more)
            except httpx.TransportError:
                return None
            # A request that came through unanswered is refused as being under way, for a moment.
            busy = answer.status_code == 409 and refusal(answer).reason in (
                "PAYMENT_IN_PROGRESS",
                "REQUEST_IN_PROGRESS",
            )
            return None if busy or answer.status_code in TRANSIENT else answer

        return await eventually(look, PATIENCE_SECONDS)

    async def _ask(self, verb: str, path: str, body: Json | None = None, **more: Any) -> httpx.Response:
        began = time.perf_counter()
        answer = await self.http.request(verb, f"{API}/{path}", json=body, **more)
        self.timings.append(((time.perf_counter() - began) * 1000, f"{verb} {path}"))
        return answer

    async def healthy(self) -> None:
        """Wait until the gateway says that all services are healthy."""

        async def look() -> bool:
            try:
                return (await self._ask("GET", "health")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(look)

    async def make_show(
        self,
        *,
        starts_in: timedelta = timedelta(days=3),
        sales_end_in: timedelta | None = None,
        seats_per_row: int = 10,
        floor: int = 0,
        currency: str = "INR",
        prices: Mapping[str, int] = PRICES,
    ) -> Show:
        """Make a movie, a venue, a screen of three rows and tiers, perhaps with an area, and a show of it."""
        number = next(_numbers)
        movie = ok(await self.ask("POST", "movies", {"title": f"Test {number}", "durationMinutes": 100}))
        venue = ok(await self.ask("POST", "venues", {"name": f"House {number}", "city": "Pune"}))
        rows = [{"label": tier[0], "seatCount": seats_per_row, "tier": tier} for tier in PRICES]
        areas = [{"name": "Floor", "capacity": floor}] if floor else []
        screen = ok(
            await self.ask(
                "POST",
                f"venues/{venue['id']}/screens",
                {"name": "Screen 1", "sections": [{"name": "Stalls", "rows": rows}], "areas": areas},
            )
        )
        now = datetime.now(UTC)
        starts_at = now + starts_in
        sales_end_at = starts_at if sales_end_in is None else now + sales_end_in
        show = ok(
            await self.ask(
                "POST",
                "shows",
                {
                    "movieId": movie["id"],
                    "screenId": screen["id"],
                    "startTime": starts_at.isoformat().replace("+00:00", "Z"),
                    "salesEndAt": sales_end_at.isoformat().replace("+00:00", "Z"),
                    "currency": currency,
                    "prices": [{"tier": tier, "price": price} for tier, price in prices.items()],
                },
            )
        )
        seats = (await self.seat_map(show["id"]))["seats"]
        return Show(
            show["id"],
            movie["id"],
            venue["id"],
            screen["id"],
            starts_at,
            [seat["id"] for seat in seats],
            {seat["id"]: seat["price"] for seat in seats},
        )

    async def seat_map(self, show_id: str, user: str | None = None) -> Json:
        return ok(await self.ask("GET", f"seats/shows/{show_id}", params={"userId": user} if user else None))

    async def statuses(self, show_id: str, seats: Sequence[str], user: str | None = None) -> list[str]:
        """Return what the seat map says of some seats."""
        by_id = {seat["id"]: seat["status"] for seat in (await self.seat_map(show_id, user))["seats"]}
        return [by_id[seat] for seat in seats]

    async def hold(self, show: Show, user: str, seats: Sequence[str], code: str = "", **more: Any) -> httpx.Response:
        body = {"showId": show.id, "userId": user, "showSeatIds": list(seats)}
        if code:
            body["accessCode"] = code
        return await self.ask("POST", "bookings/hold-seats", body, **more)

    async def book(
        self, show: Show, user: str, seats: Sequence[str], coupon: str = "", code: str = "", **more: Any
    ) -> httpx.Response:
        body = {"showId": show.id, "userId": user, "showSeatIds": list(seats)}
        if coupon:
            body["couponCode"] = coupon
        if code:
            body["accessCode"] = code
        return await self.ask("POST", "bookings", body, **more)

    async def booked(self, show: Show, user: str, seats: Sequence[str], coupon: str = "", code: str = "") -> Json:
        """Book seats that can be had."""
        return ok(await self.book(show, user, seats, coupon, code, headers={"Idempotency-Key": str(uuid4())}))

    async def initiate(self, booking: Json, **more: Any) -> httpx.Response:
        body = {"bookingId": booking["id"], "userId": booking["userId"]}
        return await self.ask("POST", "payments/initiate", body, **more)

    async def session(self, booking: Json) -> str:
        """Open a checkout session and return its id."""
        return str(ok(await self.initiate(booking))["sessionId"])

    async def pay(self, session_id: str, result: str = "SUCCESS") -> Json:
        """Let a session come to `result`; return it."""
        return ok(await self.ask("POST", f"payments/simulate/{session_id}", {"result": result}))

    async def confirmed(self, show: Show, user: str, seats: Sequence[str]) -> Json:
        """Book and pay; return the CONFIRMED booking."""
        booking = await self.booked(show, user, seats)
        await self.pay(await self.session(booking))
        return await self.until(booking["id"], "CONFIRMED")

    async def cancel(self, booking: Json) -> httpx.Response:
        return await self.ask("PATCH", f"bookings/{booking['id']}/cancel", {"userId": booking["userId"]})

    async def refund(self, booking: Json, seats: Sequence[str] = (), **more: Any) -> httpx.Response:
        """Ask for the refund of seats, or of all that are left."""
        body: Json = {"userId": booking["userId"]} | ({"showSeatIds": list(seats)} if seats else {})
        return await self.ask("POST", f"payments/refund/{booking['id']}", body, **more)

    async def cancel_show(self, show: Show, reason: str = "The singer is ill.") -> Json:
        """Cancel a show, whatever its figures are by then; return how far that is."""
        body = {"token": "", "reason": reason}
        while True:
            answer = await self.ask("POST", f"shows/{show.id}/cancel", body)
            if answer.status_code != 409:
                return ok(answer)
            refused = refusal(answer)
            assert refused.reason == "CANCELLATION_CHANGED", answer.text
            body["token"] = refused.metadata["token"]

    async def booking(self, booking_id: str) -> Json:
        return ok(await self.ask("GET", f"bookings/{booking_id}"))

    async def payments(self, booking_id: str) -> list[Json]:
        """Return a booking's payments, newest first."""
        payments: list[Json] = ok(await self.ask("GET", f"payments/status/{booking_id}"))["payments"]
        return payments

    async def until(self, booking_id: str, status: str, within_seconds: float | None = None) -> Json:
        """Wait until a booking has a status, and return it."""

        async def look() -> Json | None:
            booking = await self.booking(booking_id)
            return booking if booking["status"] == status else None

        return await eventually(look, within_seconds)

    async def until_payment(self, booking_id: str, status: str, within_seconds: float | None = None) -> Json:
        """Wait until a booking's newest payment has a status, and return it."""

        async def look() -> Json | None:
            newest = (await self.payments(booking_id))[0]
            return newest if newest["status"] == status else None

        return await eventually(look, within_seconds)
