"""Keys of commands on seats that were kept before get their shows.

Backfill, in batches, beside the traffic: keys that are kept meanwhile are copied by the triggers.
"""

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"

# The show's id is the first field of an answer of HoldSeats: a tag, its length, 36 characters.
COPY = text("""
    WITH batch AS (
        SELECT * FROM idempotency_keys WHERE (user_id, method, key) > (:user_id, :method, :key)
        ORDER BY user_id, method, key LIMIT 1000
    ), copied AS (
        INSERT INTO show_idempotency_keys (show_id, user_id, method, key, request_hash, answer, created_at)
        SELECT convert_from(substring(answer FROM 3 FOR 36), 'UTF8')::uuid,
            user_id, method, key, request_hash, answer, created_at
        FROM batch WHERE method = 'HoldSeats'
        ON CONFLICT DO NOTHING
    )
    SELECT user_id, method, key FROM batch ORDER BY user_id DESC, method DESC, key DESC LIMIT 1
""")
FIRST = {"user_id": "00000000-0000-0000-0000-000000000000", "method": "", "key": ""}


def upgrade() -> None:
    """Copy the keys, batch by batch."""
    with op.get_context().autocommit_block():
        last = op.get_bind().execute(COPY, FIRST).mappings().first()
        while last is not None:
            last = op.get_bind().execute(COPY, dict(last)).mappings().first()
