"""Statements about seats on sale."""

from services.chassis.store.rows import LEAST_ID, selected
from services.inventory.seats.domain import Reservation, Seat
from services.inventory.shards import of_shows

LOCK_SHOWS = """
    SELECT
        show_id, starts_at, coalesce(sales_end_at, starts_at) AS sales_end_at, currency,
        status, sales_start_at, revision, sequence, prices_version, seat_limit
    FROM show_counters
    WHERE show_id = ANY(%(show_ids)s) ORDER BY show_id FOR UPDATE SKIP LOCKED
"""
"""Lock the shows that nobody else has. The counter's row is the lock for all seats of its show."""

WAIT_FOR_SHOWS = LOCK_SHOWS.replace("SKIP LOCKED", "")
"""Lock the shows, waiting for others to let go of them."""

WHICH_SHOWS_EXIST = "SELECT show_id FROM show_counters WHERE show_id = ANY(%(show_ids)s)"

LIST_PRICES = f"""
    SELECT p.show_id, p.tier, p.price FROM show_counters c
    JOIN list_prices p ON (p.show_id, p.version) = (c.show_id, c.prices_version)
    WHERE c.show_id = ANY(%(show_ids)s) AND {of_shows("p", "show_ids")}
"""
"""What the tiers of shows cost now."""

LIST_PRICES_AND_CLOCK = LIST_PRICES.replace("p.price", "p.price, (SELECT boxoffice_clock()) AS now")
"""The same with the clock, which every show that is sold has a row for."""

MULTIPLIERS = """
    SELECT show_id, tier, max(coalesce(price_multiplier, 1000)) AS multiplier
    FROM show_seats WHERE show_id = ANY(%(show_ids)s) GROUP BY show_id, tier
"""
"""By how much the dearest seats of shows multiply their tiers' prices, in thousandths."""

SHOWS_TO_TELL_OF = """
    SELECT
        s.id, s.event_id, c.venue_id, s.screen_id, s.starts_at, s.ends_at, s.sales_start_at,
        coalesce(s.sales_end_at, s.starts_at) AS sales_end_at, s.currency, s.revision, s.organization_id
    FROM shows s JOIN screens c ON c.id = s.screen_id WHERE s.id = ANY(%(show_ids)s) AND s.status <> 'DRAFT'
"""
"""What the topic tells of those of the shows that are public."""

SEAT = selected(Seat, of="s")
"""The columns of a seat."""

SEATS_BY_ID = f"""
    SELECT s.show_id, {SEAT} FROM show_seats s
    JOIN unnest(%(show_id)s::uuid[], %(id)s::uuid[]) AS named (show_id, id)
        ON (s.show_id, s.id) = (named.show_id, named.id)
    WHERE {of_shows("s")}
"""

CURRENCIES = """
    SELECT show_id, currency, boxoffice_clock() AS now FROM show_counters
    WHERE show_id = ANY(%(show_ids)s) AND status <> 'DRAFT'
"""
"""The currencies of the shows whose seats may be bought, and the clock."""

SEATS_OF_USERS = f"""
    SELECT s.show_id, {SEAT} FROM show_seats s
    JOIN unnest(%(show_id)s::uuid[], %(user_id)s::uuid[]) AS owner (show_id, user_id)
        ON s.holder_id = owner.user_id AND s.show_id = owner.show_id
    WHERE {of_shows("s")}
"""

UNBOOKED_HOLDS = f"""
    SELECT u.show_id, u.user_id, u.window_began_at, u.minutes FROM unbooked_holds u
    JOIN unnest(%(show_id)s::uuid[], %(user_id)s::uuid[]) AS named (show_id, user_id)
        ON (u.show_id, u.user_id) = (named.show_id, named.user_id)
    WHERE {of_shows("u")}
"""
"""What users have held of shows without booking it, in the last window in which they have."""

