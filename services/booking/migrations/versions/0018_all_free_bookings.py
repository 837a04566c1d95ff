"""The constraints of free bookings hold for all rows.

Backfill: it reads the rows beside the traffic, and changes none.
"""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Validate them."""
    with op.get_context().autocommit_block():
        for constraint in ("bookings_price_check", "bookings_shape_check"):
            op.execute(f"ALTER TABLE bookings VALIDATE CONSTRAINT {constraint}")
