"""Invariants of the end of sales: nothing that may still become a ticket outlives it.

Only what has yet to end is asked: rows of before a show had an end of sales stay as they are.
"""

from audit.invariants.invariant import Invariant

SALES = (
    Invariant(
        "sales-end-with-the-start-at-the-latest",
        "a show's sales end at its start or before, and its counter, by which seats are sold, says when as it does",
        ("inventory.shows",),
        """
        SELECT s.id AS show_id, s.starts_at, s.sales_end_at, c.sales_end_at AS counted_sales_end_at
        FROM inventory.shows s JOIN inventory.show_counters c ON c.show_id = s.id
        WHERE s.sales_end_at > s.starts_at
            OR coalesce(s.sales_end_at, s.starts_at) IS DISTINCT FROM coalesce(c.sales_end_at, c.starts_at)
        """,
    ),
    Invariant(
        "no-claim-outlives-sales",
        "no hold and no reservation lasts longer than its show is on sale",
        ("inventory.show_seats WHERE expires_at IS NOT NULL", "inventory.reservations WHERE state = 'RESERVED'"),
        """
        SELECT show_id, s.id AS seat_id, s.status, s.booking_id, s.expires_at, c.starts_at, c.sales_end_at
        FROM inventory.show_seats s JOIN inventory.show_counters c USING (show_id)
        WHERE s.expires_at > coalesce(c.sales_end_at, c.starts_at)
        UNION ALL
        SELECT show_id, NULL, r.state, r.booking_id, r.expires_at, c.starts_at, c.sales_end_at
        FROM inventory.reservations r JOIN inventory.show_counters c USING (show_id)
        WHERE r.state = 'RESERVED' AND r.expires_at > coalesce(c.sales_end_at, c.starts_at)
        """,
    ),
    Invariant(
        "no-booking-waits-longer-than-sales",
        "no booking waits for its payment longer than its show was to be on sale",
        ("booking.bookings WHERE state = 'PENDING'",),
        """
        SELECT id AS booking_id, state, expires_at, starts_at, sales_end_at
        FROM booking.bookings
        WHERE state = 'PENDING' AND expires_at > coalesce(sales_end_at, starts_at)
        """,
    ),
)

SALES_AT_REST = (
    Invariant(
        "no-session-outlives-sales",
        "no session that is open ends later than the sales of the show that is paid for",
        ("bank.sessions WHERE status = 'OPEN'",),
        """
        SELECT s.id AS session_id, b.id AS booking_id, s.expires_at, b.starts_at, b.sales_end_at
        FROM bank.sessions s
        JOIN payment.payments p ON p.session_id = s.id
        JOIN booking.bookings b ON b.id = p.booking_id
        WHERE s.status = 'OPEN' AND s.expires_at > coalesce(b.sales_end_at, b.starts_at)
        """,
    ),
)
