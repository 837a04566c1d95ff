"""What can be had: the seats of a show as they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.database import Database, retried
from services.inventory.domain.errors import ShowNotFound
from services.inventory.domain.seats import Seat
from services.inventory.queries import seats as sql


@dataclass(frozen=True, slots=True)
class SeatMap:
    """The seats of a show after all changes up to `sequence`, claims judged at `now`."""

    show_id: UUID
    sequence: int
    now: datetime
    currency: str
    seats: Sequence[Seat]


@retried
async def seat_map(db: Database, show_id: UUID, section: str) -> SeatMap:
    """Read the seats of a show, or of one section where it is not empty; raise ShowNotFound."""
    rows = await db.fetch(sql.SEAT_MAP, {"show_id": show_id, "section": section})
    if not rows:
        raise ShowNotFound()
    sequence, currency, now = rows[0][:3]
    return SeatMap(show_id, sequence, now, currency, [Seat(*row[4:]) for row in rows if row.id is not None])
