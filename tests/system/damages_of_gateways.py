"""Damages to what gateways did with money."""

from __future__ import annotations

from tests.system.damage import CONFIRMED, NEW, Damage, disputed

ADD_UP, LEDGER, COUNTED = (
    "movements-of-the-ledger-add-up",
    "the-ledger-is-what-payments-say",
    "payments-count-their-disputes",
)
BOUGHT = f"(SELECT payment_id FROM booking.bookings WHERE id = {CONFIRMED})"
ELSEWHERE = """
    UPDATE payment.payments SET gateway = 'razorpay' WHERE id NOT IN (SELECT payment_id FROM booking.declines);
    INSERT INTO payment.ledger (id, movement_id, payment_id, kind, reference, account, amount)
        SELECT row_number() OVER (), p.id, p.id, 'CAPTURE', '', line.account, line.amount FROM payment.payments p
        CROSS JOIN LATERAL (
            VALUES ('BALANCE', p.amount - p.refunded_amount), ('CUSTOMERS', p.refunded_amount - p.amount)
        ) AS line (account, amount)
        WHERE p.gateway <> 'bank' AND p.state IN ('SUCCESS', 'REFUNDED', 'PARTIALLY_REFUNDED')
"""
"""Let all payments but those that were declined have been at another gateway, as its ledger has it."""
KEPT = f"""
    {ELSEWHERE};
    UPDATE payment.payments SET fee_amount = 118, fee_tax = 18 WHERE id = {BOUGHT};
    INSERT INTO payment.ledger (id, movement_id, payment_id, kind, reference, account, amount)
        SELECT -row_number() OVER (), {NEW}, {BOUGHT}, 'FEE', '', account, amount
        FROM (VALUES ('BALANCE', -118), ('FEES', 100), ('TAXES', 18)) AS line (account, amount)
"""
"""Let that gateway have kept something of one."""
LOST = f"""
    {KEPT}; {disputed(BOUGHT, "LOST")};
    INSERT INTO payment.ledger (id, movement_id, payment_id, kind, reference, account, amount)
        SELECT -100 - row_number() OVER (), {BOUGHT}, {BOUGHT}, 'DISPUTE', 'disp_1', line.account, line.amount
        FROM payment.payments p
        CROSS JOIN LATERAL (VALUES ('BALANCE', -p.lost_amount), ('DISPUTES', p.lost_amount)) AS line (account, amount)
        WHERE p.id = {BOUGHT}
"""
"""Let that one have been lost by a dispute."""


def entry(account: str, change: str = "amount = amount + 1") -> str:
    return f"UPDATE payment.ledger SET {change} WHERE account = '{account}' AND payment_id = {BOUGHT}"


def payment(change: str) -> str:
    return f"UPDATE payment.payments SET {change} WHERE id = {BOUGHT}"


OF_GATEWAYS = (
    Damage("a movement that does not add up", ADD_UP, f"{LOST}; {entry('BALANCE')}"),
    Damage("a movement of two payments", ADD_UP, f"{LOST}; {entry('BALANCE', f'payment_id = {NEW}')}"),
    *(
        Damage(f"an entry of {account} that is another amount", LEDGER, f"{LOST}; {entry(account)}")
        for account in ("CUSTOMERS", "FEES", "TAXES", "DISPUTES")
    ),
    Damage("a capture that is not booked", LEDGER, f"{ELSEWHERE}; DELETE FROM payment.ledger"),
    Damage("the bank's money booked", LEDGER, f"{ELSEWHERE}; UPDATE payment.payments SET gateway = 'bank'"),
    Damage("an entry of no payment", LEDGER, f"{ELSEWHERE}; UPDATE payment.ledger SET payment_id = {NEW}"),
    Damage(
        "money booked that was not taken",
        LEDGER,
        f"{ELSEWHERE}; UPDATE payment.payments SET state = 'FAILED' WHERE state = 'SUCCESS'",
    ),
    Damage("a fee that is not booked", LEDGER, f"{ELSEWHERE}; {payment('fee_amount = 118, fee_tax = 18')}"),
    Damage("a dispute that is not counted", COUNTED, f"{disputed(BOUGHT, 'OPEN')}; {payment('disputed_amount = 0')}"),
    Damage("a loss that is not counted", COUNTED, f"{disputed(BOUGHT, 'LOST')}; {payment('lost_amount = 0')}"),
    Damage(
        "a dispute that is won, and counted",
        COUNTED,
        f"{disputed(BOUGHT, 'OPEN')}; UPDATE payment.disputes SET state = 'WON'",
    ),
    Damage("a loss that was won", COUNTED, f"{disputed(BOUGHT, 'LOST')}; UPDATE payment.disputes SET state = 'WON'"),
    Damage(
        "a dispute of no payment",
        COUNTED,
        f"{disputed(BOUGHT, 'OPEN')}; UPDATE payment.disputes SET payment_id = {NEW}",
    ),
    Damage("a refund settled by a dispute, and not counted", COUNTED, "UPDATE payment.refunds SET by_dispute = true"),
    Damage("refunds settled by disputes that there were not", COUNTED, payment("refunded_by_disputes = 1")),
    Damage(
        "more settled by a dispute than it has taken",
        COUNTED,
        "UPDATE payment.refunds SET by_dispute = true;"
        "UPDATE payment.payments SET refunded_by_disputes = refunded_amount",
    ),
    Damage(
        "a refund settled by a dispute, and stuck",
        COUNTED,
        "UPDATE payment.refunds SET by_dispute = true, state = 'STUCK';"
        "UPDATE payment.payments SET refunded_by_disputes = refunded_amount, lost_amount = refunded_amount;"
        "INSERT INTO payment.disputes (id, payment_id, state, amount, lost_amount)"
        " SELECT id::text, id, 'LOST', lost_amount, lost_amount FROM payment.payments WHERE lost_amount > 0",
    ),
    Damage(
        "an unfinished refund beside another's dispute",
        "no-saga-is-unfinished",
        f"{disputed(BOUGHT, 'OPEN')}; UPDATE booking.booking_refunds SET state = 'PROCESSING'"
        f" WHERE booking_id <> {CONFIRMED}",
    ),
    Damage(
        "a refund under way beside another's dispute",
        "no-refund-is-under-way",
        f"{disputed(BOUGHT, 'OPEN')}; UPDATE payment.refunds SET state = 'REQUESTED'",
    ),
)
