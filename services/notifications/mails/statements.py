"""Statements about mails."""

from services.chassis.store.rows import selected
from services.notifications.mails.domain import Mail

WRITE_MAILS = """
    INSERT INTO mails (
        id, user_id, kind, booking_id, offer_id, show_id, number, amount, currency, starts_at, happened_at, state,
        reason, finished_at
    )
    SELECT n.*, CASE WHEN is_old THEN 'SKIPPED' ELSE 'WAITING' END, CASE WHEN is_old THEN 'TOO_OLD' END,
        CASE WHEN is_old THEN clock.now END
    FROM unnest(
        %(id)s::uuid[], %(user_id)s::uuid[], %(kind)s::text[], %(booking_id)s::uuid[], %(offer_id)s::uuid[],
        %(show_id)s::uuid[], %(number)s::int[], %(amount)s::int[], %(currency)s::text[], %(starts_at)s::timestamptz[],
        %(happened_at)s::timestamptz[]
    ) AS n (id, user_id, kind, booking_id, offer_id, show_id, number, amount, currency, starts_at, happened_at)
    CROSS JOIN (SELECT boxoffice_clock() AS now) AS clock
    CROSS JOIN LATERAL (SELECT n.happened_at < clock.now - %(given_up_after)s::interval AS is_old) AS age
    ON CONFLICT DO NOTHING
"""
"""A fact that has its mail keeps it. One that happened longer ago than mails are tried is not sent."""

CLAIM_MAILS = f"""
    UPDATE mails SET attempts = attempts + 1, next_attempt_at = boxoffice_clock() + %(lease)s::interval
    WHERE id IN (
        SELECT id FROM mails m
        WHERE state = 'WAITING' AND next_attempt_at <= (SELECT boxoffice_clock()) AND NOT EXISTS (
            SELECT FROM mails e WHERE e.booking_id = m.booking_id AND e.state = 'WAITING' AND e.place < m.place
        ) AND NOT EXISTS (
            SELECT FROM mails e WHERE e.offer_id = m.offer_id AND e.state = 'WAITING' AND e.place < m.place
        )
        ORDER BY next_attempt_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING {selected(Mail)}
"""
"""Take mails that are due, the first one of each booking, or ticket: what came later waits for it."""

CHECK_REMINDERS = """
    SELECT m.id, clock.now, coalesce(s.is_cancelled OR s.starts_at <> m.starts_at, false) AS is_off,
        (SELECT count(*)::int FROM mails e
        WHERE e.user_id = m.user_id AND e.kind = 'REMINDER' AND e.state = 'SENT'
            AND e.finished_at > clock.now - interval '1 hour') AS sent
    FROM mails m CROSS JOIN (SELECT boxoffice_clock() AS now) AS clock LEFT JOIN shows s ON s.id = m.show_id
    WHERE m.id = ANY(%(ids)s)
"""

FINISH_MAILS = """
    UPDATE mails m SET
        state = n.state, reason = n.reason, answered = m.attempts, finished_at = boxoffice_clock()
    FROM unnest(%(id)s::uuid[], %(attempts)s::int[], %(state)s::text[], %(reason)s::text[])
        AS n (id, attempts, state, reason)
    WHERE m.id = n.id AND m.attempts = n.attempts AND m.state = 'WAITING'
"""

POSTPONE_MAIL = """
    UPDATE mails SET
        next_attempt_at = boxoffice_clock() + make_interval(secs => %(seconds)s),
        answered = CASE WHEN %(is_known)s THEN attempts ELSE answered END,
        reason = %(reason)s,
        state = CASE WHEN created_at < boxoffice_clock() - %(given_up_after)s::interval THEN 'DEAD' ELSE state END,
        finished_at = CASE WHEN created_at < boxoffice_clock() - %(given_up_after)s::interval THEN boxoffice_clock() END
    WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'WAITING'
    RETURNING state
"""
"""Try a mail again later, or give it up where it has been tried for long enough."""

REDRIVE = """
    UPDATE mails SET
        state = 'WAITING', finished_at = NULL, created_at = boxoffice_clock(), next_attempt_at = boxoffice_clock()
    WHERE state = 'DEAD'
"""

FORGET_MAILS = """
    DELETE FROM mails WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM mails
        WHERE state IN ('SENT', 'SKIPPED') AND finished_at < (SELECT boxoffice_clock()) - %(age)s::interval
        ORDER BY finished_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""
