"""Statements about sessions, their money and their refunds."""

_SESSION = """
    s.id, s.payment_id, s.amount, s.currency, s.description, s.items, s.status, s.refunded_amount, s.expires_at,
    s.order_id, s.payment_method, s.decides_at
"""

CREATE_SESSION = f"""
    INSERT INTO sessions AS s (id, payment_id, amount, currency, description, items, status, expires_at, order_id)
    VALUES (%s, %s, %s, %s, %s, %s, 'OPEN', %s, %s)
    ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id
    RETURNING {_SESSION}, boxoffice_clock() AS now
"""
"""Create the session, or change nothing; return the one that is there. May be run any number of times."""

SESSIONS = f"SELECT {_SESSION}, boxoffice_clock() AS now FROM sessions s WHERE s.id = ANY(%s)"

LOCK_SESSION = f"SELECT {_SESSION} FROM sessions s WHERE s.id = %s FOR UPDATE"

END_SESSION = "UPDATE sessions SET status = %s, payment_method = %s, ended_at = %s WHERE id = %s AND status = 'OPEN'"

BEGIN_PAYMENT = "UPDATE sessions SET payment_method = %s, decides_at = %s WHERE id = %s AND status = 'OPEN'"
"""Note that a payment is under way, and when it is decided."""

LOCK_DUE = f"""
    SELECT {_SESSION}, boxoffice_clock() AS now FROM sessions s
    WHERE s.status = 'OPEN' AND COALESCE(s.decides_at, s.expires_at) <= (SELECT boxoffice_clock())
    ORDER BY COALESCE(s.decides_at, s.expires_at) LIMIT %s FOR UPDATE SKIP LOCKED
"""
"""Lock open sessions whose time is up, or whose payment is to be decided.

Neither time ever moves: what was due before the lock is due after it, unless a payment has begun meanwhile.
"""

END_OVERDUE = "UPDATE sessions SET status = 'EXPIRED', ended_at = %s WHERE id = ANY(%s) AND status = 'OPEN'"

DECLINED_BEFORE = "SELECT 1 FROM sessions WHERE order_id = %s AND order_id <> '' AND status = 'DECLINED' LIMIT 1"

STRANGER = f"""
    SELECT {_SESSION} FROM sessions s WHERE s.status = 'OPEN' AND s.order_id <> %s
    ORDER BY COALESCE(s.decides_at, s.expires_at) DESC LIMIT 1
"""
"""An open session that is for something else."""

CAPTURE = "INSERT INTO ledger (session_id, kind, amount, currency) VALUES (%s, 'CAPTURE', %s, %s)"

REFUND = "SELECT id, session_id, amount, status, failures FROM refunds WHERE id = %s"

WRITE_REFUND = """
    INSERT INTO refunds AS r (id, session_id, amount, status, failures) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status, failures = EXCLUDED.failures
    WHERE r.session_id = EXCLUDED.session_id AND r.status = 'PENDING'
    RETURNING id
"""
"""Write what became of a refund; no row comes back where another session has one of this id."""

PAY_BACK = """
    INSERT INTO ledger (session_id, kind, amount, currency, refund_id) VALUES (%s, 'REFUND', -%s::int, %s, %s)
"""

COUNT_REFUND = "UPDATE sessions SET refunded_amount = %s WHERE id = %s"
