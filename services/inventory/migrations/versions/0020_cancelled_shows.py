"""Shows that are cancelled, and the changes of shows as a whole.

Expand only: tables that code from before does not know. It would neither clear the seats of a cancelled show nor tell
those who watch it, so none is cancelled until it is gone.
"""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the tables."""
    op.execute("""
        CREATE TABLE show_changes (
            show_id UUID NOT NULL,
            sequence INTEGER NOT NULL,
            kind TEXT NOT NULL,
            changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT show_changes_pkey PRIMARY KEY (show_id, sequence),
            CONSTRAINT show_changes_kind_check CHECK (kind IN ('CANCELLED'))
        )
    """)
    op.execute("COMMENT ON TABLE show_changes IS 'changes of a show as a whole, numbered with those of its seats'")
    op.execute("CREATE INDEX show_changes_changed_at_idx ON show_changes USING brin (changed_at)")
    op.execute("""
        CREATE TABLE cancelled_shows (
            show_id UUID NOT NULL,
            cancelled_at TIMESTAMP WITH TIME ZONE NOT NULL,
            cleared_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT cancelled_shows_pkey PRIMARY KEY (show_id),
            CONSTRAINT cancelled_shows_show_id_fkey FOREIGN KEY(show_id) REFERENCES shows (id)
        )
    """)
    op.execute("COMMENT ON TABLE cancelled_shows IS 'shows that are cancelled; their seats are cleared in batches'")
    op.execute("COMMENT ON COLUMN cancelled_shows.cleared_at IS 'since when none of its seats is held or reserved'")
    op.execute("CREATE INDEX cancelled_shows_unfinished_idx ON cancelled_shows (cancelled_at) WHERE cleared_at IS NULL")
