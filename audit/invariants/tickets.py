"""Invariants of tickets. What code from before has confirmed or refunded waits for a job, and is left out meanwhile."""

from audit.invariants.invariant import Invariant

TICKETS = (
    Invariant(
        "each-seat-of-a-ticket-has-its-own",
        "a confirmed booking has a ticket for each seat, under the id that it names, for its show and its user or "
        "whom that user has given it to; it is revoked if, and only if, the seat was given back; nobody else has one",
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
        LEFT JOIN booking.ticket_offers o ON o.ticket_id = t.id AND o.state = 'ACCEPTED'
        WHERE (b.state IN ('CONFIRMED', 'REFUNDED')) IS NOT TRUE
            OR (t.id, t.show_id, t.user_id)
                IS DISTINCT FROM (b.ticket_id, b.show_id, coalesce(o.recipient_id, b.user_id))
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
    Invariant(
        "an-offer-is-of-its-makers-ticket",
        "an offer is by the buyer, of a ticket of the booking, and in a state that there is; it has an address as "
        "long as it is open, and a name then or where it was accepted; who has accepted is known and not the buyer; "
        "a mail waits for an open offer only",
        ("booking.ticket_offers",),
        """
        SELECT o.id AS offer_id, o.ticket_id, o.state, o.mail_state
        FROM booking.ticket_offers o
        LEFT JOIN booking.tickets t ON t.id = o.ticket_id LEFT JOIN booking.bookings b ON b.id = o.booking_id
        WHERE (t.booking_id, t.show_id, b.user_id) IS DISTINCT FROM (o.booking_id, o.show_id, o.user_id)
            OR (o.state IN ('OPEN', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'EXPIRED', 'RETURNED')) IS NOT TRUE
            OR (o.state = 'OPEN') IS DISTINCT FROM (o.email <> '')
            OR (o.recipient_name = '' OR o.state IN ('OPEN', 'ACCEPTED')) IS NOT TRUE
            OR o.state IN ('ACCEPTED', 'RETURNED') AND (o.recipient_id <> o.user_id) IS NOT TRUE
            OR (o.expires_at > o.created_at) IS NOT TRUE
            OR o.mail_state = 'WAITING' AND o.state <> 'OPEN'
        """,
    ),
    Invariant(
        "a-ticket-is-offered-once-at-a-time",
        "of the offers of a ticket, one at most is open or accepted; each is there once",
        ("booking.ticket_offers",),
        """
        SELECT ticket_id, count(*) AS offers FROM booking.ticket_offers WHERE state IN ('OPEN', 'ACCEPTED')
        GROUP BY ticket_id HAVING count(*) > 1
        UNION ALL
        SELECT min(ticket_id::text)::uuid, count(*) FROM booking.ticket_offers GROUP BY id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "a-ticket-has-another-code-with-each-holder",
        "the code of a ticket has changed once for each time that the ticket has changed hands",
        ("booking.tickets",),
        """
        SELECT t.id AS ticket_id, t.revision, o.moves
        FROM booking.tickets t LEFT JOIN (
            SELECT ticket_id, sum(CASE state WHEN 'ACCEPTED' THEN 1 WHEN 'RETURNED' THEN 2 ELSE 0 END) AS moves
            FROM booking.ticket_offers GROUP BY ticket_id
        ) AS o ON o.ticket_id = t.id
        WHERE t.revision IS DISTINCT FROM 1 + coalesce(o.moves, 0)
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
