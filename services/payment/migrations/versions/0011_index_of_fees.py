"""An index of the payments whose fees are not known yet.

Expand only: it is built beside the traffic.
"""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Build the index."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS payments_fee_idx")
        op.execute("CREATE INDEX CONCURRENTLY payments_fee_idx ON payments (next_fee_at) WHERE next_fee_at IS NOT NULL")
