"""Invariants of idempotency keys: what was answered under them is there.

Of an answer the copies have `names` alone, the first id in it: see `audit.audit`.
"""

from audit.invariants.invariant import Invariant

ANSWERED_ABOUT = {
    "events": ("CreateEvent", "CreateMovie"),
    "venues": ("CreateVenue",),
    "screens": ("CreateScreen", "AddSection", "ImportHall"),
    "shows": ("CreateShow", "RescheduleShow", "HoldSeats"),
    "access_codes": ("CreateAccessCode",),
}
"""The methods of inventory that take a key, by the table that has what their answers are about."""
COUNTED = "UnblockSeats"
"""Its answers say how many seats were unblocked, and name nothing."""

_MADE = " UNION ALL ".join(
    f"SELECT id, '{method}' AS method FROM inventory.{table}"
    for table, methods in ANSWERED_ABOUT.items()
    for method in methods
)

KEYS = (
    Invariant(
        "keys-of-bookings-have-their-answers",
        "a booking that was made under a key is the one that is answered under it, to its user and the same request; "
        "a free one once it is confirmed",
        (
            "booking.idempotency_keys WHERE method = 'CreateBooking'",
            "booking.bookings WHERE idempotency_key IS NOT NULL",
        ),
        """
        SELECT coalesce(b.id, k.names) AS booking_id, b.state, coalesce(b.user_id, k.user_id) AS user_id,
            coalesce(b.idempotency_key, k.key) AS key, k.names
        FROM (SELECT * FROM booking.idempotency_keys WHERE method = 'CreateBooking') AS k
        FULL JOIN (
            SELECT * FROM booking.bookings WHERE idempotency_key IS NOT NULL AND state <> 'RESERVING'
                AND NOT (state = 'CONFIRMING' AND payment_id IS NULL)
        ) AS b
            ON (b.user_id, b.idempotency_key) = (k.user_id, k.key)
        WHERE (b.id, b.request_hash) IS DISTINCT FROM (k.names, k.request_hash)
        """,
    ),
    Invariant(
        "answers-about-bookings-are-to-their-users",
        "what was answered under a key of booking is about a booking of who asked, or a coupon, gate or offer",
        ("booking.idempotency_keys WHERE method NOT IN ('CreateCoupon', 'CreateGate', 'OfferTicket')",),
        """
        SELECT k.method, k.user_id, k.key, k.names, b.user_id AS booked_by
        FROM booking.idempotency_keys k LEFT JOIN booking.bookings b ON b.id = k.names
        WHERE k.method NOT IN ('CreateCoupon', 'CreateGate', 'OfferTicket') AND k.names IS NOT NULL
            AND b.user_id IS DISTINCT FROM k.user_id
        """,
    ),
    Invariant(
        "answers-about-coupons-are-of-what-there-is",
        "what was answered under a key about a coupon is about one that there is",
        ("booking.idempotency_keys WHERE method = 'CreateCoupon'",),
        """
        SELECT k.user_id, k.key, k.names FROM booking.idempotency_keys k LEFT JOIN booking.coupons c ON c.id = k.names
        WHERE k.method = 'CreateCoupon' AND c.id IS NULL
        """,
    ),
    Invariant(
        "answers-about-gates-are-of-what-there-is",
        "what was answered under a key about a gate is about one that there is",
        ("booking.idempotency_keys WHERE method = 'CreateGate'",),
        """
        SELECT k.user_id, k.key, k.names FROM booking.idempotency_keys k LEFT JOIN booking.gates g ON g.id = k.names
        WHERE k.method = 'CreateGate' AND g.id IS NULL
        """,
    ),
    Invariant(
        "answers-about-offers-are-to-their-makers",
        "what was answered under a key about an offer of a ticket is about one of who asked",
        ("booking.idempotency_keys WHERE method = 'OfferTicket'",),
        """
        SELECT k.user_id, k.key, k.names, o.user_id AS made_by
        FROM booking.idempotency_keys k LEFT JOIN booking.ticket_offers o ON o.id = k.names
        WHERE k.method = 'OfferTicket' AND o.user_id IS DISTINCT FROM k.user_id
        """,
    ),
    Invariant(
        "answers-about-payments-are-to-their-users",
        "what was answered under a key of payment is about a payment of who asked",
        ("payment.idempotency_keys",),
        """
        SELECT k.method, k.user_id, k.key, k.names, p.user_id AS paid_by
        FROM payment.idempotency_keys k LEFT JOIN payment.payments p ON p.id = k.names
        WHERE k.answered AND p.user_id IS DISTINCT FROM k.user_id
        """,
    ),
    Invariant(
        "answers-about-the-catalogue-are-of-what-there-is",
        "what was answered under a key of inventory is about an event, a venue, a hall or a show that there is",
        (f"inventory.idempotency_keys WHERE method <> '{COUNTED}'",),
        f"""
        SELECT k.method, k.user_id, k.key, k.names
        FROM inventory.idempotency_keys k
        LEFT JOIN ({_MADE}) AS made ON (made.id, made.method) = (k.names, k.method)
        WHERE made.id IS NULL AND k.method <> '{COUNTED}'
        """,
    ),
    Invariant(
        "answers-about-holds-are-of-their-show",
        "what was answered under a key of a show is about a hold of its seats, an access code that it has, or how many "
        "seats were unblocked",
        ("inventory.show_idempotency_keys",),
        f"""
        SELECT k.method, k.show_id, k.user_id, k.key, k.names
        FROM inventory.show_idempotency_keys k LEFT JOIN inventory.shows s ON s.id = k.show_id
        LEFT JOIN inventory.access_codes c ON (c.show_id, c.id) = (k.show_id, k.names)
        WHERE CASE k.method
            WHEN 'HoldSeats' THEN k.names IS DISTINCT FROM s.id
            WHEN 'CreateAccessCode' THEN c.id IS NULL
            WHEN '{COUNTED}' THEN k.names IS NOT NULL OR s.id IS NULL
            ELSE true
        END
        """,
    ),
)
