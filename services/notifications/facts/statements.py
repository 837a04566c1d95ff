"""Statements about bookings and shows of which topics tell."""

from services.chassis.store.rows import LEAST_ID

PUT_BOOKINGS = """
    INSERT INTO bookings (id, user_id, show_id, state, created_at, changed_at, is_held)
    SELECT id, user_id, show_id, state, coalesce(created_at, changed_at), changed_at, is_held FROM unnest(
        %(id)s::uuid[], %(user_id)s::uuid[], %(show_id)s::uuid[], %(state)s::text[], %(created_at)s::timestamptz[],
        %(changed_at)s::timestamptz[], %(is_held)s::bool[]
    ) AS n (id, user_id, show_id, state, created_at, changed_at, is_held)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at
"""
"""A booking keeps when it was created; where its topic does not tell that any more, it was with what is told first."""

DROP_BOOKINGS = "DELETE FROM bookings WHERE id = ANY(%(ids)s)"

FACTS_OF_BOOKINGS = """
    SELECT b.id, b.user_id, b.is_held, f.show_id, f.kind, f.number, f.starts_at, f.happened_at
    FROM bookings b JOIN show_facts f ON f.show_id = b.show_id
    WHERE b.id = ANY(%(ids)s) AND b.state = 'CONFIRMED' AND b.created_at < f.happened_at + %(apart)s
    ORDER BY f.number
"""
"""What has happened to the shows of confirmed bookings since these were created."""

PUT_FACTS = """
    INSERT INTO show_facts (show_id, number, kind, starts_at, happened_at)
    SELECT * FROM unnest(
        %(show_id)s::uuid[], %(number)s::int[], %(kind)s::text[], %(starts_at)s::timestamptz[],
        %(happened_at)s::timestamptz[]
    )
    ON CONFLICT DO NOTHING
"""

NEXT_FACT = """
    SELECT show_id, number, kind, starts_at, happened_at, told_to FROM show_facts f
    WHERE told_at IS NULL AND NOT EXISTS (
        SELECT FROM show_facts e WHERE e.show_id = f.show_id AND e.number < f.number AND e.told_at IS NULL
    )
    ORDER BY show_id, number LIMIT 1 FOR UPDATE SKIP LOCKED
"""
"""The first fact of a show of which not all bookings are told; a show's facts are told one after the other."""

BOOKINGS_TO_TELL = f"""
    SELECT id, user_id, is_held FROM bookings
    WHERE show_id = %(show_id)s AND state = 'CONFIRMED' AND created_at < %(happened_at)s::timestamptz + %(apart)s
        AND id > coalesce(%(after)s::uuid, {LEAST_ID})
    ORDER BY id LIMIT %(limit)s
"""

TELL = """
    UPDATE show_facts SET
        told_to = coalesce(%(told_to)s, told_to), told_at = CASE WHEN %(is_last)s THEN boxoffice_clock() END
    WHERE show_id = %(show_id)s AND number = %(number)s
"""

FORGET_EXPIRED = """
    DELETE FROM bookings WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM bookings
        WHERE state = 'EXPIRED' AND changed_at < (SELECT boxoffice_clock()) - %(age)s::interval
        ORDER BY changed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""

FORGET_FACTS = """
    DELETE FROM show_facts WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM show_facts
        WHERE told_at IS NOT NULL AND happened_at < (SELECT boxoffice_clock()) - %(age)s::interval
        ORDER BY happened_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""
