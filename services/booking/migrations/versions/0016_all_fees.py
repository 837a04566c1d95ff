"""The constraints of fees hold for all rows.

Backfill: it reads the rows beside the traffic, and changes none.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

CONSTRAINTS = (("booking_seats", "booking_seats_fees_check"), ("booking_refunds", "booking_refunds_order_amount_check"))


def upgrade() -> None:
    """Validate them."""
    with op.get_context().autocommit_block():
        for table, constraint in CONSTRAINTS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
