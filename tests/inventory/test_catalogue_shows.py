"""Shows: created, and what is refused."""

from datetime import UTC, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb

from tests.databases import move_clock
from tests.inventory.catalogue_client import (
    HALL,
    HOUR,
    MAX_SEATS,
    MICROSECOND,
    NOON,
    PREMIUM,
    PRICES,
    REGULAR,
    SOME_ID,
    VIP,
    Catalogue,
    at,
    invalid_fields,
    prices,
    refusal,
    seats_of,
    section,
    stamp,
)


async def test_a_show_says_what_is_on_where_and_when(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("Lantern House", "Pune")
    screen = await catalogue.screen(venue, name="Screen 1")
    movie = await catalogue.movie("Monsoon Letters", minutes=128)
    show = await catalogue.show(movie_id=movie.id, screen_id=screen.id, prices=prices(VIP, REGULAR, PREMIUM))
    assert show == pb.Show(
        id=show.id,
        event_id=movie.id,
        movie_id=movie.id,
        title="Monsoon Letters",
        movie="Monsoon Letters",
        category=pb.Event.MOVIE,
        venue_id=venue.id,
        venue_name="Lantern House",
        city="Pune",
        screen_id=screen.id,
        screen_name="Screen 1",
        start_time=stamp(NOON),
        end_time=stamp(NOON + timedelta(minutes=128)),
        currency="INR",
        prices=prices(REGULAR, PREMIUM, VIP),
        sales_end_at=stamp(NOON),
        status=pb.Show.ON_SALE,
        revision=1,
        time_zone="Asia/Kolkata",
    )
    assert UUID(show.id).version == 7
    assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) == show
    assert list((await catalogue.rpc.ListShows(pb.ListShowsRequest())).shows) == [show]


async def test_a_show_may_be_of_any_event_and_in_any_currency(catalogue: Catalogue) -> None:
    concert = await catalogue.event(pb.Event.CONCERT)
    show = await catalogue.show(event_id=concert.id, currency="EUR")
    assert (show.event_id, show.movie_id, show.category) == (concert.id, "", pb.Event.CONCERT)
    assert show.currency == "EUR"
    movie = await catalogue.movie()
    assert (await catalogue.show(event_id=movie.id)).movie_id == movie.id


async def test_a_show_has_one_seat_for_every_seat_of_the_screen_at_its_tiers_price(catalogue: Catalogue) -> None:
    screen = await catalogue.screen()
    layout = [seat for row in (await catalogue.layout(screen)).rows for seat in row.seats]
    show = await catalogue.show(screen_id=screen.id, blocked_seat_ids=[layout[1].id, layout[9].id.upper()])
    seats = await seats_of(catalogue, show)
    assert [seat.position for seat in seats] == list(range(10))
    assert [(seat.section, seat.row, seat.number) for seat in seats] == [
        (it.section, it.row, it.number) for it in layout
    ]
    assert [seat.price for seat in seats] == [PRICES[it.tier] for it in layout]
    assert [position for position, seat in enumerate(seats) if seat.status == "BLOCKED"] == [1, 9]
    assert {seat.status for seat in seats} == {"AVAILABLE", "BLOCKED"}
    ids = {seat.id for seat in seats}
    assert len(ids) == 10
    assert {seat_id.version for seat_id in ids} == {7}
    assert not ids & {UUID(seat.id) for seat in layout}


async def test_a_show_begins_with_the_lock_that_its_seats_are_sold_under(catalogue: Catalogue) -> None:
    show = await catalogue.show(currency="EUR")
    [counter] = await catalogue.db.fetch("SELECT * FROM show_counters")
    assert str(counter.show_id) == show.id
    assert (counter.sequence, counter.starts_at, counter.sales_end_at, counter.currency) == (0, NOON, NOON, "EUR")


async def test_sales_may_end_before_the_show_begins(catalogue: Catalogue) -> None:
    end = NOON - HOUR - MICROSECOND
    show = await catalogue.show(sales_end_at=stamp(end, nanos=999), idempotency_key="k")
    assert (show.start_time, show.sales_end_at) == (stamp(NOON), stamp(end))
    assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) == show
    assert list((await catalogue.rpc.ListShows(pb.ListShowsRequest())).shows) == [show]
    [counter] = await catalogue.db.fetch("SELECT starts_at, sales_end_at FROM show_counters")
    assert (counter.starts_at, counter.sales_end_at) == (NOON, end)


