"""The ledger of what gateways did with our money: movements, each of entries that add up to 0.

Accounts: BALANCE, what a gateway has of ours; CUSTOMERS, what customers have paid and did not get back, below 0; FEES
and TAXES, what the gateway has kept; DISPUTES, what customers' banks have taken, and no refund is settled by. The bank
has a ledger of its own, in which the audit reads: its payments have no entries here.
"""


def booked(movements: str, kind: str, **entries: str) -> str:
    """Return the statement that books movements, rows of a CTE with `payment_id`, `gateway` and `reference`.

    `entries` gives each account's amount as an expression over these rows; they add up to 0.
    """
    lines = ", ".join(f"('{account.upper()}', ({amount})::int)" for account, amount in entries.items())
    return f"""
        INSERT INTO ledger (movement_id, payment_id, kind, reference, account, amount)
        SELECT m.movement_id, m.payment_id, '{kind}', m.reference, line.account, line.amount
        FROM (SELECT gen_random_uuid() AS movement_id, * FROM {movements} WHERE gateway <> 'bank') AS m
        CROSS JOIN LATERAL (VALUES {lines}) AS line (account, amount)
        WHERE line.amount <> 0
    """
