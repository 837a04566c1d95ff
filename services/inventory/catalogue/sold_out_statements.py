"""Statements that tell which shows are sold out, and which shows of events are on sale."""

from services.inventory.shards import of_shows

_FREE_FIRST = f"""(
    SELECT coalesce(s.expires_at, '-infinity') FROM show_seats s
    WHERE s.show_id = c.show_id AND {of_shows("s", "show_ids")}
        AND s.status IN ('AVAILABLE', 'HELD', 'RESERVED') AND s.blocked_for IS NULL
    ORDER BY s.expires_at NULLS FIRST LIMIT 1
)"""
"""When the seat of a show, of those that are for sale and not booked, is free that is free first. The order has the
index answer, whatever the planner expects of seats: it looks at one, or at none."""

SOLD_OUT = f"""
    SELECT c.show_id FROM show_counters c
    WHERE c.show_id = ANY(%(show_ids)s) AND coalesce({_FREE_FIRST} > (SELECT boxoffice_clock()), true)
"""
"""Those of the shows of which nobody can take a seat: each is somebody's, or not for sale."""

SHOWS_ON_SALE = """
    SELECT s.event_id, s.id FROM unnest(%(event_ids)s::uuid[]) AS n (event_id)
    CROSS JOIN LATERAL (
        SELECT s.event_id, s.id FROM shows s
        WHERE s.event_id = n.event_id AND s.status = 'SCHEDULED' AND s.starts_at > (SELECT boxoffice_clock())
            AND coalesce(s.sales_end_at, s.starts_at) > (SELECT boxoffice_clock())
        ORDER BY s.starts_at, s.id OFFSET %(skipped)s LIMIT %(most)s
    ) AS s
"""
"""The next shows of events whose sales have not ended, so many of each: earliest first."""
