"""Invariants of refunds, which are rows of their own. Code from before kept one with its booking, for all seats."""

from audit.invariants.bookings import PAID
from audit.invariants.invariant import Invariant

REFUNDABLE = (
    "s.price - s.discount + s.fee + CASE WHEN b.prices_include_tax THEN 0 ELSE s.tax END"
    " - s.order_amount"
    " - CASE WHEN f.cause IN ('SHOW_CANCELLED', 'SHOW_RESCHEDULED') THEN 0 ELSE s.unrefundable_amount END"
)
"""What was paid for a seat and can come back with it by a refund: fees of the order come back with the last one, others
only if the show is cancelled or rescheduled."""

ORDER_FEES = """
    SELECT s.booking_id, sum(s.order_amount) AS order_amount,
        CASE WHEN bool_and(s.refund_id IS NOT NULL) THEN max(f.number) END AS number
    FROM booking.booking_seats s LEFT JOIN booking.booking_refunds f ON f.id = s.refund_id GROUP BY s.booking_id
"""
"""The fees of the order of each booking, and the refund that they come back with: the last one, if no seat is left."""

REFUNDS = (
    Invariant(
        "refunds-are-what-their-state-says",
        "a refund is on its way or carried out, for a cause that there is; only one on its way is stuck",
        ("booking.booking_refunds",),
        """
        SELECT id AS refund_id, booking_id, state, stuck, lease_until, cause, reason, decided_by
        FROM booking.booking_refunds
        WHERE (state IN ('PROCESSING', 'REFUNDED')) IS NOT TRUE
            OR (state = 'PROCESSING') IS DISTINCT FROM (lease_until IS NOT NULL)
            OR (NOT stuck OR state = 'PROCESSING') IS NOT TRUE
            OR CASE cause
                WHEN 'REQUESTED' THEN decided_by IS NOT NULL
                WHEN 'GRANTED' THEN reason <> ''
                WHEN 'SHOW_CANCELLED' THEN percentage = 100
                WHEN 'SHOW_RESCHEDULED' THEN percentage = 100
            END IS NOT TRUE
        """,
    ),
    Invariant(
        "bookings-count-their-refunds",
        "a booking has the sum and the number of its refunds, or the share that code from before decided for all seats",
        ("booking.bookings WHERE refund_amount IS NOT NULL",),
        f"""
        SELECT coalesce(b.id, r.booking_id) AS booking_id, b.state, {PAID} AS paid, b.refund_percentage,
            b.refund_amount, b.refund_count, r.amount, r.refunds, r.last
        FROM booking.bookings b FULL JOIN (
            SELECT booking_id, sum(amount) AS amount, count(*) AS refunds, max(number) AS last
            FROM booking.booking_refunds GROUP BY booking_id
        ) AS r ON r.booking_id = b.id
        WHERE CASE
            WHEN r.booking_id IS NOT NULL THEN
                (b.refund_amount, b.refund_count, r.last) = (r.amount, r.refunds, r.refunds)
            WHEN num_nonnulls(b.refund_amount, b.refund_percentage) > 0 THEN
                (b.refund_count, b.refund_amount) = (0, {PAID}::bigint * b.refund_percentage / 100)
            ELSE b.state NOT IN ('REFUNDING', 'REFUNDED')
        END IS NOT TRUE
        """,
    ),
    Invariant(
        "refunds-are-the-share-that-was-decided",
        "what comes back at one percentage is that share of what was paid for the seats, and for the order where these "
        "are the last, rounded down once",
        ("booking.booking_refunds",),
        f"""
        SELECT r.booking_id, r.percentage, r.amount, s.paid
        FROM (
            SELECT booking_id, percentage, sum(amount) AS amount FROM booking.booking_refunds
            GROUP BY booking_id, percentage
        ) AS r LEFT JOIN (
            SELECT f.booking_id, f.percentage, sum({REFUNDABLE})
                + coalesce(max(fees.order_amount) FILTER (WHERE f.number = fees.number), 0) AS paid
            FROM booking.booking_seats s
            JOIN booking.bookings b ON b.id = s.booking_id
            JOIN booking.booking_refunds f ON f.id = s.refund_id
            LEFT JOIN ({ORDER_FEES}) AS fees ON fees.booking_id = b.id
            GROUP BY f.booking_id, f.percentage
        ) AS s ON (s.booking_id, s.percentage) = (r.booking_id, r.percentage)
        WHERE (r.amount = s.paid::bigint * r.percentage / 100) IS NOT TRUE OR r.percentage < 1
        """,
    ),
    Invariant(
        "refunds-are-those-of-their-seats",
        "a refund is the sum of what comes back of its booking's seats, of each at most what was paid for it, and, the "
        "last one, of the order's fees, at most what was paid for these",
        ("booking.booking_refunds", "booking.booking_seats WHERE refund_id IS NOT NULL"),
        f"""
        SELECT coalesce(r.id, s.refund_id) AS refund_id, r.booking_id, s.booking_id AS booking_of_seats, r.amount,
            r.order_amount, s.amount AS amount_of_seats, s.least, fees.order_amount AS order_paid
        FROM booking.booking_refunds r FULL JOIN (
            SELECT s.refund_id, s.booking_id, sum(s.refund_amount) AS amount,
                min(least(s.refund_amount, {REFUNDABLE} - s.refund_amount)) AS least
            FROM booking.booking_seats s JOIN booking.bookings b ON b.id = s.booking_id
            LEFT JOIN booking.booking_refunds f ON f.id = s.refund_id
            WHERE num_nonnulls(s.refund_id, s.refund_amount) > 0
            GROUP BY s.refund_id, s.booking_id
        ) AS s ON (s.refund_id, s.booking_id) = (r.id, r.booking_id)
        LEFT JOIN ({ORDER_FEES}) AS fees ON (fees.booking_id, fees.number) = (r.booking_id, r.number)
        WHERE r.amount IS DISTINCT FROM s.amount + r.order_amount OR s.least < 0
            OR (r.order_amount BETWEEN 0 AND coalesce(fees.order_amount, 0)) IS NOT TRUE
        """,
    ),
    Invariant(
        "the-last-refund-ends-its-booking",
        "a booking is REFUNDED once its seats are all given back and its refunds all carried out, and no sooner; it "
        "stays so if one fails after all",
        ("booking.booking_refunds",),
        """
        SELECT b.id AS booking_id, b.state, r.carried_out, r.carried_out_once, s.given_back
        FROM booking.bookings b
        JOIN (
            SELECT booking_id, bool_and(state = 'REFUNDED') AS carried_out,
                bool_and(state = 'REFUNDED' OR undone > 0) AS carried_out_once
            FROM booking.booking_refunds GROUP BY booking_id
        ) AS r ON r.booking_id = b.id
        JOIN (
            SELECT booking_id, bool_and(refund_id IS NOT NULL) AS given_back FROM booking.booking_seats
            GROUP BY booking_id
        ) AS s ON s.booking_id = b.id
        WHERE CASE b.state
            WHEN 'REFUNDED' THEN r.carried_out_once AND s.given_back
            ELSE NOT (r.carried_out AND s.given_back)
        END IS NOT TRUE
        """,
    ),
)

