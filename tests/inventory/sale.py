"""A show on sale, and the desk that sells it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.inventory.seats.commands import Confirm, Hold, Release, Reserve
from services.inventory.seats.domain import Price, SeatRules
from services.inventory.seats.listing import SetPrices
from services.inventory.seats.operation import ChangeSeats, SeatDesk
from tests.inventory.rules import RULES, TTL


@dataclass
class OnSale:
    """A show with seats 0, 1, 2, …, and short ways to send commands about it."""

    db: Database
    desk: SeatDesk
    show_id: UUID
    seats: list[UUID]

    async def hold(self, user: UUID, *numbers: int) -> Any:
        return await self.desk.submit(Hold(show_id=self.show_id, user_id=user, seat_ids=self.ids(*numbers)))

    async def reserve(self, user: UUID, *numbers: int, booking: UUID | None = None) -> UUID:
        booking = booking or new_id()
        await self.desk.submit(
            Reserve(show_id=self.show_id, user_id=user, booking_id=booking, seat_ids=self.ids(*numbers), ttl=TTL)
        )
        return booking

    async def confirm(self, booking: UUID) -> Any:
        return await self.desk.submit(Confirm(show_id=self.show_id, booking_id=booking))

    async def release(self, booking: UUID, cause: Any) -> None:
        await self.desk.submit(Release(show_id=self.show_id, booking_id=booking, cause=cause))

    def ids(self, *numbers: int) -> list[UUID]:
        return [self.seats[number] for number in numbers]

    async def rows(self) -> list[Any]:
        return await self.db.fetch(
            "SELECT id, status, holder_id, booking_id, expires_at, price FROM show_seats WHERE show_id = %s"
            " ORDER BY position",
            (self.show_id,),
        )

    async def set_price(self, price: int) -> Any:
        return await self.desk.submit(SetPrices(show_id=self.show_id, prices=[Price("REGULAR", price)]))

    async def listed(self) -> int:
        """Return what a seat costs that nobody has."""
        [row] = await self.db.fetch(
            "SELECT price FROM list_prices WHERE show_id = %s ORDER BY version DESC LIMIT 1", (self.show_id,)
        )
        return int(row.price)

    async def statuses(self) -> list[str]:
        return [row.status for row in await self.rows()]

    async def reservation(self, booking: UUID) -> str | None:
        rows = await self.db.fetch("SELECT state FROM reservations WHERE booking_id = %s", (booking,))
        return rows[0].state if rows else None

    async def sequence(self) -> int:
        rows = await self.db.fetch("SELECT sequence FROM show_counters WHERE show_id = %s", (self.show_id,))
        return int(rows[0].sequence)


async def put_on_sale(
    db: Database, *, seats: int = 12, starts_in: str = "3 days", listed: bool = True
) -> tuple[UUID, list[UUID]]:
    """Write a show straight into the tables that the desk works on; `listed`: with its list of prices."""
    show_id, ids = new_id(), [new_id() for _ in range(seats)]
    await db.execute(
        "INSERT INTO show_counters (show_id, starts_at, currency) VALUES (%s, clock_timestamp() + %s::interval, 'INR')",
        (show_id, starts_in),
    )
    if listed:
        await list_prices(db, show_id)
    await db.execute(
        "INSERT INTO show_seats (show_id, id, position, section, row, number, tier, price, status)"
        " SELECT %s, id, n - 1, 'Stalls', 'A', n, 'REGULAR', 25000, 'AVAILABLE'"
        " FROM unnest(%s::uuid[]) WITH ORDINALITY AS new (id, n)",
        (show_id, ids),
    )
    return show_id, ids


async def list_prices(db: Database, show_id: UUID) -> None:
    """Give a show its list of prices."""
    await db.execute(
        "INSERT INTO list_prices (show_id, version, tier, price) VALUES (%s, 1, 'REGULAR', 25000)", (show_id,)
    )


def make_desk(db: Database, rules: SeatRules = RULES) -> SeatDesk:
    return SeatDesk(ChangeSeats(db, rules))


@asynccontextmanager
async def opened_sale(db: Database) -> AsyncIterator[OnSale]:
    """Put a show on sale, and open its desk."""
    show_id, seats = await put_on_sale(db)
    desk = make_desk(db)
    yield OnSale(db, desk, show_id, seats)
    await desk.close()
