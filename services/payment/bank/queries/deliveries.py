"""Statements about webhooks."""

APPEND = """
    INSERT INTO deliveries (id, session_id, type, payload)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bytea[])
"""

CLAIM = """
    UPDATE deliveries SET
        next_attempt_at = clock_timestamp() + make_interval(secs => %s), attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM deliveries
        WHERE delivered_at IS NULL AND dead_at IS NULL AND next_attempt_at <= (SELECT clock_timestamp())
        ORDER BY next_attempt_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, payload, attempts
"""
"""Take webhooks that are due, and lease them, so that other replicas leave them alone meanwhile."""

DELIVERED = "UPDATE deliveries SET delivered_at = clock_timestamp(), dead_at = NULL WHERE id = %s"

POSTPONE = """
    UPDATE deliveries SET
        next_attempt_at = clock_timestamp() + make_interval(secs => %s),
        last_error = %s,
        dead_at = CASE WHEN created_at < clock_timestamp() - make_interval(days => %s) THEN clock_timestamp() END
    WHERE id = %s AND delivered_at IS NULL
    RETURNING dead_at
"""
