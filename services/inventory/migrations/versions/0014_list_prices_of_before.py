"""Shows that were made before get their lists of prices.

Backfill, in batches, beside the traffic: the prices of shows that are made meanwhile are copied by the trigger.
"""

from alembic import op
from sqlalchemy import text

revision = "0014"
down_revision = "0013"

COPY = text("""
    WITH batch AS (
        SELECT * FROM show_prices WHERE (show_id, tier) > (:show_id, :tier) ORDER BY show_id, tier LIMIT 1000
    ), copied AS (
        INSERT INTO list_prices (show_id, version, tier, price) SELECT show_id, 1, tier, price FROM batch
        ON CONFLICT DO NOTHING
    )
    SELECT show_id, tier FROM batch ORDER BY show_id DESC, tier DESC LIMIT 1
""")
FIRST = {"show_id": "00000000-0000-0000-0000-000000000000", "tier": ""}


def upgrade() -> None:
    """Copy the prices, batch by batch."""
    with op.get_context().autocommit_block():
        last = op.get_bind().execute(COPY, FIRST).mappings().first()
        while last is not None:
            last = op.get_bind().execute(COPY, dict(last)).mappings().first()
