"""Statements for those who run shows."""

_SOLD_AT = "coalesce(b.confirmed_at, CASE WHEN b.state = 'REFUNDED' THEN b.created_at ELSE b.updated_at END)"
"""When tickets were confirmed. Code from before did not write it down: of what it refunded, nothing closer is known."""

SALES_OF_SHOW = f"""
    WITH sold AS (
        SELECT b.*, {_SOLD_AT} AS sold_at FROM bookings b
        WHERE b.show_id = %(show_id)s AND b.state IN ('CONFIRMED', 'REFUNDING', 'REFUNDED')
    ), lines AS (
        SELECT b.sold_at AS at, b.currency, s.tier, s.kind, 1 AS seats, (b.guest_name IS NOT NULL)::int AS guest_seats,
            s.price - s.discount + s.fee + CASE WHEN b.prices_include_tax THEN 0 ELSE s.tax END AS amount,
            0 AS refunded_seats, 0 AS refunded_amount
        FROM sold b JOIN booking_seats s ON s.booking_id = b.id
        UNION ALL
        SELECT r.created_at, b.currency, s.tier, s.kind, 0, 0, 0, 1, s.refund_amount
        FROM sold b JOIN booking_refunds r ON r.booking_id = b.id
        JOIN booking_seats s ON s.booking_id = b.id AND s.refund_id = r.id
        WHERE b.refund_count > 0
        UNION ALL
        SELECT r.created_at, b.currency, '', '', 0, 0, 0, 0, r.order_amount
        FROM sold b JOIN booking_refunds r ON r.booking_id = b.id
        WHERE b.refund_count > 0 AND r.order_amount > 0
        UNION ALL
        SELECT b.updated_at, b.currency, '', '', 0, 0, 0, 0, b.refund_amount
        FROM sold b WHERE b.refund_count = 0 AND b.refund_amount > 0
    ), of_days AS (
        SELECT (at AT TIME ZONE %(time_zone)s)::date AS day, * FROM lines
    )
    SELECT day, currency, tier, kind, sum(seats)::int AS seats, sum(guest_seats)::int AS guest_seats,
        sum(amount)::bigint AS amount, sum(refunded_seats)::int AS refunded_seats,
        sum(refunded_amount)::bigint AS refunded_amount
    FROM of_days
    WHERE day BETWEEN coalesce(%(first)s::date, '-infinity') AND coalesce(%(last)s::date, 'infinity')
    GROUP BY day, currency, tier, kind ORDER BY day, currency, tier, kind LIMIT %(limit)s
"""
"""What was sold of a show, and given back, by the days of a time zone: all from one instant.

Refunds of code from before are of whole bookings, and have no rows of their own.
"""
