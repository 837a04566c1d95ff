"""A booking may be for a guest, for whom the organizer books.

Expand only: the version before shows such a booking as any other that is free. The constraint holds for what is written from now
on; the next migration has it hold for all rows.
"""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE bookings ADD COLUMN guest_name TEXT")
    op.execute(
        "COMMENT ON COLUMN bookings.guest_name IS"
        " 'for whom the organizer has booked, for nothing; null: it is a customer''s'"
    )
    op.execute(
        "ALTER TABLE bookings ADD CONSTRAINT bookings_guest_check"
        " CHECK (guest_name IS NULL OR coalesce(final_amount, total_amount) = 0) NOT VALID"
    )
