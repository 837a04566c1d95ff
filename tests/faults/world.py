"""A stack with armed fault points, as the operations of the crash grid and the races meet it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import httpx

from audit import audit
from stack.launcher import Stack
from storm.razorpay import StandIn
from tests.faults.controller import Controller
from tests.patience import eventually, patient
from tests.system.client import Client, Json, Show, new_user, ok
from tests.system.databases import CLOCKS, set_clock, under_way, value

REST_SECONDS = patient(45)
HURRY_SECONDS = 1.0
DEADLINE_SECONDS = 2
"""What the requests that a fault is meant for give Boxoffice, so that what is late does not take long."""

FAR = timedelta(days=3)
NEAR = timedelta(hours=5)
"""In how long a show begins of which all is refunded, and one of which half is."""

HURRY = {
    "booking": (
        "UPDATE bookings SET lease_until = boxoffice_clock() WHERE lease_until > boxoffice_clock()",
        "UPDATE booking_refunds SET lease_until = boxoffice_clock() WHERE lease_until > boxoffice_clock()",
        "UPDATE cancelled_shows SET lease_until = boxoffice_clock() WHERE lease_until > boxoffice_clock()",
        "UPDATE show_updates SET lease_until = boxoffice_clock() WHERE lease_until > boxoffice_clock()",
        "UPDATE outbox SET next_attempt_at = clock_timestamp() WHERE next_attempt_at > clock_timestamp()",
    ),
    "identity": (
        "UPDATE deletions SET lease_until = boxoffice_clock()"
        " WHERE emptied_at IS NULL AND lease_until > boxoffice_clock()",
    ),
    "payment": (
        "UPDATE outbox SET next_attempt_at = clock_timestamp() WHERE next_attempt_at > clock_timestamp()",
        "UPDATE refunds SET next_attempt_at = clock_timestamp()"
        " WHERE state = 'REQUESTED' AND next_attempt_at > clock_timestamp()",
        "UPDATE payments p SET next_poll_at = clock_timestamp()"
        " FROM bank.sessions s, booking_accounts a WHERE s.id = p.session_id AND a.booking_id = p.booking_id"
        " AND p.state = 'PENDING' AND (s.status <> 'OPEN' OR a.closed_at IS NOT NULL)"
        " AND p.next_poll_at > clock_timestamp()",
        "UPDATE bank.deliveries SET next_attempt_at = clock_timestamp()"
        " WHERE delivered_at IS NULL AND next_attempt_at > clock_timestamp()",
    ),
}
"""What lets every lease and every pause end now, as if time had passed."""

DUE = {
    "bookings to expire": (
        "booking",
        "SELECT count(*) FROM bookings WHERE state = 'PENDING' AND expires_at <= boxoffice_clock()",
    ),
    "sessions to end": (
        "payment",
        "SELECT count(*) FROM bank.sessions WHERE status = 'OPEN' AND expires_at <= bank.boxoffice_clock()",
    ),
    "sessions to close": (
        "payment",
        "SELECT count(*) FROM payments p JOIN booking_accounts a USING (booking_id)"
        " JOIN bank.sessions s ON s.id = p.session_id"
        " WHERE p.state = 'PENDING' AND a.closed_at IS NOT NULL AND s.status = 'OPEN'",
    ),
}
"""What a job will soon find."""


@dataclass
class World:
    """The stack, its controller and a client that asks again while a part of the system is away."""

    stack: Stack
    controller: Controller
    client: Client
    razorpay: StandIn
    """Where payment finds it once it is started with its settings."""
    _shows: dict[timedelta, tuple[Show, list[str]]] = field(default_factory=dict)
    _violations: set[str] = field(default_factory=set)

    async def some(self, count: int = 2, starts_in: timedelta = FAR, *, fresh: bool = False) -> tuple[Show, list[str]]:
        """Return a show and seats of it that nobody has had before; a `fresh` show is one that booking has not met."""
        show, left = self._shows.get(starts_in, (None, []))
        if show is None or len(left) < count or fresh:
            show = await self.client.make_show(starts_in=starts_in, seats_per_row=20)
            left = list(show.seats)
        self._shows[starts_in] = show, left[count:]
        return show, left[:count]

    async def pending(self, starts_in: timedelta = FAR) -> Json:
        """Return a PENDING booking of two seats."""
        show, seats = await self.some(starts_in=starts_in)
        return await self.client.booked(show, new_user(), seats)

    async def confirmed(self, starts_in: timedelta = FAR, method: str = "pm_succeed") -> Json:
        """Return a CONFIRMED booking of two seats."""
        booking = await self.pending(starts_in)
        await self.pay(await self.client.session(booking), method)
        await self.rest()
        return await self.client.until(booking["id"], "CONFIRMED")

    async def send(self, verb: str, path: str, body: Json | None = None) -> Json:
        """Ask until there is a definite answer, under one key and with a short deadline; it must be a success."""
        return ok(await self.request(verb, path, body))

    async def request(self, verb: str, path: str, body: Json | None = None) -> httpx.Response:
        """Ask until there is a definite answer, under one key and with a short deadline."""
        headers = {"grpc-timeout": f"{DEADLINE_SECONDS}S"}
        if verb != "GET":
            headers["Idempotency-Key"] = str(uuid4())
        return await self.client.ask(verb, path, body, headers=headers)

    async def pay(self, session: str, method: str = "pm_succeed", code: str | None = None) -> Json:
        return await self.send("POST", f"payments/simulate/{session}", {"paymentMethod": method, "code": code})

    def state(self, booking: Json) -> str:
        """Return the state of a booking's row."""
        found: str = value(self.stack.server, "booking", "SELECT state FROM bookings WHERE id = %s", booking["id"])
        return found

    async def until_state(self, booking: Json, state: str) -> None:
        """Wait until a booking's row has a state, without asking any service."""

        async def look() -> bool:
            return self.state(booking) == state

        await eventually(look, REST_SECONDS)

    async def until_payment_state(self, booking: Json, state: str) -> None:
        """Wait until the only payment of a booking has a state."""

        async def look() -> bool:
            query = "SELECT state FROM payments WHERE booking_id = %s"
            return bool(value(self.stack.server, "payment", query, booking["id"]) == state)

        await eventually(look, REST_SECONDS)

    async def until_archived(self, booking: Json) -> None:
        """Wait until nothing is left of a booking's seats but their labels."""

        async def look() -> bool:
            query = "SELECT count(*) FROM booking_seats WHERE booking_id = %s"
            return value(self.stack.server, "booking", query, booking["id"]) == 0

        await eventually(look, REST_SECONDS)

    async def until_tidied(self, seats: Sequence[str]) -> None:
        """Wait until inventory's rows say that seats are AVAILABLE."""

        async def look() -> bool:
            return self.statuses(seats) == {"AVAILABLE"}

        await eventually(look, REST_SECONDS)

    def seats(self, booking: Json) -> set[str]:
        """Return what inventory's rows say of a booking's seats."""
        return self.statuses([seat["id"] for seat in booking["seats"]])

    def statuses(self, seats: Sequence[str]) -> set[str]:
        """Return what inventory's rows say of seats."""
        query = "SELECT array_agg(DISTINCT status) FROM show_seats WHERE id = ANY(%s::uuid[])"
        return set(value(self.stack.server, "inventory", query, list(seats)))

    def set_clocks(self, interval: str | None, services: Sequence[str] = tuple(CLOCKS)) -> None:
        """Move clocks, or put them right."""
        for service in services:
            set_clock(self.stack.server, service, interval)

    async def rest(self, *, hurry: bool = False) -> None:
        """Wait until nothing is under way. In a hurry, no lease and no pause is waited for longer than a second."""
        end = time.monotonic() + REST_SECONDS
        hurry_at = time.monotonic() + HURRY_SECONDS
        while left := await asyncio.to_thread(self._left):
            now = time.monotonic()
            assert now < end, f"still under way after {REST_SECONDS} s: {left}"
            if hurry and now >= hurry_at:
                self.hurry()
                hurry_at = now + HURRY_SECONDS
            await asyncio.sleep(0.03)

    def _left(self) -> dict[str, int]:
        """Count what is under way, or due."""
        due = {what: value(self.stack.server, database, query) for what, (database, query) in DUE.items()}
        return under_way(self.stack.server) | {what: count for what, count in due.items() if count}

    def has_consumed(self) -> bool:
        """Tell whether the consumers have read first pages of their topics."""
        progress = "SELECT count(*) FROM topic_progress"
        return all(value(self.stack.server, service, progress) for service in ("payment", "booking"))

    def hurry(self) -> None:
        """Let leases and pauses end."""
        for database, statements in HURRY.items():
            with self.stack.server.connect(database) as connection:
                for statement in statements:
                    connection.execute(statement.encode())

    async def violations(self) -> list[str]:
        """Audit everything; return what is broken that was not before."""
        found = await asyncio.to_thread(audit.look, self.stack.server.url)
        broken = {f"{result.invariant.name}: {row}" for result in found.broken for row in result.examples}
        new = broken - self._violations
        self._violations |= broken
        return sorted(new)

    async def healthy(self) -> None:
        """Wait until all of the stack is up."""
        await asyncio.to_thread(self.stack.wait_ready)

    async def recover(self) -> None:
        """Come to rest after something went wrong, if that is possible."""
        await self.healthy()
        self.set_clocks(None)
        with suppress(AssertionError):
            await self.rest(hurry=True)

    async def up_again(self, service: str, pid: int) -> None:
        """Wait until a service that was killed runs as another process, and serves."""

        async def look() -> bool:
            with suppress(AssertionError):  # no process at all, for a moment
                return self.stack.pid(service) != pid
            return False

        await eventually(look)
        await asyncio.to_thread(self.stack.wait_healthy, service)
