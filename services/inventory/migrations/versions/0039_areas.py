"""Seats may be places of areas, which have neither rows nor numbers.

Expand only: the version before does not know of areas and makes shows whose places have none. So make no area until the
roll is over.
"""

from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Add the columns."""
    op.execute("ALTER TABLE screen_seats ADD COLUMN area_id UUID")
    op.execute("COMMENT ON COLUMN screen_seats.area_id IS 'the area that it is a place of; null: it is a seat'")
    op.execute("ALTER TABLE show_seats ADD COLUMN area_id UUID")
    op.execute("COMMENT ON COLUMN show_seats.area_id IS 'the area that it is a place of; null: it is a seat'")
    op.execute("ALTER TABLE seat_changes ADD COLUMN area_id UUID")
    op.execute("COMMENT ON COLUMN seat_changes.area_id IS 'the area that it is a place of; null: it is a seat'")
