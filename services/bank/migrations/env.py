"""Alembic's way in."""

from services.bank.tables import metadata
from services.chassis.store import migrate

migrate.run(metadata)
