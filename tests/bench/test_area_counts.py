"""What bookings of places of an area cost: as many round trips as those of seats, and no more rows than they take."""

from uuid import UUID, uuid4

import pytest

from services.booking.bookings.domain import AreaPlaces, NewBooking
from services.booking.creating.operation import Create
from services.chassis.ids import new_id
from tests.bench.test_counts import BATCH, END_OTHERS, READ_SO_FAR, ROUND_TRIPS, STATEMENTS, book, counted, orders
from tests.booking.conftest import closes as closes  # a fixture
from tests.booking.conftest import free_per_day as free_per_day  # a fixture
from tests.booking.conftest import free_takes_email as free_takes_email  # a fixture
from tests.booking.conftest import house as house  # a fixture
from tests.booking.conftest import starts_in as starts_in  # a fixture
from tests.booking.house import House
from tests.inventory.sale import put_on_sale

FETCHED_EACH = 20
"""Rows of one table that are read for a booking of two places, and some."""


async def placed(house: House, number: int) -> list[Create]:
    """Order two places of an area for each of so many users, each under a key."""
    show_id, seats = await put_on_sale(house.inventory_db, seats=2 * number)
    area_id: UUID = uuid4()
    statement = "UPDATE show_seats SET area_id = %s, section = 'Floor', row = '' WHERE show_id = %s"
    await house.inventory_db.execute(statement, (area_id, show_id))
    await house.inventory_db.execute("ANALYZE show_seats")
    return [
        Create(
            new_id(),
            NewBooking(order.new.user_id, (), areas=[AreaPlaces(area_id, 2)]),
            order.show,
            order.idempotency,
        )
        for order in orders(show_id, seats)
    ]


async def test_a_batch_of_places_costs_a_statement_more_than_one_of_seats_and_no_round_trip(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = await placed(house, 1 + BATCH)
    for batch in ([first], others):
        with counted(monkeypatch) as cost:
            await book(house, batch)
        assert (cost.statements, cost.round_trips) == (STATEMENTS + 1, ROUND_TRIPS)


async def test_a_batch_reads_as_many_places_as_it_takes_however_many_are_taken(house: House) -> None:
    batches = 16
    wanted = await placed(house, batches * BATCH)
    for at in range(0, len(wanted), BATCH):
        await book(house, wanted[at : at + BATCH])
    # What a backend has read is known when it ends.
    await house.inventory_db.execute(END_OTHERS)
    await house.inventory_db.fetch("SELECT pg_stat_force_next_flush()")
    read = {row.relname: row for row in await house.inventory_db.fetch(READ_SO_FAR)}
    assert read["show_seats"].idx_tup_fetch <= FETCHED_EACH * len(wanted)
