"""Statements about declined payments, and the time that they give."""

KNOWN_DECLINES = "SELECT payment_id FROM declines WHERE payment_id = ANY(%(payment_ids)s)"

RECORD_DECLINES = """
    INSERT INTO declines (payment_id, booking_id, recorded_at)
    SELECT new.*, boxoffice_clock() FROM unnest(%(payment_id)s::uuid[], %(booking_id)s::uuid[]) AS new
    ON CONFLICT DO NOTHING
"""

EXTEND = """
    UPDATE bookings b SET expires_at = new.expires_at
    FROM unnest(%(booking_id)s::uuid[], %(expires_at)s::timestamptz[]) AS new (booking_id, expires_at)
    WHERE b.id = new.booking_id AND b.state = 'PENDING' AND b.expires_at < new.expires_at
"""
"""Copy inventory's answer. It never shortens, so copies may come in any order."""
