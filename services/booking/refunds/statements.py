"""Statements about refunds."""

CANCELLED_SHOWS = """
    SELECT show_id, cancelled_at IS NOT NULL AS is_cancelled FROM cancelled_shows
    WHERE show_id IN (SELECT show_id FROM bookings WHERE id = ANY(%(booking_ids)s))
"""
"""Those of the bookings' shows that are cancelled, or about to be."""

BEGIN_REFUNDS = """
    INSERT INTO booking_refunds (id, booking_id, number, amount, order_amount, percentage, cause, decided_by, reason,
        state, idempotency_key, created_at, updated_at, lease_until, tickets_revoked)
    SELECT new.id, new.booking_id, new.number, new.amount, new.order_amount, new.percentage, new.cause, new.decided_by,
        new.reason, new.state, new.idempotency_key, new.created_at, new.created_at,
        boxoffice_clock() + make_interval(secs => %(lease_seconds)s), true
    FROM unnest(
        %(id)s::uuid[], %(booking_id)s::uuid[], %(number)s::int[], %(amount)s::int[], %(order_amount)s::int[],
        %(percentage)s::int[], %(cause)s::text[], %(decided_by)s::uuid[], %(reason)s::text[],
        %(state)s::text[], %(idempotency_key)s::text[], %(created_at)s::timestamptz[]
    ) AS new (id, booking_id, number, amount, order_amount, percentage, cause, decided_by, reason, state,
        idempotency_key, created_at)
"""

GIVE_SEATS_BACK = """
    UPDATE booking_seats s SET refund_id = new.refund_id, refund_amount = new.refund_amount
    FROM unnest(%(booking_id)s::uuid[], %(seat_id)s::uuid[], %(refund_id)s::uuid[], %(refund_amount)s::int[])
        AS new (booking_id, seat_id, refund_id, refund_amount)
    WHERE s.booking_id = new.booking_id AND s.seat_id = new.seat_id AND s.refund_id IS NULL
"""

COUNT_REFUNDS = """
    UPDATE bookings b SET
        version = new.version, refund_amount = new.refund_amount, refund_percentage = new.refund_percentage,
        refund_count = new.refund_count
    FROM unnest(
        %(id)s::uuid[], %(version)s::int[], %(refund_amount)s::int[], %(refund_percentage)s::int[],
        %(refund_count)s::int[]
    ) AS new (id, version, refund_amount, refund_percentage, refund_count)
    WHERE b.id = new.id AND b.state IN ('CONFIRMED', 'REFUNDED') AND b.version = new.version - 1
"""
"""Write what bookings have refunded so far; they stay what they are."""

END_BOOKINGS = """
    UPDATE bookings b SET
        state = 'REFUNDED', version = new.version, updated_at = new.updated_at,
        confirmed_at = coalesce(b.confirmed_at, b.updated_at)
    FROM unnest(%(id)s::uuid[], %(version)s::int[], %(updated_at)s::timestamptz[]) AS new (id, version, updated_at)
    WHERE b.id = new.id AND b.state = 'CONFIRMED' AND b.version = new.version - 1
"""

FINISH_REFUNDS = """
    UPDATE booking_refunds SET
        state = 'REFUNDED', lease_until = NULL, stuck = false, updated_at = boxoffice_clock()
    WHERE id = ANY(%(ids)s) AND state = 'PROCESSING'
"""

UNDO_REFUNDS = """
    UPDATE booking_refunds SET
        state = 'PROCESSING', lease_until = boxoffice_clock(), undone = undone + 1, updated_at = boxoffice_clock()
    WHERE id = ANY(%(ids)s)
"""
"""Let refunds be on their way again, whoever is about to write that they are carried out: recovery takes them over."""

CLAIM_REFUNDS = """
    UPDATE booking_refunds r SET lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    FROM bookings b
    WHERE b.id = r.booking_id AND r.id IN (
        SELECT id FROM booking_refunds
        WHERE state = 'PROCESSING' AND lease_until <= boxoffice_clock()
        ORDER BY lease_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING r.id, r.booking_id, b.show_id, b.payment_id, r.amount, r.undone,
        (SELECT array_agg(s.seat_id ORDER BY s.position) FROM booking_seats s
            WHERE s.booking_id = r.booking_id AND s.refund_id = r.id) AS seat_ids
"""
"""Take over refunds that nobody has carried out yet. Each step of one may be repeated, so nobody is fenced off."""

POSTPONE_REFUND = """
    UPDATE booking_refunds SET lease_until = boxoffice_clock() + make_interval(secs => %(seconds)s)
    WHERE id = %(id)s AND state = 'PROCESSING'
"""

STICK_REFUND = """
    UPDATE booking_refunds SET stuck = true, lease_until = boxoffice_clock() + interval '1 minute'
    FROM (SELECT id AS old_id, stuck AS was_stuck FROM booking_refunds WHERE id = %(id)s FOR UPDATE) AS old
    WHERE id = old.old_id AND state = 'PROCESSING'
    RETURNING NOT old.was_stuck AS is_news
"""

# --- Of the release before, which gave all seats of a booking back at once

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
