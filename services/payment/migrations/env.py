"""Alembic's way in."""

from services.chassis import migrate
from services.payment.tables import metadata

migrate.run(metadata)
