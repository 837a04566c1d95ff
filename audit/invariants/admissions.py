"""Invariants of admissions: who is in, and by what."""

from audit.invariants.invariant import Invariant

ADMISSIONS = (
    Invariant(
        "whoever-is-in-is-in-by-one-scan",
        "of each ticket that is ADMITTED one admission stands, of one that is VALID none, of a revoked one at most one",
        ("booking.tickets", "booking.admissions"),
        """
        SELECT t.id, t.state, count(a.scan_id) AS standing
        FROM booking.tickets t LEFT JOIN booking.admissions a ON a.ticket_id = t.id AND a.undone_at IS NULL
        GROUP BY t.id, t.state
        HAVING count(a.scan_id) > 1
            OR count(a.scan_id) <> CASE t.state WHEN 'VALID' THEN 0 WHEN 'ADMITTED' THEN 1 ELSE count(a.scan_id) END
        """,
    ),
    Invariant(
        "each-admission-is-by-a-scan-that-let-in",
        "each scan that let its ticket in is an admission of this ticket, and nothing else is one",
        ("booking.scans WHERE result = 'ADMITTED'", "booking.admissions"),
        """
        SELECT s.id, a.scan_id, s.ticket_id, a.ticket_id AS admitted_ticket_id
        FROM booking.admissions a
        FULL JOIN (SELECT * FROM booking.scans WHERE result = 'ADMITTED') AS s ON s.id = a.scan_id
        WHERE a.ticket_id IS DISTINCT FROM s.ticket_id
        """,
    ),
    Invariant(
        "with-a-connection-tickets-decide",
        "at a gate with a connection somebody came in if, and only if, his ticket let him in",
        ("booking.scans WHERE NOT is_offline",),
        """
        SELECT id, ticket_id, result, came_in FROM booking.scans
        WHERE came_in IS DISTINCT FROM (result = 'ADMITTED') AND is_offline IS NOT TRUE
        """,
    ),
)
