"""Transactions on seats leave their marks with the rows of their shows, so that both lie on one node (ADR 0076).

Expand only: a table. Code from before leaves its marks in commit_markers, and asks for them there.
"""

from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    """Make the table, which is empty."""
    op.execute("""
        CREATE TABLE show_markers (
            show_id UUID NOT NULL,
            id UUID NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
            CONSTRAINT show_markers_pkey PRIMARY KEY (show_id, id)
        )
    """)
    op.execute("""
        COMMENT ON TABLE show_markers
        IS 'one row per recent transaction on seats, beside what it wrote: proof that it was committed'
    """)
    op.execute("CREATE INDEX show_markers_created_at_idx ON show_markers (created_at)")
