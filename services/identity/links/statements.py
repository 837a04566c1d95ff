"""Statements on links in mails about accounts. Whoever uses one up has the lock of its user."""

FIND_LINK = """
    SELECT m.user_id, m.kind, m.email, m.used_at IS NULL AND m.ends_at > boxoffice_clock() AS is_good,
        u.email_verified_at IS NOT NULL AND u.email = coalesce(m.email, u.email) AS is_verified
    FROM account_mails m JOIN users u ON u.id = m.user_id
    WHERE m.hash = %(hash)s
"""

USE_LINK = """
    UPDATE account_mails SET used_at = boxoffice_clock()
    WHERE hash = %(hash)s AND kind = %(kind)s AND used_at IS NULL AND ends_at > boxoffice_clock()
    RETURNING user_id, email
"""
"""Use a link up; no row where it is not good. Under the lock of its user."""

VERIFY = """
    UPDATE users SET email_verified_at = coalesce(email_verified_at, boxoffice_clock()) WHERE id = %(user_id)s
"""

LOCK_ADDRESSES = "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"
"""Nobody registers or changes an account until this transaction ends: who has which address stays as it is."""

CHANGE_EMAIL = """
    UPDATE users u SET email = %(email)s, email_verified_at = boxoffice_clock()
    FROM (SELECT id, email, email_verified_at IS NOT NULL AS is_verified FROM users WHERE id = %(user_id)s) AS old
    WHERE u.id = old.id AND NOT EXISTS (SELECT FROM users WHERE email = %(email)s)
    RETURNING CASE WHEN old.is_verified THEN old.email END AS before
"""
"""Give an account another address; no row where somebody has it. Under the lock of its user."""

SET_PASSWORD = "UPDATE users SET password_hash = %(password_hash)s WHERE id = %(user_id)s"
