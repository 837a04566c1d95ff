"""Invariants of tickets. What code from before has confirmed or refunded waits for a job, and is left out meanwhile."""

from audit.invariants.invariant import Invariant

TICKETS = (
    Invariant(
        "each-seat-of-a-ticket-has-its-own",
        "a confirmed booking has a ticket for each seat, under the id that it names, for its show and its user; it is "
        "revoked if, and only if, the seat was given back, and nobody else has one",
        ("booking.tickets", "booking.bookings WHERE ticket_ids IS NOT NULL"),
        """
        SELECT coalesce(b.id, t.booking_id) AS booking_id, b.state, b.seat_id, b.ticket_id, t.id, t.show_seat_id,
            t.state AS ticket_state, b.refund_id
        FROM (
            SELECT b.id, b.state, b.show_id, b.user_id, b.ticket_ids[s.position + 1] AS ticket_id, s.seat_id,
                s.refund_id, f.tickets_revoked
            FROM booking.bookings b
            LEFT JOIN booking.booking_seats s ON s.booking_id = b.id
            LEFT JOIN booking.booking_refunds f ON f.id = s.refund_id
            WHERE b.ticket_ids IS NOT NULL
        ) AS b FULL JOIN booking.tickets t ON (t.booking_id, t.show_seat_id) = (b.id, b.seat_id)
        WHERE (b.state IN ('CONFIRMED', 'REFUNDED')) IS NOT TRUE
            OR (t.id, t.show_id, t.user_id) IS DISTINCT FROM (b.ticket_id, b.show_id, b.user_id)
            OR CASE t.state
                WHEN 'REVOKED' THEN b.refund_id IS NOT NULL
                WHEN 'VALID' THEN b.refund_id IS NULL OR NOT b.tickets_revoked
                WHEN 'ADMITTED' THEN b.refund_id IS NULL OR NOT b.tickets_revoked
            END IS NOT TRUE
        """,
    ),
    Invariant(
        "one-ticket-is-good-for-a-seat",
        "of the tickets for a seat of a show, one at most is not revoked; each is there once",
        ("booking.tickets",),
        """
        SELECT show_id, show_seat_id, count(*) AS tickets FROM booking.tickets WHERE state IS DISTINCT FROM 'REVOKED'
        GROUP BY show_id, show_seat_id HAVING count(*) > 1
        UNION ALL
        SELECT min(show_id::text)::uuid, min(show_seat_id::text)::uuid, count(*) FROM booking.tickets
        GROUP BY id HAVING count(*) > 1
        """,
    ),
)

TICKETS_AT_REST = (
    Invariant(
        "whoever-has-a-seat-has-a-ticket-for-it",
        "for each BOOKED seat there is one ticket that is good, of the booking that has it, and for no other seat",
        ("inventory.show_seats WHERE status = 'BOOKED'", "booking.tickets WHERE state <> 'REVOKED'"),
        """
        SELECT coalesce(s.show_id, t.show_id) AS show_id, coalesce(s.id, t.show_seat_id) AS seat_id,
            s.booking_id AS booked_by, t.booking_id AS ticket_of, t.id AS ticket_id
        FROM (SELECT * FROM inventory.show_seats WHERE status = 'BOOKED') AS s
        FULL JOIN (SELECT * FROM booking.tickets WHERE state <> 'REVOKED') AS t
            ON (t.show_id, t.show_seat_id, t.booking_id) = (s.show_id, s.id, s.booking_id)
        WHERE s.id IS NULL OR t.id IS NULL
        """,
    ),
)
