"""Invariants of booking's database."""

from audit.invariants.invariant import Invariant

PAID = "coalesce(b.final_amount, b.total_amount)"
"""What is paid for a booking; code from before lines wrote it as total_amount only."""

BOOKINGS = (
    Invariant(
        "bookings-are-what-their-state-says",
        "a booking has what belongs to its state and nothing else: a price, an end, a payment, a refund, a lease",
        ("booking.bookings",),
        f"""
        SELECT id AS booking_id, state, confirming_from, total_amount, final_amount, currency, expires_at, payment_id,
            refund_amount, refund_percentage, refund_count, refund_stuck, lease_until
        FROM booking.bookings b
        WHERE CASE state
            WHEN 'RESERVING' THEN
                lease_until IS NOT NULL AND num_nonnulls(expires_at, payment_id, refund_amount, refund_percentage) = 0
            WHEN 'PENDING' THEN
                expires_at IS NOT NULL AND num_nonnulls(payment_id, refund_amount, refund_percentage) = 0
            WHEN 'CONFIRMING' THEN lease_until IS NOT NULL AND num_nonnulls(refund_amount, refund_percentage) = 0
                AND (payment_id IS NULL) = ({PAID} = 0)
            WHEN 'CONFIRMED' THEN (payment_id IS NULL) = ({PAID} = 0)
                AND num_nonnulls(refund_amount, refund_percentage) = 2 * sign(refund_count)
            WHEN 'REFUNDING' THEN num_nonnulls(lease_until, payment_id, refund_amount, refund_percentage) = 4
            WHEN 'REFUNDED' THEN
                num_nonnulls(refund_amount, refund_percentage) = 2 AND (payment_id IS NULL) = ({PAID} = 0)
            WHEN 'CANCELLED' THEN num_nonnulls(payment_id, refund_amount, refund_percentage) = 0
            WHEN 'EXPIRED' THEN num_nonnulls(payment_id, refund_amount, refund_percentage) = 0
        END IS NOT TRUE
            OR (confirming_from IN ('PENDING', 'EXPIRED')) IS DISTINCT FROM CASE state WHEN 'CONFIRMING' THEN true END
            OR (state <> 'RESERVING' AND (total_amount >= 0 AND currency <> '') IS NOT TRUE)
            OR (NOT refund_stuck OR state = 'REFUNDING') IS NOT TRUE
            OR (refund_count = 0 OR state IN ('CONFIRMED', 'REFUNDED')) IS NOT TRUE
            OR (confirmed_at IS NULL OR state IN ('CONFIRMED', 'REFUNDING', 'REFUNDED')) IS NOT TRUE
            OR (cancel_reason IS NULL OR (state = 'CANCELLED' AND cancel_reason IN ('BY_USER', 'SHOW_CANCELLED')))
                IS NOT TRUE
            OR num_nulls(user_id, show_id, version) > 0
        """,
    ),
    Invariant(
        "bookings-have-numbers-of-their-own",
        "a booking's number is ten letters and digits without look-alikes, and no other booking has it",
        ("booking.bookings WHERE booking_number IS NOT NULL",),
        """
        SELECT booking_number, count(*) AS bookings FROM booking.bookings
        WHERE booking_number IS NOT NULL
        GROUP BY booking_number HAVING count(*) > 1 OR booking_number !~ '^[2-9A-HJKMNP-TV-Z]{10}$'
        """,
    ),
    Invariant(
        "a-seat-is-sold-once",
        "no seat of a show belongs to two CONFIRMED bookings that have not given it back",
        ("booking.bookings WHERE state = 'CONFIRMED'",),
        """
        SELECT b.show_id, s.seat_id, array_agg(b.id) AS bookings
        FROM booking.bookings b JOIN booking.booking_seats s ON s.booking_id = b.id
        WHERE b.state = 'CONFIRMED' AND s.refund_id IS NULL
        GROUP BY b.show_id, s.seat_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "the-price-is-that-of-the-seats",
        "a booking costs what its seats cost when they were reserved, and names each of them",
        ("booking.bookings WHERE state <> 'RESERVING'",),
        """
        SELECT coalesce(b.id, s.booking_id) AS booking_id, b.state, b.total_amount, s.price AS price_of_seats,
            cardinality(b.seat_labels) AS labels, s.seats
        FROM booking.bookings b FULL JOIN (
            SELECT booking_id, sum(price) AS price, count(*) AS seats, min(price) AS least
            FROM booking.booking_seats GROUP BY booking_id
        ) AS s ON s.booking_id = b.id
        WHERE CASE
            WHEN s.booking_id IS NOT NULL
                THEN b.total_amount = s.price AND cardinality(b.seat_labels) = s.seats AND s.least >= 0
            WHEN b.state IN ('CANCELLED', 'EXPIRED') THEN cardinality(b.seat_labels) > 0  -- its seats are archived
            ELSE b.state = 'RESERVING'
        END IS NOT TRUE
        """,
    ),
    Invariant(
        "lines-add-up",
        "what is taken off, added and paid is the sum of the seats' lines, and no line is below nothing",
        ("booking.bookings WHERE state <> 'RESERVING'",),
        f"""
        SELECT b.id AS booking_id, b.state, b.total_amount, b.discount_amount, b.fee_amount, b.tax_amount,
            b.prices_include_tax, b.final_amount, s.discounts, s.fees, s.taxes, s.least
        FROM booking.bookings b LEFT JOIN (
            SELECT booking_id, sum(discount) AS discounts, sum(fee) AS fees, sum(tax) AS taxes,
                min(least(price - discount, discount, fee, tax, order_amount, unrefundable_amount, organizer_fee,
                    fee::bigint + tax - order_amount - unrefundable_amount)) AS least
            FROM booking.booking_seats GROUP BY booking_id
        ) AS s ON s.booking_id = b.id
        WHERE b.state <> 'RESERVING' AND (
            least(b.discount_amount, b.fee_amount, b.tax_amount) >= 0
            AND {PAID} = b.total_amount::bigint - b.discount_amount + b.fee_amount
                + CASE WHEN b.prices_include_tax THEN 0 ELSE b.tax_amount END
            AND (s.booking_id IS NULL OR s.least >= 0
                AND (s.discounts, s.fees, s.taxes) = (b.discount_amount, b.fee_amount, b.tax_amount))
        ) IS NOT TRUE
        """,
    ),
    Invariant(
        "a-ticket-is-bought-by-one-capture",
        "a booking that is paid for has a capture of what was to be paid, and none else, as a free one, keeps money",
        (
            "booking.bookings WHERE state IN ('CONFIRMING', 'CONFIRMED', 'REFUNDING', 'REFUNDED')",
            "booking.captures WHERE settlement IN ('CONFIRM', 'KEPT')",
        ),
        f"""
        SELECT coalesce(b.id, c.booking_id) AS booking_id, b.state, {PAID} AS to_pay, b.payment_id AS paid_by,
            c.payment_id, c.settlement, c.amount
        FROM (
            SELECT * FROM booking.bookings b
            WHERE state IN ('CONFIRMING', 'CONFIRMED', 'REFUNDING', 'REFUNDED') AND {PAID} IS DISTINCT FROM 0
        ) AS b FULL JOIN (
            SELECT * FROM booking.captures WHERE settlement IN ('CONFIRM', 'KEPT')
        ) AS c ON (c.booking_id, c.payment_id) = (b.id, b.payment_id)
        WHERE (c.amount, c.currency) IS DISTINCT FROM ({PAID}, b.currency)
            OR c.settlement IS DISTINCT FROM CASE b.state WHEN 'CONFIRMING' THEN 'CONFIRM' ELSE 'KEPT' END
        """,
    ),
    Invariant(
        "captures-come-to-something",
        "money that was taken is kept, or under way to be, or goes back for a cause that there is",
        ("booking.captures",),
        """
        SELECT payment_id, booking_id, session_id, amount, settlement
        FROM booking.captures
        WHERE (settlement IN ('CONFIRM', 'KEPT', 'NO_TICKET', 'DUPLICATE', 'MISMATCH')) IS NOT TRUE
            OR num_nulls(payment_id, booking_id, session_id, amount, currency) > 0
        """,
    ),
    Invariant(
        "money-goes-back-for-a-cause-that-there-is",
        "a capture that bought nothing is of another amount than its booking, came second, or had no ticket to buy",
        ("booking.captures WHERE settlement NOT IN ('CONFIRM', 'KEPT')",),
        f"""
        SELECT c.payment_id, c.booking_id, c.settlement, c.amount, c.currency, b.state, {PAID} AS to_pay,
            b.currency AS booked_in
        FROM booking.captures c LEFT JOIN booking.bookings b ON b.id = c.booking_id
        WHERE c.settlement NOT IN ('CONFIRM', 'KEPT') AND CASE c.settlement
            WHEN 'MISMATCH' THEN (c.amount, c.currency) <> ({PAID}, b.currency)
            WHEN 'DUPLICATE' THEN EXISTS (
                SELECT FROM booking.captures o WHERE o.booking_id = c.booking_id
                AND o.settlement IN ('CONFIRM', 'KEPT', 'NO_TICKET')
            )
            WHEN 'NO_TICKET' THEN b.state <> 'PENDING'
        END IS NOT TRUE
        """,
    ),
    Invariant(
        "bookings-name-their-seats",
        "a booking's labels are those of its seats, in their order",
        ("booking.booking_seats",),
        """
        SELECT b.id AS booking_id, b.state, b.seat_labels, s.labels
        FROM booking.bookings b JOIN (
            SELECT booking_id,
                array_agg(section || CASE row
                    WHEN '' THEN '' ELSE ' ' || row || coalesce(label, number::text)
                END ORDER BY position) AS labels
            FROM booking.booking_seats GROUP BY booking_id
        ) AS s ON s.booking_id = b.id
        WHERE b.seat_labels IS DISTINCT FROM s.labels
        """,
    ),
    Invariant(
        "bookings-and-captures-are-there-once",
        "one booking to an id and to an idempotency key, one row to a seat of it, a capture and a message",
        (
            "booking.bookings",
            "booking.booking_seats",
            "booking.booking_refunds",
            "booking.captures",
            "booking.declines",
            "booking.outbox",
        ),
        """
        SELECT 'booking' AS what, id::text AS key, count(*) AS times
        FROM booking.bookings GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'idempotency key', concat_ws(' ', user_id, idempotency_key), count(*)
        FROM booking.bookings WHERE idempotency_key IS NOT NULL
        GROUP BY user_id, idempotency_key HAVING count(*) > 1
        UNION ALL
        SELECT 'seat', concat_ws(' ', booking_id, seat_id), count(*)
        FROM booking.booking_seats GROUP BY booking_id, seat_id HAVING count(*) > 1
        UNION ALL
        SELECT 'refund', id::text, count(*)
        FROM booking.booking_refunds GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'number of a refund', concat_ws(' ', booking_id, number), count(*)
        FROM booking.booking_refunds GROUP BY booking_id, number HAVING count(*) > 1
        UNION ALL
        SELECT 'capture', payment_id::text, count(*)
        FROM booking.captures GROUP BY payment_id HAVING count(*) > 1
        UNION ALL
        SELECT 'kept capture', booking_id::text, count(*)
        FROM booking.captures WHERE settlement IN ('CONFIRM', 'KEPT') GROUP BY booking_id HAVING count(*) > 1
        UNION ALL
        SELECT 'message', id::text, count(*)
        FROM booking.outbox GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'decline', payment_id::text, count(*)
        FROM booking.declines GROUP BY payment_id HAVING count(*) > 1
        UNION ALL
        SELECT 'position of a seat', concat_ws(' ', booking_id, position), count(*)
        FROM booking.booking_seats GROUP BY booking_id, position HAVING count(*) > 1
        UNION ALL
        SELECT 'answer', concat_ws(' ', user_id, method, key), count(*)
        FROM booking.idempotency_keys GROUP BY user_id, method, key HAVING count(*) > 1
        """,
    ),
)
