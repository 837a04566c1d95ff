"""Holds can be extended, and what users hold without booking it is counted.

Expand only: the version before extends no hold and counts nothing. Where it holds a seat, `held_at` may be that of a hold
from before it: such a hold may be named by the audit until it ends.
"""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the table and the columns."""
    op.execute("""
        CREATE TABLE unbooked_holds (
            show_id UUID NOT NULL,
            user_id UUID NOT NULL,
            window_began_at TIMESTAMP WITH TIME ZONE NOT NULL,
            minutes INTEGER NOT NULL,
            CONSTRAINT unbooked_holds_pkey PRIMARY KEY (show_id, user_id),
            CONSTRAINT unbooked_holds_minutes_check CHECK (minutes > 0)
        )
    """)
    op.execute(
        "COMMENT ON TABLE unbooked_holds IS"
        " 'for how many minutes users have held seats without booking them, in their last window of time'"
    )
    op.execute("CREATE INDEX unbooked_holds_window_began_at_idx ON unbooked_holds (window_began_at)")
    op.execute("ALTER TABLE show_counters ADD COLUMN seat_hold_max_minutes SMALLINT")
    op.execute(
        "COMMENT ON COLUMN show_counters.seat_hold_max_minutes IS"
        " 'the largest by which its seats were taken; null: unknown'"
    )
