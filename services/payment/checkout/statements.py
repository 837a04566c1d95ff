"""Statements about payments and the bookings they are for."""

from services.chassis.store.rows import selected
from services.payment.domain.payments import Payment
from services.payment.ledger import booked

_PAYMENT = selected(Payment, of="p")

OPEN_ACCOUNTS = """
    INSERT INTO booking_accounts (booking_id) SELECT * FROM unnest(%(booking_ids)s::uuid[])
    ON CONFLICT (booking_id) DO NOTHING RETURNING booking_id
"""
"""Make sure that there is an account of each booking; they come in order. Returns those that there were not."""

TAKE_BACK_ACCOUNTS = "DELETE FROM booking_accounts WHERE booking_id = ANY(%(booking_ids)s)"
"""Take back accounts that were opened in this transaction."""

WAIT_FOR_ACCOUNTS = """
    SELECT booking_id, closed_at IS NOT NULL AS closed FROM booking_accounts
    WHERE booking_id = ANY(%(booking_ids)s) ORDER BY booking_id FOR UPDATE
"""

LOCK_ACCOUNTS = WAIT_FOR_ACCOUNTS + " SKIP LOCKED"
"""Lock those of the accounts that nobody else has."""

CLOSED = "SELECT booking_id FROM booking_accounts WHERE booking_id = ANY(%(booking_ids)s) AND closed_at IS NOT NULL"

KEEP_IF_OPEN = """
    INSERT INTO idempotency_keys (user_id, method, key, request_hash, answer)
    SELECT asked.user_id, asked.method, asked.key, asked.request_hash, asked.answer
    FROM unnest(
        %(user_id)s::uuid[], %(method)s::text[], %(key)s::text[], %(request_hash)s::bytea[], %(answer)s::bytea[],
        %(booking_id)s::uuid[]
    ) WITH ORDINALITY AS asked (user_id, method, key, request_hash, answer, booking_id, place)
    WHERE NOT EXISTS (
        SELECT FROM booking_accounts a WHERE a.booking_id = asked.booking_id AND a.closed_at IS NOT NULL
    )
    ORDER BY asked.place
    ON CONFLICT (user_id, method, key) DO UPDATE SET answer = excluded.answer
    WHERE idempotency_keys.answer = '' AND idempotency_keys.request_hash = excluded.request_hash
"""
"""Keep answers of bookings that are not closed for payment, under keys that have none yet."""

CLOSE_ACCOUNTS = """
    INSERT INTO booking_accounts AS a (booking_id, closed_at)
    SELECT id, boxoffice_clock() FROM (SELECT DISTINCT unnest(%(booking_ids)s::uuid[]) AS id) AS named ORDER BY id
    ON CONFLICT (booking_id) DO UPDATE SET closed_at = COALESCE(a.closed_at, EXCLUDED.closed_at)
"""
"""Close the bookings for payment, those too that nothing was ever paid for."""

TAKE_LIVE_PAYMENTS = f"""
    UPDATE payments p SET next_poll_at = clock_timestamp() + make_interval(secs => %(poll_seconds)s)
    WHERE p.state = 'PENDING' AND p.booking_id = ANY(%(booking_ids)s)
    RETURNING {_PAYMENT}
"""
"""Return the bookings' live payments, to be asked about now and, if need be, again in so many seconds."""

PAYMENTS_OF_BOOKINGS = f"SELECT {_PAYMENT} FROM payments p WHERE p.booking_id = ANY(%(booking_ids)s) ORDER BY p.id DESC"

PAYMENTS = f"SELECT {_PAYMENT} FROM payments p WHERE p.id = ANY(%(ids)s)"

WAIT_FOR_PAYMENTS = f"SELECT {_PAYMENT} FROM payments p WHERE p.id = ANY(%(ids)s) ORDER BY p.id FOR UPDATE"

LOCK_PAYMENTS = WAIT_FOR_PAYMENTS + " SKIP LOCKED"
"""Lock those of the payments that nobody else has."""

BEGIN_PAYMENTS = """
    INSERT INTO payments (
        state, created_at, updated_at, next_poll_at, id, booking_id, user_id, session_id, amount, currency, expires_at,
        gateway, method
    )
    SELECT 'PENDING', %(now)s, %(now)s, clock_timestamp() + make_interval(secs => %(poll_seconds)s), new.*
    FROM unnest(
        %(id)s::uuid[], %(booking_id)s::uuid[], %(user_id)s::uuid[], %(session_id)s::text[], %(amount)s::int[],
        %(currency)s::text[], %(expires_at)s::timestamptz[], %(gateway)s::text[], %(method)s::text[]
    ) AS new
"""

