"""Statements about screens and their seats."""

from services.chassis.store.rows import selected
from services.inventory.halls.domain import Screen

LOCK_VENUES = "SELECT id FROM venues WHERE id = ANY(%(venue_ids)s) ORDER BY id FOR UPDATE"
"""The lock under which a venue gets screens."""

NAMES_OF_SCREENS = "SELECT venue_id, name FROM screens WHERE venue_id = ANY(%(venue_ids)s)"
"""The names of venues' screens. Only under the venues' locks."""

CREATE_SCREENS = """
    INSERT INTO screens (id, venue_id, name, name_key, seat_count)
    SELECT id, venue_id, name, name_key, seat_count
    FROM unnest(%(id)s::uuid[], %(venue_id)s::uuid[], %(name)s::text[], %(name_key)s::text[], %(seat_count)s::int[])
        AS n (id, venue_id, name, name_key, seat_count)
"""

CREATE_SCREEN_SEATS = """
    INSERT INTO screen_seats (
        screen_id, id, position, section, section_key, row, row_key, number, tier, label, x, y, features, companion_of,
        price_multiplier, area_id
    )
    SELECT
        %(screen_id)s, (%(seat_ids)s::uuid[])[r.position + s.number], %(first)s + r.position + s.number - 1,
        r.section, r.section_key, r.label, r.row_key, s.number, coalesce(s.tier, r.tier),
        s.label, s.x, s.y, string_to_array(s.features, ','), (%(seat_ids)s::uuid[])[r.position + s.companion_of],
        nullif(r.price_multiplier, 1000), r.area_id
    FROM unnest(
        %(positions)s::int[], %(sections)s::text[], %(section_keys)s::text[], %(labels)s::text[], %(row_keys)s::text[],
        %(seat_counts)s::int[], %(tiers)s::text[], %(seats)s::text[], %(price_multipliers)s::int[],
        %(area_ids)s::uuid[]
    ) AS r (position, section, section_key, label, row_key, seat_count, tier, seats, price_multiplier, area_id)
    CROSS JOIN LATERAL ROWS FROM (
        generate_series(1, r.seat_count),
        jsonb_to_recordset(r.seats::jsonb) AS (label text, x int, y int, features text, companion_of int, tier text)
    ) AS s (number, label, x, y, features, companion_of, tier)
"""
"""Create the seats of a screen's rows; `positions` are those of each row's first seat, counted from the `first`, and
`seat_ids` are in order of position. `seats` is JSON for each row: a list of what there is to say of its seats, which
may be empty."""

SEAT_LAYOUT = """
    SELECT
        section, row,
        array_agg(id::text ORDER BY position) AS seat_ids,
        array_agg(number ORDER BY position) AS numbers,
        array_agg(tier ORDER BY position) AS tiers,
        array_agg(label ORDER BY position) AS labels,
        array_agg(x ORDER BY position) AS xs,
        array_agg(y ORDER BY position) AS ys,
        array_agg(array_to_string(features, ',') ORDER BY position) AS features,
        array_agg(companion_of::text ORDER BY position) AS companions_of,
        max(coalesce(price_multiplier, 1000)) AS price_multiplier
    FROM (
        SELECT * FROM screen_seats
        WHERE screen_id = %(screen_id)s AND area_id IS NULL
            AND position > %(after)s AND position <= %(after)s::int + %(limit)s::int
    ) AS part
    GROUP BY section, row
    ORDER BY min(position)
"""
"""A screen's rows from the front to the back, with their seats as columns: of so many positions behind one.
Areas have positions, too, and no rows."""

AREAS_OF_SCREEN = """
    SELECT area_id AS id, section AS name, min(tier) AS tier, count(*)::int AS capacity,
        max(coalesce(price_multiplier, 1000)) AS price_multiplier
    FROM screen_seats WHERE screen_id = %(screen_id)s AND area_id IS NOT NULL
    GROUP BY area_id, section ORDER BY min(position)
"""

LOCK_SCREENS_OF_VENUES = f"""
    SELECT {selected(Screen)} FROM screens WHERE venue_id = ANY(%(venue_ids)s) ORDER BY id FOR UPDATE
"""
"""The lock under which screens get sections and shows. It comes after that of their venues."""

SECTIONS_OF_VENUES = """
    SELECT DISTINCT screen_id, section FROM screen_seats
    WHERE screen_id IN (SELECT id FROM screens WHERE venue_id = ANY(%(venue_ids)s))
"""

EXTEND_SCREEN = "UPDATE screens SET seat_count = %(seat_count)s WHERE id = %(id)s"

KEEP_SEATS_OF_SHOWS = """
    UPDATE shows SET seat_count = %(seats_before)s WHERE screen_id = %(id)s AND seat_count IS NULL
"""
"""Have the shows of a screen keep what seats they have. Only under the screen's lock."""

FIND_SCREEN = f"SELECT {selected(Screen)} FROM screens WHERE id = %(id)s"