async def test_times_are_kept_to_the_microsecond(catalogue: Catalogue) -> None:
    exact = NOON + timedelta(microseconds=999_999)
    show = await catalogue.show(start_time=stamp(exact))
    assert show.start_time.ToDatetime(UTC) == exact
    assert show.end_time.ToDatetime(UTC) == exact + timedelta(minutes=90)
    finer = await catalogue.show(start_time=stamp(exact, nanos=999))
    assert finer.start_time == stamp(exact)
    assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=finer.id)) == finer


# --- What is refused


HIGHEST = (2**31 - 1) // MAX_SEATS
TIER_PRICE = pb.TierPrice(tier=REGULAR, price=1)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"event_id": SOME_ID, "movie_id": SOME_ID}, ["movieId"]),
        ({"event_id": "", "movie_id": ""}, ["eventId"]),
        ({"event_id": "x"}, ["eventId"]),
        ({"movie_id": "\0"}, ["movieId"]),
        ({"screen_id": ""}, ["screenId"]),
        ({"start_time": None}, ["startTime"]),
        ({"start_time": at(0)}, ["startTime"]),
        ({"start_time": at(1_600_000_000)}, ["startTime"]),
        ({"start_time": at(4_102_444_800)}, ["startTime"]),
        ({"start_time": at(2**63 - 1)}, ["startTime"]),
        ({"start_time": at(-(2**63))}, ["startTime"]),
        ({"start_time": at(4_000_000_000, -1)}, ["startTime"]),
        ({"start_time": at(4_000_000_000, 1_000_000_000)}, ["startTime"]),
        ({"sales_end_at": stamp(NOON + MICROSECOND)}, ["salesEndAt"]),
        ({"sales_end_at": at(0)}, ["salesEndAt"]),
        ({"sales_end_at": at(1_600_000_000)}, ["salesEndAt"]),
        ({"sales_end_at": at(4_102_444_800)}, ["salesEndAt"]),
        ({"sales_end_at": at(2**63 - 1)}, ["salesEndAt"]),
        ({"sales_end_at": at(4_000_000_000, -1)}, ["salesEndAt"]),
        ({"sales_end_at": stamp(NOON), "start_time": at(1_600_000_000)}, ["salesEndAt"]),
        ({"currency": "rupees"}, ["currency"]),
        ({"currency": "inr"}, ["currency"]),
        ({"currency": "ZZZ"}, ["currency"]),
        ({"currency": "XAU"}, ["currency"]),
        ({"prices": []}, ["prices"]),
        ({"prices": [TIER_PRICE] * 11}, ["prices"]),
        ({"prices": [TIER_PRICE, TIER_PRICE, *prices(PREMIUM, VIP)]}, ["prices[1].tier"]),
        ({"prices": [pb.TierPrice(price=1)]}, ["prices[0].tier"]),
        ({"prices": [pb.TierPrice(tier=REGULAR, price=-1)]}, ["prices[0].price"]),
        ({"prices": [pb.TierPrice(tier=REGULAR, price=HIGHEST + 1)]}, ["prices[0].price"]),
        ({"prices": [TIER_PRICE, pb.TierPrice(tier=VIP, price=2**31 - 1)]}, ["prices[1].price"]),
        ({"prices": prices(REGULAR, VIP)}, ["prices"]),
        ({"blocked_seat_ids": [SOME_ID, SOME_ID]}, ["blockedSeatIds"]),
        ({"blocked_seat_ids": [SOME_ID, SOME_ID.upper()]}, ["blockedSeatIds[1]"]),
        ({"blocked_seat_ids": ["x"]}, ["blockedSeatIds[0]"]),
        ({"blocked_seat_ids": [SOME_ID]}, ["blockedSeatIds[0]"]),
        ({"blocked_seat_ids": [str(uuid4()) for _ in range(1_001)]}, ["blockedSeatIds"]),
    ],
)
async def test_a_show_that_breaks_a_rule_is_refused_by_its_fields_and_nothing_is_created(
    catalogue: Catalogue, changes: dict[str, Any], fields: list[str]
) -> None:
    assert list(await invalid_fields(catalogue.rpc.CreateShow(await catalogue.show_request(**changes)))) == fields
    for table in ("shows", "show_prices", "show_counters", "show_seats"):
        assert await catalogue.count(table) == 0


