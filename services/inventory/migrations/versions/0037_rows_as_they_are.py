"""Seats have labels, places, features and multipliers of their prices; a show may have less seats than its screen.

Expand only: the version before does not know of them and makes shows whose seats have none. So say nothing of seats and
add no section until the roll is over.
"""

from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Add the columns."""
    op.execute("ALTER TABLE screen_seats ADD COLUMN label TEXT")
    op.execute("COMMENT ON COLUMN screen_seats.label IS 'what people read on it; null: its number'")
    op.execute("ALTER TABLE screen_seats ADD COLUMN x INTEGER")
    op.execute("COMMENT ON COLUMN screen_seats.x IS 'where it is in the plan, to the right; null: it was not said'")
    op.execute("ALTER TABLE screen_seats ADD COLUMN y INTEGER")
    op.execute("COMMENT ON COLUMN screen_seats.y IS 'the same, downwards'")
    op.execute("ALTER TABLE screen_seats ADD COLUMN features TEXT[]")
    op.execute("COMMENT ON COLUMN screen_seats.features IS 'WHEELCHAIR, COMPANION, RESTRICTED_VIEW; null: none'")
    op.execute("ALTER TABLE screen_seats ADD COLUMN companion_of UUID")
    op.execute(
        "COMMENT ON COLUMN screen_seats.companion_of IS 'the wheelchair seat whose companion sits here; null: nobody''s'"
    )
    op.execute("ALTER TABLE screen_seats ADD COLUMN price_multiplier INTEGER")
    op.execute("COMMENT ON COLUMN screen_seats.price_multiplier IS 'of its tier''s price, in thousandths; null: 1000'")
    op.execute("ALTER TABLE show_seats ADD COLUMN label TEXT")
    op.execute("COMMENT ON COLUMN show_seats.label IS 'what people read on it; null: its number'")
    op.execute("ALTER TABLE show_seats ADD COLUMN features TEXT[]")
    op.execute("COMMENT ON COLUMN show_seats.features IS 'WHEELCHAIR, COMPANION, RESTRICTED_VIEW; null: none'")
    op.execute("ALTER TABLE show_seats ADD COLUMN companion_of UUID")
    op.execute(
        "COMMENT ON COLUMN show_seats.companion_of IS 'the wheelchair seat whose companion sits here; null: nobody''s'"
    )
    op.execute("ALTER TABLE show_seats ADD COLUMN price_multiplier INTEGER")
    op.execute("COMMENT ON COLUMN show_seats.price_multiplier IS 'of its tier''s price, in thousandths; null: 1000'")
    op.execute("ALTER TABLE shows ADD COLUMN seat_count INTEGER")
    op.execute(
        "COMMENT ON COLUMN shows.seat_count IS 'how many of its screen''s seats it has, from the front; null: all'"
    )
