"""The keys of the venues and screens that are there, and the indexes over keys, built beside the traffic.

Of screens of one venue that nobody can tell apart the first gets the key, the others none; so it stays with them. Seat
layouts that are there never change, and get no keys.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.chassis.values.writing import key

revision = "0003"
down_revision = "0002"

BATCH = 1_000

CITIES = "SELECT id, city FROM venues WHERE city_key IS NULL ORDER BY id"
SCREENS = "SELECT id, venue_id, name FROM screens WHERE name_key IS NULL ORDER BY venue_id, id"
KEEP_CITY = "UPDATE venues SET city_key = :key WHERE id = :id"
KEEP_NAME = """
    UPDATE screens SET name_key = :key WHERE id = :id
    AND NOT EXISTS (SELECT FROM screens WHERE venue_id = :venue_id AND name_key = :key)
"""
INDEXES = {
    "venues_city_key_id_idx": "INDEX CONCURRENTLY venues_city_key_id_idx ON venues (city_key, id)",
    "screens_venue_id_name_key_idx": "UNIQUE INDEX CONCURRENTLY screens_venue_id_name_key_idx"
    " ON screens (venue_id, name_key)",
    "screen_seats_keys_idx": "UNIQUE INDEX CONCURRENTLY screen_seats_keys_idx"
    " ON screen_seats (screen_id, section_key, row_key, number)",
}


def upgrade() -> None:
    """Fill in the keys, batch by batch, then build the indexes."""
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        cities = [{"id": row.id, "key": key(row.city)} for row in connection.execute(sa.text(CITIES))]
        for batch in _batches(cities):
            connection.execute(sa.text(KEEP_CITY), batch)
        rows = connection.execute(sa.text(SCREENS))
        names = [{"id": row.id, "venue_id": row.venue_id, "key": key(row.name)} for row in rows]
        for batch in _batches(names):
            connection.execute(sa.text(KEEP_NAME), batch)
        for name, definition in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE {definition}")


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
