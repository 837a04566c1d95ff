"""Statements about what gateways keep."""

from services.chassis.store.rows import selected
from services.payment.domain.payments import Payment
from services.payment.ledger import booked

CLAIM_FEES = f"""
    UPDATE payments p SET next_fee_at = clock_timestamp()
        + greatest(interval '5 seconds', least(boxoffice_clock() - updated_at, interval '1 day'))
    WHERE p.id IN (
        SELECT id FROM payments
        WHERE state NOT IN ('FAILED', 'EXPIRED') AND next_fee_at <= (SELECT clock_timestamp())
        ORDER BY next_fee_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )
    RETURNING {selected(Payment, of="p")}
"""
"""Take payments whose fee is due to be asked for, and say when that is due next: later each time."""

KEEP_FEE = f"""
    WITH kept AS (
        UPDATE payments SET fee_amount = %(amount)s, fee_tax = %(tax)s, next_fee_at = NULL
        WHERE id = %(id)s AND next_fee_at IS NOT NULL
        RETURNING id AS payment_id, gateway, '' AS reference, fee_amount, fee_tax
    )
    {booked("kept", "FEE", balance="-m.fee_amount", fees="m.fee_amount - m.fee_tax", taxes="m.fee_tax")}
"""
"""Keep and book what a gateway has kept of a payment, once."""
