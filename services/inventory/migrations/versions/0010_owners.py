"""Events, venues and shows belong to an organization.

Expand only: null is Boxoffice's own, as all is that was made before, and what the version before makes.
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the columns."""
    for table in ("events", "venues", "shows"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN organization_id uuid")
        op.execute(
            f"COMMENT ON COLUMN {table}.organization_id IS "
            "'the organization whose it is, by identity; null: Boxoffice''s own'"
        )
