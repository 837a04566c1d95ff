"""Statements about bookings.

Every move is guarded by the state that it starts from, and by the version too where a booking can come back to that
state, or somebody else may be at the same step.
"""

from services.chassis.work import answers

COLUMNS = """
    id, user_id, state, version, confirming_from, total_amount, currency, expires_at, created_at, updated_at,
    payment_id, refund_amount, refund_percentage,
    show_id, event_id, is_movie, title, theatre, city, screen, starts_at,
    coalesce(sales_end_at, starts_at) AS sales_end_at, seat_labels
"""

# --- Create

BEGIN_BOOKINGS = """
    INSERT INTO bookings (id, user_id, state, lease_until, created_at, updated_at, idempotency_key, request_hash,
        show_id, event_id, is_movie, title, theatre, city, screen, starts_at)
    SELECT new.id, new.user_id, 'RESERVING', clock.now + make_interval(secs => %(lease_seconds)s), clock.now, clock.now,
        new.idempotency_key, new.request_hash,
        show.show_id, show.event_id, show.is_movie, show.title, show.theatre, show.city, show.screen, show.starts_at
    FROM (SELECT boxoffice_clock() AS now) AS clock, unnest(
        %(id)s::uuid[], %(user_id)s::uuid[], %(idempotency_key)s::text[], %(request_hash)s::bytea[],
        %(booked_show_id)s::uuid[]
    ) AS new (id, user_id, idempotency_key, request_hash, show_id)
    JOIN unnest(
        %(show_id)s::uuid[], %(event_id)s::uuid[], %(is_movie)s::bool[], %(title)s::text[], %(theatre)s::text[],
        %(city)s::text[], %(screen)s::text[], %(starts_at)s::timestamptz[]
    ) AS show (show_id, event_id, is_movie, title, theatre, city, screen, starts_at) USING (show_id)
    ON CONFLICT (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, created_at
"""
"""Write the intents of bookings, each show once. A key that is in use already gives no row."""

KEYS_UNDER_WAY = """
    SELECT b.user_id, b.idempotency_key AS key, b.request_hash, NULL AS answer
    FROM bookings b JOIN unnest(%(user_id)s::uuid[], %(key)s::text[]) AS asked (user_id, key)
        ON b.user_id = asked.user_id AND b.idempotency_key = asked.key
"""
"""Requests of which it is known that they were begun."""

FINISH_BOOKINGS = """
    WITH finished AS (
        UPDATE bookings SET
            state = 'PENDING', version = version + 1, lease_until = NULL,
            total_amount = priced.total, currency = priced.in_currency, expires_at = priced.until,
            sales_end_at = priced.sales_end,
            seat_labels = string_to_array(priced.labels, E'\\n')
        FROM unnest(
            %(id)s::uuid[], %(total_amount)s::int[], %(currency)s::text[], %(expires_at)s::timestamptz[],
            %(sales_end_at)s::timestamptz[], %(labels)s::text[]
        ) AS priced (booking_id, total, in_currency, until, sales_end, labels)
        WHERE id = priced.booking_id AND state = 'RESERVING' AND version = 1
        RETURNING id
    ), with_seats AS (
        INSERT INTO booking_seats (booking_id, position, seat_id, section, row, number, tier, price)
        SELECT seat.* FROM finished JOIN unnest(
            %(seat_of)s::uuid[], %(position)s::int[], %(seat_id)s::uuid[], %(section)s::text[], %(row)s::text[],
            %(number)s::int[], %(tier)s::text[], %(price)s::int[]
        ) AS seat (booking_id, position, seat_id, section, row, number, tier, price) ON seat.booking_id = finished.id
    ), with_answers AS (
        INSERT INTO idempotency_keys (user_id, method, key, request_hash, answer)
        SELECT kept.user_id, kept.method, kept.key, kept.request_hash, kept.answer FROM finished JOIN unnest(
            %(answer_of)s::uuid[], %(user_id)s::uuid[], %(method)s::text[], %(key)s::text[], %(request_hash)s::bytea[],
            %(answer)s::bytea[]
        ) AS kept (booking_id, user_id, method, key, request_hash, answer) ON kept.booking_id = finished.id
    )
    SELECT id FROM finished
"""
"""Freeze the price, and write the seats and the answer under the key. A booking that recovery took over meanwhile gives
no row and has nothing written."""

DROP_BOOKINGS = "DELETE FROM bookings WHERE id = ANY(%(ids)s) AND state = 'RESERVING'"

# --- Look

BOOKINGS = f"SELECT {COLUMNS} FROM bookings WHERE id = ANY(%(ids)s) AND state <> 'RESERVING'"

_STATUS = """
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
    SELECT asked.page, clock.now, b.*
    FROM clock CROSS JOIN unnest(
        %(user_id)s::uuid[], %(show_id)s::uuid[], %(status)s::text[], %(before)s::uuid[], %(limit)s::int[]
    ) WITH ORDINALITY AS asked (user_id, show_id, status, before, most, page)
    CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM bookings
        WHERE user_id = asked.user_id AND state <> 'RESERVING' AND (asked.before IS NULL OR id < asked.before)
            AND (asked.show_id IS NULL OR show_id = asked.show_id)
            AND (asked.status IS NULL OR {_STATUS} = asked.status)
        ORDER BY id DESC LIMIT asked.most
    ) AS b
    ORDER BY asked.page, b.id DESC
"""
"""Pages of bookings of users, newest first: which page, counted from 1, the clock, and the booking. Where a show or a
status is null, it is any."""

SEATS = """
    SELECT booking_id, seat_id AS id, section, row, number, tier, price FROM booking_seats
    WHERE booking_id = ANY(%(booking_ids)s) ORDER BY booking_id, position
"""

# --- Move

