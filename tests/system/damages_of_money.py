"""Damages to payments, refunds and the bank's books."""

from __future__ import annotations

from tests.system.damage import NEW, PAID, Damage, again, payments, sessions

COUNTED, ASKED, TOLD = (
    "payments-count-their-refunds",
    "sessions-are-what-payments-asked-for",
    "the-ledger-tells-of-every-movement",
)
NAMES = "payments-have-the-names-that-the-bank-gave"
ONCE, WITHIN = "payments-and-money-are-there-once", "refunds-stay-within-the-capture"
OF_STATE, OF_STATUS = "payments-are-what-their-state-says", "sessions-are-what-their-status-says"

ACCOUNT, INBOX, SENT = (
    "payments-have-their-account",
    "the-inbox-has-every-webhook-that-was-taken",
    "webhooks-are-of-sessions",
)
CAPTURED, BANK = "refunds-are-of-captured-payments", "the-bank-refunds-what-it-was-asked-for"
OF_MONEY = (
    Damage("a payment of nothing", OF_STATE, payments("SUCCESS", "amount = 0")),
    Damage("a payment in no state", OF_STATE, payments("SUCCESS", "state = NULL")),
    Damage("a payment nobody asks about", OF_STATE, payments("PENDING", "next_poll_at = NULL")),
    Damage(
        "a payment half refunded, it says",
        OF_STATE,
        payments("SUCCESS", "refunded_amount = 1"),
    ),
    Damage("a refund not counted", COUNTED, payments("REFUNDED", "refunded_amount = 0")),
    Damage("a refund not counted at all", COUNTED, payments("REFUNDED", "refunded_amount = NULL")),
    Damage("refunds above the payment", COUNTED, again("payment.refunds", "state = 'SUCCEEDED'")),
    Damage("a refund of money never taken", CAPTURED, payments("REFUNDED", "state = 'FAILED'")),
    Damage("a refund in no state", CAPTURED, "UPDATE payment.refunds SET state = NULL"),
    Damage("a refund for no cause", CAPTURED, "UPDATE payment.refunds SET cause = NULL"),
    Damage("a refund of no payment", CAPTURED, "UPDATE payment.refunds SET payment_id = NULL"),
    Damage(
        "money taken after a decline, it says", "a-payment-never-regresses", payments("FAILED", "state = 'SUCCESS'")
    ),
    Damage("money taken, it says", "a-payment-never-regresses", payments("PENDING", "state = 'SUCCESS'")),
    Damage("a session over more", ASKED, "UPDATE bank.sessions SET amount = amount + 1"),
    Damage("a session in no currency", ASKED, "UPDATE bank.sessions SET currency = NULL"),
    Damage("a session that nobody asked for", ASKED, "DELETE FROM payment.payments WHERE state = 'SUCCESS'"),
    Damage("an order of another name", NAMES, "UPDATE payment.payments SET gateway_order_id = 'order_x'"),
    Damage("an order that the bank does not know", NAMES, "UPDATE bank.sessions SET gateway_order_id = NULL"),
    Damage("a payment of another name", NAMES, payments("SUCCESS", "gateway_payment_id = 'pay_x'")),
    Damage("a method of which payment knows nothing", NAMES, sessions("CAPTURED", "method = 'UPI'")),
    Damage(
        "another method than the bank's",
        NAMES,
        sessions("DECLINED", "method = 'UPI'") + "; UPDATE payment.payments SET method = 'CARD'",
    ),
    Damage("a session in no state", OF_STATUS, sessions("OPEN", "status = NULL")),
    Damage("an open session that has ended", OF_STATUS, sessions("OPEN", "ended_at = now()")),
    Damage(
        "a declined session gives back",
        OF_STATUS,
        sessions("DECLINED", "refunded_amount = 1"),
    ),
    Damage("a refund the bank does not know", BANK, "DELETE FROM bank.refunds"),
    Damage("a refund nobody asked for", BANK, "DELETE FROM payment.refunds"),
    Damage(
        "a refund of another amount",
        BANK,
        "UPDATE bank.refunds SET amount = amount - 1",
    ),
    Damage(
        "a refund out of another session",
        BANK,
        "UPDATE bank.refunds SET session_id = NULL",
    ),
    Damage("more given back than taken", WITHIN, again("bank.ledger", "kind = 'REFUND'")),
    Damage("a refund only counted", WITHIN, sessions("CAPTURED", "refunded_amount = 1")),
    Damage("money of a declined session", WITHIN, sessions("CAPTURED", "status = 'DECLINED'")),
    Damage("money of no session", WITHIN, f"DELETE FROM bank.sessions WHERE id = {PAID}"),
    Damage("a capture of another amount", TOLD, "UPDATE bank.ledger SET amount = amount - 1 WHERE kind = 'CAPTURE'"),
    Damage("an entry in no currency", TOLD, "UPDATE bank.ledger SET currency = NULL"),
    Damage("an entry of no kind", TOLD, "UPDATE bank.ledger SET kind = NULL WHERE kind = 'REFUND'"),
    Damage("a refund without an entry", TOLD, "DELETE FROM bank.ledger WHERE kind = 'REFUND'"),
    Damage("an entry without a refund", TOLD, "UPDATE bank.refunds SET status = 'DECLINED'"),
    Damage("a payment twice", ONCE, again("payment.payments")),
    Damage(
        "two live payments",
        ONCE,
        f"INSERT INTO payment.payments SELECT {NEW}, (p).booking_id, (p).user_id, 'sess_new',"
        " (p).amount, (p).currency, (p).state FROM payment.payments p WHERE state = 'PENDING' LIMIT 1",
    ),
    Damage("a session twice", ONCE, again("bank.sessions")),
    Damage("a capture in the ledger twice", ONCE, again("bank.ledger", "kind = 'CAPTURE'")),
    Damage("a refund in the ledger twice", ONCE, again("bank.ledger", "kind = 'REFUND'")),
    Damage("an event twice", ONCE, again("payment.webhook_events")),
    Damage("an account twice", ONCE, again("payment.booking_accounts")),
    Damage("a payment refunded in part, by nothing", OF_STATE, payments("SUCCESS", "state = 'PARTIALLY_REFUNDED'")),
    Damage("a payment refunded in part, in full", OF_STATE, payments("REFUNDED", "state = 'PARTIALLY_REFUNDED'")),
    Damage("a payment in no currency that there is", OF_STATE, payments("SUCCESS", "currency = 'rupees'")),
    Damage(
        "more refunds asked for than were paid",
        COUNTED,
        "INSERT INTO payment.refunds (id, payment_id, cause, amount, state, stuck_reason)"
        f" SELECT {NEW}, payment_id, 'DUPLICATE', amount, 'STUCK', 'declined' FROM payment.refunds LIMIT 1",
    ),
    Damage("a refund of nothing", CAPTURED, "UPDATE payment.refunds SET amount = 0"),
    Damage("a refund in a state that there is not", CAPTURED, "UPDATE payment.refunds SET state = 'LOST'"),
    Damage("a refund that succeeded and is stuck", CAPTURED, "UPDATE payment.refunds SET stuck_reason = 'declined'"),
    Damage("an open session gives back", OF_STATUS, sessions("OPEN", "refunded_amount = 1")),
    Damage("a declined session that goes on", OF_STATUS, sessions("DECLINED", "ended_at = NULL")),
    Damage("a captured session that goes on", OF_STATUS, sessions("CAPTURED", "ended_at = NULL")),
    Damage("a session that gave back too much", OF_STATUS, sessions("CAPTURED", "refunded_amount = amount + 1")),
    Damage("a session over nothing", OF_STATUS, sessions("OPEN", "amount = 0")),
    Damage(
        "a refund in no status that there is",
        BANK,
        "UPDATE payment.refunds SET state = 'STUCK', stuck_reason = 'declined';UPDATE bank.refunds SET status = 'LOST'",
    ),
    Damage("money in and out of no session", WITHIN, "DELETE FROM bank.sessions WHERE refunded_amount = amount"),
    Damage(
        "more given back than taken, and counted",
        WITHIN,
        f"UPDATE bank.sessions SET refunded_amount = amount + 1 WHERE id = {PAID};"
        "INSERT INTO bank.ledger (session_id, kind, amount)"
        f" SELECT id, 'REFUND', -refunded_amount FROM bank.sessions WHERE id = {PAID}",
    ),
    Damage(
        "a session that lives longer than was asked",
        ASKED,
        sessions("OPEN", "expires_at = expires_at + interval '1 s'"),
    ),
    Damage("a session for another booking", ASKED, sessions("OPEN", "order_id = gen_random_uuid()::text")),
    Damage("a payment without an account", ACCOUNT, "DELETE FROM payment.booking_accounts"),
    Damage(
        "an event of a capture forgotten", INBOX, "DELETE FROM payment.webhook_events WHERE type = 'payment.captured'"
    ),
    Damage(
        "an event of a decline forgotten", INBOX, "DELETE FROM payment.webhook_events WHERE type = 'payment.declined'"
    ),
    Damage("an event of another payment", INBOX, "UPDATE payment.webhook_events SET payment_id = gen_random_uuid()"),
    Damage("an event that says another thing", INBOX, "UPDATE payment.webhook_events SET type = 'payment.expired'"),
    Damage(
        "an event of no payment",
        "the-inbox-is-of-payments",
        f"INSERT INTO payment.webhook_events (id, type, payment_id) VALUES ('evt_new', 'payment.captured', {NEW})",
    ),
    Damage("webhooks of no session", SENT, "UPDATE bank.deliveries SET session_id = 'sess_new'"),
    Damage("a webhook twice", SENT, again("bank.deliveries")),
    Damage(
        "a capture for a refund", TOLD, "UPDATE bank.ledger SET refund_id = gen_random_uuid() WHERE kind = 'CAPTURE'"
    ),
    Damage("a capture of a declined session", TOLD, sessions("CAPTURED", "status = 'DECLINED'")),
    Damage(
        "a refund that took money",
        TOLD,
        "UPDATE bank.ledger SET amount = -amount WHERE kind = 'REFUND'; UPDATE bank.refunds SET amount = -amount",
    ),
)
