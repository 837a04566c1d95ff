"""Statements about refunds."""

BEGIN_REFUNDING = """
    UPDATE bookings b SET
        state = 'REFUNDING', version = new.version,
        refund_amount = new.refund_amount, refund_percentage = new.refund_percentage,
        lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    FROM unnest(%(id)s::uuid[], %(version)s::int[], %(refund_amount)s::int[], %(refund_percentage)s::int[])
        AS new (id, version, refund_amount, refund_percentage)
    WHERE b.id = new.id AND b.state = 'CONFIRMED' AND b.version = new.version - 1
"""

FINISH_REFUNDING = """
    UPDATE bookings SET
        state = 'REFUNDED', version = version + 1, lease_until = NULL, refund_stuck = false,
        updated_at = boxoffice_clock(), confirmed_at = coalesce(confirmed_at, updated_at)
    WHERE id = %(id)s AND state = 'REFUNDING'
    RETURNING id
"""

REFUND_STUCK = """
    UPDATE bookings SET refund_stuck = true, lease_until = boxoffice_clock() + interval '1 minute'
    FROM (SELECT id AS old_id, refund_stuck AS was_stuck FROM bookings WHERE id = %(id)s FOR UPDATE) AS old
    WHERE id = old.old_id AND state = 'REFUNDING'
    RETURNING NOT old.was_stuck AS is_news
"""
