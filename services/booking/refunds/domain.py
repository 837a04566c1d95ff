"""Refunds: how much of a booking's price comes back, and whether."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.booking.bookings.domain import Booking, State
from services.booking.errors import BookingNotConfirmed, RefundNotAllowed


@dataclass(frozen=True, slots=True)
class RefundPolicy:
    """Steps of (time before the show, per cent), longest time first; later than all of them, nothing comes back."""

    steps: Sequence[tuple[timedelta, int]]

    @classmethod
    def parse(cls, text: str) -> "RefundPolicy":
        """Read `24:100,2:50`: hours and per cent, as in the settings; raise ValueError."""
        steps = []
        for step in text.split(","):
            hours, _, percentage = step.partition(":")
            if not (hours.strip().isdigit() and percentage.strip().isdigit() and int(percentage) <= 100):
                raise ValueError(f"{step!r} is not hours:percentage")
            steps.append((timedelta(hours=int(hours)), int(percentage)))
        return cls(sorted(steps, reverse=True))

    def percentage(self, now: datetime, starts_at: datetime) -> int:
        """Return how many per cent come back at `now` for a show that starts at `starts_at`."""
        left = starts_at - now
        return next((percentage for time, percentage in self.steps if left >= time), 0)


def refund_amount(paid: int, percentage: int) -> int:
    """Return `percentage` of what was paid, rounded down to the minor unit."""
    return paid * percentage // 100


def begin_refund(booking: Booking, policy: RefundPolicy, now: datetime) -> Booking:
    """Return the booking with its refund frozen; raise BookingNotConfirmed or RefundNotAllowed."""
    if booking.state != State.CONFIRMED:
        raise BookingNotConfirmed(status=booking.public_state(now))
    percentage = policy.percentage(now, booking.show.starts_at)
    amount = refund_amount(booking.amounts.final_amount, percentage)
    if amount == 0:
        raise RefundNotAllowed()
    return booking.refunding(amount, percentage)
