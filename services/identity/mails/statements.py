"""Statements on mails about accounts. Whoever asks for one, or uses one up, has the lock of its user."""

from services.chassis.store.rows import selected
from services.identity.mails.domain import ClaimedMail

LOCK_USER_OF = """
    SELECT id, email_verified_at IS NOT NULL AS is_verified FROM users WHERE email = %(email)s FOR NO KEY UPDATE
"""

LOCK_USER = """
    SELECT id, password_hash, email_verified_at IS NOT NULL AS is_verified FROM users
    WHERE id = %(user_id)s AND deleted_at IS NULL FOR NO KEY UPDATE
"""

ASKED_LATELY = """
    SELECT asked_at, boxoffice_clock() AS now FROM account_mails
    WHERE user_id = %(user_id)s AND hash IS NOT NULL AND asked_at > boxoffice_clock() - interval '1 hour'
    ORDER BY asked_at DESC LIMIT %(limit)s
"""
"""Mails with links of the last hour, the latest first."""

ASK = """
    INSERT INTO account_mails (id, user_id, kind, hash, email, asked_at, ends_at, next_attempt_at)
    SELECT %(id)s, %(user_id)s, %(kind)s, %(hash)s, %(email)s, now, now + %(life)s::interval, now
    FROM (SELECT boxoffice_clock() AS now) AS clock
"""

ASK_IF_VERIFIED = f"""
    {ASK}
    WHERE EXISTS (SELECT FROM users WHERE id = %(user_id)s AND email_verified_at IS NOT NULL)
"""
"""Of an address that is not verified nobody knows whose it is."""

END_LINKS = """
    UPDATE account_mails SET used_at = boxoffice_clock()
    WHERE user_id = %(user_id)s AND kind IN ('PASSWORD_RESET', 'EMAIL_CHANGE') AND used_at IS NULL
        AND ends_at > boxoffice_clock()
"""
"""No link that would give a user's account another password or another address is good any more."""

SKIP_IF_TAKEN = """
    UPDATE account_mails SET state = 'SKIPPED', reason = 'TAKEN', finished_at = boxoffice_clock()
    WHERE id = %(id)s AND EXISTS (SELECT FROM users WHERE email = %(email)s)
"""
"""A mail by which another address would become an account's is not sent where an account has the address."""

TO_BE_SENT = """
    w.state = 'WAITING' AND w.used_at IS NULL AND w.ends_at > boxoffice_clock()
    AND (w.email IS NOT NULL OR (w.kind = 'VERIFICATION') = (x.email_verified_at IS NULL))
"""
"""A mail `w` to a user `x` still makes sense: an address that is verified is not verified again, and one that is not
gets nothing else. Mails to another address than the account's were judged when they were asked for."""

CLAIM = f"""
    UPDATE account_mails m SET attempts = attempts + 1, next_attempt_at = boxoffice_clock() + %(lease)s::interval
    FROM users u
    WHERE u.id = m.user_id AND m.id = ANY (ARRAY(
        SELECT w.id FROM account_mails w JOIN users x ON x.id = w.user_id
        WHERE w.next_attempt_at <= (SELECT boxoffice_clock()) AND {TO_BE_SENT}
        ORDER BY w.next_attempt_at LIMIT %(limit)s FOR UPDATE OF w SKIP LOCKED
    ))
    RETURNING {selected(ClaimedMail, of="m", email="coalesce(m.email, u.email)", name="u.name")}
"""
"""Take mails that are due and still make sense."""

FINISH = """
    UPDATE account_mails SET
        state = %(state)s, reason = %(reason)s, answered = attempts, finished_at = boxoffice_clock()
    WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'WAITING'
"""

POSTPONE = """
    UPDATE account_mails SET
        next_attempt_at = boxoffice_clock() + make_interval(secs => least(2 ^ least(attempts, 10), 300)),
        answered = CASE WHEN %(is_known)s THEN attempts ELSE answered END,
        reason = %(reason)s
    WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'WAITING'
"""
"""Try a mail again after 2, 4, 8 … seconds, 300 at most."""

GIVE_UP = """
    UPDATE account_mails SET state = 'SKIPPED', reason = coalesce(reason, 'TOO_LATE'), finished_at = boxoffice_clock()
    WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM account_mails WHERE state = 'WAITING' AND ends_at <= (SELECT boxoffice_clock())
        ORDER BY ends_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""

FORGET = """
    DELETE FROM account_mails WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM account_mails WHERE asked_at < (SELECT boxoffice_clock()) - %(age)s::interval
        ORDER BY asked_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""

FORGET_OF = "DELETE FROM account_mails WHERE user_id = %(id)s"
"""With the account its mails go, and what is on its way is not sent any more."""
