"""Alembic's way in."""

from services.bank.tables import metadata
from services.chassis import migrate

migrate.run(metadata)
