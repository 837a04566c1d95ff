"""The time zones of the venues that are there, by their cities, and the index over zones, built beside the traffic.

A venue of a city that is not known stays without one, as do those that code from before makes meanwhile: its days are UTC's.
"""

import sqlalchemy as sa
from alembic import op

from services.inventory.catalogue.zones import UNKNOWN, zone_of

revision = "0032"
down_revision = "0031"

BATCH = 1_000

CITIES = "SELECT DISTINCT city FROM venues WHERE time_zone = ''"
KEEP_ZONE = """
    UPDATE venues SET time_zone = :zone
    WHERE id = ANY (ARRAY(SELECT id FROM venues WHERE city = :city AND time_zone = '' LIMIT :limit))
"""


def upgrade() -> None:
    """Fill in the zones, batch by batch, then build the index."""
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        for city in connection.execute(sa.text(CITIES)).scalars().all():
            zone = zone_of(city)
            given = {"zone": zone, "city": city, "limit": BATCH}
            while zone != UNKNOWN and connection.execute(sa.text(KEEP_ZONE), given).rowcount == BATCH:
                pass
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS venues_time_zone_idx")
        op.execute("CREATE INDEX CONCURRENTLY venues_time_zone_idx ON venues (time_zone)")
    op.execute("COMMENT ON COLUMN venues.time_zone IS 'IANA''s name of it; empty: UTC'")
