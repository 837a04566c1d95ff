"""What identity keeps of a user."""

from services.chassis.wire.records import Kind

PROFILES = """
    SELECT id AS position, (to_jsonb(u) - ARRAY['password_hash'])::text AS record FROM users u
    WHERE id = %(user_id)s AND id > %(after)s AND deleted_at IS NULL LIMIT %(limit)s
"""

MEMBERSHIPS = """
    SELECT o.id AS position, (to_jsonb(m) || jsonb_build_object('organization', o.name))::text AS record
    FROM members m JOIN organizations o ON o.id = m.organization_id
    WHERE m.user_id = %(user_id)s AND o.id > %(after)s ORDER BY o.id LIMIT %(limit)s
"""

LOGINS = """
    SELECT id AS position, to_jsonb(f)::text AS record FROM token_families f
    WHERE user_id = %(user_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
"""

MAILS = """
    SELECT id AS position, (
        to_jsonb(m) - ARRAY['hash', 'next_attempt_at', 'answered']
        - CASE kind WHEN 'EMAIL_CHANGE' THEN ARRAY['state', 'attempts', 'reason', 'finished_at'] ELSE '{}' END
    )::text AS record
    FROM account_mails m WHERE user_id = %(user_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
"""
"""What became of a mail to another address would tell whether somebody else has the address."""

KINDS = (Kind("profile", PROFILES), Kind("membership", MEMBERSHIPS), Kind("login", LOGINS), Kind("mail", MAILS))