@pytest.mark.parametrize(
    ("currency", "highest"),
    [
        ("INR", "₹35,79,139.41"),
        ("IDR", "IDR\u00a03,579,139.41"),
        ("UGX", "UGX\u00a0357,913,941"),
        ("KWD", "KWD\u00a0357,913.941"),
    ],
)
async def test_a_price_is_bound_by_what_a_booking_can_cost_and_told_in_the_currencys_own_units(
    catalogue: Catalogue, currency: str, highest: str
) -> None:
    def dear(more: int) -> list[pb.TierPrice]:
        return [pb.TierPrice(tier=tier, price=HIGHEST + more) for tier in (REGULAR, PREMIUM, VIP)]

    show = await catalogue.show(currency=currency, prices=dear(0))
    assert {price.price for price in show.prices} == {HIGHEST}
    request = await catalogue.show_request(currency=currency, prices=dear(1))
    violations = await invalid_fields(catalogue.rpc.CreateShow(request))
    assert violations == {f"prices[{i}].price": f"must be {highest} at most" for i in range(3)}


async def test_a_seat_of_another_screen_cannot_be_blocked(catalogue: Catalogue) -> None:
    here, there = await catalogue.screen(), await catalogue.screen()
    seats = [(await catalogue.layout(screen)).rows[0].seats[0].id for screen in (here, there)]
    request = await catalogue.show_request(screen_id=here.id, blocked_seat_ids=seats)
    assert list(await invalid_fields(catalogue.rpc.CreateShow(request))) == ["blockedSeatIds[1]"]


async def test_ten_faults_are_told_and_a_thousand_do_no_harm(catalogue: Catalogue) -> None:
    request = await catalogue.show_request(blocked_seat_ids=[str(uuid4()) for _ in range(1_000)])
    assert len(await invalid_fields(catalogue.rpc.CreateShow(request))) == 10


async def test_the_future_is_what_the_databases_clock_says(catalogue: Catalogue) -> None:
    request = await catalogue.show_request(idempotency_key="k")
    await move_clock(catalogue.db, "31 days")
    assert await invalid_fields(catalogue.rpc.CreateShow(request)) == {"startTime": "must be in the future"}
    await move_clock(catalogue.db, "0 days")
    show = await catalogue.rpc.CreateShow(request)
    await move_clock(catalogue.db, "31 days")
    assert await catalogue.rpc.CreateShow(request) == show


@pytest.mark.parametrize(
    ("missing", "reason"),
    [("event_id", "EVENT_NOT_FOUND"), ("movie_id", "MOVIE_NOT_FOUND"), ("screen_id", "SCREEN_NOT_FOUND")],
)
async def test_what_a_show_names_must_exist(catalogue: Catalogue, missing: str, reason: str) -> None:
    refused = await refusal(catalogue.rpc.CreateShow(await catalogue.show_request(**{missing: str(uuid4())})))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, reason)


async def test_a_concert_is_no_movie_to_show(catalogue: Catalogue) -> None:
    concert = await catalogue.event(pb.Event.CONCERT)
    refused = await refusal(catalogue.rpc.CreateShow(await catalogue.show_request(movie_id=concert.id)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")
    assert await catalogue.count("shows") == 0


# --- Size


async def test_a_stadium_of_50_000_seats_is_created_shown_and_read_within_the_calls_five_seconds(
    catalogue: Catalogue,
) -> None:
    blocks = [section(f"Block {b}", *((f"{r}", 100, REGULAR) for r in range(50))) for b in range(9)]
    screen = await catalogue.screen(sections=[*blocks, section("Box", *((f"{r}", 100, VIP) for r in range(50)))])
    assert screen.seat_count == 50_000
    layout = await catalogue.layout(screen)
    ids = [seat.id for row in layout.rows for seat in row.seats]
    assert (layout.seat_count, len(layout.rows), len(set(ids))) == (50_000, 500, 50_000)
    # Statements that ran often are planned for the average: the small shows come first.
    hall = await catalogue.screen(sections=HALL)
    movie = await catalogue.movie()
    for number in range(6):
        await catalogue.show(screen_id=hall.id, movie_id=movie.id, start_time=stamp(NOON + 2 * number * HOUR))
    show = await catalogue.show(
        screen_id=screen.id, movie_id=movie.id, prices=prices(REGULAR, VIP), blocked_seat_ids=ids[::50]
    )
    found = await catalogue.db.fetch(
        "SELECT tier, status, count(*) AS n, min(price) AS low, max(price) AS high FROM show_seats"
        " WHERE show_id = %s GROUP BY tier, status ORDER BY tier, status",
        (show.id,),
    )
    assert [tuple(row) for row in found] == [
        ("REGULAR", "AVAILABLE", 44_100, 20_000, 20_000),
        ("REGULAR", "BLOCKED", 900, 20_000, 20_000),
        ("VIP", "AVAILABLE", 4_900, 50_000, 50_000),
        ("VIP", "BLOCKED", 100, 50_000, 50_000),
    ]
