"""Statements about messages to organizations, and about sending them."""

from services.chassis.store.rows import selected
from services.notifications.webhooks.domain import Attempt, Message, Taken

# --- Messages

UNWRITTEN = """
    SELECT n.place::int FROM unnest(
        %(key)s::uuid[], %(version)s::int[], %(type)s::text[], %(happened_at)s::timestamptz[]
    ) WITH ORDINALITY AS n (key, version, type, happened_at, place)
    WHERE n.happened_at > (SELECT boxoffice_clock()) - %(age)s::interval AND NOT EXISTS (
        SELECT FROM webhook_messages m WHERE m.key = n.key AND m.version = n.version AND m.type = n.type
    )
    ORDER BY n.place
"""
"""Which facts have no message yet, and are not as old as messages that are forgotten: a topic may be read again."""

TAKE_NUMBERS = """
    INSERT INTO webhook_logs AS l (organization_id, last_number)
    SELECT organization_id, count FROM unnest(%(organization_id)s::uuid[], %(count)s::int[])
        AS n (organization_id, count)
    ORDER BY organization_id
    ON CONFLICT (organization_id) DO UPDATE SET last_number = l.last_number + excluded.last_number
    RETURNING organization_id, last_number
"""
"""Give each organization so many more numbers; its row is locked until the commit, so numbers are visible in order."""

WRITE_MESSAGES = """
    INSERT INTO webhook_messages (organization_id, number, id, type, key, version, content)
    SELECT * FROM unnest(
        %(organization_id)s::uuid[], %(number)s::int[], %(id)s::uuid[], %(type)s::text[], %(key)s::uuid[],
        %(version)s::int[], %(content)s::text[]
    )
"""

MESSAGES = f"""
    SELECT l.last_number, l.forgotten, {selected(Message, of="m")}
    FROM webhook_logs l LEFT JOIN LATERAL (
        SELECT * FROM webhook_messages
        WHERE organization_id = %(organization_id)s AND number > coalesce(%(after)s::int, l.forgotten)
        ORDER BY number LIMIT %(limit)s
    ) AS m ON true
    WHERE l.organization_id = %(organization_id)s
    ORDER BY m.number
"""
"""A page of messages with how far they go; one statement, so that nothing is forgotten within the look."""

LOCK_FORGETTABLE = """
    SELECT organization_id FROM webhook_logs l
    WHERE organization_id IN (
        SELECT organization_id FROM webhook_messages
        WHERE created_at < (SELECT boxoffice_clock()) - %(age)s::interval ORDER BY created_at LIMIT 1
    )
    FOR UPDATE SKIP LOCKED
"""

FORGET_MESSAGES = """
    WITH oldest AS (
        SELECT number, created_at FROM webhook_messages
        WHERE organization_id = %(organization_id)s ORDER BY number LIMIT %(limit)s
    ), kept AS (
        SELECT min(number) AS first FROM oldest WHERE created_at >= boxoffice_clock() - %(age)s::interval
    ), gone AS (
        DELETE FROM webhook_messages m USING oldest o, kept
        WHERE m.organization_id = %(organization_id)s AND m.number = o.number
            AND (kept.first IS NULL OR m.number < kept.first)
        RETURNING m.number
    )
    UPDATE webhook_logs SET forgotten = greatest(forgotten, (SELECT max(number) FROM gone))
    WHERE organization_id = %(organization_id)s AND EXISTS (SELECT FROM gone)
    RETURNING (SELECT count(*)::int FROM gone) AS gone
"""
"""Delete the first messages of an organization that are all old, under its lock: what is kept has no gaps."""

# --- Attempts

LIST_ATTEMPTS = f"""
    SELECT {selected(Attempt)} FROM webhook_attempts
    WHERE endpoint_id = %(endpoint_id)s AND (%(after)s::uuid IS NULL OR id < %(after)s)
    ORDER BY id DESC LIMIT %(limit)s
"""

FORGET_ATTEMPTS = """
    DELETE FROM webhook_attempts WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM webhook_attempts WHERE ended_at < (SELECT boxoffice_clock()) - %(age)s::interval
        ORDER BY ended_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""

FORGET_SECRETS = """
    DELETE FROM webhook_secrets WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM webhook_secrets WHERE ends_at < (SELECT boxoffice_clock())
        ORDER BY ends_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""

# --- Sending

