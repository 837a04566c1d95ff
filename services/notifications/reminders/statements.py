"""Statements about when shows start, and who is reminded of it."""

from services.chassis.store.rows import LEAST_ID

PUT_SHOWS = """
    INSERT INTO shows AS s (id, revision, starts_at, ends_at, set_at, is_cancelled)
    SELECT * FROM unnest(
        %(id)s::uuid[], %(revision)s::int[], %(starts_at)s::timestamptz[], %(ends_at)s::timestamptz[],
        %(set_at)s::timestamptz[], %(is_cancelled)s::bool[]
    )
    ON CONFLICT (id) DO UPDATE SET
        revision = excluded.revision, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
        is_cancelled = s.is_cancelled OR excluded.is_cancelled,
        set_at = CASE WHEN s.starts_at = excluded.starts_at THEN s.set_at ELSE excluded.set_at END,
        reminded_to = CASE WHEN s.starts_at = excluded.starts_at THEN s.reminded_to END,
        reminded_at = CASE WHEN s.starts_at = excluded.starts_at THEN s.reminded_at END
    WHERE s.revision <= excluded.revision
"""
"""A show that is moved is reminded of anew; one that is cancelled stays so."""

UNKNOWN_SHOWS = """
    SELECT DISTINCT show_id FROM bookings b
    WHERE state = 'CONFIRMED' AND NOT EXISTS (SELECT FROM shows s WHERE s.id = b.show_id)
    LIMIT %(limit)s
"""
"""Shows of which the topic tells nothing any more, as they were made before its oldest event."""

NEXT_SHOW = """
    SELECT id, boxoffice_clock() AS now FROM shows
    WHERE reminded_at IS NULL AND NOT is_cancelled
        AND starts_at > (SELECT boxoffice_clock()) AND starts_at <= (SELECT boxoffice_clock()) + %(window)s::interval
    ORDER BY starts_at LIMIT 1
"""
"""The first show that is near and of which not all are reminded. What has begun is not looked at."""

LOCK_SHOW = """
    SELECT id, starts_at, reminded_to, set_at <= starts_at - %(window)s::interval AS was_set_before, clock.now
    FROM shows, (SELECT boxoffice_clock() AS now) AS clock
    WHERE id = %(id)s AND reminded_at IS NULL AND NOT is_cancelled
        AND starts_at > clock.now AND starts_at <= clock.now + %(window)s::interval
    FOR UPDATE OF shows
"""

BOOKINGS_TO_REMIND = f"""
    SELECT id, user_id, is_held FROM bookings
    WHERE show_id = %(show_id)s AND state = 'CONFIRMED'
        AND changed_at <= %(starts_at)s::timestamptz - %(window)s::interval
        AND id > coalesce(%(after)s::uuid, {LEAST_ID})
    ORDER BY id LIMIT %(limit)s
"""

REMIND = """
    UPDATE shows SET
        reminded_to = coalesce(%(reminded_to)s, reminded_to),
        reminded_at = CASE WHEN %(is_last)s THEN boxoffice_clock() END
    WHERE id = %(id)s
"""

LATE_BOOKINGS = """
    SELECT b.id, b.user_id, b.is_held, b.show_id, s.starts_at, clock.now
    FROM bookings b JOIN shows s ON s.id = b.show_id CROSS JOIN (SELECT boxoffice_clock() AS now) AS clock
    WHERE b.id = ANY(%(ids)s) AND b.state = 'CONFIRMED' AND NOT s.is_cancelled
        AND (s.reminded_to IS NOT NULL OR s.reminded_at IS NOT NULL) AND s.starts_at > clock.now
        AND b.changed_at <= s.starts_at - %(window)s::interval AND s.set_at <= s.starts_at - %(window)s::interval
"""
"""Bookings that are to be reminded, and of which the topic was read only when others of their show were reminded."""

FORGET_BOOKINGS = """
    DELETE FROM bookings WHERE ctid = ANY (ARRAY(
        SELECT b.ctid FROM shows s JOIN bookings b ON b.show_id = s.id
        WHERE b.state = 'CONFIRMED' AND s.ends_at < (SELECT boxoffice_clock()) - %(age)s::interval
        ORDER BY s.ends_at LIMIT %(limit)s FOR UPDATE OF b SKIP LOCKED
    ))
"""
"""Forget who had tickets for a show that was over long ago: nothing happens to it any more."""

FORGET_SHOWS = """
    DELETE FROM shows WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM shows s
        WHERE ends_at < (SELECT boxoffice_clock()) - %(age)s::interval
            AND NOT EXISTS (SELECT FROM bookings b WHERE b.show_id = s.id AND b.state = 'CONFIRMED')
        ORDER BY ends_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""
