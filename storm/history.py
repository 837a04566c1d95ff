"""What customers asked for and what they were told: the side of the promises that the system cannot mend."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A request: its kind, who asks, and what it is about, which is a show, a booking or a session."""

    kind: str
    verb: str
    path: str
    user: str
    about: str
    body: Json | None = None
    key: str | None = None


@dataclass(frozen=True)
class Acknowledged:
    """An answer that was a success; `at` is in seconds since the storm began."""

    request: Request
    answer: Json
    at: float


@dataclass
class History:
    """All that was asked, and all that was acknowledged. A request that is repeated under its key is one request."""

    began: float = field(default_factory=time.monotonic)
    asked: list[Request] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    attempts: int = 0
    given_up: int = 0
    refused: list[tuple[Request, str]] = field(default_factory=list)
    """Requests that were refused for good, and why."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Why requests were not carried out: those of the system's answers, and of its silence."""

    def ask(self, request: Request) -> None:
        """Note a request before it is sent: what is not answered may have happened."""
        self.asked.append(request)

    def acknowledge(self, request: Request, answer: Json) -> None:
        self.acknowledged.append(Acknowledged(request, answer, round(time.monotonic() - self.began, 3)))

    def refuse(self, request: Request, why: str) -> None:
        self.refused.append((request, f"{why}, {time.monotonic() - self.began:.3f} s after the beginning"))

    def bookings_seen(self, status: str) -> set[str]:
        """Return the bookings that somebody was told to have this status, at any time."""
        return {
            acknowledged.answer["id"]
            for acknowledged in self.acknowledged
            if acknowledged.request.kind in ("book", "look", "cancel") and acknowledged.answer["status"] == status
        }
