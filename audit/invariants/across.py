"""Invariants across the databases: they hold once nothing is under way any more."""

from audit.invariants.bookings import PAID
from audit.invariants.invariant import Invariant
from audit.invariants.seats import RESERVATION_MAX_MINUTES

ACROSS = (
    Invariant(
        "no-saga-is-unfinished",
        "every booking and every refund has come to a state that callers can see, but for refunds shown as stuck and "
        "those that wait for a dispute",
        ("booking.bookings", "booking.booking_refunds"),
        """
        SELECT id AS booking_id, state, lease_until FROM booking.bookings
        WHERE (state IN ('PENDING', 'CONFIRMED', 'CANCELLED', 'EXPIRED', 'REFUNDED')) IS NOT TRUE
            AND refund_stuck IS NOT TRUE
        UNION ALL
        SELECT r.booking_id, r.state, r.lease_until FROM booking.booking_refunds r
        WHERE r.state IS DISTINCT FROM 'REFUNDED' AND r.stuck IS NOT TRUE AND NOT EXISTS (
            SELECT FROM booking.bookings b JOIN payment.payments p ON p.id = b.payment_id
            WHERE b.id = r.booking_id AND p.disputed_amount > 0
        )
        """,
    ),
    Invariant(
        "nothing-is-left-to-tell",
        "every message of an outbox and every webhook of the bank has been delivered, none is a dead letter",
        ("booking.outbox", "payment.outbox", "bank.deliveries"),
        """
        SELECT 'booking' AS sender, id::text, topic, attempts, dead_reason AS error FROM booking.outbox
        UNION ALL SELECT 'payment', id::text, topic, attempts, dead_reason FROM payment.outbox
        UNION ALL SELECT 'bank', id, type, attempts, last_error FROM bank.deliveries WHERE delivered_at IS NULL
        """,
    ),
    Invariant(
        "no-refund-is-under-way",
        "every refund that was accepted has been carried out, but for those shown as stuck or that wait for a dispute",
        ("payment.refunds",),
        """
        SELECT r.id AS refund_id, r.payment_id, r.cause, r.amount, r.state, r.attempts FROM payment.refunds r
        WHERE (r.state IN ('SUCCEEDED', 'STUCK')) IS NOT TRUE
            AND NOT EXISTS (SELECT FROM payment.payments p WHERE p.id = r.payment_id AND p.disputed_amount > 0)
        """,
    ),
    Invariant(
        "booked-seats-are-those-of-confirmed-bookings",
        "every BOOKED seat belongs to a CONFIRMED booking that names it, and each has what is left of its seats",
        ("inventory.show_seats WHERE status = 'BOOKED'", "booking.bookings WHERE state = 'CONFIRMED'"),
        """
        SELECT coalesce(s.show_id, c.show_id) AS show_id, coalesce(s.id, c.seat_id) AS seat_id,
            s.booking_id AS booked_by, c.booking_id AS confirmed_for
        FROM (SELECT * FROM inventory.show_seats WHERE status = 'BOOKED') AS s
        FULL JOIN (
            SELECT b.show_id, b.id AS booking_id, bs.seat_id
            FROM booking.bookings b LEFT JOIN booking.booking_seats bs ON bs.booking_id = b.id
            WHERE b.state = 'CONFIRMED' AND bs.refund_id IS NULL
        ) AS c ON (c.show_id, c.booking_id, c.seat_id) = (s.show_id, s.booking_id, s.id)
        WHERE s.id IS NULL OR c.seat_id IS NULL
        """,
    ),
    Invariant(
        "claims-follow-bookings",
        "inventory remembers of every claim what became of its booking, no claim is alive without one, and no booking "
        "waits for its payment longer than its claim",
        ("booking.bookings", "inventory.reservations"),
        """
        SELECT coalesce(b.id, r.booking_id) AS booking_id, b.state, b.expires_at, r.state AS claim,
            r.expires_at AS claim_expires_at
        FROM booking.bookings b FULL JOIN inventory.reservations r ON (r.show_id, r.booking_id) = (b.show_id, b.id)
        WHERE CASE b.state
            WHEN 'PENDING' THEN r.state IN ('RESERVED', 'RELEASED') AND b.expires_at <= r.expires_at
            WHEN 'CONFIRMED' THEN r.state = CASE WHEN EXISTS (
                SELECT FROM booking.booking_seats s WHERE s.booking_id = b.id AND s.refund_id IS NULL
            ) THEN 'CONFIRMED' ELSE 'REFUSED' END
            WHEN 'EXPIRED' THEN r.state IN ('RELEASED', 'REFUSED')
            WHEN 'CANCELLED' THEN r.state = 'REFUSED'
            WHEN 'REFUNDING' THEN r.state IN ('CONFIRMED', 'REFUSED')
            WHEN 'REFUNDED' THEN r.state = 'REFUSED'
            ELSE b.id IS NULL AND r.state = 'REFUSED'
        END IS NOT TRUE
        """,
    ),
    Invariant(
        "claims-are-for-what-was-booked",
        "a claim is of its booking's user, on its booking's seats and no others",
        ("inventory.reservations WHERE user_id IS NOT NULL",),
        """
        SELECT b.id AS booking_id, b.state, b.user_id, r.user_id AS claimed_by, s.seat_ids, r.seat_ids AS claimed
        FROM inventory.reservations r
        JOIN booking.bookings b ON b.id = r.booking_id
        JOIN (
            SELECT booking_id, array_agg(seat_id) AS seat_ids FROM booking.booking_seats GROUP BY booking_id
        ) AS s ON s.booking_id = b.id
        WHERE b.user_id IS DISTINCT FROM r.user_id
            OR (s.seat_ids @> r.seat_ids AND r.seat_ids @> s.seat_ids) IS NOT TRUE
        """,
    ),
    Invariant(
        "booked-seats-are-as-inventory-sells-them",
        "the seats of a booking are seats of its show, at its claim's prices but for kinds of tickets that "
        "have others, and inventory's currency; it starts when its show does, or did while it could become a ticket",
        ("booking.booking_seats",),
        """
        SELECT b.id AS booking_id, bs.seat_id, bs.section, bs.row, bs.number, bs.tier, bs.price,
            s.id AS sold_seat_id, s.price AS sold_at, r.prices, b.currency, c.currency AS sold_in, b.starts_at,
            c.starts_at AS sold_starts_at
        FROM booking.booking_seats bs
        LEFT JOIN booking.bookings b ON b.id = bs.booking_id
        LEFT JOIN inventory.show_seats s ON (s.show_id, s.id) = (b.show_id, bs.seat_id)
        LEFT JOIN inventory.show_counters c ON c.show_id = b.show_id
        LEFT JOIN inventory.reservations r ON (r.show_id, r.booking_id) = (b.show_id, b.id)
        WHERE (bs.section, bs.row, bs.number, bs.tier)
                IS DISTINCT FROM (s.section, s.row, CASE WHEN s.area_id IS NULL THEN s.number ELSE 0 END, s.tier)
            OR bs.label <> coalesce(s.label, s.number::text)
            OR bs.features <> coalesce(array_to_string(s.features, ','), '')
            OR CASE bs.kind WHEN 'ADULT' THEN bs.price END <> r.prices[array_position(r.seat_ids, bs.seat_id)]
            OR (CASE bs.kind WHEN 'ADULT' THEN bs.price END <> s.price AND s.booking_id = b.id)
            OR b.currency IS DISTINCT FROM c.currency
            OR (b.starts_at IS DISTINCT FROM c.starts_at AND b.show_revision = c.revision)
        """,
    ),
    Invariant(
        "bookings-are-for-what-the-catalogue-shows",
        "a booking says of its show what the catalogue says: event, title, hall, venue, city, start; "
        "words that were edited may be other ones now, and times where it was rescheduled after the end of the booking",
        ("booking.bookings",),
        """
        SELECT b.id AS booking_id, b.show_id, b.title, b.theatre, b.city, b.screen, b.starts_at, e.id AS event_id,
            e.title AS shown_title, v.name AS shown_theatre, v.city AS shown_city, h.name AS shown_screen,
            w.starts_at AS shown_at
        FROM booking.bookings b
        LEFT JOIN inventory.shows w ON w.id = b.show_id
        LEFT JOIN inventory.events e ON e.id = w.event_id
        LEFT JOIN inventory.screens h ON h.id = w.screen_id
        LEFT JOIN inventory.venues v ON v.id = h.venue_id
        WHERE (b.event_id, b.is_movie) IS DISTINCT FROM (e.id, e.category = 'MOVIE')
            OR ((b.screen, b.starts_at) IS DISTINCT FROM (h.name, w.starts_at) AND b.show_revision = w.revision)
            OR (e.updated_at IS NULL AND b.title IS DISTINCT FROM e.title)
            OR (v.updated_at IS NULL AND (b.theatre, b.city) IS DISTINCT FROM (v.name, v.city))
        """,
    ),
    Invariant(
        "bookings-keep-whose-their-show-is",
        "the organization that a booking names is the one whose its show is",
        ("booking.bookings",),
        """
        SELECT b.id AS booking_id, b.show_id, b.organization_id, w.organization_id AS organization_of_show
        FROM booking.bookings b LEFT JOIN inventory.shows w ON w.id = b.show_id
        WHERE b.organization_id IS NOT NULL AND b.organization_id IS DISTINCT FROM w.organization_id
        """,
    ),
    Invariant(
        "no-money-without-a-ticket",
        "the gateways hold of each booking what was paid if it is CONFIRMED, what was kept if it is REFUNDED, "
        "and nothing otherwise, but for refunds shown as stuck",
        ("booking.bookings", "bank.ledger", "payment.payments WHERE gateway <> 'bank'"),
        f"""
        WITH held AS (
            SELECT booking_id, sum(amount) AS net FROM (
                SELECT p.booking_id, l.amount
                FROM bank.ledger l LEFT JOIN bank.sessions s ON s.id = l.session_id
                LEFT JOIN payment.payments p ON p.id = s.payment_id
                UNION ALL
                SELECT booking_id, amount - refunded_amount FROM payment.payments
                WHERE gateway <> 'bank' AND state IN ('SUCCESS', 'REFUNDED', 'PARTIALLY_REFUNDED')
            ) AS moved GROUP BY booking_id
        ), sent_back AS (
            SELECT p.booking_id, coalesce(sum(r.amount) FILTER (WHERE r.state = 'STUCK' AND r.cause <> 'REQUESTED'), 0)
                AS stuck, coalesce(sum(r.amount) FILTER (WHERE r.state = 'SUCCEEDED' AND r.cause = 'REQUESTED'), 0)
                AS returned, coalesce(sum(r.amount) FILTER (
                    WHERE r.state = 'STUCK' AND r.cause = 'REQUESTED' AND r.undone > 0
                ), 0) AS undone
            FROM payment.refunds r JOIN payment.payments p ON p.id = r.payment_id
            GROUP BY p.booking_id
        )
        SELECT coalesce(b.id, h.booking_id) AS booking_id, b.state, {PAID} AS paid, b.refund_amount, h.net
        FROM booking.bookings b
        FULL JOIN held h ON h.booking_id = b.id
        LEFT JOIN sent_back r ON r.booking_id = b.id
        WHERE b.id IS NULL OR coalesce(h.net, 0) IS DISTINCT FROM coalesce(r.stuck, 0) + CASE b.state
            WHEN 'CONFIRMED' THEN {PAID} - coalesce(r.returned, 0)
            WHEN 'REFUNDING' THEN {PAID} - coalesce(r.returned, 0)
            WHEN 'REFUNDED' THEN {PAID} - b.refund_amount + coalesce(r.undone, 0)
            ELSE 0
        END
        """,
    ),
    Invariant(
        "one-capture-is-kept",
        "no booking keeps the money of two payments",
        ("payment.payments WHERE state IN ('SUCCESS', 'PARTIALLY_REFUNDED')",),
        """
        SELECT p.booking_id, count(*) AS kept
        FROM payment.payments p JOIN bank.sessions s ON s.id = p.session_id
        WHERE s.status = 'CAPTURED' AND (s.refunded_amount = s.amount) IS NOT TRUE AND NOT EXISTS (
            SELECT FROM payment.refunds r WHERE r.payment_id = p.id AND r.state = 'STUCK' AND r.cause <> 'REQUESTED'
        )
        GROUP BY p.booking_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "payment-sees-what-the-bank-did",
        "a payment's state is that of its session, and it gave back what the bank gave back",
        ("payment.payments",),
        """
        SELECT p.id AS payment_id, p.state, p.refunded_amount, s.status, s.refunded_amount AS bank_refunded_amount
        FROM payment.payments p JOIN bank.sessions s ON s.id = p.session_id
        WHERE p.refunded_amount IS DISTINCT FROM s.refunded_amount OR p.state IS DISTINCT FROM CASE s.status
            WHEN 'OPEN' THEN 'PENDING'
            WHEN 'DECLINED' THEN 'FAILED'
            WHEN 'CLOSED' THEN 'FAILED'
            WHEN 'EXPIRED' THEN 'EXPIRED'
            WHEN 'CAPTURED' THEN CASE s.refunded_amount
                WHEN 0 THEN 'SUCCESS'
                WHEN s.amount THEN 'REFUNDED'
                ELSE 'PARTIALLY_REFUNDED'
            END
        END
        """,
    ),
    Invariant(
        "payments-are-over-the-frozen-price",
        "a payment asks its booking's user for what is to be paid for it",
        ("payment.payments",),
        f"""
        SELECT p.id AS payment_id, p.booking_id, p.user_id, p.amount, p.currency,
            b.user_id AS booked_by, {PAID} AS to_pay, b.currency AS booked_in
        FROM payment.payments p LEFT JOIN booking.bookings b ON b.id = p.booking_id
        WHERE (p.user_id, p.amount, p.currency) IS DISTINCT FROM (b.user_id, {PAID}, b.currency)
        """,
    ),
    Invariant(
        "booking-heard-of-every-capture",
        "what booking knows of captured money is what the bank took for that payment and booking, and each is settled",
        ("bank.ledger WHERE kind = 'CAPTURE'", "booking.captures"),
        """
        SELECT coalesce(c.session_id, l.session_id) AS session_id, c.payment_id, c.booking_id, c.settlement,
            c.amount AS known, l.amount AS taken, l.payment_id AS taken_by, l.booking_id AS taken_for
        FROM booking.captures c
        FULL JOIN (
            SELECT l.session_id, l.amount, l.currency, s.payment_id, p.booking_id
            FROM bank.ledger l LEFT JOIN bank.sessions s ON s.id = l.session_id
            LEFT JOIN payment.payments p ON p.id = s.payment_id
            WHERE l.kind = 'CAPTURE'
            UNION ALL
            SELECT session_id, amount, currency, id, booking_id FROM payment.payments
            WHERE gateway <> 'bank' AND state IN ('SUCCESS', 'REFUNDED', 'PARTIALLY_REFUNDED')
        ) AS l ON l.session_id = c.session_id
        WHERE c.settlement IS NOT DISTINCT FROM 'CONFIRM'
            OR (c.payment_id, c.booking_id, c.amount, c.currency)
                IS DISTINCT FROM (l.payment_id, l.booking_id, l.amount, l.currency)
        """,
    ),
    # A bank may take money after all that it has declined before.
    Invariant(
        "booking-heard-of-every-decline",
        "booking knows of each payment that the bank declined, for its booking, and of no other as declined",
        ("booking.declines", "bank.sessions WHERE status = 'DECLINED'"),
        """
        SELECT coalesce(d.payment_id, p.payment_id) AS payment_id, d.booking_id, p.booking_id AS paid_for, p.status
        FROM booking.declines d FULL JOIN (
            SELECT p.id AS payment_id, p.booking_id, s.status
            FROM payment.payments p JOIN bank.sessions s ON s.payment_id = p.id
        ) AS p ON p.payment_id = d.payment_id
        WHERE CASE
            WHEN d.payment_id IS NULL THEN p.status <> 'DECLINED'
            ELSE d.booking_id = p.booking_id AND p.status IN ('DECLINED', 'CAPTURED')
        END IS NOT TRUE
        """,
    ),
    Invariant(
        "money-that-bought-nothing-goes-back",
        "every capture that bought no ticket is refunded in full for that cause, and nothing else is",
        (
            "booking.captures WHERE settlement NOT IN ('CONFIRM', 'KEPT')",
            "payment.refunds WHERE cause <> 'REQUESTED'",
        ),
        """
        SELECT coalesce(c.payment_id, r.payment_id) AS payment_id, c.booking_id, c.settlement, c.amount,
            r.cause, r.amount AS refunded, r.state
        FROM (SELECT * FROM booking.captures WHERE settlement NOT IN ('CONFIRM', 'KEPT')) AS c
        FULL JOIN (SELECT * FROM payment.refunds WHERE cause <> 'REQUESTED') AS r
            ON (r.payment_id, r.cause) = (c.payment_id, c.settlement)
        WHERE r.amount IS DISTINCT FROM c.amount
        """,
    ),
    Invariant(
        "cancelled-bookings-stay-cancelled",
        "a booking that payment has closed is CANCELLED, and one that is CANCELLED is closed: for good",
        ("booking.bookings WHERE state = 'CANCELLED'", "payment.booking_accounts WHERE closed_at IS NOT NULL"),
        """
        SELECT coalesce(b.id, a.booking_id) AS booking_id, b.state, a.closed_at
        FROM (SELECT * FROM payment.booking_accounts WHERE closed_at IS NOT NULL) AS a
        FULL JOIN booking.bookings b ON b.id = a.booking_id
        WHERE (b.state IS NOT DISTINCT FROM 'CANCELLED') <> (a.booking_id IS NOT NULL)
        """,
    ),
    Invariant(
        "accounts-are-of-bookings",
        "every account that payment has is of a booking that there is",
        ("payment.booking_accounts",),
        """
        SELECT a.booking_id, a.closed_at
        FROM payment.booking_accounts a LEFT JOIN booking.bookings b ON b.id = a.booking_id
        WHERE b.id IS NULL
        """,
    ),
    Invariant(
        "sessions-end-with-their-claims",
        "no checkout session of the bank ends later than its booking's claim might at most",
        ("bank.sessions",),
        f"""
        SELECT s.id AS session_id, p.booking_id, s.status, s.expires_at, r.reserved_at
        FROM bank.sessions s
        JOIN payment.payments p ON p.id = s.payment_id
        LEFT JOIN inventory.reservations r ON r.booking_id = p.booking_id
        LEFT JOIN inventory.show_counters c ON c.show_id = r.show_id
        WHERE (
            s.expires_at <= r.reserved_at
                + make_interval(mins => least(c.reservation_max_minutes, {RESERVATION_MAX_MINUTES}))
        ) IS NOT TRUE
        """,
    ),
    Invariant(
        "ended-bookings-cannot-be-paid",
        "no checkout session is open for a booking that was cancelled, confirmed or refunded",
        ("booking.bookings WHERE state IN ('CANCELLED', 'CONFIRMED', 'REFUNDING', 'REFUNDED')",),
        """
        SELECT b.id AS booking_id, b.state, s.id AS session_id
        FROM booking.bookings b
        JOIN payment.payments p ON p.booking_id = b.id
        JOIN bank.sessions s ON s.id = p.session_id
        CROSS JOIN bank.clock
        WHERE b.state IN ('CANCELLED', 'CONFIRMED', 'REFUNDING', 'REFUNDED') AND s.status = 'OPEN'
            AND (s.expires_at <= clock.now) IS NOT TRUE
        """,
    ),
    Invariant(
        "a-deleted-user-is-forgotten",
        "once a deletion is done, no service has words that its user wrote before, nor a name of theirs, nor finds "
        "their bookings by one",
        ("identity.deletions",),
        """
        SELECT d.user_id, 'review' AS what, r.id FROM identity.deletions d JOIN inventory.reviews r USING (user_id)
        WHERE r.text || r.shown_name <> '' AND coalesce(r.updated_at, r.created_at) < d.done_at
        UNION ALL
        SELECT d.user_id, 'guest', b.id FROM identity.deletions d JOIN booking.bookings b USING (user_id)
        WHERE b.guest_name <> '' AND b.created_at < d.done_at
        UNION ALL
        SELECT d.user_id, 'name', b.id FROM identity.deletions d JOIN booking.bookings b USING (user_id)
        JOIN booking.booking_names n ON n.booking_id = b.id
        WHERE b.created_at < d.done_at
        """,
    ),
)
