"""Days as venues' clocks have them, for lists."""

from collections.abc import Mapping
from typing import Any

from services.chassis.store.database import Database
from services.inventory.catalogue import statements as sql
from services.inventory.catalogue.zones import Period, in_zones


async def period_of(db: Database, period: Period) -> Mapping[str, Any]:
    """Return what a list's statement is given to find what is on in a period; nothing where that has no bounds.

    A venue of a zone that no venue had a moment ago is not found by it yet.
    """
    if period.first is None and period.last is None:
        return {}
    return in_zones(period, [row.time_zone for row in await db.fetch(sql.ZONES)])
