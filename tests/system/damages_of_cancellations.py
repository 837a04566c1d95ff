"""Damages to cancelled shows and the sweeps of their bookings."""

from __future__ import annotations

from tests.system.damage import CONFIRMED, NEW, PENDING, Damage

LOCKED, STATES = "shows-are-cancelled-under-their-lock", "sweeps-are-what-their-state-says"
LIVE, SWEPT = "no-live-claim-on-a-cancelled-show", "cancelled-shows-are-swept"
KEPT, TOLD = "nobody-keeps-a-ticket-or-money-of-a-cancelled-show", "whoever-is-told-so-has-a-cancelled-show"
EVENTS = "cancelled-shows-have-their-events"

CANCELLED = "(SELECT show_id FROM inventory.cancelled_shows LIMIT 1)"
OTHER = "(SELECT id FROM inventory.shows WHERE status = 'SCHEDULED' LIMIT 1)"
_DONE = "(show_id, reason, by_admin, requested_at, cancelled_at, done_at)"


def of_cancelled(booking: str) -> str:
    """Let a booking be of the cancelled show."""
    return f"UPDATE booking.bookings SET show_id = {CANCELLED} WHERE id = {booking}"


def reserved(state: str) -> str:
    return f"""
        INSERT INTO inventory.reservations (show_id, booking_id, state, seat_ids, reserved_at, expires_at, changed_at)
            VALUES ({CANCELLED}, {NEW}, '{state}', '{{}}', now(), now(), now())
    """


OF_CANCELLATIONS = (
    Damage(
        "a cancelled show that sells",
        LOCKED,
        f"UPDATE inventory.show_counters SET status = 'SCHEDULED' WHERE show_id = {CANCELLED}",
    ),
    Damage("a cancelled show that nobody remembers", LOCKED, "DELETE FROM inventory.cancelled_shows"),
    Damage("a show remembered as cancelled", LOCKED, f"UPDATE inventory.cancelled_shows SET show_id = {OTHER}"),
    Damage(
        "a show that is swept twice",
        STATES,
        "INSERT INTO booking.cancelled_shows SELECT * FROM booking.cancelled_shows",
    ),
    Damage("a show swept before it was cancelled", STATES, "UPDATE booking.cancelled_shows SET cancelled_at = NULL"),
    Damage(
        "a hold on a cancelled show",
        LIVE,
        f"UPDATE inventory.show_seats SET status = 'HELD' WHERE show_id = {CANCELLED}",
    ),
    Damage("a claim on a cancelled show", LIVE, reserved("RESERVED")),
    Damage("a ticket of a cancelled show", LIVE, reserved("CONFIRMED")),
    Damage("a sweep that is not over", SWEPT, "UPDATE booking.cancelled_shows SET done_at = NULL"),
    Damage("a cancelled show that booking has not heard of", SWEPT, "DELETE FROM booking.cancelled_shows"),
    Damage(
        "a show that is swept and goes on",
        SWEPT,
        f"INSERT INTO booking.cancelled_shows {_DONE} VALUES ({OTHER}, 'x', true, now(), now(), now())",
    ),
    Damage("a booking that waits for a cancelled show", KEPT, of_cancelled(PENDING)),
    Damage("money that is kept of a cancelled show", KEPT, of_cancelled(CONFIRMED)),
    Damage(
        "a booking cancelled with a show that goes on",
        TOLD,
        "UPDATE booking.bookings SET cancel_reason = 'SHOW_CANCELLED' WHERE state = 'CANCELLED'",
    ),
    Damage("a refund for a show that goes on", TOLD, "UPDATE booking.booking_refunds SET cause = 'SHOW_CANCELLED'"),
    Damage(
        "a cancellation that nobody is told of", EVENTS, "DELETE FROM inventory.topic_events WHERE kind = 'CANCELLED'"
    ),
    Damage(
        "a cancellation of a show that goes on",
        EVENTS,
        f"UPDATE inventory.topic_events SET kind = 'CANCELLED' WHERE key = {OTHER}",
    ),
    Damage(
        "a reason of a booking that is not cancelled",
        "bookings-are-what-their-state-says",
        f"UPDATE booking.bookings SET cancel_reason = 'BY_USER' WHERE id = {CONFIRMED}",
    ),
    Damage(
        "a reason that there is not",
        "bookings-are-what-their-state-says",
        "UPDATE booking.bookings SET cancel_reason = 'WHIM' WHERE state = 'CANCELLED'",
    ),
)
