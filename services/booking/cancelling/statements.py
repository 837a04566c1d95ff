"""The statement that cancels bookings."""

CANCEL_BOOKINGS = """
    UPDATE bookings b SET
        state = 'CANCELLED', version = new.version, lease_until = NULL, updated_at = new.updated_at,
        cancel_reason = new.cancel_reason
    FROM unnest(%(id)s::uuid[], %(version)s::int[], %(updated_at)s::timestamptz[], %(cancel_reason)s::text[])
        AS new (id, version, updated_at, cancel_reason)
    WHERE b.id = new.id AND b.state IN ('PENDING', 'EXPIRED') AND b.version = new.version - 1
"""
