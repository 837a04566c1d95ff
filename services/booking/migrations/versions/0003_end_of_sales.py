"""A booking has the end of sales by which its seats were reserved. Where it is null, it is its show's start.

Expand only: the version before goes on beside it.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

END_OF_SALES = """
ALTER TABLE bookings ADD COLUMN sales_end_at TIMESTAMP WITH TIME ZONE;
COMMENT ON COLUMN bookings.sales_end_at IS 'as inventory reserved by it; null: at the start';
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(END_OF_SALES)
