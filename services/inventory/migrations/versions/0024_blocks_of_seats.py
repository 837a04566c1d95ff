"""A seat says why it is blocked in a column of its own, so that a claim on it does not end its block.

Expand only: the version before knows blocked seats by their status alone, which goes on saying so while nobody has the seat. It
would free a blocked seat that somebody has for all, so none is blocked until it is gone.
"""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Widen the schema."""
    op.execute("ALTER TABLE seat_changes ADD COLUMN blocked BOOLEAN")
    op.execute(
        "COMMENT ON COLUMN seat_changes.blocked IS 'whether it is BLOCKED once it is nobody''s; null: it is not'"
    )
    op.execute("ALTER TABLE show_seats ADD COLUMN blocked_for TEXT")
    op.execute(
        "COMMENT ON COLUMN show_seats.blocked_for IS 'why nobody may take it, whoever has it now; null: it is for sale'"
    )