NAME_ORDERS = """
    WITH opened AS (
        SELECT p.id, named.gateway_order_id
        FROM payments p JOIN unnest(%(id)s::uuid[], %(gateway_order_id)s::text[]) AS named (id, gateway_order_id)
            ON p.id = named.id
        WHERE p.gateway_order_id IS NULL
        ORDER BY p.id FOR UPDATE OF p
    )
    UPDATE payments p SET gateway_order_id = opened.gateway_order_id FROM opened WHERE p.id = opened.id
"""
"""Keep the gateway's names for what is to be paid, where they are not known yet."""

MOVE_PAYMENTS = f"""
    WITH moved AS (
        UPDATE payments SET state = move.to_state, updated_at = %(now)s, next_poll_at = NULL,
            method = move.method, gateway_order_id = move.gateway_order_id,
            gateway_payment_id = move.gateway_payment_id,
            next_fee_at = CASE WHEN gateway <> 'bank' THEN
                clock_timestamp() + CASE WHEN move.to_state = 'SUCCESS' THEN interval '0' ELSE interval '1 hour' END
            END
        FROM unnest(
            %(id)s::uuid[], %(from_state)s::text[], %(to_state)s::text[], %(method)s::text[],
            %(gateway_order_id)s::text[], %(gateway_payment_id)s::text[]
        ) AS move (payment_id, from_state, to_state, method, gateway_order_id, gateway_payment_id)
        WHERE id = move.payment_id AND state = move.from_state
        RETURNING id AS payment_id, state, gateway, amount
    ), captured AS (
        SELECT payment_id, gateway, amount, '' AS reference FROM moved WHERE state = 'SUCCESS'
    )
    {booked("captured", "CAPTURE", balance="m.amount", customers="-m.amount")}
"""
"""Move payments that are locked from the states they have to others that are not PENDING, and book what was taken.

Other gateways than the bank are asked from now on what they have kept of it, or, where no money was taken, whether it
was taken after all: `next_fee_at` is when.
"""

REMEMBER_EVENTS = """
    INSERT INTO webhook_events (id, type, payment_id)
    SELECT * FROM unnest(%(id)s::text[], %(type)s::text[], %(payment_id)s::uuid[])
    ON CONFLICT (id) DO NOTHING
"""
"""Put events into the inbox, which may be there already; they come in order."""

CLAIM_POLLS = f"""
    UPDATE payments p SET
        polls = polls + 1,
        next_poll_at = clock_timestamp()
            + make_interval(secs => least(%(first_seconds)s * (p.polls + 2), %(max_seconds)s) * (0.75 + random() / 2))
    WHERE p.id IN (
        SELECT id FROM payments
        WHERE state = 'PENDING' AND next_poll_at <= (SELECT clock_timestamp())
        ORDER BY next_poll_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )
    RETURNING {_PAYMENT},
        p.expires_at <= boxoffice_clock() AS over,
        (SELECT a.closed_at IS NOT NULL FROM booking_accounts a WHERE a.booking_id = p.booking_id) AS closed
"""
"""Take live payments that are due to be asked about, and say when they are due next: later each time."""

CLAIM_ENDED = f"""
    UPDATE payments p SET next_fee_at = CASE WHEN boxoffice_clock() - updated_at < %(looked_after)s::interval
        THEN clock_timestamp() + greatest(interval '1 hour', boxoffice_clock() - updated_at) END
    WHERE p.id IN (
        SELECT id FROM payments
        WHERE state IN ('FAILED', 'EXPIRED') AND next_fee_at <= (SELECT clock_timestamp())
        ORDER BY next_fee_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )
    RETURNING {_PAYMENT}
"""
"""Take payments that have ended without money and are due to be looked at once more, and say when they are due next:
after 1, 2, 4 hours and so on, as long as they are looked after."""

HASTEN_POLLS = """
    UPDATE payments SET
        next_poll_at = CASE WHEN state = 'PENDING' THEN clock_timestamp() END,
        next_fee_at = CASE WHEN state = 'PENDING' THEN next_fee_at ELSE clock_timestamp() END
    WHERE (state = 'PENDING' OR state IN ('FAILED', 'EXPIRED') AND gateway <> 'bank')
        AND (id = %(payment_id)s OR session_id = %(session_id)s)
"""
"""Let payments that are named in some way be due to be asked about: live ones, and those that may be paid late."""

HASTEN_ALL_POLLS = """
    UPDATE payments SET next_poll_at = clock_timestamp()
    WHERE id IN (
        SELECT id FROM payments WHERE state = 'PENDING' AND next_poll_at > (SELECT clock_timestamp())
        FOR UPDATE SKIP LOCKED
    )
"""
"""Let every live payment be due to be asked about, but for those that somebody is busy with."""

COUNT_OPEN = """
    SELECT count(*) FILTER (WHERE p.state = 'PENDING') AS payments,
        count(*) FILTER (WHERE p.disputed_amount > 0 OR EXISTS (
            SELECT FROM refunds r WHERE r.payment_id = p.id AND r.state <> 'SUCCEEDED'
        )) AS refunds
    FROM payments p WHERE p.user_id = %(user_id)s
"""
"""How much of a user's payments is under way, and of what goes back of them."""
