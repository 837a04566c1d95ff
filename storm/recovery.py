"""How soon the services serve again once PostgreSQL is back, as a customer at the gateway finds it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import httpx

from stack.callers import Bearer
from stack.services import API
from stack.tokens import Tokens
from storm.history import History, Request

LOOK_SECONDS = 0.03
ANSWER_SECONDS = 2.0
LIMIT_SECONDS = 15.0


@dataclass
class Probe:
    """A booking to look at, and seats to book, one for each time."""

    url: str
    history: History
    show: str
    seats: deque[str]
    booking: str
    session: str
    """At the bank; empty where payments are elsewhere."""
    tokens: Tokens | None = None

    def serves_again(self) -> dict[str, float]:
        """Ask until each service answers, and a booking is made; return the seconds it took, by what was asked.

        What does not come about within a bounded time is infinitely late.
        """
        began = time.monotonic()
        seconds: dict[str, float] = {}
        order = self._order()
        auth = Bearer(self.tokens) if self.tokens else None
        with httpx.Client(base_url=self.url, auth=auth, timeout=ANSWER_SECONDS, trust_env=False) as http:
            bank: dict[str, Callable[[], bool]] = {}
            if self.session:
                bank["bank"] = lambda: _answers(http, f"payments/fake-checkout/{self.session}")
            asked: dict[str, Callable[[], bool]] = {
                "inventory": lambda: _answers(http, f"seats/shows/{self.show}/available"),
                "booking": lambda: _answers(http, f"bookings/{self.booking}"),
                "payment": lambda: _answers(http, f"payments/status/{self.booking}"),
                **bank,
                "a booking": lambda: self._books(http, order),
            }
            while left := [name for name in asked if name not in seconds]:
                for name in left:
                    if asked[name]():
                        seconds[name] = time.monotonic() - began
                    elif time.monotonic() - began > LIMIT_SECONDS:
                        seconds[name] = float("inf")
                time.sleep(LOOK_SECONDS)
        return seconds

    def _order(self) -> Request:
        user = str(uuid4())
        body = {"showId": self.show, "userId": user, "showSeatIds": [self.seats.popleft()]}
        order = Request("book", "POST", "bookings", user, self.show, body, str(uuid4()))
        self.history.ask(order)
        return order

    def _books(self, http: httpx.Client, order: Request) -> bool:
        try:
            answer = http.post(f"{API}/{order.path}", json=order.body, headers={"Idempotency-Key": order.key or ""})
        except httpx.TransportError:
            return False
        if answer.status_code == 200:
            self.history.acknowledge(order, answer.json())
        return answer.status_code == 200


def _answers(http: httpx.Client, path: str) -> bool:
    try:
        return http.get(f"{API}/{path}").status_code == 200
    except httpx.TransportError:
        return False
