"""Statements about disputes."""

from services.payment.ledger import booked

DISPUTES = "SELECT id, payment_id, state, amount, lost_amount FROM disputes WHERE id = ANY(%(ids)s)"

RECORD = """
    INSERT INTO disputes AS d (id, payment_id, state, amount, lost_amount, respond_by)
    VALUES (%(id)s, %(payment_id)s, %(state)s, %(amount)s, %(lost_amount)s, %(respond_by)s)
    ON CONFLICT (id) DO UPDATE SET
        state = excluded.state, amount = excluded.amount, lost_amount = excluded.lost_amount,
        respond_by = excluded.respond_by, updated_at = boxoffice_clock()
"""

COUNT = """
    UPDATE payments SET disputed_amount = d.disputed, lost_amount = d.lost
    FROM (
        SELECT coalesce(sum(amount) FILTER (WHERE state = 'OPEN'), 0) AS disputed, coalesce(sum(lost_amount), 0) AS lost
        FROM disputes WHERE payment_id = %(payment_id)s
    ) AS d
    WHERE id = %(payment_id)s
"""
"""Write down how much of a payment, which is locked, is disputed, and how much is lost."""

BOOK_LOSS = f"""
    WITH lost AS (
        SELECT d.payment_id, p.gateway, d.id AS reference, d.lost_amount AS amount
        FROM disputes d JOIN payments p ON p.id = d.payment_id
        WHERE d.id = %(id)s AND d.state = 'LOST'
    )
    {booked("lost", "DISPUTE", balance="-m.amount", disputes="m.amount")}
"""

HASTEN_REFUNDS = """
    UPDATE refunds SET next_attempt_at = clock_timestamp()
    WHERE payment_id = %(payment_id)s AND state = 'REQUESTED' AND next_attempt_at > clock_timestamp()
"""
"""Let the refunds go on that have waited for a dispute of their payment."""
