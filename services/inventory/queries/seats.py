"""Statements about seats on sale."""

LOCK_SHOWS = """
    SELECT show_id, starts_at, coalesce(sales_end_at, starts_at) AS sales_end_at, currency FROM show_counters
    WHERE show_id = ANY(%(show_ids)s) ORDER BY show_id FOR UPDATE SKIP LOCKED
"""
"""Lock the shows that nobody else has. The counter's row is the lock for all seats of its show."""

WAIT_FOR_SHOWS = LOCK_SHOWS.replace("SKIP LOCKED", "")
"""Lock the shows, waiting for others to let go of them."""

WHICH_SHOWS_EXIST = "SELECT show_id FROM show_counters WHERE show_id = ANY(%(show_ids)s)"

_SEAT_ALONE = """
    s.id, s.section, s.row, s.number, s.tier, s.price, s.status, s.holder_id, s.booking_id, s.expires_at
"""
_SEAT = f"s.show_id, {_SEAT_ALONE}"
_SALES_END = "coalesce(c.sales_end_at, c.starts_at) AS sales_end_at"

SEATS_BY_ID = f"""
    SELECT {_SEAT} FROM show_seats s
    JOIN unnest(%(show_id)s::uuid[], %(id)s::uuid[]) AS named (show_id, id)
        ON (s.show_id, s.id) = (named.show_id, named.id)
"""

SEATS_OF_USERS = f"""
    SELECT {_SEAT} FROM show_seats s
    JOIN unnest(%(show_id)s::uuid[], %(user_id)s::uuid[]) AS owner (show_id, user_id)
        ON s.holder_id = owner.user_id AND s.show_id = owner.show_id
"""

RESERVATIONS = """
    SELECT r.show_id, r.booking_id, r.user_id, r.state, r.seat_ids, r.reserved_at, r.expires_at FROM reservations r
    JOIN unnest(%(show_id)s::uuid[], %(booking_id)s::uuid[]) AS named (show_id, booking_id)
        ON (r.show_id, r.booking_id) = (named.show_id, named.booking_id)
"""

SEATS_OF_RESERVATIONS = f"""
    SELECT {_SEAT} FROM reservations r
    JOIN unnest(%(show_id)s::uuid[], %(booking_id)s::uuid[]) AS named (show_id, booking_id)
        ON (r.show_id, r.booking_id) = (named.show_id, named.booking_id)
    JOIN show_seats s ON s.show_id = r.show_id AND s.id = ANY(r.seat_ids)
"""

WRITE_SEATS = """
    UPDATE show_seats s SET
        status = new.status, holder_id = new.holder_id, booking_id = new.booking_id, expires_at = new.expires_at
    FROM unnest(
        %(show_id)s::uuid[], %(id)s::uuid[], %(status)s::text[], %(holder_id)s::uuid[], %(booking_id)s::uuid[],
        %(expires_at)s::timestamptz[]
    ) AS new (show_id, id, status, holder_id, booking_id, expires_at)
    WHERE s.show_id = new.show_id AND s.id = new.id
"""

LIMITS = ("max_seats_per_user", "seat_hold_minutes", "reservation_max_minutes")
_LARGEST = ", ".join(
    f"{name} = CASE WHEN sequence = 0 OR c.{name} < used.{name} THEN used.{name} ELSE c.{name} END" for name in LIMITS
)

TAKE_NUMBERS = f"""
    UPDATE show_counters c SET sequence = sequence + 1, {_LARGEST}
    FROM (VALUES ({", ".join(f"%({name})s::smallint" for name in LIMITS)})) AS used ({", ".join(LIMITS)})
    WHERE show_id = ANY(%(show_ids)s)
"""
"""Take the next number of each show, for all that this transaction changes of it, and remember by which limits: the
largest that there have been since the first number. Where they were not remembered then, they stay unknown."""

WRITE_CHANGES = """
    INSERT INTO seat_changes (show_id, sequence, seat_id, status, expires_at, changed_at)
    SELECT c.show_id, c.sequence, new.id, new.status, new.expires_at, %(now)s
    FROM unnest(%(show_id)s::uuid[], %(id)s::uuid[], %(status)s::text[], %(expires_at)s::timestamptz[])
        AS new (show_id, id, status, expires_at)
    JOIN show_counters c ON c.show_id = new.show_id
"""