ADD_UNBOOKED_HOLDS = f"""
    INSERT INTO unbooked_holds AS u (show_id, user_id, window_began_at, minutes)
    SELECT c.show_id, new.user_id, new.window_began_at, new.minutes FROM unnest(
        %(show_id)s::uuid[], %(user_id)s::uuid[], %(window_began_at)s::timestamptz[], %(minutes)s::int[]
    ) AS new (show_id, user_id, window_began_at, minutes)
    JOIN show_counters c ON c.show_id = new.show_id
    WHERE {of_shows("c")}
    ON CONFLICT (show_id, user_id) DO UPDATE SET
        window_began_at = excluded.window_began_at,
        minutes = CASE WHEN u.window_began_at = excluded.window_began_at THEN u.minutes ELSE 0 END + excluded.minutes
    WHERE u.window_began_at <= excluded.window_began_at
"""
"""Add what is in the same window as before; a later one takes its place, an earlier one counts no more."""

FORGET_UNBOOKED_HOLDS = """
    DELETE FROM unbooked_holds u USING (
        SELECT show_id, user_id FROM unbooked_holds
        WHERE window_began_at < (SELECT boxoffice_clock()) - make_interval(hours => %(hours)s)
        ORDER BY window_began_at LIMIT 1000
    ) AS past
    WHERE (u.show_id, u.user_id) = (past.show_id, past.user_id)
"""
"""Forget one batch of what was held in windows that are over."""

HOLDS = f"""
    WITH clock AS MATERIALIZED (SELECT boxoffice_clock() AS now), held AS MATERIALIZED (
        SELECT s.show_id, s.position, {SEAT}, clock.now FROM show_seats s CROSS JOIN clock
        WHERE s.holder_id = %(user_id)s AND s.status = 'HELD' AND s.expires_at > clock.now
            AND (%(show_id)s::uuid IS NULL OR s.show_id = %(show_id)s)
            AND s.show_id > coalesce(%(after)s::uuid, {LEAST_ID})
    )
    SELECT held.*, c.currency FROM held JOIN show_counters c USING (show_id)
    WHERE c.status <> 'CANCELLED' AND show_id IN (SELECT DISTINCT show_id FROM held ORDER BY show_id LIMIT %(limit)s)
    ORDER BY show_id, position
"""
"""What a user holds now of so many shows."""

RESERVATIONS = f"""
    SELECT r.show_id, {selected(Reservation, of="r")} FROM reservations r
    JOIN unnest(%(show_id)s::uuid[], %(booking_id)s::uuid[]) AS named (show_id, booking_id)
        ON (r.show_id, r.booking_id) = (named.show_id, named.booking_id)
    WHERE {of_shows("r")}
"""

SEATS_OF_RESERVATIONS = f"""
    SELECT s.show_id, {SEAT} FROM reservations r
    JOIN unnest(%(show_id)s::uuid[], %(booking_id)s::uuid[]) AS named (show_id, booking_id)
        ON (r.show_id, r.booking_id) = (named.show_id, named.booking_id)
    JOIN show_seats s ON s.show_id = r.show_id AND s.id = ANY(r.seat_ids)
    WHERE {of_shows("r")} AND {of_shows("s")}
"""

WRITE_SEATS = f"""
    UPDATE show_seats s SET
        status = new.status, holder_id = new.holder_id, booking_id = new.booking_id, expires_at = new.expires_at,
        price = new.price, held_at = new.held_at, blocked_for = new.blocked_for, right_id = new.right_id
    FROM unnest(
        %(show_id)s::uuid[], %(id)s::uuid[], %(status)s::text[], %(holder_id)s::uuid[], %(booking_id)s::uuid[],
        %(expires_at)s::timestamptz[], %(price)s::int[], %(held_at)s::timestamptz[], %(blocked_for)s::text[],
        %(right_id)s::uuid[]
    ) AS new (show_id, id, status, holder_id, booking_id, expires_at, price, held_at, blocked_for, right_id)
    WHERE s.show_id = new.show_id AND s.id = new.id AND {of_shows("s")}
"""

