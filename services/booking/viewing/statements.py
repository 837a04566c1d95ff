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

_OF_STATUS = f"state <> 'RESERVING' AND (asked.status IS NULL OR {STATUS} = asked.status)"

_WANTED = f"""user_id = asked.user_id AND {_OF_STATUS}
            AND (asked.show_id IS NULL OR show_id = asked.show_id)
            AND (asked.upcoming IS NULL OR (starts_at > clock.now) = asked.upcoming)
"""

_SEATS = """
    CROSS JOIN LATERAL (
        SELECT array_agg(seat_id) AS seat_ids, array_agg(section) AS sections, array_agg(row) AS rows,
            array_agg(number) AS numbers, array_agg(tier) AS tiers, array_agg(price) AS prices,
            array_agg(discount) AS discounts, array_agg(fee) AS fees, array_agg(tax) AS taxes,
            array_agg(order_amount) AS order_amounts, array_agg(unrefundable_amount) AS unrefundable_amounts,
            array_agg(kind) AS kinds, array_agg(label) AS labels, array_agg(features) AS features,
            array_agg(refund_id) AS refund_ids, array_agg(refund_amount) AS refund_amounts
        FROM (SELECT * FROM booking_seats WHERE booking_id = b.id ORDER BY position) AS seat
    ) AS s
    ORDER BY asked.page, b.id DESC
"""

BOOKINGS_OF_USERS = f"""
    WITH clock AS MATERIALIZED (SELECT boxoffice_clock() AS now)
    SELECT asked.page, clock.now, b.*, s.*
    FROM clock CROSS JOIN unnest(
        %(user_id)s::uuid[], %(show_id)s::uuid[], %(status)s::text[], %(before)s::uuid[], %(limit)s::int[],
        %(upcoming)s::bool[], %(skipped)s::int[]
    ) WITH ORDINALITY AS asked (user_id, show_id, status, before, most, upcoming, skipped, page)
    CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM bookings
        WHERE {_WANTED} AND (asked.before IS NULL OR id < asked.before)
        ORDER BY id DESC OFFSET asked.skipped LIMIT asked.most
    ) AS b
    {_SEATS}
"""
"""Pages of bookings of users, newest first: which page, counted from 1, the clock, the booking, and its seats, a list
for each column, null where they are archived. Where a show, a status or a period is null, it is any."""

BOOKINGS_OF_SHOWS = f"""
    WITH clock AS MATERIALIZED (SELECT boxoffice_clock() AS now)
    SELECT asked.page, clock.now, b.*, s.*
    FROM clock CROSS JOIN unnest(
        %(show_id)s::uuid[], %(status)s::text[], %(before)s::uuid[], %(limit)s::int[]
    ) WITH ORDINALITY AS asked (show_id, status, before, most, page)
    CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM bookings
        WHERE show_id = asked.show_id AND {_OF_STATUS} AND (asked.before IS NULL OR id < asked.before)
        ORDER BY id DESC LIMIT asked.most
    ) AS b
    {_SEATS}
"""
"""Pages of bookings of shows, told as those of users are."""

VERSIONS = "SELECT id, version FROM bookings WHERE id = ANY(%(ids)s)"
"""The versions of bookings. Read after their refunds: where it is the one that was read before, these belong to it."""

COUNT_BOOKINGS = f"""
    WITH clock AS MATERIALIZED (SELECT boxoffice_clock() AS now)
    SELECT (SELECT count(*)::int FROM bookings WHERE {_WANTED}) AS bookings
    FROM clock CROSS JOIN unnest(
        %(user_id)s::uuid[], %(show_id)s::uuid[], %(status)s::text[], %(upcoming)s::bool[]
    ) AS asked (user_id, show_id, status, upcoming)
"""
