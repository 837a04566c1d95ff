"""Codes of tickets: the revision of each, and the keys that sign them.

Expand only: code from before hands no codes out.
"""

from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Widen the schema."""
    op.execute("""
        CREATE TABLE ticket_keys (
            id TEXT NOT NULL,
            number INTEGER NOT NULL,
            private_key BYTEA NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT ticket_keys_pkey PRIMARY KEY (id),
            CONSTRAINT ticket_keys_number_key UNIQUE (number),
            CONSTRAINT ticket_keys_number_check CHECK (number BETWEEN 0 AND 15)
        )
    """)
    op.execute("COMMENT ON TABLE ticket_keys IS 'the keys that sign codes of tickets'")
    op.execute("COMMENT ON COLUMN ticket_keys.id IS 'the kid of its public half'")
    op.execute("COMMENT ON COLUMN ticket_keys.number IS 'what its codes bear'")
    op.execute("COMMENT ON COLUMN ticket_keys.private_key IS 'encrypted with TICKET_KEY_SECRET'")
    op.execute("ALTER TABLE tickets ADD COLUMN revision INTEGER DEFAULT '1' NOT NULL")
    op.execute("COMMENT ON COLUMN tickets.revision IS 'of its code: others are good for nothing'")
