"""For bookings of before, sales ended with the start of their show.

Backfill, in batches, from the first id to the last.
"""

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"

BATCH = text("""
    WITH batch AS (SELECT id FROM bookings WHERE id > :after ORDER BY id LIMIT 1000 FOR UPDATE),
    filled AS (
        UPDATE bookings b SET sales_end_at = b.starts_at FROM batch
        WHERE b.id = batch.id AND b.sales_end_at IS NULL
    )
    SELECT max(id::text)::uuid AS last FROM batch
""")
BEFORE_ALL = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    """Fill the column."""
    with op.get_context().autocommit_block():
        after: object = BEFORE_ALL
        while after is not None:
            after = op.get_bind().execute(BATCH, {"after": after}).scalar()
