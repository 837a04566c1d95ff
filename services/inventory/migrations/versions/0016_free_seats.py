"""Seats may be free.

Expand only: code from before makes no show with a price of 0, and sells the seats of one as any others. The constraints
hold for what is written from now on; the next migration has them hold for all rows.
"""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Widen the constraints."""
    for table in ("show_prices", "show_seats"):
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_price_check,"
            f" ADD CONSTRAINT {table}_price_check CHECK (price >= 0) NOT VALID"
        )
