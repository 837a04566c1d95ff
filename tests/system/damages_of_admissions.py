"""Damages to admissions."""

from __future__ import annotations

from tests.system.damage import Damage

IN, BY, CONNECTED = (
    "whoever-is-in-is-in-by-one-scan",
    "each-admission-is-by-a-scan-that-let-in",
    "with-a-connection-tickets-decide",
)
TWICE = """
    INSERT INTO booking.admissions (scan_id, ticket_id)
    SELECT gen_random_uuid(), ticket_id FROM booking.admissions WHERE undone_at IS NULL
"""

OF_ADMISSIONS = (
    Damage("somebody who is in by no scan", IN, "UPDATE booking.tickets SET state = 'ADMITTED' WHERE state = 'VALID'"),
    Damage("a ticket that is good again", IN, "UPDATE booking.tickets SET state = 'VALID' WHERE state = 'ADMITTED'"),
    Damage("somebody who is in twice", IN, TWICE),
    Damage(
        "somebody who is in twice by a ticket that was revoked since",
        IN,
        f"UPDATE booking.tickets SET state = 'REVOKED' WHERE state = 'ADMITTED'; {TWICE}",
    ),
    Damage("an admission that counts again", IN, "UPDATE booking.admissions SET undone_at = NULL"),
    Damage("a scan without its admission", BY, "DELETE FROM booking.admissions"),
    Damage("an admission without its scan", BY, "DELETE FROM booking.scans"),
    Damage("an admission of another ticket", BY, "UPDATE booking.admissions SET ticket_id = gen_random_uuid()"),
    Damage("an admission by a scan that did not let in", BY, "UPDATE booking.scans SET result = 'ALREADY_USED'"),
    Damage("somebody who came in all the same", CONNECTED, "UPDATE booking.scans SET came_in = true"),
    Damage("somebody who was kept out", CONNECTED, "UPDATE booking.scans SET came_in = false"),
)

ADMITTED_BEFORE = """
    INSERT INTO booking.scans (id, ticket_id, result, came_in)
        SELECT gen_random_uuid(), t.id, 'ADMITTED', true FROM booking.tickets t
        WHERE t.state = 'ADMITTED' AND NOT EXISTS (
            SELECT FROM booking.admissions a WHERE a.ticket_id = t.id AND a.undone_at IS NULL
        );
    INSERT INTO booking.admissions (scan_id, ticket_id) SELECT s.id, s.ticket_id FROM booking.scans s
        WHERE s.result = 'ADMITTED' AND NOT EXISTS (SELECT FROM booking.admissions a WHERE a.scan_id = s.id)
"""
"""Let tickets that are ADMITTED be so by scans."""

LET_IN = {
    "everybody was let in": f"UPDATE booking.tickets SET state = 'ADMITTED' WHERE state = 'VALID'; {ADMITTED_BEFORE}",
    "a gate without a connection has let somebody in by a ticket that was used": """
        UPDATE booking.scans SET is_offline = true, came_in = true WHERE result = 'ALREADY_USED'
    """,
}
"""What is no fault: without a connection, a gate could not know better."""