LOCK_BOOKINGS = f"""
    SELECT {COLUMNS} FROM bookings WHERE id = ANY(%(ids)s) AND state <> 'RESERVING' ORDER BY id FOR UPDATE
"""

CANCEL_BOOKINGS = """
    UPDATE bookings b SET
        state = 'CANCELLED', version = new.version, lease_until = NULL, updated_at = new.updated_at
    FROM unnest(%(id)s::uuid[], %(version)s::int[], %(updated_at)s::timestamptz[]) AS new (id, version, updated_at)
    WHERE b.id = new.id AND b.state = 'PENDING' AND b.version = new.version - 1
"""

CLAIM_DUE = """
    UPDATE bookings SET lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    WHERE id IN (
        SELECT id FROM bookings
        WHERE state = 'PENDING' AND expires_at <= boxoffice_clock()
            AND (lease_until IS NULL OR lease_until <= boxoffice_clock())
        ORDER BY expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, show_id
"""
"""The lease keeps other replicas from asking inventory about the same bookings."""

EXTEND = """
    UPDATE bookings b SET expires_at = new.expires_at
    FROM unnest(%(booking_id)s::uuid[], %(expires_at)s::timestamptz[]) AS new (booking_id, expires_at)
    WHERE b.id = new.booking_id AND b.state = 'PENDING' AND b.expires_at < new.expires_at
"""
"""Copy inventory's answer. It never shortens, so copies may come in any order."""

EXPIRE = f"""
    UPDATE bookings SET
        state = 'EXPIRED', version = version + 1, lease_until = NULL,
        updated_at = least(expires_at, boxoffice_clock())
    WHERE id = ANY(%(ids)s) AND state = 'PENDING'
    RETURNING {COLUMNS}
"""
"""A booking has been EXPIRED since its time was up, not since a job noticed."""

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
        updated_at = new.updated_at
    FROM unnest(%(id)s::uuid[], %(version)s::int[], %(updated_at)s::timestamptz[]) AS new (id, version, updated_at)
    WHERE b.id = new.id AND b.state = 'CONFIRMING' AND b.version = new.version - 1
"""

FAIL_CONFIRMING = """
    UPDATE bookings b SET
        state = 'EXPIRED', confirming_from = NULL, version = new.version, lease_until = NULL, payment_id = NULL,
        updated_at = new.updated_at
    FROM unnest(%(id)s::uuid[], %(version)s::int[], %(updated_at)s::timestamptz[]) AS new (id, version, updated_at)
    WHERE b.id = new.id AND b.state = 'CONFIRMING' AND b.version = new.version - 1
"""

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
        updated_at = boxoffice_clock()
    WHERE id = %(id)s AND state = 'REFUNDING'
    RETURNING id
"""

REFUND_STUCK = """
    UPDATE bookings SET refund_stuck = true, lease_until = boxoffice_clock() + interval '1 minute'
    FROM (SELECT id AS old_id, refund_stuck AS was_stuck FROM bookings WHERE id = %(id)s FOR UPDATE) AS old
    WHERE id = old.old_id AND state = 'REFUNDING'
    RETURNING NOT old.was_stuck AS is_news
"""

# --- Recover

CLAIM_UNFINISHED = f"""
    UPDATE bookings SET
        version = version + 1, lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    WHERE id IN (
        SELECT id FROM bookings
        WHERE state IN ('RESERVING', 'CONFIRMING', 'REFUNDING') AND lease_until <= boxoffice_clock()
        ORDER BY lease_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING {COLUMNS}
"""
"""Take over steps that nobody has finished; the new version fences off whoever began them."""

POSTPONE = """
    UPDATE bookings SET lease_until = boxoffice_clock() + make_interval(secs => %(seconds)s)
    WHERE id = ANY(%(ids)s) AND state IN ('RESERVING', 'CONFIRMING', 'REFUNDING')
"""

# --- Captures and declines

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

SETTLE_CAPTURES = """
    UPDATE captures SET settlement = %(settlement)s
    WHERE payment_id = ANY(%(payment_ids)s) AND settlement = 'CONFIRM'
"""

KNOWN_DECLINES = "SELECT payment_id FROM declines WHERE payment_id = ANY(%(payment_ids)s)"

RECORD_DECLINES = """
    INSERT INTO declines (payment_id, booking_id, recorded_at)
    SELECT new.*, boxoffice_clock() FROM unnest(%(payment_id)s::uuid[], %(booking_id)s::uuid[]) AS new
    ON CONFLICT DO NOTHING
"""

# --- Archive

ARCHIVE = """
    DELETE FROM booking_seats WHERE booking_id IN (
        SELECT id FROM bookings b
        WHERE state IN ('CANCELLED', 'EXPIRED') AND updated_at < boxoffice_clock() - make_interval(days => %(days)s)
            AND (state = 'CANCELLED' OR coalesce(sales_end_at, starts_at) <= boxoffice_clock())
            AND EXISTS (SELECT FROM booking_seats s WHERE s.booking_id = b.id)
        ORDER BY updated_at LIMIT %(limit)s
    )
"""
"""Drop the seat rows of bookings that came to nothing long ago. Their labels stay.

Until sales end, an EXPIRED booking may still be confirmed by money that comes late: it keeps its seats.
"""

# --- Forget

FORGET_KEYS = f"""
    WITH forgotten AS ({answers.FORGET}),
    freed AS (
        UPDATE bookings b SET idempotency_key = NULL, request_hash = NULL
        FROM forgotten f
        WHERE f.method = 'CreateBooking' AND b.user_id = f.user_id AND b.idempotency_key = f.key
    )
    SELECT FROM forgotten
"""
"""A booking's own key goes together with its answer: by itself it would read as a request that is still under way."""
