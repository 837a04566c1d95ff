"""Alembic's way in."""

from services.booking.tables import metadata
from services.chassis.store import migrate

migrate.run(metadata)
