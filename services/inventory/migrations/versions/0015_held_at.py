"""A seat knows when its holder held it: by the rules of that instant booking prices it.

Expand only: code from before writes nothing of it, so a hold that it made is priced by the rules of when it is booked. What
it frees keeps the instant, which then says nothing: whoever takes the seat next writes it anew.
"""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Widen the schema."""
    op.execute("ALTER TABLE show_seats ADD COLUMN held_at TIMESTAMP WITH TIME ZONE")
    op.execute("COMMENT ON COLUMN show_seats.held_at IS 'when its holder held it; null: taken without a hold'")
