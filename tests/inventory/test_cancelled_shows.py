"""A show that is cancelled: one update under its lock, told to watchers and in the topic, and for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.events.v1 import events_pb2
from boxoffice.inventory.v1 import catalog_pb2, inventory_pb2, inventory_pb2_grpc

from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.chassis.writes import topics
from services.inventory.jobs import clear_cancelled_shows, complete_events
from services.inventory.seats import published
from services.inventory.seats.commands import Confirm, Extend, Hold, Reserve, Unbook
from tests.databases import move_clock
from tests.inventory.catalogue_client import Catalogue, refusal
from tests.inventory.rules import TTL
from tests.inventory.sale import OnSale, make_desk
from tests.inventory.served import served_inventory
from tests.inventory.watchers import Watcher, replica

ANN, BOB = uuid4(), uuid4()
CANCELLED = catalog_pb2.Event.CANCELLED


@pytest.fixture
async def show(catalogue: Catalogue) -> Any:
    return await catalogue.show()


@pytest.fixture
async def on_sale(catalogue: Catalogue, show: Any, inventory_db: Database) -> AsyncIterator[OnSale]:
    rows = await inventory_db.fetch("SELECT id FROM show_seats WHERE show_id = %s ORDER BY position", (UUID(show.id),))
    desk = make_desk(inventory_db)
    yield OnSale(inventory_db, desk, UUID(show.id), [row.id for row in rows])
    await desk.close()


async def cancel(catalogue: Catalogue, show: Any, **fields: Any) -> Any:
    request = catalog_pb2.CancelShowsRequest(show_id=show.id, **({"by_admin": True} | fields))
    return await catalogue.rpc.CancelShows(request)


async def events(db: Database) -> list[events_pb2.ShowEvent]:
    while await topics.number_events(db):
        pass
    page = await topics.read(db, published.TOPIC, after=None, limit=100)
    return [published.positioned(event) for event in page.events]


async def test_one_update_cancels_a_show_takes_its_next_number_and_is_told_of(
    catalogue: Catalogue, show: Any, on_sale: OnSale
) -> None:
    await on_sale.hold(ANN, 0)
    async with replica(on_sale.db) as inventory:
        watcher = Watcher(inventory.stub, on_sale.show_id)
        answer = await cancel(catalogue, show)
        assert (answer.was_cancelled, [one.was_cancelled for one in answer.shows]) == (False, [False])
        await watcher.until(2)
        last = watcher.changes[-1]
        assert (last.sequence, last.show_cancelled, list(last.seats)) == (2, True, [])
    async with served_inventory(on_sale.db) as channel:
        stub = inventory_pb2_grpc.InventoryServiceStub(channel)
        seat_map = await stub.GetSeatMap(inventory_pb2.GetSeatMapRequest(show_id=show.id))
        assert (seat_map.sequence, seat_map.show_cancelled) == (2, True)
        as_json = await stub.RenderSeatMap(inventory_pb2.RenderSeatMapRequest(show_id=show.id))
        assert b'"showCancelled":true' in as_json.data
    created, cancelled = await events(on_sale.db)
    assert (created.kind, cancelled.kind) == (events_pb2.ShowEvent.CREATED, events_pb2.ShowEvent.CANCELLED)
    assert (cancelled.show_id, cancelled.start_time) == (show.id, show.start_time)
    again = await cancel(catalogue, show)
    assert (again.was_cancelled, await on_sale.sequence(), len(await events(on_sale.db))) == (True, 2, 2)


async def test_whoever_holds_the_map_of_before_reads_the_show_cancelled(
    catalogue: Catalogue, show: Any, on_sale: OnSale
) -> None:
    async with served_inventory(on_sale.db) as channel:
        stub = inventory_pb2_grpc.InventoryServiceStub(channel)
        request = inventory_pb2.GetSeatMapRequest(show_id=show.id)
        assert not (await stub.GetSeatMap(request)).show_cancelled
        await cancel(catalogue, show)
        assert (await stub.GetSeatMap(request)).show_cancelled
        assert (await stub.GetSeatMap(request)).show_cancelled


async def test_claims_that_are_not_confirmed_end_and_confirmed_ones_are_left_to_their_refunds(
    catalogue: Catalogue, show: Any, on_sale: OnSale
) -> None:
    await on_sale.hold(ANN, 0)
    waiting, paid = await on_sale.reserve(ANN, 1), await on_sale.reserve(BOB, 2)
    times = await on_sale.confirm(paid)
    await cancel(catalogue, show)
    name = {"show_id": on_sale.show_id, "booking_id": waiting}
    for command in (
        Hold(show_id=on_sale.show_id, user_id=BOB, seat_ids=on_sale.ids(3)),
        Reserve(show_id=on_sale.show_id, user_id=BOB, booking_id=uuid4(), seat_ids=on_sale.ids(3), ttl=TTL),
        Extend(**name, ttl=TTL),
    ):
        with pytest.raises(Failure) as error:
            await on_sale.desk.submit(command)
        assert error.value.reason == "SHOW_CANCELLED"
    with pytest.raises(Failure) as error:
        await on_sale.desk.submit(Confirm(**name))
    assert error.value.reason == "CLAIM_CLOSED"
    assert await on_sale.confirm(paid) == times, "it was confirmed before"
    async with served_inventory(on_sale.db) as channel:
        stub = inventory_pb2_grpc.InventoryServiceStub(channel)
        counted = await stub.CountClaims(inventory_pb2.CountClaimsRequest(show_id=show.id))
        assert (counted.reserved, counted.confirmed, counted.held) == (0, 1, 1)
    while await clear_cancelled_shows(on_sale.db, on_sale.desk):
        pass
    assert (await on_sale.statuses())[:4] == ["AVAILABLE", "AVAILABLE", "BOOKED", "AVAILABLE"]
    await on_sale.desk.submit(Unbook(show_id=on_sale.show_id, booking_id=paid))
    assert await on_sale.reservation(paid) == "REFUSED"


async def test_the_seats_of_a_cancelled_show_are_cleared_in_batches_by_any_number_of_processes(
    catalogue: Catalogue, show: Any, on_sale: OnSale, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.inventory import jobs

    monkeypatch.setattr(jobs, "TIDY_BATCH", 1)
    await on_sale.hold(ANN, 0, 1)
    booking = await on_sale.reserve(ANN, 2, 3)
    await cancel(catalogue, show)
    while any(await asyncio.gather(*(clear_cancelled_shows(on_sale.db, on_sale.desk) for _ in range(2)))):
        pass
    assert set(await on_sale.statuses()) == {"AVAILABLE"}
    assert await on_sale.reservation(booking) == "REFUSED"
    [row] = await on_sale.db.fetch("SELECT cleared_at FROM cancelled_shows")
    assert row.cleared_at is not None


async def test_a_show_under_way_is_cancelled_by_an_admin_only_and_one_that_has_ended_by_nobody(
    catalogue: Catalogue, show: Any, inventory_db: Database
) -> None:
    start = show.start_time.ToDatetime(UTC) - datetime.now(UTC)
    await move_clock(inventory_db, f"{int(start.total_seconds()) + 60} seconds")
    assert (await refusal(cancel(catalogue, show, by_admin=False))).reason == "SHOW_UNDER_WAY"
    assert not (await cancel(catalogue, show, validate_only=True)).was_cancelled
    await move_clock(inventory_db, f"{int(start.total_seconds()) + 86400} seconds")
    assert (await refusal(cancel(catalogue, show))).reason == "SHOW_ENDED"
    assert (await refusal(cancel(catalogue, show, validate_only=True))).reason == "SHOW_ENDED"


@pytest.mark.parametrize("is_completed", [True, False])
async def test_an_event_whose_last_show_is_over_is_not_cancelled_any_more(
    catalogue: Catalogue, show: Any, is_completed: bool
) -> None:
    async def ask(**fields: Any) -> Any:
        return await catalogue.rpc.CancelShows(catalog_pb2.CancelShowsRequest(event_id=show.event_id, **fields))

    await move_clock(catalogue.db, "60 days")
    assert await complete_events(catalogue.db) if is_completed else True
    for only_asks in (True, False):
        refused = await refusal(ask(by_admin=True, validate_only=only_asks))
        assert (refused.reason, refused.metadata) == ("EVENT_NOT_PUBLISHED", {"status": "COMPLETED"})
    await move_clock(catalogue.db, "0 days")
    await catalogue.show(movie_id=show.event_id)
    assert len((await ask()).shows) == 2, "it goes on"
    await move_clock(catalogue.db, "60 days")
    assert (await ask()).was_cancelled, "who repeats it gets the same answer"


async def test_a_draft_whose_time_is_past_can_be_cancelled(catalogue: Catalogue) -> None:
    request = catalog_pb2.CreateMovieRequest(title="Low Tide", duration_minutes=90, status=catalog_pb2.Event.DRAFT)
    movie = await catalogue.rpc.CreateMovie(request)
    await catalogue.show(movie_id=movie.id)
    await move_clock(catalogue.db, "60 days")
    assert not (await catalogue.rpc.CancelShows(catalog_pb2.CancelShowsRequest(event_id=movie.id))).shows
    assert (await catalogue.rpc.GetMovie(catalog_pb2.GetMovieRequest(movie_id=movie.id))).status == CANCELLED


async def test_what_only_asks_changes_nothing_and_what_names_nothing_or_too_much_is_refused(
    catalogue: Catalogue, show: Any, on_sale: OnSale
) -> None:
    assert [one.show_id for one in (await cancel(catalogue, show, validate_only=True)).shows] == [show.id]
    await on_sale.hold(ANN, 0)
    assert (await refusal(cancel(catalogue, show, event_id=show.event_id))).reason == "INVALID_FIELD"
    assert (await refusal(catalogue.rpc.CancelShows(catalog_pb2.CancelShowsRequest()))).reason == "INVALID_FIELD"
    request = catalog_pb2.CancelShowsRequest(show_id=str(uuid4()))
    assert (await refusal(catalogue.rpc.CancelShows(request))).reason == "SHOW_NOT_FOUND"
    request = catalog_pb2.CancelShowsRequest(event_id=str(uuid4()))
    assert (await refusal(catalogue.rpc.CancelShows(request))).reason == "EVENT_NOT_FOUND"


async def test_a_screen_is_free_for_another_show_when_its_show_is_cancelled(catalogue: Catalogue, show: Any) -> None:
    await cancel(catalogue, show)
    again = await catalogue.show(screen_id=show.screen_id)
    assert (again.id != show.id, again.start_time) == (True, show.start_time)
