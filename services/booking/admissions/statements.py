"""Statements about admissions. Locks: the times of shows, shared, then bookings by id, then tickets and scans."""

from services.booking.admissions.domain import FirstScan, KeptScan, ScannedTicket
from services.chassis.store.rows import selected

LOCK_DOORS = "SELECT show_id FROM show_times WHERE show_id = ANY(%(show_ids)s) ORDER BY show_id FOR SHARE"
"""No ticket of these shows gets another home meanwhile."""

LOCK_BOOKINGS = """
    SELECT id FROM bookings WHERE id IN (SELECT booking_id FROM tickets WHERE id = ANY(%(ticket_ids)s))
    ORDER BY id FOR NO KEY UPDATE
"""
LOCK_FREE_BOOKINGS = f"{LOCK_BOOKINGS} SKIP LOCKED"
"""Whoever refunds, cancels or transfers has these locks, too."""

DOORS = """
    SELECT t.show_id, t.starts_at, t.ends_at, c.show_id IS NOT NULL AS is_cancelled
    FROM show_times t LEFT JOIN cancelled_shows c USING (show_id)
    WHERE t.show_id = ANY(%(show_ids)s)
"""

GATES = """
    SELECT g.id, s.show_id, g.name
    FROM gates g LEFT JOIN gate_shows s ON s.gate_id = g.id AND s.show_id = ANY(%(show_ids)s)
    WHERE g.id = ANY(%(gate_ids)s) AND g.revoked_at IS NULL AND g.ends_at > boxoffice_clock()
"""

_SEAT = {
    "seat_label": "b.seat_labels[s.position + 1]",
    "section": "s.section",
    "tier": "s.tier",
    "ticket_kind": "s.kind",
    "features": "coalesce(s.features, '')",
    "guest_name": "coalesce(b.guest_name, '')",
    "home_id": "h.id",
    "home_name": "coalesce(h.name, '')",
}
TICKETS = f"""
    SELECT {selected(ScannedTicket, of="t", **_SEAT)}
    FROM tickets t JOIN bookings b ON b.id = t.booking_id
    JOIN booking_seats s ON s.booking_id = t.booking_id AND s.seat_id = t.show_seat_id
    LEFT JOIN LATERAL (
        SELECT g.id, g.name FROM ticket_homes o JOIN gates g ON g.id = o.gate_id
        JOIN gate_shows l ON l.gate_id = g.id AND l.show_id = t.show_id
        WHERE o.ticket_id = t.id AND l.listed_until > boxoffice_clock()
    ) AS h ON true
    WHERE t.id = ANY(%(ticket_ids)s)
"""

FIRST_SCANS = f"""
    SELECT {selected(FirstScan, ticket_id="a.ticket_id", scan_id="c.id", scanned_at="c.scanned_at", gate_name="g.name")}
    FROM admissions a JOIN scans c ON c.id = a.scan_id JOIN gates g ON g.id = c.gate_id
    WHERE a.ticket_id = ANY(%(ticket_ids)s) AND a.undone_at IS NULL
"""

KNOWN_SCANS = """
    SELECT gate_id, key, request_hash, answer, result, is_offline FROM scans
    JOIN unnest(%(gate_id)s::uuid[], %(key)s::text[]) AS asked (gate_id, key) USING (gate_id, key)
"""

ADD_SCANS = """
    INSERT INTO scans (id, gate_id, key, request_hash, show_id, ticket_id, result, came_in, is_offline, scanned_at,
        gate_time, recorded_at, first_scan_id, answer)
    SELECT * FROM unnest(
        %(id)s::uuid[], %(gate_id)s::uuid[], %(key)s::text[], %(request_hash)s::bytea[], %(show_id)s::uuid[],
        %(ticket_id)s::uuid[], %(result)s::text[], %(came_in)s::boolean[], %(is_offline)s::boolean[],
        %(scanned_at)s::timestamptz[], %(gate_time)s::timestamptz[], %(recorded_at)s::timestamptz[],
        %(first_scan_id)s::uuid[], %(answer)s::bytea[]
    )
"""

ADMIT = """
    WITH let_in AS (
        UPDATE tickets t SET state = 'ADMITTED', updated_at = boxoffice_clock()
        FROM unnest(%(id)s::uuid[], %(ticket_id)s::uuid[]) AS scan (id, ticket_id)
        WHERE t.id = scan.ticket_id AND t.state = 'VALID'
        RETURNING scan.id, t.id AS ticket_id
    )
    INSERT INTO admissions (scan_id, ticket_id) SELECT id, ticket_id FROM let_in
"""

# --- Taken back, and listed

BOOKING_OF_SCAN = "SELECT t.booking_id FROM scans c JOIN tickets t ON t.id = c.ticket_id WHERE c.id = ANY(%(ids)s)"

LOCK_BOOKINGS_OF_SCANS = f"SELECT id FROM bookings WHERE id IN ({BOOKING_OF_SCAN}) ORDER BY id FOR NO KEY UPDATE"

_KEPT = {
    "gate_name": "g.name",
    "seat_label": "coalesce(b.seat_labels[array_position(b.ticket_ids, c.ticket_id)], '')",
    "first_scanned_at": "f.scanned_at",
    "first_gate_name": "coalesce(h.name, '')",
    "undone_at": "a.undone_at",
    "undone_by": "a.undone_by",
    "undo_reason": "coalesce(a.undo_reason, '')",
}
_SCANS = f"""
    SELECT {selected(KeptScan, of="c", **_KEPT)}
    FROM scans c JOIN gates g ON g.id = c.gate_id
    LEFT JOIN tickets t ON t.id = c.ticket_id AND t.show_id = c.show_id LEFT JOIN bookings b ON b.id = t.booking_id
    LEFT JOIN scans f ON f.id = c.first_scan_id LEFT JOIN gates h ON h.id = f.gate_id
    LEFT JOIN admissions a ON a.scan_id = c.id
"""
SCANS = f"{_SCANS} WHERE c.id = ANY(%(ids)s)"

_PAGE = "c.show_id = %(show_id)s AND (%(after)s::uuid IS NULL OR c.id < %(after)s)"
LIST_SCANS = f"{_SCANS} WHERE {_PAGE} ORDER BY c.id DESC LIMIT %(limit)s"
LIST_CONFLICTS = f"{_SCANS} WHERE {_PAGE} AND c.came_in AND c.result <> 'ADMITTED' ORDER BY c.id DESC LIMIT %(limit)s"

UNDO = """
    WITH undone AS (
        UPDATE admissions SET undone_at = %(undone_at)s, undone_by = %(undone_by)s, undo_reason = %(reason)s
        WHERE scan_id = %(id)s AND undone_at IS NULL
        RETURNING ticket_id
    )
    UPDATE tickets t SET state = 'VALID', updated_at = boxoffice_clock() FROM undone
    WHERE t.id = undone.ticket_id AND t.state = 'ADMITTED'
"""
