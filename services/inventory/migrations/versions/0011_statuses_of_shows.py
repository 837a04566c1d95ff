"""A show is a draft, scheduled or cancelled, has a beginning of its sales, and a revision.

Expand only: the version before goes on beside it, and makes shows that are scheduled and on sale at once, as all are that
are there. It would sell a draft or a cancelled show, so none is made until it is gone.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

STATUS = """
ALTER TABLE {table} ADD COLUMN status TEXT DEFAULT 'SCHEDULED' NOT NULL;
ALTER TABLE {table} ADD COLUMN sales_start_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE {table} ADD COLUMN revision INTEGER DEFAULT '1' NOT NULL;
COMMENT ON COLUMN {table}.sales_start_at IS 'null: at once';
COMMENT ON COLUMN {table}.revision IS 'counts the edits of its times and its hall';
ALTER TABLE {table} ADD CONSTRAINT {table}_status_check
    CHECK (status IN ('DRAFT', 'SCHEDULED', 'CANCELLED')) NOT VALID;
ALTER TABLE {table} ADD CONSTRAINT {table}_sales_start_check
    CHECK (sales_start_at < coalesce(sales_end_at, starts_at)) NOT VALID;
"""


def upgrade() -> None:
    """Widen the schema."""
    for table in ("shows", "show_counters"):
        op.execute(STATUS.format(table=table))
    op.execute("COMMENT ON COLUMN show_counters.status IS 'the show''s'")
