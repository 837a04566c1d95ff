"""Invariants of cancelled shows: no ticket is left, and nobody keeps money."""

from audit.invariants.invariant import Invariant

_CANCELLED = "(SELECT * FROM inventory.shows WHERE status = 'CANCELLED')"

CANCELLATIONS = (
    Invariant(
        "shows-are-cancelled-under-their-lock",
        "a show is in the state that its counter has, by which seats are sold, and what is cancelled is remembered so",
        ("inventory.shows",),
        """
        SELECT coalesce(w.id, x.show_id) AS show_id, w.status, c.status AS counted_status, x.cancelled_at
        FROM inventory.shows w
        LEFT JOIN inventory.show_counters c ON c.show_id = w.id
        FULL JOIN inventory.cancelled_shows x ON x.show_id = w.id
        WHERE w.status IS DISTINCT FROM c.status
            OR (w.status = 'CANCELLED') IS DISTINCT FROM (x.show_id IS NOT NULL)
        """,
    ),
    Invariant(
        "sweeps-are-what-their-state-says",
        "a show is swept once inventory has cancelled it, and over only then; it is there once",
        ("booking.cancelled_shows",),
        """
        SELECT show_id, count(*) AS times, min(cancelled_at) AS cancelled_at, min(done_at) AS done_at
        FROM booking.cancelled_shows GROUP BY show_id
        HAVING count(*) > 1 OR count(done_at) > count(cancelled_at)
        """,
    ),
)

CANCELLATIONS_AT_REST = (
    Invariant(
        "no-live-claim-on-a-cancelled-show",
        "no seat of a cancelled show is held, reserved or booked, and no claim on one is alive",
        ("inventory.show_counters WHERE status = 'CANCELLED'",),
        """
        SELECT show_id, s.id AS seat_id, s.status, s.booking_id
        FROM inventory.show_seats s
        JOIN (SELECT show_id FROM inventory.show_counters WHERE status = 'CANCELLED') AS c USING (show_id)
        WHERE (s.status IN ('AVAILABLE', 'BLOCKED')) IS NOT TRUE
        UNION ALL
        SELECT show_id, NULL, r.state, r.booking_id
        FROM inventory.reservations r
        JOIN (SELECT show_id FROM inventory.show_counters WHERE status = 'CANCELLED') AS c USING (show_id)
        WHERE (r.state IN ('RELEASED', 'REFUSED')) IS NOT TRUE
        """,
    ),
    Invariant(
        "cancelled-shows-are-swept",
        "a show that inventory has cancelled is swept by booking to the end, and no other show is",
        ("inventory.shows WHERE status = 'CANCELLED'", "booking.cancelled_shows"),
        f"""
        SELECT coalesce(w.id, c.show_id) AS show_id, w.status, c.cancelled_at, c.done_at
        FROM {_CANCELLED} AS w FULL JOIN booking.cancelled_shows c ON c.show_id = w.id
        WHERE w.id IS NULL OR c.done_at IS NULL
        """,
    ),
    Invariant(
        "nobody-keeps-a-ticket-or-money-of-a-cancelled-show",
        "no booking of a cancelled show is under way or waits for its payment, none has seats left that are paid for",
        ("booking.cancelled_shows",),
        """
        SELECT b.id AS booking_id, b.show_id, b.state
        FROM booking.bookings b JOIN booking.cancelled_shows c ON c.show_id = b.show_id
        WHERE CASE b.state
            WHEN 'CONFIRMED' THEN b.id IN (SELECT booking_id FROM booking.booking_seats WHERE refund_id IS NULL)
            ELSE b.state IN ('RESERVING', 'PENDING', 'CONFIRMING')
        END
        """,
    ),
    Invariant(
        "whoever-is-told-so-has-a-cancelled-show",
        "a booking that was cancelled or refunded with its show is of a show that is cancelled",
        ("booking.bookings",),
        f"""
        SELECT told.booking_id, told.show_id
        FROM (
            SELECT id AS booking_id, show_id FROM booking.bookings WHERE cancel_reason = 'SHOW_CANCELLED'
            UNION
            SELECT b.id, b.show_id FROM booking.bookings b JOIN booking.booking_refunds r ON r.booking_id = b.id
            WHERE r.cause = 'SHOW_CANCELLED'
        ) AS told
        LEFT JOIN {_CANCELLED} AS w ON w.id = told.show_id
        WHERE w.id IS NULL
        """,
    ),
)