LIMITS = ("max_seats_per_user", "seat_hold_minutes", "seat_hold_max_minutes", "reservation_max_minutes")
_USED = {name: f"used.{name}" for name in LIMITS} | {
    "max_seats_per_user": "coalesce(c.seat_limit, used.max_seats_per_user)"
}
_LARGEST = ", ".join(
    f"{name} = CASE WHEN sequence = 0 OR c.{name} < {used} THEN {used} ELSE c.{name} END"
    for name, used in _USED.items()
)

TAKE_NUMBERS = f"""
    UPDATE show_counters c SET sequence = sequence + 1, {_LARGEST}
    FROM (VALUES ({", ".join(f"%({name})s::smallint" for name in LIMITS)})) AS used ({", ".join(LIMITS)})
    WHERE show_id = ANY(%(show_ids)s)
"""
"""Take the next number of each show, for all that this transaction changes of it, and remember by which limits: the
largest that there have been since the first number. Where they were not remembered then, they stay unknown."""

WRITE_CHANGES = f"""
    INSERT INTO seat_changes (show_id, sequence, seat_id, status, expires_at, price, blocked, area_id, changed_at)
    SELECT c.show_id, c.sequence, new.id, new.status, new.expires_at, new.price, new.blocked, new.area_id, %(now)s
    FROM unnest(
        %(show_id)s::uuid[], %(id)s::uuid[], %(status)s::text[], %(expires_at)s::timestamptz[], %(costs)s::int[],
        %(blocked)s::boolean[], %(area_id)s::uuid[]
    ) AS new (show_id, id, status, expires_at, price, blocked, area_id)
    JOIN show_counters c ON c.show_id = new.show_id
    WHERE {of_shows("c")}
"""

WRITE_LISTS = f"""
    INSERT INTO list_prices (show_id, version, tier, price)
    SELECT c.show_id, new.version, new.tier, new.price
    FROM unnest(%(show_id)s::uuid[], %(version)s::int[], %(tier)s::text[], %(price)s::int[])
        AS new (show_id, version, tier, price)
    JOIN show_counters c ON c.show_id = new.show_id
    WHERE {of_shows("c")}
"""

TAKE_LISTS = f"""
    UPDATE show_counters c SET prices_version = new.version
    FROM unnest(%(show_id)s::uuid[], %(version)s::int[]) AS new (show_id, version)
    WHERE c.show_id = new.show_id AND {of_shows("c")}
"""
"""Have other lists be valid. After the shows' numbers were taken, and before the changes under them are written."""

WRITE_SHOW_CHANGES = """
    INSERT INTO show_changes (show_id, sequence, kind, prices_version, changed_at)
    SELECT show_id, sequence, 'PRICES', prices_version, %(now)s FROM show_counters WHERE show_id = ANY(%(show_id)s)
"""

SHOW_PRICES = """
    UPDATE show_prices p SET price = new.price
    FROM unnest(%(show_id)s::uuid[], %(tier)s::text[], %(price)s::int[]) AS new (show_id, tier, price)
    WHERE (p.show_id, p.tier) = (new.show_id, new.tier)
"""
"""Have the catalogue show other prices: those of the lists that are valid."""

WRITE_RESERVATIONS = f"""
    INSERT INTO reservations
        (show_id, booking_id, user_id, state, seat_ids, prices, right_ids, reserved_at, expires_at, changed_at)
    SELECT c.show_id, new.booking_id, new.user_id, new.state, new.seat_ids::uuid[], new.prices::int[],
        new.right_ids::uuid[], new.reserved_at, new.expires_at, %(now)s
    FROM unnest(
        %(show_id)s::uuid[], %(booking_id)s::uuid[], %(user_id)s::uuid[], %(state)s::text[], %(seat_ids)s::text[],
        %(prices)s::text[], %(right_ids)s::text[], %(reserved_at)s::timestamptz[], %(expires_at)s::timestamptz[]
    ) AS new (show_id, booking_id, user_id, state, seat_ids, prices, right_ids, reserved_at, expires_at)
    JOIN show_counters c ON c.show_id = new.show_id
    WHERE {of_shows("c")}
    ON CONFLICT (show_id, booking_id) DO UPDATE SET
        state = excluded.state, expires_at = excluded.expires_at, changed_at = excluded.changed_at,
        seat_ids = excluded.seat_ids, right_ids = excluded.right_ids
"""

