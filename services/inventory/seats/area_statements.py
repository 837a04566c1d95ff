"""Statements about places of areas."""

from services.inventory.seats.statements import SEAT
from services.inventory.shards import of_shows

_OF_AREA = f"s.show_id = n.show_id AND s.area_id = n.area_id AND {of_shows('s')}"

FREE_PLACES = f"""
    SELECT n.show_id, n.area_id AS of_area, (
        SELECT max(s.number) FROM show_seats s WHERE {_OF_AREA}
    ) AS capacity, p.*
    FROM unnest(%(show_id)s::uuid[], %(area_id)s::uuid[], %(most)s::int[]) AS n (show_id, area_id, most)
    LEFT JOIN LATERAL (
        (SELECT {SEAT} FROM show_seats s WHERE {_OF_AREA} AND s.status = 'AVAILABLE' ORDER BY s.number LIMIT n.most)
        UNION ALL (
            SELECT {SEAT} FROM show_seats s
            WHERE {_OF_AREA} AND s.status IN ('HELD', 'RESERVED') AND s.blocked_for IS NULL
                AND s.expires_at <= (SELECT boxoffice_clock())
            ORDER BY s.expires_at NULLS FIRST LIMIT n.most
        )
        LIMIT n.most
    ) AS p ON true
"""
"""How many places areas have, and the first that are free: those that are nobody's, then those whose claims have
lapsed. An area without any gives one row of nulls, and so does one that the show has not, without its capacity."""

BLOCKED_PLACES = f"""
    SELECT n.show_id, n.area_id AS of_area, p.*
    FROM (
        SELECT
            n.show_id, n.area_id, n.reason, n.code IS NULL AS is_any, c.reason AS opened, c.seat_ids,
            max(n.most) AS most
        FROM unnest(
            %(show_id)s::uuid[], %(area_id)s::uuid[], %(code)s::text[], %(reason)s::text[], %(most)s::int[]
        ) AS n (show_id, area_id, code, reason, most)
        LEFT JOIN access_codes c ON (c.show_id, c.code) = (n.show_id, n.code) AND {of_shows("c")}
        GROUP BY 1, 2, 3, 4, 5, 6
    ) AS n
    CROSS JOIN LATERAL (
        SELECT {SEAT} FROM show_seats s
        WHERE {_OF_AREA} AND (s.blocked_for IS NOT NULL OR s.status = 'BLOCKED')
            AND (n.reason IS NULL OR s.blocked_for = n.reason)
            AND (n.is_any OR s.blocked_for = n.opened OR s.id = ANY(n.seat_ids))
        ORDER BY s.holder_id IS NOT NULL AND coalesce(s.expires_at > (SELECT boxoffice_clock()), true), s.number
        LIMIT n.most
    ) AS p
"""
"""Blocked places of areas, those first that nobody has: that a code opens, are blocked for a reason, or any. Each may
have a code of his own, so what many codes open is read once."""

_OF_COUNTER = _OF_AREA.replace("n.show_id", "c.show_id")

PLACES_TO_PRICE = f"""
    SELECT c.show_id, n.area_id AS of_area, p.*
    FROM unnest(%(show_id)s::uuid[], %(area_id)s::uuid[], %(user_id)s::uuid[], %(most)s::int[])
        AS n (show_id, area_id, user_id, most)
    JOIN show_counters c ON c.show_id = n.show_id
    CROSS JOIN LATERAL (
        (SELECT {SEAT} FROM show_seats s WHERE {_OF_COUNTER} ORDER BY s.number LIMIT n.most)
        UNION ALL (SELECT {SEAT} FROM show_seats s WHERE {_OF_COUNTER} AND s.holder_id = n.user_id)
    ) AS p
    WHERE {of_shows("c")}
"""
"""The first places of areas, whoever has them, and those that users have: some are told twice."""
