"""Invariants of shows that were rescheduled: their bookings follow them."""

from audit.invariants.invariant import Invariant

RESCHEDULES_AT_REST = (
    Invariant(
        "bookings-have-the-revisions-of-their-shows",
        "a booking that is a ticket, or could become one, has the revision of its show, and no booking a later one",
        ("booking.bookings WHERE show_revision IS NOT NULL",),
        """
        SELECT b.id AS booking_id, b.show_id, b.state, b.show_revision, c.revision
        FROM booking.bookings b LEFT JOIN inventory.show_counters c ON c.show_id = b.show_id
        WHERE b.show_revision > c.revision
            OR (b.state IN ('PENDING', 'CONFIRMED', 'EXPIRED') AND b.show_revision < c.revision)
        """,
    ),
)
