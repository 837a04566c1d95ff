"""Statements on users whose accounts are deleted, or about to be."""

CLOSE_USER = """
    INSERT INTO closed_users AS known (user_id, closed_until)
    VALUES (%(user_id)s, boxoffice_clock() + make_interval(mins => %(minutes)s))
    ON CONFLICT (user_id) DO UPDATE SET
        closed_until = greatest(excluded.closed_until, known.closed_until + interval '1 microsecond')
    RETURNING closed_until
"""
"""Keep a user from booking. Each time gives another instant, by which only who has closed it last opens it again."""

REOPEN_USER = "DELETE FROM closed_users WHERE user_id = %(user_id)s AND closed_until = %(closed_until)s"

OPEN_BOOKINGS = """
    SELECT id FROM bookings
    WHERE user_id = %(user_id)s AND (
        state IN ('RESERVING', 'PENDING', 'CONFIRMING', 'REFUNDING')
        OR state = 'CONFIRMED' AND starts_at > (SELECT boxoffice_clock())
    )
    LIMIT 1
"""
"""A booking that is under way, or of a show that is to come."""

OPEN_REFUNDS = """
    SELECT r.id FROM bookings b JOIN booking_refunds r ON r.booking_id = b.id
    WHERE b.user_id = %(user_id)s AND r.state = 'PROCESSING' LIMIT 1
"""

WAIT_FOR_NAMES = "SELECT FROM topic_progress WHERE topic = %(topic)s ORDER BY consumer FOR SHARE"
"""Wait for a page of names that is being written: who consumes the topic has this row. Whoever comes later finds the
user closed."""

FORGET_WORDS_OF = """
    DELETE FROM booking_names n USING bookings b WHERE b.id = n.booking_id AND b.user_id = %(user_id)s
"""
"""Forget what a user's bookings are searched by. Only after WAIT_FOR_NAMES, in another statement."""

FORGET_GUESTS_OF = """
    UPDATE bookings SET guest_name = '' WHERE id = ANY (ARRAY(
        SELECT id FROM bookings WHERE user_id = %(user_id)s AND guest_name <> ''
        ORDER BY id LIMIT %(limit)s FOR UPDATE
    ))
"""
"""Forget for whom a user's bookings are: one batch of those for guests, locked in their order as all do it."""

FORGET_CLOSED = """
    DELETE FROM closed_users WHERE user_id = ANY (ARRAY(
        SELECT user_id FROM closed_users WHERE closed_until <= (SELECT boxoffice_clock())
        ORDER BY closed_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""
"""Who is closed no longer has no token any more, or kept the account."""
