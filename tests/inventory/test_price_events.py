"""What a show's seats cost is told in the topic of shows, in order with all else that is told of the show."""

import asyncio
from datetime import timedelta

from boxoffice.events.v1 import events_pb2
from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.chassis.store.database import Database
from services.chassis.writes import topics
from services.inventory.seats import published
from tests.inventory.catalogue_client import NOON, PRICES, REGULAR, Catalogue, refusal, stamp

DAY = timedelta(days=1)


async def events(db: Database) -> list[events_pb2.ShowEvent]:
    while await topics.number_events(db):
        pass
    page = await topics.read(db, published.TOPIC, after=None, limit=100)
    return [published.positioned(event) for event in page.events]


async def set_prices(catalogue: Catalogue, show: pb.Show, regular: int) -> None:
    prices = [pb.TierPrice(tier=tier, price=price) for tier, price in (PRICES | {REGULAR: regular}).items()]
    await catalogue.rpc.SetShowPrices(pb.SetShowPricesRequest(show_id=show.id, prices=prices))


def told(event: events_pb2.ShowEvent) -> tuple[str, int, int, int, int]:
    """Return kind, version, revision, list and the price of REGULAR."""
    prices = {price.tier: price.price for price in event.prices}
    kind = events_pb2.ShowEvent.Kind.Name(event.kind)
    return kind, event.version, event.revision, event.prices_version, prices[REGULAR]


async def test_whatever_is_edited_of_a_show_is_told_with_its_list_under_a_growing_version(
    catalogue: Catalogue,
) -> None:
    show, begin = await catalogue.show(), stamp(NOON - 7 * DAY)
    await set_prices(catalogue, show, 21_000)
    await set_prices(catalogue, show, 21_000)
    await catalogue.rpc.UpdateShow(pb.UpdateShowRequest(show_id=show.id, sales_start_at=begin))
    await set_prices(catalogue, show, 22_000)
    later = stamp(NOON + DAY)
    await catalogue.rpc.RescheduleShow(pb.RescheduleShowRequest(show_id=show.id, start_time=later))
    await set_prices(catalogue, show, 20_000)
    await catalogue.rpc.CancelShows(pb.CancelShowsRequest(show_id=show.id, by_admin=True))
    seen = await events(catalogue.db)
    assert [told(event) for event in seen] == [
        ("CREATED", 1, 1, 1, 20_000),
        ("PRICES", 2, 1, 2, 21_000),
        ("UPDATED", 3, 2, 2, 21_000),
        ("PRICES", 4, 2, 3, 22_000),
        ("RESCHEDULED", 5, 3, 3, 22_000),
        ("PRICES", 6, 3, 4, 20_000),
        ("CANCELLED", published.LAST, 3, 4, 20_000),
    ]
    first, last = seen[1], seen[5]
    assert [event.HasField("sales_start_at") for event in seen] == [False, False, True, True, True, True, True]
    assert (last.start_time, last.sales_start_at, last.currency) == (later, begin, show.currency)
    assert (first.event_id, first.venue_id, first.screen_id) == (show.event_id, show.venue_id, show.screen_id)
    assert (first.start_time, first.end_time, first.sales_end_at) == (show.start_time, show.end_time, show.sales_end_at)
    assert {event.show_id for event in seen} == {show.id}


async def test_lists_that_are_set_at_once_are_told_one_by_one(catalogue: Catalogue) -> None:
    show, other = await catalogue.show(), await catalogue.show()
    edits = [set_prices(catalogue, one, 30_000 + number) for number in range(5) for one in (show, other)]
    await asyncio.gather(*edits)
    for one in (show, other):
        lists = [event for event in await events(catalogue.db) if event.show_id == one.id]
        assert [(event.version, event.prices_version) for event in lists] == [(n, n) for n in range(1, 7)]
        current = await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=one.id))
        assert [(price.tier, price.price) for price in lists[-1].prices] == [
            (it.tier, it.price) for it in current.prices
        ]


async def test_nobody_is_told_what_a_draft_costs_until_it_is_public(catalogue: Catalogue) -> None:
    request = pb.CreateMovieRequest(title="Low Tide", duration_minutes=90, status=pb.Event.DRAFT)
    show = await catalogue.show(movie_id=(await catalogue.rpc.CreateMovie(request)).id)
    await set_prices(catalogue, show, 21_000)
    assert await events(catalogue.db) == []
    await catalogue.rpc.PublishEvent(pb.PublishEventRequest(event_id=show.event_id))
    await set_prices(catalogue, show, 22_000)
    assert list(map(told, await events(catalogue.db))) == [("PUBLISHED", 2, 1, 2, 21_000), ("PRICES", 3, 1, 3, 22_000)]


async def test_a_list_that_is_refused_is_not_told(catalogue: Catalogue) -> None:
    show = await catalogue.show()
    request = pb.SetShowPricesRequest(show_id=show.id, prices=[pb.TierPrice(tier=REGULAR, price=1)])
    assert (await refusal(catalogue.rpc.SetShowPrices(request))).reason == "INVALID_FIELD"
    assert [event.kind for event in await events(catalogue.db)] == [events_pb2.ShowEvent.CREATED]
