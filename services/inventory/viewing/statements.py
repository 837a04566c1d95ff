"""Statements about seats as they are looked at, and their changes."""

from services.inventory.seats.statements import SEAT
from services.inventory.shards import of_shows

_SHOW = """
    c.show_id, c.sequence AS show_sequence, c.currency, coalesce(c.sales_end_at, c.starts_at) AS sales_end_at,
    c.prices_version, c.status = 'DRAFT' AS is_draft, c.status = 'CANCELLED' AS is_cancelled, clock.now
"""

SEATS_OF_SHOW = f"""
    WITH clock AS MATERIALIZED (SELECT boxoffice_clock() AS now)
    SELECT {_SHOW}, {SEAT}, p.price AS list_price
    FROM show_counters c CROSS JOIN clock LEFT JOIN show_seats s ON s.show_id = c.show_id
    LEFT JOIN list_prices p ON (p.show_id, p.version, p.tier) = (c.show_id, c.prices_version, s.tier)
    WHERE c.show_id = %(show_id)s
    ORDER BY s.position
"""
"""A show's seats, its number and the clock, all of one snapshot. A show without seats gives one row of nulls."""

PLACES_OF_SHOW = """
    SELECT h.position, h.x, h.y FROM shows w JOIN screen_seats h ON h.screen_id = w.screen_id
    WHERE w.id = %(show_id)s AND h.x IS NOT NULL
"""
"""Where a show's seats are in the plan of its hall, by their positions, as far as that is said. It never changes."""

SEATS_SINCE = f"""
    WITH clock AS MATERIALIZED (SELECT boxoffice_clock() AS now)
    SELECT {_SHOW}, s.*
    FROM unnest(%(show_id)s::uuid[], %(sequence)s::int[]) AS known (show_id, sequence)
    JOIN show_counters c ON c.show_id = known.show_id CROSS JOIN clock
    LEFT JOIN LATERAL (
        SELECT h.sequence AS change, {SEAT}
        FROM seat_changes h JOIN show_seats s ON s.show_id = h.show_id AND s.id = h.seat_id
        WHERE h.show_id = c.show_id AND h.sequence > known.sequence AND {of_shows("h")} AND {of_shows("s")}
        ORDER BY h.sequence LIMIT 1000
    ) AS s ON true
    WHERE {of_shows("c")}
    ORDER BY c.show_id
"""
"""The seats of shows that changed after a number, each with the number of its change, all of one snapshot; not more
than are worth it. A show in which none changed gives one row of nulls."""

CHANGES_AFTER = f"""
    SELECT known.show_id, known.after, c.sequence AS show_sequence, c.status = 'DRAFT' AS is_draft, h.*
    FROM unnest(%(show_id)s::uuid[], %(after)s::bigint[]) AS known (show_id, after)
    JOIN show_counters c ON c.show_id = known.show_id
    LEFT JOIN LATERAL (
        SELECT s.sequence, s.changed_at, s.seat_id, s.status, s.expires_at, s.price, s.blocked,
            s.area_id, NULL AS tier, NULL AS kind, NULL::int AS revision, NULL::timestamptz AS starts_at,
            NULL::timestamptz AS sales_end_at
        FROM seat_changes s
        WHERE s.show_id = c.show_id AND s.sequence > known.after AND s.sequence <= known.after + 100
            AND {of_shows("s")}
        UNION ALL
        SELECT w.sequence, w.changed_at, NULL, NULL, NULL, p.price, NULL, NULL, p.tier, w.kind, w.revision,
            w.starts_at, w.sales_end_at
        FROM show_changes w
        LEFT JOIN list_prices p ON (p.show_id, p.version) = (w.show_id, w.prices_version) AND {of_shows("p")}
        WHERE w.show_id = c.show_id AND w.sequence > known.after AND w.sequence <= known.after + 100
            AND {of_shows("w")}
    ) AS h ON true
    WHERE {of_shows("c")}
    ORDER BY known.show_id, known.after, h.sequence, h.seat_id
"""
"""The next hundred changes of shows and their seats after a number, and the number of the last of all, all of one
snapshot; a list of prices by its tiers. A show with no such change gives one row of nulls."""

CHANGES_OF_CHANGED_SHOWS = CHANGES_AFTER.replace(
    "ON c.show_id = known.show_id", "ON c.show_id = known.show_id AND c.sequence <> known.after"
)
"""The same of those shows alone whose last change has another number."""

_OLD = (
    "WHERE changed_at < (SELECT boxoffice_clock()) - make_interval(mins => %(minutes)s) ORDER BY changed_at LIMIT 5000"
)

FORGET_CHANGES = f"""
    WITH last AS MATERIALIZED (
        SELECT show_id, max(sequence) AS sequence FROM (
            (SELECT show_id, sequence FROM seat_changes {_OLD})
            UNION ALL (SELECT show_id, sequence FROM show_changes {_OLD})
        ) AS old
        GROUP BY show_id
    ), of_seats AS (
        DELETE FROM seat_changes h USING last WHERE h.show_id = last.show_id AND h.sequence <= last.sequence RETURNING 1
    ), of_shows AS (
        DELETE FROM show_changes h USING last WHERE h.show_id = last.show_id AND h.sequence <= last.sequence RETURNING 1
    )
    SELECT (SELECT count(*) FROM of_seats) + (SELECT count(*) FROM of_shows) AS forgotten
"""
"""What is kept of a show's changes has no gaps, and no change is kept in part: the oldest go, up to a number, whatever
the clock did in between."""
