"""Statements about sessions, their money and their refunds."""

_SESSION = """
    s.id, s.payment_id, s.amount, s.currency, s.description, s.items, s.status, s.refunded_amount, s.expires_at,
    s.order_id, s.payment_method, s.decides_at
"""

CREATE_SESSIONS = f"""
    INSERT INTO sessions AS s (id, payment_id, amount, currency, description, items, status, expires_at, order_id)
    SELECT new.id, new.payment_id, new.amount, new.currency, new.description,
        ARRAY(SELECT jsonb_array_elements_text(new.items::jsonb)), 'OPEN', new.expires_at, new.order_id
    FROM unnest(
        %s::text[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[]
    ) AS new (id, payment_id, amount, currency, description, items, expires_at, order_id)
    ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id
    RETURNING {_SESSION}, boxoffice_clock() AS now
"""
"""Create sessions where there are none, or change nothing; return those that are there. They come in order, each once.
May be run any number of times. `items` is JSON: an array of arrays cannot be spread."""

SESSIONS = f"SELECT {_SESSION}, boxoffice_clock() AS now FROM sessions s WHERE s.id = ANY(%s)"

LOCK_SESSION = f"SELECT {_SESSION} FROM sessions s WHERE s.id = %s FOR UPDATE"

WAIT_FOR_SESSIONS = f"SELECT {_SESSION} FROM sessions s WHERE s.id = ANY(%s) ORDER BY s.id FOR UPDATE"

LOCK_SESSIONS = WAIT_FOR_SESSIONS + " SKIP LOCKED"
"""Lock those of the sessions that nobody else has."""

END_SESSIONS = """
    UPDATE sessions s SET status = ended.status, payment_method = ended.payment_method, ended_at = %s
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS ended (id, status, payment_method)
    WHERE s.id = ended.id AND s.status = 'OPEN'
"""

BEGIN_PAYMENTS = """
    UPDATE sessions s SET payment_method = begun.payment_method, decides_at = %s
    FROM unnest(%s::text[], %s::text[]) AS begun (id, payment_method)
    WHERE s.id = begun.id AND s.status = 'OPEN'
"""
"""Note that payments are under way, and when they are decided."""

LOCK_DUE = f"""
    SELECT {_SESSION}, boxoffice_clock() AS now FROM sessions s
    WHERE s.status = 'OPEN' AND COALESCE(s.decides_at, s.expires_at) <= (SELECT boxoffice_clock())
    ORDER BY COALESCE(s.decides_at, s.expires_at) LIMIT %s FOR UPDATE SKIP LOCKED
"""
"""Lock open sessions whose time is up, or whose payment is to be decided.

Neither time ever moves: what was due before the lock is due after it, unless a payment has begun meanwhile.
"""

DECLINED_BEFORE = "SELECT DISTINCT order_id FROM sessions WHERE order_id = ANY(%s) AND status = 'DECLINED'"

STRANGER = f"""
    SELECT {_SESSION} FROM sessions s WHERE s.status = 'OPEN' AND s.order_id <> %s
    ORDER BY COALESCE(s.decides_at, s.expires_at) DESC LIMIT 1
"""
"""An open session that is for something else."""

CAPTURE = """
    INSERT INTO ledger (session_id, kind, amount, currency)
    SELECT new.session_id, 'CAPTURE', new.amount, new.currency
    FROM unnest(%s::text[], %s::int[], %s::text[]) AS new (session_id, amount, currency)
"""

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
