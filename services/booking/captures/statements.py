"""Statements about money that was taken, and the moves of bookings that it causes."""

CAPTURES = """
    SELECT payment_id, booking_id, session_id, amount, currency, settlement FROM captures
    WHERE payment_id = ANY(%(payment_ids)s)
"""

RECORD_CAPTURES = """
    INSERT INTO captures (payment_id, booking_id, session_id, amount, currency, settlement, recorded_at)
    SELECT new.*, boxoffice_clock()
    FROM unnest(
        %(payment_id)s::uuid[], %(booking_id)s::uuid[], %(session_id)s::text[], %(amount)s::int[], %(currency)s::text[],
        %(settlement)s::text[]
    ) AS new
"""

PLACE_SEATS = """
    UPDATE booking_seats s SET seat_id = new.seat_id
    FROM unnest(%(booking_id)s::uuid[], %(position)s::int[], %(seat_id)s::uuid[]) AS new (booking_id, position, seat_id)
    WHERE (s.booking_id, s.position) = (new.booking_id, new.position) AND s.seat_id <> new.seat_id
"""
"""Have bookings the places that inventory has confirmed, which may be others than it had reserved."""

SETTLE_CAPTURES = """
    UPDATE captures SET settlement = %(settlement)s
    WHERE payment_id = ANY(%(payment_ids)s) AND settlement = 'CONFIRM'
"""

BEGIN_CONFIRMING = """
    UPDATE bookings b SET
        state = 'CONFIRMING', version = new.version, payment_id = new.payment_id,
        confirming_from = new.confirming_from, updated_at = new.updated_at,
        lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    FROM unnest(
        %(id)s::uuid[], %(version)s::int[], %(payment_id)s::uuid[], %(confirming_from)s::text[],
        %(updated_at)s::timestamptz[]
    ) AS new (id, version, payment_id, confirming_from, updated_at)
    WHERE b.id = new.id AND b.state IN ('PENDING', 'EXPIRED') AND b.version = new.version - 1
"""

CONFIRM = """
    UPDATE bookings b SET
        state = 'CONFIRMED', confirming_from = NULL, version = new.version, lease_until = NULL,
        updated_at = new.updated_at, confirmed_at = new.confirmed_at,
        ticket_ids = string_to_array(new.ticket_ids, ',')::uuid[]
    FROM unnest(
        %(id)s::uuid[], %(version)s::int[], %(updated_at)s::timestamptz[], %(confirmed_at)s::timestamptz[],
        %(ticket_ids)s::text[]
    ) AS new (id, version, updated_at, confirmed_at, ticket_ids)
    WHERE b.id = new.id AND b.state = 'CONFIRMING' AND b.version = new.version - 1
"""

FAIL_CONFIRMING = """
    UPDATE bookings b SET
        state = 'EXPIRED', confirming_from = NULL, version = new.version, lease_until = NULL, payment_id = NULL,
        updated_at = new.updated_at
    FROM unnest(%(id)s::uuid[], %(version)s::int[], %(updated_at)s::timestamptz[]) AS new (id, version, updated_at)
    WHERE b.id = new.id AND b.state = 'CONFIRMING' AND b.version = new.version - 1
"""

KEYS_OF_BOOKINGS = """
    SELECT id, user_id, idempotency_key, request_hash FROM bookings
    WHERE id = ANY(%(booking_ids)s) AND idempotency_key IS NOT NULL
"""
