"""Damages to bookings that follow shows."""

from __future__ import annotations

from tests.system.damage import Damage, bookings

FOLLOW = "bookings-have-the-revisions-of-their-shows"

OF_RESCHEDULES = (
    Damage("a ticket of an old revision", FOLLOW, bookings("CONFIRMED", "show_revision = show_revision - 1")),
    Damage("a booking of an old revision", FOLLOW, bookings("PENDING", "show_revision = show_revision - 1")),
    Damage("a booking ahead of its show", FOLLOW, bookings("CANCELLED", "show_revision = show_revision + 1")),
)

OVER_BEFORE = {
    "bookings that were over before their show was rescheduled": (
        "UPDATE booking.bookings SET show_revision = 0, starts_at = starts_at - interval '1 day', screen = 'Another'"
        " WHERE state = 'CANCELLED'"
    ),
}
"""What is no fault: who has nothing any more follows no show."""
