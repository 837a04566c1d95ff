"""Mails, and what becomes of one that is tried."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import uniform
from uuid import UUID

from services.notifications.notices.domain import Fact

FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 300.0

LEASE = timedelta(minutes=5)
"""How long a mail that a process has taken is left alone by others."""

GIVEN_UP_AFTER = timedelta(days=3)
"""How long a mail is tried, and how old a fact may be that becomes one."""

KEPT = timedelta(days=90)
"""How long it is known what became of a mail."""

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Outcome(StrEnum):
    """What came of a try, and what the counter of mails calls it."""

    SENT = "sent"
    LATER = "later"
    """It was refused for now, or could not be offered."""
    UNKNOWN = "unknown"
    """The connection was lost: the server may have it."""
    DEAD = "dead"
    """It was refused for good."""
    SKIPPED = "skipped"
    """There is nobody to send it to."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A fact that its user is to get as a mail."""

    id: UUID
    fact: Fact
    attempts: int
    """This one included."""
    answered: int
    """The last attempt of which the outcome is known."""

    @property
    def may_be_there(self) -> bool:
        """Whether an earlier attempt may have reached the server, and nobody knows."""
        return self.answered < self.attempts - 1


@dataclass(frozen=True, slots=True)
class ReminderCheck:
    """What is known when a reminder is sent: it may have waited for hours."""

    id: UUID
    now: datetime
    is_off: bool
    """Whether the show is cancelled, or starts at another time."""
    sent: int
    """Reminders that the user was sent within an hour."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a try, and why."""

    outcome: Outcome
    reason: str = ""


def why_not_remind(starts_at: datetime | None, check: ReminderCheck, *, is_confirmed: bool, most: int) -> str | None:
    """Return why a reminder is not sent, None: it is. `most`: how many a user is sent within an hour."""
    if starts_at is None or check.now >= starts_at:
        return "TOO_LATE"
    if check.is_off:
        return "SHOW_CHANGED"
    if not is_confirmed:
        return "NOT_CONFIRMED"
    return "TOO_MANY" if check.sent >= most else None


def line(text: str) -> str:
    """Return a text as one line of what can be seen: without controls, marks of direction and other formats."""
    seen = "".join(" " if unicodedata.category(letter) in _INVISIBLE else letter for letter in text)
    return " ".join(seen.split())


def pause_seconds(attempts: int) -> float:
    """Return how long to wait after so many attempts, with jitter."""
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 10), LONGEST_PAUSE_SECONDS) * uniform(0.75, 1.0)
