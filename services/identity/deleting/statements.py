"""Statements on accounts that are deleted."""

BEGIN = """
    INSERT INTO deletions AS known (user_id, requested_at, lease_until)
    SELECT id, boxoffice_clock(), boxoffice_clock() + make_interval(secs => %(lease_seconds)s) FROM users
    WHERE id = %(id)s AND deleted_at IS NULL
    ON CONFLICT (user_id) DO UPDATE SET lease_until = excluded.lease_until
        WHERE known.emptied_at IS NULL AND known.lease_until <= boxoffice_clock()
    RETURNING user_id
"""
"""Begin a deletion, or take one over that nobody is at; no row where somebody is."""

IS_DELETED = "SELECT id FROM users WHERE id = %(id)s AND deleted_at IS NOT NULL"

WITHDRAW = "DELETE FROM deletions WHERE user_id = %(id)s AND emptied_at IS NULL"
"""The account stays: something is open."""

LOCK_OWN_ORGANIZATIONS = """
    SELECT id FROM organizations WHERE id IN (SELECT organization_id FROM members WHERE user_id = %(id)s)
    ORDER BY id FOR UPDATE
"""
"""The lock under which members of the user's organizations come, go and change. Before the users' locks."""

LOCK_USER = "SELECT id, password_hash FROM users WHERE id = %(id)s AND deleted_at IS NULL FOR UPDATE"
"""After this lock the user becomes a member of nothing more."""

OWN_ORGANIZATIONS = """
    SELECT m.organization_id, m.role = 'OWNER' AND NOT EXISTS (
        SELECT FROM members o
        WHERE o.organization_id = m.organization_id AND o.role = 'OWNER' AND o.user_id <> m.user_id
    ) AS is_last_owner
    FROM members m WHERE m.user_id = %(id)s
"""

EMPTIED = """
    UPDATE deletions SET emptied_at = boxoffice_clock() WHERE user_id = %(id)s AND emptied_at IS NULL
    RETURNING user_id
"""
"""Note that the account is deleted with this transaction; no row where the deletion was withdrawn, or is done."""

FORGET_REGISTRATION = """
    DELETE FROM idempotency_keys
    WHERE user_id = %(nobody)s AND method = 'Register'
        AND substring(answer FROM 3 FOR 36) = convert_to(%(id)s::uuid::text, 'UTF8')
"""
"""Forget what the user was answered who registered: it begins with the id, and tells address and name."""

FORGET_KEYS = "DELETE FROM idempotency_keys WHERE user_id = %(id)s"

LEAVE_ORGANIZATIONS = "DELETE FROM members WHERE user_id = %(id)s"

EMPTY_USER = """
    UPDATE users SET email = NULL, password_hash = NULL, name = '', phone = '', email_verified_at = NULL,
        roles = ARRAY['USER'], deleted_at = boxoffice_clock()
    WHERE id = %(id)s
"""

TAKE_OVER = """
    UPDATE deletions SET lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    WHERE user_id = ANY(ARRAY(
        SELECT user_id FROM deletions WHERE done_at IS NULL AND lease_until <= (SELECT boxoffice_clock())
        ORDER BY lease_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
    RETURNING user_id, emptied_at IS NOT NULL AS is_emptied,
        coalesce(emptied_at + make_interval(mins => %(token_minutes)s) <= boxoffice_clock(), false) AS is_signed_out
"""
"""Take over one batch of deletions that nobody is at; and whether no token of the user lives any more."""

DONE = "UPDATE deletions SET done_at = boxoffice_clock() WHERE user_id = %(id)s AND done_at IS NULL"

AGAIN = """
    UPDATE deletions SET lease_until = emptied_at + make_interval(mins => %(token_minutes)s)
    WHERE user_id = %(id)s AND done_at IS NULL
"""
"""Forget once more when no token of the user lives any more."""
