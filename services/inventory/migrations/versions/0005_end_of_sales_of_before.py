"""Shows of before end their sales at their start.

Backfill, in batches: a counter is the lock of its show's seats, so few are taken at once, and none for long.
"""

from alembic import op
from sqlalchemy import text

revision = "0005"
down_revision = "0004"

BATCH = """
    UPDATE {table} SET sales_end_at = starts_at
    WHERE {key} = ANY(ARRAY(SELECT {key} FROM {table} WHERE sales_end_at IS NULL ORDER BY {key} LIMIT 100 FOR UPDATE))
"""
KEYS = {"shows": "id", "show_counters": "show_id"}


def upgrade() -> None:
    """Fill the columns, and hold all rows to the rule."""
    with op.get_context().autocommit_block():
        for table, key in KEYS.items():
            while op.get_bind().execute(text(BATCH.format(table=table, key=key))).rowcount:
                pass
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_sales_end_check")
