"""Alembic's way in."""

from services.chassis.store import migrate
from services.identity.tables import metadata

migrate.run(metadata)
