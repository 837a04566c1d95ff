"""Setting a show's prices: one change of the show, which all are told of, and whoever has a seat keeps its price."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc, inventory_pb2, inventory_pb2_grpc, seat_pb2

from services.chassis.store.database import Database
from services.chassis.values.currencies import money
from services.inventory.errors import ShowCancelled
from services.inventory.jobs import forget_changes
from services.inventory.seats import listing
from services.inventory.seats.commands import Hold
from services.inventory.seats.domain import MAX_TOTAL
from services.inventory.seats.holds import ReleaseHolds
from services.inventory.viewing.changes import Change
from services.inventory.viewing.streams import _event
from tests.databases import move_clock
from tests.inventory.catalogue_client import REGULAR, VIP, refusal
from tests.inventory.sale import OnSale, put_on_sale
from tests.inventory.served import served_inventory
from tests.inventory.test_price_rules import ANN, BOB
from tests.inventory.watchers import Replica, Watcher, replica

OLD, NEW = 25_000, 30_000
HIGHEST = MAX_TOTAL // 6


@dataclass
class Shop:
    """Inventory behind a server, with one show on sale."""

    db: Database
    show_id: str
    seats: list[str]
    catalogue: Any
    inventory: Any

    async def set(self, *prices: int, tier: seat_pb2.Seat.Tier.ValueType = REGULAR) -> pb.ShowPrices:
        listed = [pb.TierPrice(tier=tier, price=price) for price in prices]
        return await self.catalogue.SetShowPrices(pb.SetShowPricesRequest(show_id=self.show_id, prices=listed))

    async def hold(self, user: UUID, *numbers: int, expected: int | None = None) -> list[int]:
        request = inventory_pb2.HoldSeatsRequest(
            show_id=self.show_id,
            user_id=str(user),
            show_seat_ids=[self.seats[number] for number in numbers],
            expected_total=expected,
        )
        return [seat.price for seat in (await self.inventory.HoldSeats(request)).seats]

    async def map(self) -> inventory_pb2.SeatMap:
        return await self.inventory.GetSeatMap(inventory_pb2.GetSeatMapRequest(show_id=self.show_id))


@pytest.fixture
async def shop(inventory_db: Database) -> Any:
    show_id, seats = await put_on_sale(inventory_db)
    async with served_inventory(inventory_db) as channel:
        yield Shop(
            inventory_db,
            str(show_id),
            list(map(str, seats)),
            catalog_pb2_grpc.CatalogServiceStub(channel),
            inventory_pb2_grpc.InventoryServiceStub(channel),
        )


async def counted(db: Database) -> Mapping[str, int]:
    [row] = await db.fetch(
        "SELECT (SELECT count(*) FROM show_changes) AS changes, (SELECT count(*) FROM seat_changes) AS of_seats,"
        " (SELECT max(version) FROM list_prices) AS lists, (SELECT sequence FROM show_counters) AS sequence"
    )
    return {name: int(getattr(row, name)) for name in row._fields}


async def test_prices_are_set_under_one_number_and_no_seat_is_written(shop: Shop) -> None:
    answer = await shop.set(NEW)
    assert answer == pb.ShowPrices(
        show_id=shop.show_id, currency="INR", prices=[pb.TierPrice(tier=REGULAR, price=NEW)], sequence=1
    )
    assert await counted(shop.db) == {"changes": 1, "of_seats": 0, "lists": 2, "sequence": 1}
    seen = await shop.map()
    assert (seen.sequence, {seat.price for seat in seen.seats}) == (1, {NEW})
    assert list(seen.prices) == list(answer.prices)
    assert await shop.hold(ANN, 0) == [NEW]


async def test_setting_the_prices_that_there_are_changes_nothing(shop: Shop) -> None:
    assert (await shop.set(OLD)).sequence == 0
    first = await shop.set(NEW)
    assert await shop.set(NEW) == first
    assert await counted(shop.db) == {"changes": 1, "of_seats": 0, "lists": 2, "sequence": 1}


async def test_who_has_a_seat_has_it_at_its_price_until_that_claim_ends(shop: Shop) -> None:
    await shop.hold(ANN, 0)
    await shop.set(NEW)
    assert [seat.price for seat in (await shop.map()).seats[:2]] == [OLD, NEW]
    assert await shop.hold(ANN, 0, expected=OLD) == [OLD]
    priced = inventory_pb2.BatchPriceSeatsRequest.Asked(show_id=shop.show_id, show_seat_ids=shop.seats[1::-1])
    for user, prices in ((str(ANN), [NEW, OLD]), (str(BOB), [NEW, NEW]), ("", [NEW, NEW])):
        priced.user_id = user
        answer = await shop.inventory.BatchPriceSeats(inventory_pb2.BatchPriceSeatsRequest(asked=[priced]))
        assert [seat.price for seat in answer.results[0].prices.seats] == prices
    await move_clock(shop.db, "5 minutes")
    assert [seat.price for seat in (await shop.map()).seats[:2]] == [NEW, NEW], "it has lapsed"
    priced.user_id = str(ANN)
    answer = await shop.inventory.BatchPriceSeats(inventory_pb2.BatchPriceSeatsRequest(asked=[priced]))
    assert answer.results[0].prices.total_amount == 2 * NEW
    assert (await refusal(shop.hold(ANN, 0, expected=OLD))).reason == "PRICE_CHANGED"
    assert await shop.hold(ANN, 0, expected=NEW) == [NEW]


async def test_all_views_of_a_show_tell_its_prices(shop: Shop) -> None:
    await shop.hold(ANN, 0)
    await shop.map()
    await shop.set(NEW)
    asked: Mapping[str, Any] = {"show_id": shop.show_id}
    free = await shop.inventory.ListAvailableSeats(inventory_pb2.ListAvailableSeatsRequest(**asked))
    rendered = await shop.inventory.RenderSeatMap(inventory_pb2.RenderSeatMapRequest(**asked))
    rendered_free = await shop.inventory.RenderAvailableSeats(inventory_pb2.RenderAvailableSeatsRequest(**asked))
    listed = [{"tier": "REGULAR", "price": NEW}]
    for data, prices in ((rendered.data, [OLD, *[NEW] * 11]), (rendered_free.data, [NEW] * 11)):
        page = json.loads(data)
        assert (page["prices"], [seat["price"] for seat in page["seats"]]) == (listed, prices)
    assert ({seat.price for seat in free.seats}, [one.price for one in free.prices]) == ({NEW}, [NEW])


@pytest.mark.parametrize(
    ("prices", "field", "why"),
    [
        ([], "prices", ""),
        ([(REGULAR, 1), (REGULAR, 2)], "prices[1].tier", "has two prices"),
        ([(REGULAR, 1), (VIP, 2)], "prices[1].tier", "is not a tier of this show"),
        ([(VIP, 1)], "prices", "lacks REGULAR, which the show has"),
        ([(REGULAR, HIGHEST + 1)], "prices[0].price", f"must be {money(HIGHEST, 'INR')} at most"),
        ([(REGULAR, -1)], "prices[0].price", ""),
    ],
)
async def test_a_list_that_does_not_suit_the_show_is_refused_and_changes_nothing(
    shop: Shop, prices: list[tuple[Any, int]], field: str, why: str
) -> None:
    listed = [pb.TierPrice(tier=tier, price=price) for tier, price in prices]
    request = pb.SetShowPricesRequest(show_id=shop.show_id, prices=listed)
    refused = await refusal(shop.catalogue.SetShowPrices(request))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert why in refused.fields[field]
    assert await counted(shop.db) == {"changes": 0, "of_seats": 0, "lists": 1, "sequence": 0}


async def test_the_dearest_list_that_can_be_counted_is_taken(shop: Shop) -> None:
    await shop.set(HIGHEST)
    assert sum(await shop.hold(ANN, *range(6))) == 6 * HIGHEST


async def test_no_prices_are_set_of_a_show_that_is_not_there_or_cancelled(shop: Shop, on_sale: OnSale) -> None:
    request = pb.SetShowPricesRequest(show_id=str(uuid4()), prices=[pb.TierPrice(tier=REGULAR, price=1)])
    assert (await refusal(shop.catalogue.SetShowPrices(request))).reason == "SHOW_NOT_FOUND"
    await on_sale.db.execute("UPDATE show_counters SET status = 'CANCELLED'")
    with pytest.raises(ShowCancelled):
        await on_sale.set_price(NEW)


async def test_the_prices_of_a_show_change_so_often_and_no_more(
    on_sale: OnSale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_LISTS", 3)
    await on_sale.set_price(1)
    await on_sale.set_price(2)
    with pytest.raises(listing.PriceListLimitExceeded):
        await on_sale.set_price(3)
    await on_sale.set_price(2)


@pytest.fixture
async def inventory(on_sale: OnSale) -> Any:
    async with replica(on_sale.db) as served:
        yield served


async def test_watchers_are_told_of_prices_and_of_what_each_seat_costs(on_sale: OnSale, inventory: Replica) -> None:
    watcher = Watcher(inventory.stub, on_sale.show_id)
    await on_sale.hold(ANN, 0)
    await on_sale.set_price(NEW)
    await on_sale.hold(BOB, 1)
    await on_sale.desk.submit(ReleaseHolds(show_id=on_sale.show_id, user_id=ANN))
    await watcher.until(4)
    assert [[seat.price for seat in change.seats] for change in watcher.changes] == [[OLD], [], [NEW], [NEW]]
    assert [[one.price for one in change.prices] for change in watcher.changes] == [[], [NEW], [], []]
    again = Watcher(inventory.stub, on_sale.show_id, 1)
    await again.until(4)
    assert again.changes == watcher.changes[1:]


def test_a_browser_is_told_of_prices_in_json() -> None:
    told = _event(Change(7, datetime(2030, 1, 1, tzinfo=UTC), [], prices={"VIP": 2, "REGULAR": 1})).decode()
    fields = json.loads(told.partition("data: ")[2])
    assert fields["prices"] == [{"tier": "REGULAR", "price": 1}, {"tier": "VIP", "price": 2}]


async def test_a_hold_and_a_list_under_one_number_are_told_and_forgotten_together(
    on_sale: OnSale, inventory: Replica
) -> None:
    seat_ids = on_sale.ids(0)
    hold: Hold[Any] = Hold(show_id=on_sale.show_id, user_id=ANN, seat_ids=seat_ids)
    prices = [listing.Price("REGULAR", NEW)]
    held, _ = await on_sale.desk.submit_all([hold, listing.SetPrices(show_id=on_sale.show_id, prices=prices)])
    assert await on_sale.sequence() == 1, "they were decided together"
    watcher = Watcher(inventory.stub, on_sale.show_id)
    await watcher.until(1)
    [change] = watcher.changes
    assert [seat.price for seat in change.seats] == [seat.price for seat in held.seats]
    assert [one.price for one in change.prices] == [NEW]
    await move_clock(on_sale.db, "61 minutes")
    assert [await forget_changes(on_sale.db, 60), await forget_changes(on_sale.db, 60)] == [2, 0]
    gone = (grpc.StatusCode.OUT_OF_RANGE, "SEQUENCE_NO_LONGER_KEPT")
    assert await Watcher(inventory.stub, on_sale.show_id, 0).failure() == gone


async def test_everybody_has_what_he_was_shown_whatever_is_set_meanwhile(shop: Shop) -> None:
    """Six buyers read the map and hold what they saw at that price; after every seventh try, other prices are set."""
    tries: asyncio.Queue[None] = asyncio.Queue()

    async def set_prices() -> None:
        for number in count():
            for _ in range(7):
                await tries.get()
            await shop.set(1 + number % 9)

    async def buy(number: int) -> list[int]:
        """Return how often the price had changed, and how often the seat was held."""
        user, found = uuid4(), [0, 0]
        for _ in range(25):
            shown = (await shop.map()).seats[number].price
            tries.put_nowait(None)
            try:
                [price] = await shop.hold(user, number, expected=shown)
            except grpc.aio.AioRpcError as error:
                assert "cost another amount" in str(error.details())
                found[0] += 1
                continue
            assert price == shown
            found[1] += 1
            assert await shop.hold(user, number, expected=price) == [price], "as long as he holds it"
            release = inventory_pb2.ReleaseHoldsRequest(user_id=str(user), show_id=shop.show_id)
            await shop.inventory.ReleaseHolds(release)
        return found

    setting = asyncio.create_task(set_prices())
    try:
        found = await asyncio.gather(*map(buy, range(6)))
    finally:
        setting.cancel()
        with suppress(asyncio.CancelledError):
            await setting
    assert all(map(sum, zip(*found, strict=True))), "some were told of another price, and some had theirs"
    [wrong] = await shop.db.fetch(
        "SELECT count(*) AS n FROM seat_changes h LEFT JOIN list_prices l USING (show_id, price) WHERE l.price IS NULL"
    )
    assert wrong.n == 0
