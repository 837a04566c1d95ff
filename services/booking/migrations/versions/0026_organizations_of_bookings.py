"""Bookings keep whose their shows are.

Expand only: code from before writes none, and then inventory is asked.
"""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Widen the schema."""
    op.execute("ALTER TABLE bookings ADD COLUMN organization_id UUID")
    op.execute(
        "COMMENT ON COLUMN bookings.organization_id IS 'whose the show is; null: Boxoffice''s own, or by code from before'"
    )
