"""The constraints of money in lines hold for all rows.

Backfill: it reads the rows beside the traffic, and changes none.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

CONSTRAINTS = (
    ("booking_seats", "booking_seats_line_check"),
    ("bookings", "bookings_amounts_check"),
    ("bookings", "bookings_confirmed_at_check"),
    ("bookings", "bookings_refund_check"),
)


def upgrade() -> None:
    """Validate them."""
    with op.get_context().autocommit_block():
        for table, constraint in CONSTRAINTS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
