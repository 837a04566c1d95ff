"""Statements about refunds."""

from services.payment.ledger import booked

_REFUND = """
    r.id, r.payment_id, p.session_id, r.cause, r.amount, r.state, p.gateway, r.undone, r.redriven, p.disputed_amount,
    p.lost_amount - p.refunded_by_disputes AS lost_amount,
    p.amount - p.lost_amount - (p.refunded_amount - p.refunded_by_disputes) AS at_gateway
"""

REFUNDS_OF_PAYMENTS = f"""
    SELECT {_REFUND} FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.payment_id = ANY(%(payment_ids)s)
"""

REFUND = f"SELECT {_REFUND}, p.currency FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.id = %(id)s"

REQUEST_REFUNDS = """
    INSERT INTO refunds (id, payment_id, cause, amount, state, next_attempt_at)
    SELECT n.*, 'REQUESTED', clock_timestamp() + make_interval(secs => %(retry_seconds)s)
    FROM unnest(%(id)s::uuid[], %(payment_id)s::uuid[], %(cause)s::text[], %(amount)s::int[])
        AS n (id, payment_id, cause, amount)
"""

CLAIM_REFUNDS = f"""
    UPDATE refunds r SET
        attempts = r.attempts + 1,
        next_attempt_at = clock_timestamp()
            + make_interval(secs =>
                least(%(retry_seconds)s * 2 ^ least(r.attempts, 10), %(max_seconds)s) * (0.75 + random() / 2))
    FROM payments p
    WHERE p.id = r.payment_id AND r.id IN (
        SELECT id FROM refunds
        WHERE state = 'REQUESTED' AND next_attempt_at <= (SELECT clock_timestamp())
        ORDER BY next_attempt_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )
    RETURNING {_REFUND}
"""
"""Take refunds that are due to be tried, and say when they are due next: later each time."""

SUCCEED = f"""
    WITH done AS (
        UPDATE refunds SET state = 'SUCCEEDED', stuck_reason = NULL, updated_at = boxoffice_clock()
        WHERE id = %(id)s AND state <> 'SUCCEEDED'
        RETURNING id, payment_id, amount
    ), counted AS (
        UPDATE payments p SET
            refunded_amount = p.refunded_amount + done.amount,
            state = CASE WHEN p.refunded_amount + done.amount = p.amount
                THEN 'REFUNDED' ELSE 'PARTIALLY_REFUNDED' END,
            updated_at = boxoffice_clock()
        FROM done WHERE p.id = done.payment_id
        RETURNING p.id AS payment_id, p.gateway, done.id::text AS reference, done.amount
    )
    {booked("counted", "REFUND", balance="-m.amount", customers="m.amount")}
"""
"""Note that a refund was carried out, count and book it, once. May be run any number of times."""

SUCCEED_BY_DISPUTE = f"""
    WITH counted AS (
        UPDATE payments p SET
            refunded_by_disputes = p.refunded_by_disputes + r.amount,
            refunded_amount = p.refunded_amount + r.amount,
            state = CASE WHEN p.refunded_amount + r.amount = p.amount THEN 'REFUNDED' ELSE 'PARTIALLY_REFUNDED' END,
            updated_at = boxoffice_clock()
        FROM refunds r
        WHERE r.id = %(id)s AND r.state = 'REQUESTED' AND p.id = r.payment_id
            AND p.refunded_by_disputes + r.amount <= p.lost_amount
        RETURNING p.id AS payment_id, p.gateway, r.id AS refund_id, r.id::text AS reference, r.amount
    ), done AS (
        UPDATE refunds r SET state = 'SUCCEEDED', by_dispute = true, updated_at = boxoffice_clock()
        FROM counted WHERE r.id = counted.refund_id
    ), entries AS (
        {booked("counted", "REFUND", disputes="-m.amount", customers="m.amount")}
    )
    SELECT refund_id FROM counted
"""
"""Settle a refund by a lost dispute of its payment, under that payment's lock, if it is not carried out."""

LOCK_REFUND = "SELECT id FROM refunds WHERE id = %(id)s AND state = 'REQUESTED' FOR UPDATE"

STICK = """
    UPDATE refunds SET state = 'STUCK', stuck_reason = %(reason)s, updated_at = boxoffice_clock()
    WHERE id = %(id)s AND state = 'REQUESTED'
"""

FAIL = f"""
    WITH before AS (
        SELECT id, payment_id, amount, state, cause FROM refunds
        WHERE id = %(id)s AND state <> 'STUCK' AND NOT by_dispute FOR UPDATE
    ), failed AS (
        UPDATE refunds r SET
            state = 'STUCK', stuck_reason = %(reason)s, updated_at = boxoffice_clock(),
            undone = r.undone + CASE before.state WHEN 'SUCCEEDED' THEN 1 ELSE 0 END
        FROM before WHERE r.id = before.id
    ), counted AS (
        UPDATE payments p SET
            refunded_amount = p.refunded_amount - before.amount,
            state = CASE WHEN p.refunded_amount = before.amount THEN 'SUCCESS' ELSE 'PARTIALLY_REFUNDED' END,
            updated_at = boxoffice_clock()
        FROM before WHERE p.id = before.payment_id AND before.state = 'SUCCEEDED'
        RETURNING p.id AS payment_id, p.gateway, before.id::text AS reference, before.amount
    ), undone AS (
        {booked("counted", "REFUND_UNDONE", balance="m.amount", customers="-m.amount")}
    )
    SELECT before.state, before.cause, p.booking_id FROM before JOIN payments p ON p.id = before.payment_id
"""
"""Note that a refund failed for good, and count it no more if it was counted; returns what it was before, once."""

REDRIVE = """
    UPDATE refunds SET
        state = 'REQUESTED', stuck_reason = NULL, redriven = redriven + 1, next_attempt_at = clock_timestamp(),
        updated_at = boxoffice_clock()
    WHERE state = 'STUCK'
"""
"""Let refunds that are stuck be tried again, each once more than before."""

REDRIVE_SOME = f"{REDRIVE} AND id = ANY(%(ids)s)"

STUCK_REFUNDS = """
    SELECT
        r.id, p.booking_id, r.payment_id, r.amount, p.currency, r.stuck_reason, r.redriven, r.created_at, r.updated_at
    FROM refunds r JOIN payments p ON p.id = r.payment_id
    WHERE r.state = 'STUCK' AND (%(after)s::uuid IS NULL OR r.id > %(after)s) ORDER BY r.id LIMIT %(limit)s
"""
