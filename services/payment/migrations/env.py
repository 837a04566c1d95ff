"""Alembic's way in."""

from services.chassis.store import migrate
from services.payment.tables import metadata

migrate.run(metadata)
