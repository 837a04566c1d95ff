"""Statements about sessions, their money and their refunds."""

_SESSION = """
    s.id, s.payment_id, s.amount, s.currency, s.description, s.items, s.status, s.refunded_amount, s.expires_at,
    s.order_id, s.payment_method, s.decides_at, s.method, s.gateway_order_id, s.gateway_payment_id
"""

CREATE_SESSIONS = f"""
    INSERT INTO sessions AS s (
        id, payment_id, amount, currency, description, items, status, expires_at, order_id, method, gateway_order_id
    )
    SELECT new.id, new.payment_id, new.amount, new.currency, new.description,
        ARRAY(SELECT jsonb_array_elements_text(new.items::jsonb)), 'OPEN', new.expires_at, new.order_id,
        new.method, new.gateway_order_id
    FROM unnest(
        %(session_id)s::text[], %(payment_id)s::uuid[], %(amount)s::int[], %(currency)s::text[],
        %(description)s::text[], %(items)s::text[], %(expires_at)s::timestamptz[], %(order_id)s::text[],
        %(method)s::text[], %(gateway_order_id)s::text[]
    ) AS new (
        id, payment_id, amount, currency, description, items, expires_at, order_id, method, gateway_order_id
    )
    ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id
    RETURNING {_SESSION}, boxoffice_clock() AS now
"""
"""Create sessions where there are none, or change nothing; return those that are there. They come in order, each once.
May be run any number of times. `items` is JSON: an array of arrays cannot be spread."""

SESSIONS = f"SELECT {_SESSION}, boxoffice_clock() AS now FROM sessions s WHERE s.id = ANY(%(ids)s)"

WAIT_FOR_SESSIONS = f"SELECT {_SESSION} FROM sessions s WHERE s.id = ANY(%(ids)s) ORDER BY s.id FOR UPDATE"

LOCK_SESSIONS = WAIT_FOR_SESSIONS + " SKIP LOCKED"
"""Lock those of the sessions that nobody else has."""

END_SESSIONS = """
    UPDATE sessions s SET status = ended.status, payment_method = ended.payment_method, method = ended.method,
        gateway_payment_id = ended.gateway_payment_id, ended_at = %(now)s
    FROM unnest(
        %(id)s::text[], %(status)s::text[], %(payment_method)s::text[], %(method)s::text[],
        %(gateway_payment_id)s::text[]
    ) AS ended (id, status, payment_method, method, gateway_payment_id)
    WHERE s.id = ended.id AND s.status = 'OPEN'
"""

BEGIN_PAYMENTS = """
    UPDATE sessions s SET payment_method = begun.payment_method, decides_at = begun.decides_at,
        method = begun.method, gateway_payment_id = begun.gateway_payment_id
    FROM unnest(
        %(id)s::text[], %(payment_method)s::text[], %(decides_at)s::timestamptz[], %(method)s::text[],
        %(gateway_payment_id)s::text[]
    ) AS begun (id, payment_method, decides_at, method, gateway_payment_id)
    WHERE s.id = begun.id AND s.status = 'OPEN'
"""
"""Note that payments are under way, and when they are decided."""

LOCK_DUE = f"""
    SELECT {_SESSION}, boxoffice_clock() AS now FROM sessions s
    WHERE s.status = 'OPEN' AND COALESCE(s.decides_at, s.expires_at) <= (SELECT boxoffice_clock())
    ORDER BY COALESCE(s.decides_at, s.expires_at) LIMIT %(most)s FOR UPDATE SKIP LOCKED
"""
"""Lock open sessions whose time is up, or whose payment is to be decided.

Neither time ever moves: what was due before the lock is due after it, unless a payment has begun meanwhile.
"""

DECLINED_BEFORE = "SELECT DISTINCT order_id FROM sessions WHERE order_id = ANY(%(order_ids)s) AND status = 'DECLINED'"

STRANGER = f"""
    SELECT {_SESSION} FROM sessions s WHERE s.status = 'OPEN' AND s.order_id <> %(order_id)s
    ORDER BY COALESCE(s.decides_at, s.expires_at) DESC LIMIT 1
"""
"""An open session that is for something else."""

CAPTURE = """
    INSERT INTO ledger (session_id, kind, amount, currency)
    SELECT new.session_id, 'CAPTURE', new.amount, new.currency
    FROM unnest(%(id)s::text[], %(amount)s::int[], %(currency)s::text[]) AS new (session_id, amount, currency)
"""

REFUNDS = "SELECT id, session_id, amount, status, failures FROM refunds WHERE id = ANY(%(ids)s)"

WRITE_REFUNDS = """
    INSERT INTO refunds AS r (id, session_id, amount, status, failures)
    SELECT * FROM unnest(
        %(id)s::uuid[], %(session_id)s::text[], %(amount)s::int[], %(status)s::text[], %(failures)s::int[]
    )
    ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status, failures = EXCLUDED.failures
    WHERE r.session_id = EXCLUDED.session_id AND r.status = 'PENDING'
    RETURNING id
"""
"""Write what became of refunds; no row comes back of one whose id another session's refund has."""

PAY_BACK = """
    INSERT INTO ledger (session_id, kind, amount, currency, refund_id)
    SELECT new.session_id, 'REFUND', -new.amount, new.currency, new.id
    FROM unnest(%(id)s::uuid[], %(session_id)s::text[], %(amount)s::int[], %(currency)s::text[])
        AS new (id, session_id, amount, currency)
"""

COUNT_REFUNDS = """
    UPDATE sessions s SET refunded_amount = counted.refunded_amount
    FROM unnest(%(id)s::text[], %(refunded_amount)s::int[]) AS counted (id, refunded_amount) WHERE s.id = counted.id
"""
