"""Alembic's way in."""

from services.chassis import migrate
from services.identity.tables import metadata

migrate.run(metadata)
