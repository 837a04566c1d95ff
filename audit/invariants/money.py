"""Invariants of payment's database, in which the bank has its schema."""

from audit.invariants.invariant import Invariant

MONEY = (
    Invariant(
        "payments-are-what-their-state-says",
        "a payment is over an amount, has given back what its state says, and is asked about as long as it is PENDING",
        ("payment.payments",),
        """
        SELECT id AS payment_id, state, amount, currency, refunded_amount, next_poll_at
        FROM payment.payments
        WHERE CASE state
            WHEN 'PENDING' THEN refunded_amount = 0
            WHEN 'SUCCESS' THEN refunded_amount = 0
            WHEN 'FAILED' THEN refunded_amount = 0
            WHEN 'EXPIRED' THEN refunded_amount = 0
            WHEN 'REFUNDED' THEN refunded_amount = amount
            WHEN 'PARTIALLY_REFUNDED' THEN refunded_amount > 0 AND refunded_amount < amount
        END IS NOT TRUE
            OR (state = 'PENDING') IS DISTINCT FROM (next_poll_at IS NOT NULL)
            OR (amount > 0 AND currency ~ '^[A-Z]{3}$') IS NOT TRUE
        """,
    ),
    Invariant(
        "payments-count-their-refunds",
        "what a payment says it gave back is the sum of its refunds that succeeded, and all refunds fit into it",
        ("payment.payments",),
        """
        SELECT p.id AS payment_id, p.state, p.amount, p.refunded_amount, r.succeeded, r.asked
        FROM payment.payments p LEFT JOIN (
            SELECT payment_id, sum(amount) AS asked, sum(amount) FILTER (WHERE state = 'SUCCEEDED') AS succeeded
            FROM payment.refunds GROUP BY payment_id
        ) AS r ON r.payment_id = p.id
        WHERE coalesce(r.succeeded, 0) IS DISTINCT FROM p.refunded_amount
            OR (coalesce(r.asked, 0) <= p.amount) IS NOT TRUE
        """,
    ),
    Invariant(
        "refunds-are-of-captured-payments",
        "a refund is over an amount, for a cause and in a state that there is, of a payment whose money was taken",
        ("payment.refunds",),
        """
        SELECT r.id AS refund_id, r.payment_id, r.cause, r.amount, r.state, r.stuck_reason, p.state AS payment_state
        FROM payment.refunds r LEFT JOIN payment.payments p ON p.id = r.payment_id
        WHERE (
            r.amount > 0
            AND r.cause IN ('REQUESTED', 'NO_TICKET', 'DUPLICATE', 'MISMATCH')
            AND r.state IN ('REQUESTED', 'SUCCEEDED', 'STUCK')
            AND (r.state = 'STUCK') = (r.stuck_reason IS NOT NULL)
            AND p.state IN ('SUCCESS', 'PARTIALLY_REFUNDED', 'REFUNDED')
        ) IS NOT TRUE
        """,
    ),
    Invariant(
        "a-payment-never-regresses",
        "a payment at the bank says that money was taken only if the bank's session does, which is never undone",
        ("payment.payments WHERE state IN ('SUCCESS', 'REFUNDED', 'PARTIALLY_REFUNDED')",),
        """
        SELECT p.id AS payment_id, p.state, s.status
        FROM payment.payments p LEFT JOIN bank.sessions s ON s.id = p.session_id
        WHERE p.state IN ('SUCCESS', 'REFUNDED', 'PARTIALLY_REFUNDED')
            AND p.gateway = 'bank' AND s.status IS DISTINCT FROM 'CAPTURED'
        """,
    ),
    Invariant(
        "sessions-are-what-payments-asked-for",
        "every session at the bank is for a payment that was committed before, of the same amount, booking and end",
        ("bank.sessions",),
        """
        SELECT s.id AS session_id, s.payment_id, s.amount, s.currency, s.expires_at, s.order_id, p.amount AS asked,
            p.currency AS asked_currency, p.expires_at AS asked_until, p.booking_id
        FROM bank.sessions s LEFT JOIN payment.payments p ON p.session_id = s.id
        WHERE (p.id, p.amount, p.currency, p.expires_at)
                IS DISTINCT FROM (s.payment_id, s.amount, s.currency, s.expires_at)
            OR (s.order_id IN ('', p.booking_id::text)) IS NOT TRUE
        """,
    ),
    Invariant(
        "payments-have-the-names-that-the-bank-gave",
        "a payment has the bank's names for its order and its payment, and the bank's method, as soon as it has any",
        ("payment.payments",),
        """
        SELECT p.id AS payment_id, p.method, p.gateway_order_id, p.gateway_payment_id, s.method AS bank_method,
            s.gateway_order_id AS bank_order_id, s.gateway_payment_id AS bank_payment_id
        FROM payment.payments p JOIN bank.sessions s ON s.id = p.session_id
        WHERE coalesce(p.gateway_order_id, s.gateway_order_id) IS DISTINCT FROM s.gateway_order_id
            OR coalesce(p.gateway_payment_id, s.gateway_payment_id) IS DISTINCT FROM s.gateway_payment_id
            OR CASE WHEN p.gateway_payment_id <> '' THEN coalesce(s.method, p.method) IS DISTINCT FROM p.method END
        """,
    ),
    Invariant(
        "sessions-are-what-their-status-says",
        "a session of the bank is open until it ends, and only one whose money was taken gives something back",
        ("bank.sessions",),
        """
        SELECT id AS session_id, status, amount, refunded_amount, ended_at
        FROM bank.sessions
        WHERE CASE
            WHEN status = 'OPEN' THEN refunded_amount = 0 AND ended_at IS NULL
            WHEN status IN ('DECLINED', 'EXPIRED', 'CLOSED') THEN refunded_amount = 0 AND ended_at IS NOT NULL
            WHEN status = 'CAPTURED' THEN refunded_amount BETWEEN 0 AND amount AND ended_at IS NOT NULL
        END IS NOT TRUE OR (amount > 0) IS NOT TRUE
        """,
    ),
    Invariant(
        "the-bank-refunds-what-it-was-asked-for",
        "every refund at the bank is one that payment accepted before, and none succeeded that the bank does not know",
        ("payment.refunds", "bank.refunds"),
        """
        SELECT coalesce(r.id, b.id) AS refund_id, r.payment_id, p.session_id, r.amount, r.state,
            b.session_id AS bank_session_id, b.amount AS bank_amount, b.status
        FROM payment.refunds r
        FULL JOIN bank.refunds b ON b.id = r.id
        LEFT JOIN payment.payments p ON p.id = r.payment_id
        WHERE (b.id IS NOT NULL AND (b.session_id, b.amount) IS DISTINCT FROM (p.session_id, r.amount))
            OR (r.state = 'SUCCEEDED' AND p.gateway = 'bank' AND b.status IS DISTINCT FROM 'SUCCEEDED')
            OR (b.id IS NOT NULL AND (b.status IN ('PENDING', 'SUCCEEDED', 'DECLINED')) IS NOT TRUE)
        """,
    ),
    Invariant(
        "refunds-stay-within-the-capture",
        "the bank never gives back more than it took, and counts what it gave back",
        ("bank.sessions",),
        """
        SELECT coalesce(s.id, l.session_id) AS session_id, s.status, s.amount, s.refunded_amount, l.net
        FROM bank.sessions s FULL JOIN (
            SELECT session_id, sum(amount) AS net FROM bank.ledger GROUP BY session_id
        ) AS l ON l.session_id = s.id
        WHERE s.id IS NULL OR l.net < 0
            OR coalesce(l.net, 0) IS DISTINCT FROM
                CASE s.status WHEN 'CAPTURED' THEN s.amount - s.refunded_amount ELSE 0 END
        """,
    ),
    Invariant(
        "the-ledger-tells-of-every-movement",
        "the ledger has each capture at its session's amount, and each refund that succeeded at the refund's",
        ("bank.ledger", "bank.refunds WHERE status = 'SUCCEEDED'"),
        """
        SELECT l.id AS entry, coalesce(l.session_id, r.session_id) AS session_id, l.kind, l.amount, l.currency,
            s.status, s.amount AS session_amount, r.id AS refund_id, r.amount AS refund_amount
        FROM bank.ledger l
        FULL JOIN (SELECT * FROM bank.refunds WHERE status = 'SUCCEEDED') AS r ON r.id = l.refund_id
        LEFT JOIN bank.sessions s ON s.id = l.session_id
        WHERE CASE l.kind
            WHEN 'CAPTURE' THEN l.refund_id IS NULL AND s.status = 'CAPTURED'
                AND (l.amount, l.currency) = (s.amount, s.currency)
            WHEN 'REFUND' THEN l.amount < 0
                AND (l.session_id, -l.amount, l.currency) = (r.session_id, r.amount, s.currency)
        END IS NOT TRUE
        """,
    ),
    Invariant(
        "payments-have-their-account",
        "every payment is of a booking that has its account, which is the lock for opening sessions",
        ("payment.payments",),
        """
        SELECT p.id AS payment_id, p.booking_id
        FROM payment.payments p LEFT JOIN payment.booking_accounts a ON a.booking_id = p.booking_id
        WHERE a.booking_id IS NULL
        """,
    ),
    # A lie (docs/sandbox.md) may have been refused, and may name any payment. What was delivered had been committed to
    # the inbox before, which forgets nothing.
    Invariant(
        "the-inbox-has-every-webhook-that-was-taken",
        "each event that the bank has delivered is remembered, for its payment",
        ("bank.deliveries WHERE delivered_at IS NOT NULL",),
        """
        SELECT coalesce(d.repeats, d.id) AS event_id, d.type, d.session_id, s.payment_id, e.type AS remembered_type,
            e.payment_id AS remembered_payment_id
        FROM bank.deliveries d
        LEFT JOIN bank.sessions s ON s.id = d.session_id
        LEFT JOIN payment.webhook_events e ON e.id = coalesce(d.repeats, d.id)
        WHERE d.delivered_at IS NOT NULL AND NOT d.is_lie
            AND (e.type, e.payment_id) IS DISTINCT FROM (d.type, s.payment_id)
        """,
    ),
    Invariant(
        "the-inbox-is-of-payments",
        "each event that is remembered is of a payment that there is",
        ("payment.webhook_events",),
        """
        SELECT e.id AS event_id, e.type, e.payment_id
        FROM payment.webhook_events e LEFT JOIN payment.payments p ON p.id = e.payment_id
        WHERE p.id IS NULL
        """,
    ),
    Invariant(
        "webhooks-are-of-sessions",
        "every webhook is of a session of the bank, and there once",
        ("bank.deliveries",),
        """
        SELECT d.id, d.session_id, count(*) AS times
        FROM bank.deliveries d LEFT JOIN bank.sessions s ON s.id = d.session_id
        GROUP BY d.id, d.session_id, s.id HAVING count(*) > 1 OR s.id IS NULL
        """,
    ),
    Invariant(
        "payments-and-money-are-there-once",
        "one live payment to a booking, one refund to a cause but for seats, one capture to a session, nothing twice",
        (
            "payment.payments",
            "payment.refunds",
            "payment.booking_accounts",
            "payment.outbox",
            "payment.webhook_events",
            "bank.sessions",
            "bank.refunds",
            "bank.ledger",
        ),
        """
        SELECT 'payment' AS what, id::text AS key, count(*) AS times
        FROM payment.payments GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'session of a payment', session_id, count(*)
        FROM payment.payments GROUP BY session_id HAVING count(*) > 1
        UNION ALL
        SELECT 'live payment', booking_id::text, count(*)
        FROM payment.payments WHERE state = 'PENDING' GROUP BY booking_id HAVING count(*) > 1
        UNION ALL
        SELECT 'refund', concat_ws(' ', payment_id, cause), count(*)
        FROM payment.refunds WHERE cause <> 'REQUESTED' GROUP BY payment_id, cause HAVING count(*) > 1
        UNION ALL
        SELECT 'refund of its id', id::text, count(*)
        FROM payment.refunds GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'account', booking_id::text, count(*)
        FROM payment.booking_accounts GROUP BY booking_id HAVING count(*) > 1
        UNION ALL
        SELECT 'message', id::text, count(*)
        FROM payment.outbox GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'event', id, count(*)
        FROM payment.webhook_events GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'session of the bank', id, count(*)
        FROM bank.sessions GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'refund of the bank', id::text, count(*)
        FROM bank.refunds GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'capture in the ledger', session_id, count(*)
        FROM bank.ledger WHERE kind = 'CAPTURE' GROUP BY session_id HAVING count(*) > 1
        UNION ALL
        SELECT 'refund in the ledger', refund_id::text, count(*)
        FROM bank.ledger WHERE refund_id IS NOT NULL GROUP BY refund_id HAVING count(*) > 1
        UNION ALL
        SELECT 'answer', concat_ws(' ', user_id, method, key), count(*)
        FROM payment.idempotency_keys GROUP BY user_id, method, key HAVING count(*) > 1
        """,
    ),
)
