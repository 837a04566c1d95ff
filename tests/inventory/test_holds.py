"""Holds through a real server: extended, listed, released seat by seat, and counted where nobody books them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2_grpc
from grpc import StatusCode

from services.chassis.store.database import Database
from services.inventory.errors import HoldLimitExceeded
from services.inventory.jobs import forget_unbooked_holds, tidy_holds
from services.inventory.seats.holds import ReleaseHolds
from tests.bank.support import refused
from tests.databases import move_clock
from tests.inventory.catalogue_client import walk
from tests.inventory.rules import RULES
from tests.inventory.sale import OnSale, make_desk, put_on_sale
from tests.inventory.served import served_inventory

ANN, BOB = uuid4(), uuid4()
NOT_HELD = (StatusCode.FAILED_PRECONDITION, "SEATS_NOT_HELD")
WRONG = (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


@pytest.fixture
async def rpc(inventory_db: Database) -> AsyncIterator[Any]:
    async with served_inventory(inventory_db) as channel:
        yield inventory_pb2_grpc.InventoryServiceStub(channel)


async def hold(rpc: Any, show: UUID, seats: list[UUID], user: UUID = ANN) -> Any:
    return await rpc.HoldSeats(pb.HoldSeatsRequest(show_id=str(show), user_id=str(user), show_seat_ids=map(str, seats)))


async def listed(rpc: Any, **fields: Any) -> Any:
    return await rpc.ListHolds(pb.ListHoldsRequest(user_id=str(ANN), **fields))


async def test_holds_of_all_shows_are_listed_with_the_seconds_that_the_database_counts(
    rpc: Any, inventory_db: Database
) -> None:
    shows = dict([await put_on_sale(inventory_db) for _ in range(3)])
    first, second, third = sorted(shows)
    await hold(rpc, first, shows[first][:2])
    await move_clock(inventory_db, "2 minutes")
    await hold(rpc, first, shows[first][2:3])
    await hold(rpc, second, shows[second][:1])
    await hold(rpc, third, shows[third][:1], user=BOB)
    mine = (await listed(rpc)).holds
    assert [(held.show_id, len(held.seats)) for held in mine] == [(str(first), 3), (str(second), 1)]
    assert 120 < mine[0].seconds_left <= 180 < mine[1].seconds_left <= 300
    assert [120 < seat.seconds_left <= 180 for seat in mine[0].seats] == [True, True, False]
    assert (mine[0].total_amount, mine[0].currency) == (75_000, "INR")
    assert [seat.number for seat in mine[0].seats] == [1, 2, 3]
    assert [held.show_id for held in (await listed(rpc, show_id=str(second))).holds] == [str(second)]
    pages = await walk(rpc.ListHolds, pb.ListHoldsRequest(user_id=str(ANN), page_size=1), "holds")
    assert [held.show_id for page in pages for held in page] == [str(first), str(second)]
    await move_clock(inventory_db, "5 minutes 1 second")
    assert [len(held.seats) for held in (await listed(rpc)).holds] == [1, 1], "what has lapsed is not held"
    await move_clock(inventory_db, "8 minutes")
    assert not (await listed(rpc)).holds


async def test_a_hold_is_extended_up_to_its_life_by_the_database(rpc: Any, inventory_db: Database) -> None:
    show, seats = await put_on_sale(inventory_db)
    request = pb.ExtendHoldsRequest(show_id=str(show), user_id=str(ANN))
    assert await refused(rpc.ExtendHolds(request)) == NOT_HELD
    held = await hold(rpc, show, seats[:2])
    for minutes, left in ((4, 300), (8, 300), (12, 180)):
        await move_clock(inventory_db, f"{minutes} minutes")
        answer = await rpc.ExtendHolds(request)
        assert answer.success and left - 60 < answer.seconds_left <= left
        assert {seat.id for seat in answer.seats} == {seat.id for seat in held.seats}
    assert (await rpc.ExtendHolds(request)).expires_at == answer.expires_at
    await move_clock(inventory_db, "15 minutes 1 second")
    assert await refused(rpc.ExtendHolds(request)) == NOT_HELD
    ids = [str(seats[0]), str(seats[0]).upper()]
    twice = pb.ExtendHoldsRequest(show_id=str(show), user_id=str(ANN), show_seat_ids=ids)
    assert await refused(rpc.ExtendHolds(twice)) == WRONG
    nowhere = pb.ExtendHoldsRequest(show_id=str(uuid4()), user_id=str(ANN))
    assert await refused(rpc.ExtendHolds(nowhere)) == (StatusCode.NOT_FOUND, "SHOW_NOT_FOUND")


async def test_some_seats_are_released_and_the_others_stay(rpc: Any, inventory_db: Database) -> None:
    show, seats = await put_on_sale(inventory_db)
    await hold(rpc, show, seats[:3])
    await hold(rpc, show, seats[3:4], user=BOB)

    async def release(*numbers: int, show_id: str = str(show)) -> int:
        ids = [str(seats[number]) for number in numbers]
        request = pb.ReleaseHoldsRequest(user_id=str(ANN), show_id=show_id, show_seat_ids=ids)
        return int((await rpc.ReleaseHolds(request)).released)

    assert await release(0, 3, 4) == 1, "of others' and free seats nothing is released"
    assert await release(0) == 0
    assert [len(held.seats) for held in (await listed(rpc)).holds] == [2]
    assert await refused(release(1, show_id="")) == WRONG
    assert await release() == 2
    assert not (await listed(rpc)).holds


async def test_what_is_held_in_vain_is_counted_across_replicas_until_its_window_is_over(on_sale: OnSale) -> None:
    other, db = make_desk(on_sale.db), on_sale.db
    await db.execute(
        "INSERT INTO unbooked_holds (show_id, user_id, window_began_at, minutes) SELECT %s, %s,"
        " to_timestamp(floor(extract(epoch FROM clock_timestamp()) / 21600) * 21600), %s",
        (on_sale.show_id, ANN, RULES.hold_budget_minutes - 1),
    )
    await on_sale.hold(ANN, 0)
    await other.submit(ReleaseHolds(show_id=on_sale.show_id, user_id=ANN))
    await other.close()
    with pytest.raises(HoldLimitExceeded):
        await on_sale.hold(ANN, 0)
    [row] = await db.fetch("SELECT minutes FROM unbooked_holds")
    assert row.minutes == RULES.hold_budget_minutes
    # Seats may be booked all the same.
    await on_sale.reserve(ANN, 1)
    await on_sale.hold(BOB, 0)
    assert await forget_unbooked_holds(db, 6) == 0
    await move_clock(db, "12 hours")
    await on_sale.hold(ANN, 2)
    assert await forget_unbooked_holds(db, 6) == 1
    assert await forget_unbooked_holds(db, 6) == 0


async def test_a_lapsed_hold_is_counted_for_its_user_by_whoever_clears_it(on_sale: OnSale) -> None:
    await on_sale.hold(ANN, 0, 1, 2)
    await move_clock(on_sale.db, "6 minutes")
    await on_sale.hold(BOB, 0)
    [row] = await on_sale.db.fetch("SELECT user_id, minutes FROM unbooked_holds")
    assert (row.user_id, row.minutes) == (ANN, 5)
    assert await tidy_holds(on_sale.db, on_sale.desk) == 2
    [row] = await on_sale.db.fetch("SELECT user_id, minutes FROM unbooked_holds")
    assert (row.user_id, row.minutes) == (ANN, 15)


async def test_a_hold_that_is_booked_costs_nothing(on_sale: OnSale) -> None:
    await on_sale.hold(ANN, 0, 1)
    await on_sale.confirm(await on_sale.reserve(ANN, 0, 1))
    assert await on_sale.db.fetch("SELECT FROM unbooked_holds") == []


async def test_since_when_a_seat_is_held_is_written_down(on_sale: OnSale) -> None:
    await on_sale.hold(ANN, 0)
    [row] = await on_sale.db.fetch("SELECT expires_at - held_at AS time FROM show_seats WHERE status = 'HELD'")
    assert row.time == timedelta(minutes=5)
