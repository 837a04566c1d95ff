"""Statements by which users see bookings."""

from services.booking.bookings.statements import COLUMNS

STATUS = """
    CASE
        WHEN state = 'CONFIRMING' THEN confirming_from
        WHEN state = 'REFUNDING' THEN 'CONFIRMED'
        WHEN state = 'PENDING' AND expires_at <= clock.now THEN 'EXPIRED'
        ELSE state
    END
"""
"""What callers see; the same as Booking.public_state."""

BOOKINGS_OF_USERS = f"""
    WITH clock AS MATERIALIZED (SELECT boxoffice_clock() AS now)
    SELECT asked.page, clock.now, b.*, s.*
    FROM clock CROSS JOIN unnest(
        %(user_id)s::uuid[], %(show_id)s::uuid[], %(status)s::text[], %(before)s::uuid[], %(limit)s::int[]
    ) WITH ORDINALITY AS asked (user_id, show_id, status, before, most, page)
    CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM bookings
        WHERE user_id = asked.user_id AND state <> 'RESERVING' AND (asked.before IS NULL OR id < asked.before)
            AND (asked.show_id IS NULL OR show_id = asked.show_id)
            AND (asked.status IS NULL OR {STATUS} = asked.status)
        ORDER BY id DESC LIMIT asked.most
    ) AS b
    CROSS JOIN LATERAL (
        SELECT array_agg(seat_id) AS seat_ids, array_agg(section) AS sections, array_agg(row) AS rows,
            array_agg(number) AS numbers, array_agg(tier) AS tiers, array_agg(price) AS prices,
            array_agg(discount) AS discounts, array_agg(fee) AS fees, array_agg(tax) AS taxes,
            array_agg(order_amount) AS order_amounts, array_agg(unrefundable_amount) AS unrefundable_amounts,
            array_agg(kind) AS kinds,
            array_agg(refund_id) AS refund_ids, array_agg(refund_amount) AS refund_amounts
        FROM (SELECT * FROM booking_seats WHERE booking_id = b.id ORDER BY position) AS seat
    ) AS s
    ORDER BY asked.page, b.id DESC
"""
"""Pages of bookings of users, newest first: which page, counted from 1, the clock, the booking, and its seats, a list
for each column, null where they are archived. Where a show or a status is null, it is any."""
