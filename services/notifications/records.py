"""What notifications keeps of a user, for whoever wants to have it."""

from services.chassis.wire.records import Kind

NOTICES = """
    SELECT id AS position, to_jsonb(n)::text AS record FROM notices n
    WHERE user_id = %(user_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
"""

MAILS = """
    SELECT id AS position, (to_jsonb(m) - ARRAY['place', 'next_attempt_at', 'attempts', 'answered'])::text AS record
    FROM mails m WHERE user_id = %(user_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
"""
"""No mail is kept itself: what it was about, and whether it was sent."""

PREFERENCES = """
    SELECT user_id AS position, to_jsonb(p)::text AS record FROM preferences p
    WHERE user_id = %(user_id)s AND user_id > %(after)s ORDER BY user_id LIMIT %(limit)s
"""

KINDS = (Kind("notice", NOTICES), Kind("mail", MAILS), Kind("preferences", PREFERENCES))
