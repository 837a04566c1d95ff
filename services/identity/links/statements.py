"""Statements on links in mails about accounts. Whoever uses one up has the lock of its user."""

FIND_LINK = """
    SELECT m.user_id, m.kind, m.used_at IS NULL AND m.ends_at > boxoffice_clock() AS is_good,
        u.email_verified_at IS NOT NULL AS is_verified
    FROM account_mails m JOIN users u ON u.id = m.user_id
    WHERE m.hash = %(hash)s
"""

USE_LINK = """
    UPDATE account_mails SET used_at = boxoffice_clock()
    WHERE hash = %(hash)s AND kind = %(kind)s AND used_at IS NULL AND ends_at > boxoffice_clock()
    RETURNING user_id
"""
"""Use a link up; no row where it is not good. Under the lock of its user."""

VERIFY = """
    UPDATE users SET email_verified_at = coalesce(email_verified_at, boxoffice_clock()) WHERE id = %(user_id)s
"""

SET_PASSWORD = "UPDATE users SET password_hash = %(password_hash)s WHERE id = %(user_id)s"
