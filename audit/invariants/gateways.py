"""Invariants of what gateways do with money: the ledger, what they keep, and what customers' banks take back."""

from audit.invariants.invariant import Invariant

GATEWAYS = (
    Invariant(
        "movements-of-the-ledger-add-up",
        "the entries of a movement add up to nothing, and are of one payment",
        ("payment.payments",),
        """
        SELECT movement_id, sum(amount) AS sum, count(DISTINCT payment_id) AS payments FROM payment.ledger
        GROUP BY movement_id HAVING sum(amount) <> 0 OR count(DISTINCT payment_id) <> 1
        """,
    ),
    # The bank has a ledger of its own.
    Invariant(
        "the-ledger-is-what-payments-say",
        "of each payment the ledger has what its customer has paid and did not get back, what the gateway has kept, "
        "and what disputes took that no refund is settled by; of the bank's it has nothing",
        ("payment.payments",),
        """
        SELECT coalesce(p.id, l.payment_id) AS payment_id, p.gateway, p.state, p.amount, p.refunded_amount, l.*
        FROM payment.payments p FULL JOIN (
            SELECT payment_id, coalesce(sum(amount) FILTER (WHERE account = 'CUSTOMERS'), 0) AS customers,
                coalesce(sum(amount) FILTER (WHERE account = 'FEES'), 0) AS fees,
                coalesce(sum(amount) FILTER (WHERE account = 'TAXES'), 0) AS taxes,
                coalesce(sum(amount) FILTER (WHERE account = 'DISPUTES'), 0) AS disputes
            FROM payment.ledger GROUP BY payment_id
        ) AS l ON l.payment_id = p.id
        WHERE CASE
            WHEN p.gateway = 'bank' THEN l.payment_id IS NULL
            WHEN p.state IN ('SUCCESS', 'REFUNDED', 'PARTIALLY_REFUNDED') THEN
                (l.customers, l.fees, l.taxes, l.disputes) = (
                    p.refunded_amount - p.amount, coalesce(p.fee_amount - p.fee_tax, 0), coalesce(p.fee_tax, 0),
                    p.lost_amount - p.refunded_by_disputes
                )
            ELSE l.payment_id IS NULL
        END IS NOT TRUE
        """,
    ),
    Invariant(
        "payments-count-their-disputes",
        "a payment says how much of it is disputed, how much was lost, and how much of its refunds that has paid",
        ("payment.payments",),
        """
        SELECT coalesce(p.id, d.payment_id) AS payment_id, p.disputed_amount, p.lost_amount, p.refunded_by_disputes,
            d.disputed, d.lost, r.refunded
        FROM payment.payments p
        FULL JOIN (
            SELECT payment_id, coalesce(sum(amount) FILTER (WHERE state = 'OPEN'), 0) AS disputed,
                coalesce(sum(lost_amount) FILTER (WHERE state = 'LOST'), 0) AS lost
            FROM payment.disputes GROUP BY payment_id
        ) AS d ON d.payment_id = p.id
        LEFT JOIN (
            SELECT payment_id, sum(amount) AS refunded FROM payment.refunds
            WHERE by_dispute AND state = 'SUCCEEDED' GROUP BY payment_id
        ) AS r ON r.payment_id = p.id
        WHERE (p.disputed_amount, p.lost_amount, p.refunded_by_disputes)
                IS DISTINCT FROM (coalesce(d.disputed, 0), coalesce(d.lost, 0), coalesce(r.refunded, 0))
            OR p.refunded_by_disputes > p.lost_amount
        """,
    ),
)