TAKE_ENDPOINTS = f"""
    WITH due AS (
        SELECT e.id, e.next_attempt_at <= clock.now AS is_due, again.has_resends, clock.now
        FROM webhook_endpoints e CROSS JOIN (SELECT boxoffice_clock() AS now) AS clock
        CROSS JOIN LATERAL (
            SELECT EXISTS (SELECT FROM webhook_resends r WHERE r.endpoint_id = e.id) AS has_resends
        ) AS again
        LEFT JOIN webhook_logs l ON l.organization_id = e.organization_id
        WHERE e.state IN ('CHALLENGED', 'ENABLED') AND e.is_slow = %(is_slow)s
            AND (e.leased_until IS NULL OR e.leased_until <= clock.now)
            AND (
                (e.next_attempt_at <= clock.now AND (e.state = 'CHALLENGED' OR l.last_number > e.sent_to))
                OR (e.state = 'ENABLED' AND again.has_resends)
            )
        ORDER BY e.next_attempt_at LIMIT %(limit)s FOR UPDATE OF e SKIP LOCKED
    ), taken AS (
        UPDATE webhook_endpoints e SET lease = e.lease + 1, leased_until = due.now + %(lease)s::interval
        FROM due WHERE e.id = due.id
        RETURNING e.*, due.is_due, due.has_resends, due.now
    )
    SELECT {selected(Taken, sealed="secrets.sealed")}
    FROM taken CROSS JOIN LATERAL (
        SELECT array_agg(s.sealed ORDER BY s.number DESC) AS sealed FROM webhook_secrets s
        WHERE s.endpoint_id = taken.id AND (s.ends_at IS NULL OR s.ends_at > taken.now)
    ) AS secrets
"""
"""Take endpoints that there is something to send to, the one that has waited longest first."""

NEXT_MESSAGES = f"""
    SELECT l.last_number, {selected(Message, of="m")}
    FROM webhook_logs l LEFT JOIN LATERAL (
        SELECT * FROM webhook_messages
        WHERE organization_id = %(organization_id)s AND number > %(sent_to)s AND type = ANY(%(types)s::text[])
        ORDER BY number LIMIT %(limit)s
    ) AS m ON true
    WHERE l.organization_id = %(organization_id)s
    ORDER BY m.number
"""

NEXT_RESENDS = f"""
    SELECT {selected(Message, of="m")}
    FROM webhook_resends r JOIN webhook_messages m
        ON m.organization_id = %(organization_id)s AND m.number = r.number
    WHERE r.endpoint_id = %(endpoint_id)s
    ORDER BY r.place LIMIT %(limit)s
"""

_MINE = "id = %(endpoint_id)s AND lease = %(lease)s AND revision = %(revision)s"
"""Whoever was too slow, or sent to what a member has changed meanwhile, notes nothing."""


def _attempt_kept() -> str:
    """Return what keeps the attempt that the statement `noted` before it is about."""
    return """
        INSERT INTO webhook_attempts (id, endpoint_id, number, outcome, status, duration_ms, is_resend)
        SELECT %(id)s, noted.id, %(number)s, %(outcome)s, %(status)s, %(duration_ms)s, %(is_resend)s FROM noted
    """


NOTE_TAKEN = f"""
    WITH noted AS (
        UPDATE webhook_endpoints SET
            sent_to = greatest(sent_to, %(number)s), failures = 0, failing_since = NULL, is_slow = %(is_slow)s
        WHERE {_MINE} AND state = 'ENABLED'
        RETURNING id
    )
    {_attempt_kept()} RETURNING id
"""
"""Note that a message was taken."""

NOTE_CHALLENGE_TAKEN = f"""
    WITH noted AS (
        UPDATE webhook_endpoints SET
            state = 'ENABLED', is_verified = true, failures = 0, failing_since = NULL, is_slow = %(is_slow)s
        WHERE {_MINE} AND state = 'CHALLENGED'
        RETURNING id
    )
    {_attempt_kept()} RETURNING id
"""

NOTE_FAILED = f"""
    WITH noted AS (
        UPDATE webhook_endpoints SET
            failures = failures + 1, failing_since = coalesce(failing_since, boxoffice_clock()), is_slow = %(is_slow)s,
            next_attempt_at = boxoffice_clock() + make_interval(secs => %(pause_seconds)s),
            state = CASE
                WHEN failing_since < boxoffice_clock() - %(given_up_after)s::interval THEN 'OFF' ELSE state
            END
        WHERE {_MINE} AND state IN ('CHALLENGED', 'ENABLED')
        RETURNING id, state, managed_by
    ), kept AS ({_attempt_kept()})
    SELECT state, managed_by FROM noted
"""
"""Note that a message, or the challenge, was not taken. After three days of that, the endpoint is off."""

NOTE_RESENT = f"""
    WITH noted AS (
        UPDATE webhook_endpoints SET is_slow = %(is_slow)s WHERE {_MINE} RETURNING id
    ), done AS (
        DELETE FROM webhook_resends r USING noted WHERE r.endpoint_id = noted.id AND r.number = %(number)s
    )
    {_attempt_kept()} RETURNING id
"""
"""Note that a message was sent once more, whatever came of it."""

DROP_FORGOTTEN_RESENDS = """
    DELETE FROM webhook_resends r WHERE r.endpoint_id = %(endpoint_id)s AND NOT EXISTS (
        SELECT FROM webhook_messages m WHERE m.organization_id = %(organization_id)s AND m.number = r.number
    )
"""

PASS_OVER = f"UPDATE webhook_endpoints SET sent_to = greatest(sent_to, %(to)s) WHERE {_MINE} AND state = 'ENABLED'"
"""Note that there is nothing for the endpoint up to a number."""

GIVE_BACK = """
    UPDATE webhook_endpoints SET
        leased_until = NULL,
        next_attempt_at = CASE WHEN failures = 0 THEN boxoffice_clock() ELSE next_attempt_at END
    WHERE id = %(endpoint_id)s AND lease = %(lease)s
"""
"""Leave an endpoint to whoever takes it next; those that were not had for longer come first."""
