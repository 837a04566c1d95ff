"""Bookings to pay for, and what became of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from stack.launcher import Stack
from tests.patience import patient

SECONDS = patient(20)


@dataclass
class Checkout:
    stack: Stack
    http: httpx.Client

    def begin(self, seats: int = 2, method: str | None = None) -> tuple[str, str]:
        """Book seats and open a checkout; return the booking's id and the page's address."""
        show, user = self.stack.demo.shows[0].id, str(uuid4())
        free = self.ask("GET", f"seats/shows/{show}/available")["seats"][:seats]
        wanted = {"showId": show, "userId": user, "showSeatIds": [seat["id"] for seat in free]}
        booking = self.ask("POST", "bookings", wanted)["id"]
        opening = {"bookingId": booking, "userId": user, "method": method}
        return booking, self.ask("POST", "payments/initiate", opening)["paymentUrl"]

    def until(self, booking: str, status: str) -> None:
        """Wait until a booking has a status."""
        end = time.monotonic() + SECONDS
        while (seen := self.ask("GET", f"bookings/{booking}")["status"]) != status:
            assert time.monotonic() < end, seen
            time.sleep(0.05)

    def until_payment(self, booking: str, status: str) -> None:
        """Wait until a booking's newest payment has a status."""
        end = time.monotonic() + SECONDS
        while (seen := self.ask("GET", f"payments/status/{booking}")["payments"][0]["status"]) != status:
            assert time.monotonic() < end, seen
            time.sleep(0.05)

    def payment(self, booking: str) -> Any:
        """Return a booking's newest payment."""
        return self.ask("GET", f"payments/status/{booking}")["payments"][0]

    def hasten(self, url: str) -> None:
        """Let what a session waits for happen at once."""
        with self.stack.server.connect("payment") as connection:
            changed = connection.execute(
                "UPDATE bank.sessions SET decides_at = clock_timestamp() WHERE id = %s", [url.rpartition("/")[2]]
            )
            assert changed.rowcount == 1

    def run_out(self, url: str) -> None:
        """Let the time of a session be over at the bank."""
        with self.stack.server.connect("payment") as connection:
            changed = connection.execute(
                "UPDATE bank.sessions SET expires_at = clock_timestamp() - interval '1 second' WHERE id = %s",
                [url.rpartition("/")[2]],
            )
            assert changed.rowcount == 1

    def ask(self, verb: str, path: str, body: object = None) -> Any:
        answer = self.http.request(verb, path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()
