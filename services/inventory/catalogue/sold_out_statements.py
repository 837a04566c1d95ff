"""Statements that tell which shows, and which events, are sold out."""


def _free_first(show_id: str) -> str:
    """Return what finds the seat of a show, of those that are for sale and not booked, that is free first.

    The order has the index answer, whatever the planner expects of seats: it looks at one, or at none.
    """
    return f"""
        SELECT seat.expires_at, true AS is_there FROM show_seats seat
        WHERE seat.show_id = {show_id} AND seat.status IN ('AVAILABLE', 'HELD', 'RESERVED')
            AND seat.blocked_for IS NULL
        ORDER BY seat.expires_at NULLS FIRST LIMIT 1
    """


SOLD_OUT = f"""
    SELECT n.show_id FROM unnest(%(show_ids)s::uuid[]) AS n (show_id)
    LEFT JOIN LATERAL ({_free_first("n.show_id")}) AS first ON true
    WHERE first.is_there IS NULL OR first.expires_at > (SELECT boxoffice_clock())
"""
"""Those of the shows of which nobody can take a seat: each is somebody's, or not for sale."""

_ON_SALE = """
    s.event_id = n.event_id AND s.status = 'SCHEDULED' AND s.starts_at > (SELECT boxoffice_clock())
    AND coalesce(s.sales_end_at, s.starts_at) > (SELECT boxoffice_clock())
"""

SOLD_OUT_EVENTS = f"""
    SELECT n.event_id FROM unnest(%(event_ids)s::uuid[]) AS n (event_id)
    WHERE (SELECT true FROM shows s WHERE {_ON_SALE} LIMIT 1) AND (
        SELECT true FROM shows s CROSS JOIN LATERAL ({_free_first("s.id")}) AS first
        WHERE {_ON_SALE} AND coalesce(first.expires_at, '-infinity') <= (SELECT boxoffice_clock()) LIMIT 1
    ) IS NULL
"""
"""Those of the events that have shows whose sales have not ended, of none of which anybody can take a seat. It goes by
one show after the other, and ends with the first that has a seat."""
