"""Keys by which names are unique that people can tell apart, and by which cities are looked for.

Expand only: the version before writes rows without keys, and goes on beside it.
"""

from alembic import op

from services.inventory.tables import KEY

revision = "0002"
down_revision = "0001"

COLUMNS = (
    ("venues", "city_key"),
    ("screens", "name_key"),
    ("screen_seats", "section_key"),
    ("screen_seats", "row_key"),
)


def upgrade() -> None:
    """Add the columns."""
    for table, column in COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} text")
        op.execute(f"COMMENT ON COLUMN {table}.{column} IS '{KEY}'")
