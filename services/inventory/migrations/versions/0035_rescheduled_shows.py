"""Rescheduling a show is a change of the show, under its number, with its times from then on.

Expand only: the version before does not know such changes. It tells those who watch of one without the times.
"""

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Widen the schema."""
    op.execute("ALTER TABLE show_changes ADD COLUMN revision INTEGER")
    op.execute("COMMENT ON COLUMN show_changes.revision IS 'of the show from then on, with its times'")
    op.execute("ALTER TABLE show_changes ADD COLUMN starts_at TIMESTAMP WITH TIME ZONE")
    op.execute("ALTER TABLE show_changes ADD COLUMN sales_end_at TIMESTAMP WITH TIME ZONE")
    op.execute("COMMENT ON COLUMN show_counters.starts_at IS 'the show''s'")
    op.execute("ALTER TABLE show_changes DROP CONSTRAINT show_changes_kind_check")
    op.execute(
        "ALTER TABLE show_changes ADD CONSTRAINT show_changes_kind_check"
        " CHECK (kind IN ('PRICES', 'CANCELLED', 'RESCHEDULED')) NOT VALID"
    )
    op.execute(
        "ALTER TABLE show_changes ADD CONSTRAINT show_changes_times_check CHECK ("
        "num_nonnulls(revision, starts_at, sales_end_at) = CASE kind WHEN 'RESCHEDULED' THEN 3 ELSE 0 END) NOT VALID"
    )
