"""Alembic's way in."""

from services.chassis import migrate
from services.inventory.tables import metadata

migrate.run(metadata)