REFUNDS_AT_REST = (
    Invariant(
        "refunded-bookings-stay-refunded",
        "payment gives back for seats what booking decided, each refund under its name, and what is over there is back",
        ("booking.booking_refunds", "payment.refunds WHERE cause = 'REQUESTED'"),
        """
        SELECT coalesce(b.booking_id, r.booking_id) AS booking_id, b.id AS refund_id, r.id AS payments_refund_id,
            b.state, b.stuck, b.amount, r.amount AS returned, r.state AS refund_state
        FROM (
            SELECT f.id, f.booking_id, k.payment_id, f.amount, f.state, f.stuck
            FROM booking.booking_refunds f LEFT JOIN booking.bookings k ON k.id = f.booking_id
            WHERE f.amount <> 0
            UNION ALL
            SELECT r.id, b.id, b.payment_id, b.refund_amount, b.state, b.refund_stuck
            FROM booking.bookings b LEFT JOIN payment.refunds r
                ON (r.payment_id, r.cause) = (b.payment_id, 'REQUESTED')
            WHERE b.refund_count = 0 AND b.state IN ('REFUNDING', 'REFUNDED')
        ) AS b
        FULL JOIN (
            SELECT r.*, p.booking_id FROM payment.refunds r LEFT JOIN payment.payments p ON p.id = r.payment_id
            WHERE r.cause = 'REQUESTED'
        ) AS r ON (r.id, r.booking_id, r.payment_id) = (b.id, b.booking_id, b.payment_id)
        WHERE (b.state = 'REFUNDED' AND r.state IS DISTINCT FROM 'SUCCEEDED')
            OR (r.amount IS DISTINCT FROM b.amount AND NOT (r.id IS NULL AND b.stuck))
        """,
    ),
)
