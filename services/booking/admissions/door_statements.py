"""Statements about door lists. The times of a show are locked whenever its tickets get homes."""

from services.booking.admissions.door_rows import ListedTicket
from services.chassis.store.rows import selected

LOCK_HOMES = "SELECT show_id FROM show_times WHERE show_id = %(show_id)s FOR NO KEY UPDATE"

TIMES = "SELECT starts_at, ends_at FROM show_times WHERE show_id = %(show_id)s"

GATE = """
    SELECT g.offline, s.gate_id IS NOT NULL AS is_for_show
    FROM gates g LEFT JOIN gate_shows s ON s.gate_id = g.id AND s.show_id = %(show_id)s
    WHERE g.id = %(gate_id)s AND g.revoked_at IS NULL AND g.ends_at > boxoffice_clock()
"""

GIVE_HOMES = """
    WITH homes AS (
        SELECT array_agg(g.id ORDER BY g.id) AS ids, count(*) AS number
        FROM gates g JOIN gate_shows s ON s.gate_id = g.id
        WHERE s.show_id = %(show_id)s AND g.offline = 'HOME' AND g.revoked_at IS NULL AND g.ends_at > boxoffice_clock()
    )
    INSERT INTO ticket_homes (ticket_id, gate_id)
    SELECT t.id, homes.ids[1 + abs(hashtextextended(t.id::text, 0) %% homes.number)]
    FROM homes, tickets t
    LEFT JOIN ticket_homes h ON h.ticket_id = t.id LEFT JOIN gates g ON g.id = h.gate_id
    LEFT JOIN gate_shows s ON s.gate_id = g.id AND s.show_id = t.show_id
    WHERE t.show_id = %(show_id)s AND t.state <> 'REVOKED' AND (
        h.ticket_id IS NULL OR (
            (g.revoked_at IS NOT NULL OR g.ends_at <= boxoffice_clock())
            AND coalesce(s.listed_until <= boxoffice_clock(), true)
        )
    )
    ORDER BY t.id
    ON CONFLICT (ticket_id) DO UPDATE SET gate_id = EXCLUDED.gate_id
"""
"""Give tickets homes that have none, or whose home is over and has no list any more that is good."""

NOTE_LIST = """
    UPDATE gate_shows SET listed_until = greatest(listed_until, boxoffice_clock() + make_interval(secs => %(good_for)s))
    WHERE gate_id = %(gate_id)s AND show_id = %(show_id)s
"""
"""Note how long a gate may go by a list: by the one of before, if that is good for longer and this one is cut off."""

_LISTED = {
    "is_used": "t.state = 'ADMITTED'",
    "home_id": "h.gate_id",
    "home_name": "coalesce(g.name, '')",
    "seat_label": "b.seat_labels[s.position + 1]",
    "section": "s.section",
    "tier": "s.tier",
    "ticket_kind": "s.kind",
    "features": "coalesce(s.features, '')",
}
LISTED = f"""
    SELECT {selected(ListedTicket, of="t", **_LISTED)}
    FROM tickets t JOIN bookings b ON b.id = t.booking_id
    JOIN booking_seats s ON s.booking_id = t.booking_id AND s.seat_id = t.show_seat_id
    LEFT JOIN ticket_homes h ON h.ticket_id = t.id LEFT JOIN gates g ON g.id = h.gate_id
    WHERE t.show_id = %(show_id)s AND t.state <> 'REVOKED'
        AND NOT EXISTS (SELECT FROM cancelled_shows WHERE show_id = %(show_id)s)
        AND (%(after)s::uuid IS NULL OR t.show_seat_id > %(after)s)
    ORDER BY t.show_seat_id LIMIT %(limit)s
"""
