"""The rules of webhooks, without I/O and without a clock."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

MAX_ENDPOINTS = 10
"""How many endpoints an organization may have."""

MAX_RESENDS = 100
"""How many messages may wait to be sent to an endpoint again."""

MAX_SECRETS = 3
"""With how many secrets an endpoint's messages are signed at most: the present one, and those of before."""

ROTATION = timedelta(days=1)
"""For how long a secret of before signs as well."""

GIVEN_UP_AFTER = timedelta(days=3)
"""After how long an endpoint is switched off that takes nothing."""

KEPT = timedelta(days=30)
"""For how long messages and attempts are kept."""

LEASE = timedelta(minutes=1)
"""For how long a sender has an endpoint. Whoever dies with it leaves it so long."""

RUN_SECONDS = 30
"""Until when in its lease a sender begins to send another message."""

TIMEOUT_SECONDS = 10
"""How long an endpoint may take in all, from the question for its address to its answer."""

SLOW_MS = 2_000
"""Whoever takes longer waits among the slow ones from then on."""

_PAUSES_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400)
_LONGEST_PAUSE_SECONDS = 21_600


class MessageType(StrEnum):
    """What an organization is told."""

    BOOKING_CREATED = "BOOKING_CREATED"
    BOOKING_CONFIRMED = "BOOKING_CONFIRMED"
    BOOKING_CANCELLED = "BOOKING_CANCELLED"
    BOOKING_EXPIRED = "BOOKING_EXPIRED"
    BOOKING_PARTLY_REFUNDED = "BOOKING_PARTLY_REFUNDED"
    BOOKING_REFUNDED = "BOOKING_REFUNDED"
    BOOKING_REFUND_UNDONE = "BOOKING_REFUND_UNDONE"
    BOOKING_PAYMENT_FAILED = "BOOKING_PAYMENT_FAILED"
    SHOW_PUBLISHED = "SHOW_PUBLISHED"
    SHOW_UPDATED = "SHOW_UPDATED"
    SHOW_CANCELLED = "SHOW_CANCELLED"
    SHOW_RESCHEDULED = "SHOW_RESCHEDULED"
    SHOW_REPRICED = "SHOW_REPRICED"

    @property
    def dotted(self) -> str:
        """How it is called in what is posted, such as booking.partly_refunded."""
        return self.lower().replace("_", ".", 1)


class State(StrEnum):
    """Whether an endpoint is sent messages: see the contract."""

    CHALLENGED = "CHALLENGED"
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    OFF = "OFF"


class Outcome(StrEnum):
    """What came of an attempt: see the contract."""

    TAKEN = "TAKEN"
    REFUSED = "REFUSED"
    WRONG_ANSWER = "WRONG_ANSWER"
    TIMED_OUT = "TIMED_OUT"
    NO_ADDRESS = "NO_ADDRESS"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    CERTIFICATE_REFUSED = "CERTIFICATE_REFUSED"
    NO_ANSWER = "NO_ANSWER"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """Something to tell an organization, without its number."""

    organization_id: UUID
    type: MessageType
    key: UUID
    """The booking or show that it is about."""
    version: int
    happened_at: datetime
    data: dict[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """Something that an organization is told."""

    number: int
    id: UUID
    type: MessageType
    content: str
    created_at: datetime

    @property
    def webhook_id(self) -> str:
        """By what receivers know it again."""
        return f"msg_{self.id}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an organization is sent messages."""

    id: UUID
    organization_id: UUID
    url: str
    types: Sequence[str]
    state: State
    sent_to: int
    failing_since: datetime | None
    created_at: datetime
    rotating_until: datetime | None


@dataclass(frozen=True, slots=True)
class Taken:
    """An endpoint that this sender has for a while."""

    id: UUID
    organization_id: UUID
    url: str
    types: Sequence[str]
    state: State
    revision: int
    lease: int
    sent_to: int
    failures: int
    is_due: bool
    """Whether its next message may be sent; else it was taken for messages that are sent again."""
    has_resends: bool
    """Whether messages wait to be sent again."""
    sealed: Sequence[bytes]
    """Its secrets, encrypted, the present one first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt."""

    outcome: Outcome
    status: int | None
    duration_ms: int

    @property
    def is_slow(self) -> bool:
        """Tell whether whoever answers like this keeps others waiting."""
        return self.duration_ms > SLOW_MS


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt, as it is kept."""

    id: UUID
    number: int | None
    outcome: Outcome
    status: int | None
    duration_ms: int
    is_resend: bool
    ended_at: datetime


def pause_seconds(failures: int) -> int:
    """Return how long to wait after so many failures in a row: 5 seconds at first, 6 hours in the end."""
    return _PAUSES_SECONDS[failures - 1] if failures <= len(_PAUSES_SECONDS) else _LONGEST_PAUSE_SECONDS


_HOST = r"(?=.{1,253}(?:[:/?]|$))(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_REST = r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
_URL = re.compile(rf"https://{_HOST}(?::443)?{_REST}")
_URL_OF_DEVELOPMENT = re.compile(rf"https?://(?:{_HOST}|localhost|127(?:\.[0-9]{{1,3}}){{3}})(?::[0-9]{{1,5}})?{_REST}")


def is_url_for_messages(url: str, *, allow_loopback: bool = False) -> bool:
    """Tell whether messages may be posted to a URL, as far as it says itself: each of its addresses is judged again.

    It is https at port 443 of a host that has a name, in small letters, with neither a user nor a fragment. Whatever
    else there is in a URL is refused, so that no two readers of URLs can take it for two things.
    """
    pattern = _URL_OF_DEVELOPMENT if allow_loopback else _URL
    return pattern.fullmatch(url) is not None
