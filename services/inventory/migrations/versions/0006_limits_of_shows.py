"""A show's counter says under which limits its seats were taken: the largest that there have been.

Expand only: the version before leaves them null, as they are for shows whose sale has begun by now. Null is unknown.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

COLUMNS = ("max_seats_per_user", "seat_hold_minutes", "reservation_max_minutes")


def upgrade() -> None:
    """Add the columns."""
    for column in COLUMNS:
        op.execute(f"ALTER TABLE show_counters ADD COLUMN {column} smallint")
        op.execute(
            f"COMMENT ON COLUMN show_counters.{column} IS 'the largest by which its seats were taken; null: unknown'"
        )
