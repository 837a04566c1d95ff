"""The constraints of cancelled bookings and of refunds for cancelled shows hold for all rows.

Backfill: it reads the rows beside the traffic, and changes none.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

CONSTRAINTS = (("bookings", "bookings_cancel_reason_check"), ("booking_refunds", "booking_refunds_cause_check"))


def upgrade() -> None:
    """Validate them."""
    with op.get_context().autocommit_block():
        for table, constraint in CONSTRAINTS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
