"""An organization says who else may make shows of its events and at its venues.

Expand only: null is everybody, for what was made before and for what the version before makes.
"""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the columns."""
    for table in ("events", "venues"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN shared_with uuid[]")
        op.execute(
            f"COMMENT ON COLUMN {table}.shared_with IS "
            "'the other organizations that may make shows of it or there; null: everybody'"
        )
