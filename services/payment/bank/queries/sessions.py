"""Statements about sessions, their money and their refunds."""

_SESSION = "s.id, s.payment_id, s.amount, s.currency, s.description, s.items, s.status, s.refunded_amount, s.expires_at"

CREATE_SESSION = f"""
    INSERT INTO sessions AS s (id, payment_id, amount, currency, description, items, status, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, 'OPEN', %s)
    ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id
    RETURNING {_SESSION}, boxoffice_clock() AS now
"""
"""Create the session, or change nothing; return the one that is there. May be run any number of times."""

SESSION = f"SELECT {_SESSION}, boxoffice_clock() AS now FROM sessions s WHERE s.id = %s"

LOCK_SESSION = f"SELECT {_SESSION} FROM sessions s WHERE s.id = %s FOR UPDATE"

END_SESSION = "UPDATE sessions SET status = %s, ended_at = %s WHERE id = %s AND status = 'OPEN'"

LOCK_OVERDUE = f"""
    SELECT {_SESSION}, boxoffice_clock() AS now FROM sessions s
    WHERE s.status = 'OPEN' AND s.expires_at <= (SELECT boxoffice_clock())
    ORDER BY s.expires_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
"""Lock open sessions whose time is up. An expiry never moves, so one that was over before the lock is over after."""

END_OVERDUE = "UPDATE sessions SET status = 'EXPIRED', ended_at = %s WHERE id = ANY(%s) AND status = 'OPEN'"

CAPTURE = "INSERT INTO ledger (session_id, kind, amount, currency) VALUES (%s, 'CAPTURE', %s, %s)"

REFUND = "SELECT id, session_id, amount, status FROM refunds WHERE id = %s"

CREATE_REFUND = """
    INSERT INTO refunds (id, session_id, amount, status) VALUES (%s, %s, %s, %s)
    ON CONFLICT (id) DO NOTHING RETURNING id
"""
"""Create the refund; no row comes back where another session has one of this id."""

PAY_BACK = """
    INSERT INTO ledger (session_id, kind, amount, currency, refund_id) VALUES (%s, 'REFUND', -%s::int, %s, %s)
"""

COUNT_REFUND = "UPDATE sessions SET refunded_amount = %s WHERE id = %s"
