"""The index by which uses of coupons are counted, beside the traffic.

Expand only.
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Build the index, after an attempt that may have failed."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS bookings_coupon_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY bookings_coupon_idx ON bookings (coupon_code, user_id)"
            " WHERE coupon_code IS NOT NULL AND state NOT IN ('CANCELLED', 'EXPIRED', 'REFUNDED')"
        )
