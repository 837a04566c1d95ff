"""Claims on seats that were blocked under them have the right of having been there before.

Backfill, in batches, beside the traffic: nobody is refused for the lack of it.
"""

from alembic import op
from sqlalchemy import text

revision = "0030"
down_revision = "0029"

FILL = text("""
    WITH batch AS (
        SELECT show_id FROM show_counters WHERE show_id > :show_id ORDER BY show_id LIMIT 50
    ), filled AS (
        UPDATE show_seats SET right_id = '00000000-0000-0000-0000-000000000001'
        WHERE show_id IN (SELECT show_id FROM batch)
            AND blocked_for IS NOT NULL AND holder_id IS NOT NULL AND right_id IS NULL
    )
    SELECT show_id FROM batch ORDER BY show_id DESC LIMIT 1
""")
FIRST = {"show_id": "00000000-0000-0000-0000-000000000000"}


def upgrade() -> None:
    """Fill the column, batch by batch."""
    with op.get_context().autocommit_block():
        last = op.get_bind().execute(FILL, FIRST).mappings().first()
        while last is not None:
            last = op.get_bind().execute(FILL, dict(last)).mappings().first()
