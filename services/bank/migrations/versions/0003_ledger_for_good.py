"""The role that serves may add to the ledger and read it, and no more.

Contract in what is allowed, not in what is used: the version before never changed an entry.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

# It is not the owner, so it cannot give itself back what is taken here, nor switch off the trigger beside it. Where a
# database is somebody's own, as in tests, there is no such role.
LEDGER = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bank') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON ledger FROM bank;
    END IF;
END $$;
"""


def upgrade() -> None:
    """Take the rights."""
    op.execute(LEDGER)
