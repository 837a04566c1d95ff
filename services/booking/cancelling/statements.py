"""The statement that cancels bookings."""

CANCEL_BOOKINGS = """
    UPDATE bookings b SET
        state = 'CANCELLED', version = new.version, lease_until = NULL, updated_at = new.updated_at
    FROM unnest(%(id)s::uuid[], %(version)s::int[], %(updated_at)s::timestamptz[]) AS new (id, version, updated_at)
    WHERE b.id = new.id AND b.state = 'PENDING' AND b.version = new.version - 1
"""
