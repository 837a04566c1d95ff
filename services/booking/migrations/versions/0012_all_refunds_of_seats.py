"""The constraints of refunds of seats hold for all rows.

Backfill: it reads the rows beside the traffic, and changes none.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

CONSTRAINTS = (("booking_seats", "booking_seats_refund_check"), ("bookings", "bookings_shape_check"))


def upgrade() -> None:
    """Validate them."""
    with op.get_context().autocommit_block():
        for table, constraint in CONSTRAINTS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
