"""Accounts may be deleted: their rows stay, empty.

Expand only: the version before shows a deleted account as one without an e-mail address, and cannot be logged in to. The
check on the rows of before is validated by the next migration.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

VIEWS = """
CREATE OR REPLACE VIEW audited.users AS
    SELECT id, email, roles, created_at, deleted_at,
        email IS NULL AND password_hash IS NULL AND name = '' AND phone = '' AND email_verified_at IS NULL AS is_empty
    FROM users;

CREATE VIEW audited.deletions AS SELECT user_id, requested_at, emptied_at, done_at FROM deletions;
"""


def upgrade() -> None:
    """Add the column, the table and the view, and let accounts be empty."""
    op.execute("ALTER TABLE users ADD COLUMN deleted_at TIMESTAMP WITH TIME ZONE")
    op.execute("COMMENT ON COLUMN users.deleted_at IS 'since when nothing is left of it but its id'")
    for column, comment in (("email", "normalised"), ("password_hash", "argon2id")):
        op.execute(f"ALTER TABLE users ALTER COLUMN {column} DROP NOT NULL")
        op.execute(f"COMMENT ON COLUMN users.{column} IS '{comment}; null: the account is deleted'")
    op.execute("""
        ALTER TABLE users ADD CONSTRAINT users_deleted_check CHECK (
            CASE
                WHEN deleted_at IS NULL THEN email IS NOT NULL AND password_hash IS NOT NULL
                ELSE num_nonnulls(email, password_hash, email_verified_at) = 0 AND name = '' AND phone = ''
                    AND roles = ARRAY['USER']
            END
        ) NOT VALID
    """)
    op.execute("""
        CREATE TABLE deletions (
            user_id UUID NOT NULL,
            requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
            lease_until TIMESTAMP WITH TIME ZONE NOT NULL,
            emptied_at TIMESTAMP WITH TIME ZONE,
            done_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT deletions_pkey PRIMARY KEY (user_id),
            CONSTRAINT deletions_done_check CHECK (done_at IS NULL OR emptied_at IS NOT NULL),
            CONSTRAINT deletions_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id)
        )
    """)
    op.execute("CREATE INDEX deletions_unfinished_idx ON deletions (lease_until) WHERE done_at IS NULL")
    op.execute("COMMENT ON TABLE deletions IS 'accounts that are deleted, or about to be, and how far that is'")
    for column, comment in (
        ("lease_until", "when it goes on, or is taken over"),
        ("emptied_at", "since when the account is deleted; null: it may be refused"),
        ("done_at", "since when all services have forgotten the user"),
    ):
        op.execute(f"COMMENT ON COLUMN deletions.{column} IS '{comment}'")
    op.execute(VIEWS)
