"""Statements on the keys that sign codes of tickets."""

KEYS = "SELECT id, number, private_key, created_at FROM ticket_keys ORDER BY created_at, id"

LOCK_KEYS = "LOCK TABLE ticket_keys IN SHARE ROW EXCLUSIVE MODE"
"""So that of several replicas one makes the next key."""

ADD_KEY = """
    INSERT INTO ticket_keys (id, number, private_key, created_at)
    VALUES (%(id)s, %(number)s, %(private_key)s, boxoffice_clock())
"""

REMOVE_KEYS = "DELETE FROM ticket_keys WHERE id = ANY(%(ids)s::text[])"

IS_NEEDED = """
    SELECT EXISTS (
        SELECT FROM tickets t JOIN bookings b ON b.id = t.booking_id
        WHERE t.issued_at < %(before)s AND t.state <> 'REVOKED'
            AND b.starts_at > boxoffice_clock() - %(after_start)s::interval
    ) AS is_needed
"""
"""Whether a show is still to end for which a ticket was issued before the next key signed.

Where nobody needs the key, and then only, all tickets are looked at, once."""
