"""Setting a show's prices is a change of the show, under its number; changes of seats tell what the seats cost.

Expand only: the version before does not know such changes. Whoever watches there is sent to the seat map when it meets one.
"""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Widen the schema."""
    op.execute("ALTER TABLE show_changes ADD COLUMN prices_version INTEGER")
    op.execute("COMMENT ON COLUMN show_changes.prices_version IS 'which list of prices became valid'")
    op.execute("ALTER TABLE show_changes DROP CONSTRAINT show_changes_kind_check")
    op.execute(
        "ALTER TABLE show_changes ADD CONSTRAINT show_changes_kind_check"
        " CHECK (kind IN ('PRICES', 'CANCELLED')) NOT VALID"
    )
    op.execute(
        "ALTER TABLE show_changes ADD CONSTRAINT show_changes_prices_check"
        " CHECK ((kind = 'PRICES') = (prices_version IS NOT NULL)) NOT VALID"
    )
    op.execute("ALTER TABLE seat_changes ADD COLUMN price INTEGER")
    op.execute(
        "COMMENT ON COLUMN seat_changes.price IS 'what it costs from then on; null where code from before wrote the row'"
    )
