"""Statements for those who run shows."""

from collections.abc import Sequence

from services.booking.bookings.statements import SEAT_IN_WORDS
from services.booking.office.domain import Export
from services.chassis.store.rows import GREATEST_ID, LEAST_ID, selected
from services.chassis.writes.idempotency import NOBODY

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

# --- Exports

BEGIN_EXPORT = """
    INSERT INTO booking_exports (id, show_id, organization_id, exported_by, with_contacts, began_at)
    VALUES (%(id)s, %(show_id)s, %(organization_id)s, %(exported_by)s, %(with_contacts)s, boxoffice_clock())
"""

COUNT_EXPORT = """
    UPDATE booking_exports SET
        bookings = %(bookings)s, completed_at = CASE WHEN %(is_last)s THEN boxoffice_clock() END
    WHERE id = %(id)s
"""
"""Write how many bookings an export has, before they are handed out."""

_SEATS = "string_agg(name, '; ' ORDER BY position)"

BOOKINGS_OF_EXPORT = f"""
    SELECT b.id, b.user_id, coalesce(b.booking_number, '') AS booking_number, b.guest_name, b.created_at, b.currency,
        CASE b.state WHEN 'REFUNDED' THEN 'REFUNDED' ELSE 'CONFIRMED' END AS status,
        coalesce(b.confirmed_at, CASE WHEN b.state <> 'REFUNDED' THEN b.updated_at END) AS confirmed_at,
        coalesce(b.final_amount, b.total_amount) AS paid_amount, coalesce(b.refund_amount, 0) AS refunded_amount,
        coalesce(s.seats, '') AS seats, coalesce(s.refunded_seats, '') AS refunded_seats
    FROM (
        SELECT * FROM bookings
        WHERE show_id = %(show_id)s AND state IN ('CONFIRMED', 'REFUNDING', 'REFUNDED')
            AND id > coalesce(%(after)s::uuid, {LEAST_ID})
        ORDER BY id LIMIT %(limit)s
    ) AS b CROSS JOIN LATERAL (
        SELECT {_SEATS} FILTER (WHERE refund_id IS NULL) AS seats,
            {_SEATS} FILTER (WHERE refund_id IS NOT NULL) AS refunded_seats
        FROM (
            SELECT s.position, s.refund_id, {SEAT_IN_WORDS} AS name FROM booking_seats s WHERE s.booking_id = b.id
        ) AS seat
    ) AS s
    ORDER BY b.id
"""
"""A page of the bookings of a show that are tickets or were, oldest first."""

FORGET_EXPORTS = """
    DELETE FROM booking_exports WHERE id = ANY (ARRAY(
        SELECT id FROM booking_exports WHERE began_at < boxoffice_clock() - make_interval(days => %(days)s)
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""
"""Ids are in the order of time, so that the first of the index are those to forget."""

EXPORTS = f"""
    SELECT {selected(Export)} FROM booking_exports
    WHERE organization_id = %(organization_id)s
        AND id < coalesce(%(after)s::uuid, {GREATEST_ID})
    ORDER BY id DESC LIMIT %(limit)s
"""

OWN_EXPORTS = EXPORTS.replace("organization_id = %(organization_id)s", "organization_id IS NULL")
"""Those of Boxoffice's own shows. No index is read for what may be null or a value."""

# --- Searches

SPEND_SEARCH = """
    INSERT INTO search_budgets AS b (user_id, whole_at)
    VALUES (%(user_id)s, boxoffice_clock() + %(cost)s::interval)
    ON CONFLICT (user_id) DO UPDATE SET whole_at = greatest(b.whole_at, boxoffice_clock()) + %(cost)s::interval
        WHERE greatest(b.whole_at, boxoffice_clock()) + %(cost)s::interval <= boxoffice_clock() + %(window)s::interval
    RETURNING user_id
"""
"""Count a search; no row where as many as there may be were made. Each puts off by its cost when all may be made again,
which may be one window away at most."""

FORGET_SEARCHES = """
    DELETE FROM search_budgets WHERE user_id = ANY (ARRAY(
        SELECT user_id FROM search_budgets WHERE whole_at < (SELECT boxoffice_clock())
        ORDER BY whole_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""

NAMES = "SELECT id, user_id, organization_id, guest_name FROM bookings WHERE id = ANY(%(ids)s)"

KEEP_NAMES = """
    INSERT INTO booking_names (organization_id, word, booking_id)
    SELECT n.organization_id, n.word, n.booking_id
    FROM unnest(%(organization_id)s::uuid[], %(word)s::text[], %(booking_id)s::uuid[])
        AS n (organization_id, word, booking_id)
    JOIN bookings b ON b.id = n.booking_id
    WHERE NOT EXISTS (
        SELECT FROM closed_users c WHERE c.user_id = b.user_id AND c.closed_until > boxoffice_clock()
    )
    ON CONFLICT DO NOTHING
"""
"""Names are read before this transaction: an account that was deleted since then leaves none here (see closing)."""


def find_bookings(words: Sequence[str]) -> str:
    """Ids of an organization's bookings, newest first: the one of a `number`, and those whose names have the words.

    Each of the words begins a word of the name; `word_0` and `end_0` to `word_n` and `end_n` say where they begin and
    end among all. The booking of a number is known by whose it is in its row, null: Boxoffice's own.
    """
    by_number = """
        SELECT id FROM bookings
        WHERE booking_number = %(number)s AND state <> 'RESERVING'
            AND organization_id IS NOT DISTINCT FROM %(organization_id)s::uuid
    """
    also = " ".join(
        f"""AND EXISTS (SELECT FROM booking_names a WHERE a.booking_id = n.booking_id
            AND a.word >= %(word_{index})s AND a.word < %(end_{index})s)"""
        for index in range(1, len(words))
    )
    by_name = f"""
        SELECT n.booking_id AS id FROM booking_names n
        WHERE n.organization_id = coalesce(%(organization_id)s::uuid, '{NOBODY}')
            AND n.word >= %(word_0)s AND n.word < %(end_0)s {also}
    """
    found = f"{by_number} UNION {by_name}" if words else by_number
    return f"""
        SELECT id FROM ({found}) AS found WHERE %(after)s::uuid IS NULL OR id < %(after)s
        ORDER BY id DESC LIMIT %(limit)s
    """
