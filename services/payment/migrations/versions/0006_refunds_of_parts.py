"""Indexes for refunds of parts: a payment has as many refunds of seats as were asked for, and one of each other cause.

Expand only: what code from before writes fits.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Build the indexes beside the traffic."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS refunds_cause_key")
        op.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY refunds_cause_key ON refunds (payment_id, cause)"
            " WHERE cause <> 'REQUESTED'"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS refunds_payment_id_idx")
        op.execute("CREATE INDEX CONCURRENTLY refunds_payment_id_idx ON refunds (payment_id)")