FIND_KEYS = f"""
    SELECT k.show_id, k.user_id, k.method, k.key, k.request_hash, k.answer
    FROM show_idempotency_keys k
    JOIN unnest(%(show_id)s::uuid[], %(user_id)s::uuid[], %(method)s::text[], %(key)s::text[])
        AS asked (show_id, user_id, method, key)
        ON (k.show_id, k.user_id, k.method, k.key) = (asked.show_id, asked.user_id, asked.method, asked.key)
    WHERE {of_shows("k")}
"""

KEEP_KEYS = f"""
    INSERT INTO show_idempotency_keys (show_id, user_id, method, key, request_hash, answer, created_at)
    SELECT c.show_id, new.user_id, new.method, new.key, new.request_hash, new.answer, statement_timestamp() FROM unnest(
        %(show_id)s::uuid[], %(user_id)s::uuid[], %(method)s::text[], %(key)s::text[], %(request_hash)s::bytea[],
        %(answer)s::bytea[]
    ) AS new (show_id, user_id, method, key, request_hash, answer)
    JOIN show_counters c ON c.show_id = new.show_id
    WHERE {of_shows("c")}
"""

FORGET_KEYS = """
    DELETE FROM show_idempotency_keys k USING (
        SELECT show_id, user_id, method, key FROM show_idempotency_keys
        WHERE created_at < (SELECT boxoffice_clock()) - make_interval(days => %(days)s)
        ORDER BY created_at LIMIT 1000
    ) AS old
    WHERE (k.show_id, k.user_id, k.method, k.key) = (old.show_id, old.user_id, old.method, old.key)
"""

SHOWS_HELD_BY_USER = """
    SELECT DISTINCT show_id FROM show_seats WHERE holder_id = %(user_id)s AND status = 'HELD'
    ORDER BY show_id LIMIT %(most)s
"""

SEATS_TO_CLEAR = """
    SELECT id, booking_id FROM show_seats WHERE show_id = %(show_id)s AND status IN ('HELD', 'RESERVED')
    LIMIT %(most)s
"""
"""Seats of a cancelled show that are held or reserved still."""

COUNT_CLAIMS = """
    SELECT
        (SELECT count(*) FROM reservations r WHERE r.show_id = %(show_id)s AND r.state = 'RESERVED') AS reserved,
        (SELECT count(*) FROM reservations r WHERE r.show_id = %(show_id)s AND r.state = 'CONFIRMED') AS confirmed,
        (SELECT count(*) FROM show_seats s WHERE s.show_id = %(show_id)s AND s.status = 'HELD') AS held,
        coalesce(c.seat_limit, %(max_seats_per_user)s::int) AS seat_limit
    FROM show_counters c WHERE c.show_id = %(show_id)s
"""
"""How many claims of a show are alive, how many of its seats are held, and how many a user may have."""

LAPSED_HOLDS = """
    SELECT show_id, array_agg(id) AS seat_ids FROM (
        SELECT show_id, id FROM show_seats
        WHERE status = 'HELD' AND expires_at <= boxoffice_clock()
        ORDER BY expires_at LIMIT %(most)s
    ) AS lapsed
    GROUP BY show_id
"""

MARK = "INSERT INTO show_markers (show_id, id) VALUES (%(show_id)s, %(id)s)"
FENCE = "INSERT INTO show_markers (show_id, id) VALUES (%(show_id)s, %(id)s), (%(show_id)s, %(fence)s)"
FENCED = "SELECT FROM show_markers WHERE show_id = %(show_id)s AND id = %(id)s"

FORGET_MARKERS = """
    DELETE FROM show_markers m USING (
        SELECT show_id, id FROM show_markers
        WHERE created_at < (SELECT clock_timestamp()) - interval '15 minutes' ORDER BY created_at LIMIT 5000
    ) AS old
    WHERE (m.show_id, m.id) = (old.show_id, old.id)
"""