WRITE_RESERVATIONS = """
    INSERT INTO reservations (show_id, booking_id, user_id, state, seat_ids, reserved_at, expires_at, changed_at)
    SELECT new.show_id, new.booking_id, new.user_id, new.state, new.seat_ids::uuid[], new.reserved_at, new.expires_at,
        %(now)s
    FROM unnest(
        %(show_id)s::uuid[], %(booking_id)s::uuid[], %(user_id)s::uuid[], %(state)s::text[], %(seat_ids)s::text[],
        %(reserved_at)s::timestamptz[], %(expires_at)s::timestamptz[]
    ) AS new (show_id, booking_id, user_id, state, seat_ids, reserved_at, expires_at)
    ON CONFLICT (show_id, booking_id) DO UPDATE SET
        state = excluded.state, expires_at = excluded.expires_at, changed_at = excluded.changed_at
"""

SEATS_OF_SHOW = f"""
    WITH clock AS MATERIALIZED (SELECT boxoffice_clock() AS now)
    SELECT c.show_id, c.sequence AS show_sequence, c.currency, {_SALES_END}, clock.now, {_SEAT_ALONE}
    FROM show_counters c CROSS JOIN clock LEFT JOIN show_seats s ON s.show_id = c.show_id
    WHERE c.show_id = %(show_id)s
    ORDER BY s.position
"""
"""A show's seats, its number and the clock, all of one snapshot. A show without seats gives one row of nulls."""

SEATS_SINCE = f"""
    WITH clock AS MATERIALIZED (SELECT boxoffice_clock() AS now)
    SELECT c.show_id, c.sequence AS show_sequence, c.currency, {_SALES_END}, clock.now, s.*
    FROM unnest(%(show_id)s::uuid[], %(sequence)s::int[]) AS known (show_id, sequence)
    JOIN show_counters c ON c.show_id = known.show_id CROSS JOIN clock
    LEFT JOIN LATERAL (
        SELECT h.sequence AS change, {_SEAT_ALONE}
        FROM seat_changes h JOIN show_seats s ON s.show_id = h.show_id AND s.id = h.seat_id
        WHERE h.show_id = c.show_id AND h.sequence > known.sequence
        ORDER BY h.sequence LIMIT 1000
    ) AS s ON true
    ORDER BY c.show_id
"""
"""The seats of shows that changed after a number, each with the number of its change, all of one snapshot; not more
than are worth it. A show in which none changed gives one row of nulls."""

CHANGES_AFTER = """
    SELECT known.show_id, known.after, c.sequence AS show_sequence, h.*
    FROM unnest(%(show_id)s::uuid[], %(after)s::bigint[]) AS known (show_id, after)
    JOIN show_counters c ON c.show_id = known.show_id
    LEFT JOIN LATERAL (
        SELECT s.sequence, s.changed_at, s.seat_id, s.status, s.expires_at FROM seat_changes s
        WHERE s.show_id = c.show_id AND s.sequence > known.after AND s.sequence <= known.after + 100
        ORDER BY s.sequence, s.seat_id
    ) AS h ON true
    ORDER BY known.show_id, known.after, h.sequence, h.seat_id
"""
"""The next hundred changes of shows after a number, and the number of the last of all, all of one snapshot. A show with
no such change gives one row of nulls."""

CHANGES_OF_CHANGED_SHOWS = CHANGES_AFTER.replace(
    "ON c.show_id = known.show_id", "ON c.show_id = known.show_id AND c.sequence <> known.after"
)
"""The same of those shows alone whose last change has another number."""

SHOWS_HELD_BY_USER = """
    SELECT DISTINCT show_id FROM show_seats WHERE holder_id = %(user_id)s AND status = 'HELD'
    ORDER BY show_id LIMIT %(most)s
"""

LAPSED_HOLDS = """
    SELECT show_id, array_agg(id) AS seat_ids FROM (
        SELECT show_id, id FROM show_seats
        WHERE status = 'HELD' AND expires_at <= boxoffice_clock()
        ORDER BY expires_at LIMIT %(most)s
    ) AS lapsed
    GROUP BY show_id
"""

FORGET_CHANGES = """
    DELETE FROM seat_changes h USING (
        SELECT show_id, max(sequence) AS sequence FROM (
            SELECT show_id, sequence FROM seat_changes
            WHERE changed_at < (SELECT boxoffice_clock()) - make_interval(mins => %(minutes)s)
            ORDER BY changed_at LIMIT 5000
        ) AS old
        GROUP BY show_id
    ) AS last
    WHERE h.show_id = last.show_id AND h.sequence <= last.sequence
"""
"""What is kept of a show's changes has no gaps: the oldest go, up to a number, whatever the clock did in between."""
