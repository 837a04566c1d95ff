"""Statements about declined payments, and the time that they give."""

KNOWN_DECLINES = "SELECT payment_id FROM declines WHERE payment_id = ANY(%(payment_ids)s)"

RECORD_DECLINES = """
    INSERT INTO declines (payment_id, booking_id, recorded_at)
    SELECT new.*, boxoffice_clock() FROM unnest(%(payment_id)s::uuid[], %(booking_id)s::uuid[]) AS new
    ON CONFLICT DO NOTHING
    RETURNING payment_id, booking_id
"""
"""Gives those that were not recorded before."""

PASS_VERSIONS = """
    UPDATE bookings b SET version = new.version
    FROM (
        SELECT id, max(version) AS version FROM unnest(%(id)s::uuid[], %(version)s::int[]) AS n (id, version)
        GROUP BY id
    ) AS new
    WHERE b.id = new.id
"""

EXTEND = """
    UPDATE bookings b SET
        expires_at = new.expires_at, sales_end_at = CASE
            WHEN coalesce(b.sales_end_at, b.starts_at) < new.expires_at THEN coalesce(new.sales_end_at, b.sales_end_at)
            ELSE b.sales_end_at
        END
    FROM unnest(%(booking_id)s::uuid[], %(expires_at)s::timestamptz[], %(sales_end_at)s::timestamptz[])
        AS new (booking_id, expires_at, sales_end_at)
    WHERE b.id = new.booking_id AND b.state = 'PENDING' AND b.expires_at < new.expires_at
"""
"""Copy inventory's answer. It never shortens, so copies may come in any order. Where the show's sales end later than is
known here, they do so for what is extended; the rest of the show is copied by the job."""
