"""A show has an end of sales. Where it is null, sales end at the start.

Expand only: the version before goes on beside it, and sells until the start.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

END_OF_SALES = """
ALTER TABLE shows ADD COLUMN sales_end_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE shows ADD CONSTRAINT shows_sales_end_check CHECK (sales_end_at <= starts_at) NOT VALID;
COMMENT ON COLUMN shows.sales_end_at IS 'null: at its start';

ALTER TABLE show_counters ADD COLUMN sales_end_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE show_counters ADD CONSTRAINT show_counters_sales_end_check CHECK (sales_end_at <= starts_at) NOT VALID;
COMMENT ON COLUMN show_counters.sales_end_at IS 'the show''s; null: at its start';
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(END_OF_SALES)
