"""All events are held to the rules about statuses and categories, which no row breaks. Nobody is locked out meanwhile."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Validate the constraints."""
    with op.get_context().autocommit_block():
        for rule in ("status", "category"):
            op.execute(f"ALTER TABLE events VALIDATE CONSTRAINT events_{rule}_check")
