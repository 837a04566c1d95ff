"""The states of bookings, and what moves them.

    (RESERVING) ──► PENDING ──► (CONFIRMING) ──► CONFIRMED ──► (REFUNDING) ──► REFUNDED
                      │ │          │    ▲
                      │ │          ▼    │ money that came late
                      │ └──────► EXPIRED ┘
                      ▼            │
                   CANCELLED ◄─────┘ with its show

States in brackets are steps of the saga; nobody outside sees them. REFUNDING is one of the release before, which gave
all seats of a booking back at once: now a booking stays CONFIRMED until its last seat's refund is carried out.
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a booking is, the saga's steps included."""

    RESERVING = "RESERVING"
    PENDING = "PENDING"
    CONFIRMING = "CONFIRMING"
    CONFIRMED = "CONFIRMED"
    REFUNDING = "REFUNDING"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


NEXT: Mapping[State, frozenset[State]] = {
    State.RESERVING: frozenset({State.PENDING}),  # or the row is dropped
    State.PENDING: frozenset({State.CONFIRMING, State.CANCELLED, State.EXPIRED}),
    State.CONFIRMING: frozenset({State.CONFIRMED, State.EXPIRED}),
    State.CONFIRMED: frozenset({State.REFUNDED}),
    State.REFUNDING: frozenset({State.REFUNDED}),
    State.EXPIRED: frozenset({State.CONFIRMING, State.CANCELLED}),  # cancelled with its show only
    State.CANCELLED: frozenset(),
    State.REFUNDED: frozenset(),
}


class CancelReason(StrEnum):
    """Why a booking is CANCELLED."""

    BY_USER = "BY_USER"
    SHOW_CANCELLED = "SHOW_CANCELLED"


class RefundCause(StrEnum):
    """Who decided a refund."""

    REQUESTED = "REQUESTED"
    """The user, by the time that was left until the show."""
    GRANTED = "GRANTED"
    """The staff, whatever the time."""
    SHOW_CANCELLED = "SHOW_CANCELLED"
    """Whoever cancelled the show: all of it comes back."""
    SHOW_RESCHEDULED = "SHOW_RESCHEDULED"
    """The user, as the show was rescheduled: all of it comes back."""


WHOLE_CAUSES = (RefundCause.SHOW_CANCELLED, RefundCause.SHOW_RESCHEDULED)
"""The causes for which all comes back that was paid, fees that stay otherwise among it: the show is not what it was."""


class RefundState(StrEnum):
    """How far a refund is."""

    PROCESSING = "PROCESSING"
    REFUNDED = "REFUNDED"
