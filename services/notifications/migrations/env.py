"""Alembic's way in."""

from services.chassis.store import migrate
from services.notifications.tables import metadata

migrate.run(metadata)
