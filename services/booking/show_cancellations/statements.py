"""Statements about cancelled shows and the sweep of their bookings."""

from services.booking.show_cancellations.domain import Sweep
from services.chassis.store.rows import LEAST_ID, selected

PAID_FOR = "s.price - s.discount + s.fee + CASE WHEN b.prices_include_tax THEN 0 ELSE s.tax END"
"""What was paid for a seat; the same as Booking.paid_for."""

COUNT_PENDING = """
    SELECT count(*) AS pending FROM bookings WHERE show_id = ANY(%(show_ids)s) AND state = 'PENDING'
"""

SUM_REFUNDS = f"""
    SELECT currency, count(*)::int AS bookings, sum(amount)::bigint AS amount
    FROM (
        SELECT b.id, b.currency,
            sum(CASE WHEN s.refund_id IS NULL THEN {PAID_FOR} ELSE s.order_amount END) AS amount
        FROM bookings b JOIN booking_seats s ON s.booking_id = b.id
        WHERE b.show_id = ANY(%(show_ids)s) AND b.state = 'CONFIRMED'
        GROUP BY b.id, b.currency HAVING bool_or(s.refund_id IS NULL)
    ) AS left_over
    GROUP BY currency ORDER BY currency
"""
"""What would go back for the seats that are left, with the fees of their orders, and for how many bookings."""

KNOWN = "SELECT show_id FROM cancelled_shows WHERE show_id = ANY(%(show_ids)s)"

REQUEST = """
    INSERT INTO cancelled_shows (show_id, event_id, reason, cancelled_by, by_admin, requested_at, lease_until)
    SELECT show_id, %(event_id)s, %(reason)s, %(cancelled_by)s, %(by_admin)s, clock.now,
        clock.now + make_interval(secs => %(lease_seconds)s)
    FROM unnest(%(show_ids)s::uuid[]) AS show_id CROSS JOIN (SELECT boxoffice_clock() AS now) AS clock
    ON CONFLICT (show_id) DO NOTHING
"""
"""Write that shows are to be cancelled, before inventory is asked. The first one who wants it is remembered."""

GIVE_UP = "DELETE FROM cancelled_shows WHERE show_id = ANY(%(show_ids)s) AND cancelled_at IS NULL"
"""Inventory has refused it for good."""

REMEMBER = """
    INSERT INTO cancelled_shows (show_id, reason, by_admin, requested_at, cancelled_at, lease_until)
    SELECT show_id, '', false, clock.now, clock.now, clock.now
    FROM unnest(%(show_ids)s::uuid[]) AS show_id CROSS JOIN (SELECT boxoffice_clock() AS now) AS clock
    ON CONFLICT (show_id) DO UPDATE SET cancelled_at = excluded.cancelled_at, lease_until = excluded.lease_until
    WHERE cancelled_shows.cancelled_at IS NULL
"""
"""Inventory has cancelled shows, it has answered so, or its topic tells it: the sweep begins. The topic alone tells of
shows that an event got while it was being cancelled."""

CLAIM_SWEEP = f"""
    UPDATE cancelled_shows SET lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    WHERE show_id = (
        SELECT show_id FROM cancelled_shows WHERE done_at IS NULL AND lease_until <= boxoffice_clock()
        ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING {selected(Sweep)}
"""
"""Take one show that nobody else is sweeping. Each step may be repeated, so nobody is fenced off."""

SWEEP = f"""
    SELECT id, state FROM bookings b
    WHERE show_id = %(show_id)s AND id > coalesce(%(after)s::uuid, {LEAST_ID}) AND (
        state = 'PENDING'
        OR (state = 'EXPIRED' AND coalesce(sales_end_at, starts_at) > boxoffice_clock())
        OR (state = 'CONFIRMED' AND (refund_count = 0 OR EXISTS (
            SELECT FROM booking_seats s WHERE s.booking_id = b.id AND s.refund_id IS NULL
        )))
    )
    ORDER BY id LIMIT %(limit)s
"""
"""The next bookings that something is to be decided about: those that are not paid and could be, or have seats left."""

MOVE_ON = """
    UPDATE cancelled_shows SET
        swept_to = %(swept_to)s, lease_until = boxoffice_clock() + make_interval(secs => %(seconds)s)
    WHERE show_id = %(show_id)s AND done_at IS NULL
"""

_NO_SEAT_LEFT = "NOT EXISTS (SELECT FROM booking_seats s WHERE s.booking_id = b.id AND s.refund_id IS NULL)"
_UNDER_WAY = "EXISTS (SELECT FROM booking_refunds r WHERE r.booking_id = b.id AND r.state = 'PROCESSING')"
_STUCK = f"""(CASE b.state WHEN 'REFUNDING' THEN b.refund_stuck ELSE {_UNDER_WAY} AND NOT EXISTS (
    SELECT FROM booking_refunds r WHERE r.booking_id = b.id AND r.state = 'PROCESSING' AND NOT r.stuck
) END)"""

FIND_UNFINISHED = f"""
    SELECT id FROM bookings b
    WHERE show_id = %(show_id)s AND state IN ('RESERVING', 'PENDING', 'CONFIRMING', 'CONFIRMED', 'REFUNDING')
        AND ({_NO_SEAT_LEFT} AND {_STUCK}) IS NOT TRUE
    LIMIT 1
"""
"""A booking of a show that has not come to its end; those whose refunds are all stuck are none."""

FINISH = """
    UPDATE cancelled_shows SET done_at = boxoffice_clock()
    WHERE show_id = %(show_id)s AND done_at IS NULL RETURNING show_id
"""

PROGRESS = f"""
    SELECT c.show_id, c.reason, c.cancelled_by, c.requested_at, c.cancelled_at, c.done_at, b.*
    FROM cancelled_shows c CROSS JOIN LATERAL (
        SELECT
            count(*) FILTER (WHERE state = 'CANCELLED' AND cancel_reason = 'SHOW_CANCELLED') AS cancelled_bookings,
            count(*) FILTER (WHERE state = 'REFUNDED' AND NOT is_decided) AS refunded_bookings,
            count(*) FILTER (WHERE is_decided AND NOT is_stuck) AS refunding_bookings,
            count(*) FILTER (WHERE is_decided AND is_stuck) AS stuck_bookings,
            count(*) FILTER (WHERE state IN ('RESERVING', 'PENDING', 'CONFIRMING') OR (state = 'CONFIRMED'
                AND NOT is_decided)) AS unswept_bookings
        FROM (
            SELECT state, cancel_reason, {_STUCK} IS TRUE AS is_stuck, CASE state
                WHEN 'CONFIRMED' THEN {_NO_SEAT_LEFT}
                WHEN 'REFUNDED' THEN {_UNDER_WAY}
                ELSE state = 'REFUNDING'
            END AS is_decided
            FROM bookings b WHERE b.show_id = c.show_id AND b.state <> 'EXPIRED'
        ) AS told
    ) AS b
    WHERE c.show_id = ANY(%(show_ids)s) ORDER BY c.show_id
"""
"""Cancelled shows, and how many of their bookings are how far. A refund that failed after all is on its way again."""
