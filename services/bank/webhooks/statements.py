"""Statements about webhooks."""

APPEND = """
    INSERT INTO deliveries (id, session_id, type, payload, repeats, is_lie, next_attempt_at)
    SELECT new.id, new.session_id, new.type, new.payload, new.repeats, new.is_lie,
        clock_timestamp() + make_interval(secs => new.seconds)
    FROM unnest(
        %(id)s::text[], %(session_id)s::text[], %(type)s::text[], %(payload)s::bytea[], %(repeats)s::text[],
        %(is_lie)s::bool[], %(seconds)s::float[]
    ) AS new (id, session_id, type, payload, repeats, is_lie, seconds)
"""

CLAIM = """
    UPDATE deliveries SET
        next_attempt_at = clock_timestamp() + make_interval(secs => %(lease_seconds)s), attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM deliveries
        WHERE delivered_at IS NULL AND dead_at IS NULL AND next_attempt_at <= (SELECT clock_timestamp())
        ORDER BY next_attempt_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, COALESCE(repeats, id) AS event_id, payload, attempts, is_lie
"""
"""Take webhooks that are due, and lease them, so that other replicas leave them alone meanwhile."""

DELIVERED = """
    WITH done AS (
        SELECT d.id, told.error
        FROM deliveries d JOIN unnest(%(id)s::text[], %(error)s::text[]) AS told (id, error) ON told.id = d.id
        ORDER BY d.id FOR UPDATE OF d
    )
    UPDATE deliveries d SET
        delivered_at = clock_timestamp(), last_error = COALESCE(done.error, d.last_error), dead_at = NULL
    FROM done WHERE d.id = done.id
"""

POSTPONE = """
    UPDATE deliveries SET
        next_attempt_at = clock_timestamp() + make_interval(secs => %(delay_seconds)s),
        last_error = %(error)s,
        dead_at = CASE
            WHEN COALESCE(redriven_at, created_at) < clock_timestamp() - make_interval(days => %(give_up_days)s)
            THEN clock_timestamp()
        END
    WHERE id = %(id)s AND delivered_at IS NULL
    RETURNING dead_at
"""

REDRIVE = """
    UPDATE deliveries SET
        dead_at = NULL, attempts = 0, redriven_at = clock_timestamp(), next_attempt_at = clock_timestamp()
    WHERE dead_at IS NOT NULL
"""
