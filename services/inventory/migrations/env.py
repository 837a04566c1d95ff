"""Alembic's way in."""

from services.chassis.store import migrate
from services.inventory.tables import metadata

migrate.run(metadata)
