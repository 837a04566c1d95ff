"""Sections multiply prices: one rule, wherever a price is read."""

import json
from typing import Any
from uuid import uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2 as seats_pb
from google.protobuf import json_format

from services.chassis.values.currencies import money
from services.inventory.seats.domain import MAX_TOTAL
from services.inventory.seats.prices import dearest, multiplied
from tests.inventory.catalogue_client import MAX_SEATS, REGULAR, VIP, Catalogue, invalid_fields, section, stamp
from tests.inventory.catalogue_client import NOON as START
from tests.inventory.halls_client import Halls

HIGHEST = MAX_TOTAL // MAX_SEATS


@pytest.mark.parametrize(
    ("price", "multiplier", "costs"),
    [
        (25_000, None, 25_000),
        (25_000, 1_500, 37_500),
        (333, 1_500, 500),  # 499.5
        (1, 499, 0),
        (1, 500, 1),
        (3, 500, 2),  # 1.5
        (999, 1, 1),  # 0.999
        (0, 100_000, 0),
        (MAX_TOTAL, 1_000, MAX_TOTAL),
    ],
)
def test_half_a_minor_unit_is_rounded_up(price: int, multiplier: int | None, costs: int) -> None:
    assert multiplied(price, multiplier) == costs


@pytest.mark.parametrize("multiplier", [1, 999, 1_000, 1_001, 1_333, 99_999, 100_000])
def test_the_dearest_price_is_the_highest_at_which_its_seats_can_be_counted(multiplier: int) -> None:
    price = dearest({"VIP": multiplier}, "VIP", HIGHEST)
    assert max(price, multiplied(price, multiplier)) <= HIGHEST
    assert max(price + 1, multiplied(price + 1, multiplier)) >= HIGHEST


def sections(*multipliers: int) -> list[pb.CreateScreenRequest.Section]:
    made = [section(f"Part {n}", ("A", 2, REGULAR), ("B", 1, VIP)) for n in range(len(multipliers))]
    for one, multiplier in zip(made, multipliers, strict=True):
        one.price_multiplier = multiplier
    return made


def prices(regular: int, vip: int) -> list[pb.TierPrice]:
    return [pb.TierPrice(tier=REGULAR, price=regular), pb.TierPrice(tier=VIP, price=vip)]


def costs(seats: Any) -> list[int]:
    return [seat.price for seat in seats]


async def test_layout_map_hold_reserve_and_quote_say_what_the_section_makes_of_the_list(halls: Halls) -> None:
    screen = await halls.screen(sections=sections(0, 1_500, 333))
    assert [row.price_multiplier for row in (await halls.layout(screen)).rows] == [1_000, 1_000, 1_500, 1_500, 333, 333]
    show = await halls.show(screen_id=screen.id, prices=prices(101, 1_000))
    expected = [101, 101, 1_000, 152, 152, 1_500, 34, 34, 333]
    asked = seats_pb.GetSeatMapRequest(show_id=show.id)
    seat_map = await halls.seats.GetSeatMap(asked)
    assert costs(seat_map.seats) == expected
    assert [seat.price_multiplier for seat in seat_map.seats if seat.HasField("price_multiplier")] == [1_500] * 3 + [
        333
    ] * 3
    rendered = await halls.seats.RenderSeatMap(seats_pb.RenderSeatMapRequest(show_id=show.id))
    spelled = json_format.MessageToDict(seat_map, always_print_fields_with_no_presence=True)
    assert json.loads(rendered.data)["seats"] == spelled["seats"]

    ids, user = [seat.id for seat in seat_map.seats], str(uuid4())
    quoted = await halls.seats.BatchPriceSeats(
        seats_pb.BatchPriceSeatsRequest(
            asked=[seats_pb.BatchPriceSeatsRequest.Asked(show_id=show.id, show_seat_ids=ids)]
        )
    )
    assert costs(quoted.results[0].prices.seats) == expected
    held = await halls.seats.HoldSeats(
        seats_pb.HoldSeatsRequest(show_id=show.id, user_id=user, show_seat_ids=ids[3:6], expected_total=1_804)
    )
    assert costs(held.seats) == expected[3:6]

    # Another list: who holds keeps the price, the others cost what the section makes of it.
    await halls.rpc.SetShowPrices(pb.SetShowPricesRequest(show_id=show.id, prices=prices(203, 2_001)))
    anew = [203, 203, 2_001, 152, 152, 1_500, 68, 68, 666]
    assert costs((await halls.seats.GetSeatMap(asked)).seats) == anew
    claim = seats_pb.BatchReserveSeatsRequest.Claim(
        show_id=show.id, user_id=user, booking_id=str(uuid4()), show_seat_ids=ids[4:8], ttl_seconds=60
    )
    reserved = await halls.seats.BatchReserveSeats(seats_pb.BatchReserveSeatsRequest(claims=[claim]))
    assert costs(reserved.results[0].reservation.seats) == anew[4:8]
    # What a seat costs once its hold is let go is told to those who watch.
    await halls.seats.ReleaseHolds(seats_pb.ReleaseHoldsRequest(show_id=show.id, user_id=user))
    watch = halls.seats.WatchSeats(seats_pb.WatchSeatsRequest(show_id=show.id, after_sequence=seat_map.sequence))
    told: dict[str, int] = {}
    async for answer in watch:
        told |= {seat.id: seat.price for change in answer.changes for seat in change.seats}
        if any(change.sequence == 4 for change in answer.changes):
            watch.cancel()
            break
    assert told[ids[3]] == 305


async def test_a_show_whose_dearest_booking_could_not_be_counted_is_refused(catalogue: Catalogue) -> None:
    screen = await catalogue.screen(sections=sections(0, 2_000))
    limit = HIGHEST // 2
    request = await catalogue.show_request(screen_id=screen.id, prices=prices(limit + 1, limit))
    found = await invalid_fields(catalogue.rpc.CreateShow(request))
    assert found == {"prices[0].price": f"must be {money(limit, 'INR')} at most"}
    assert (await catalogue.count("shows"), await catalogue.count("show_seats")) == (0, 0)
    show = await catalogue.show(screen_id=screen.id, prices=prices(limit, limit))
    change = pb.SetShowPricesRequest(show_id=show.id, prices=prices(1, limit + 1))
    assert list(await invalid_fields(catalogue.rpc.SetShowPrices(change))) == ["prices[1].price"]
    staged = pb.CreateEventRequest(
        title="Nine Rivers Live",
        category=pb.Event.CONCERT,
        duration_minutes=90,
        event_date=stamp(START.replace(hour=20)),
        screen_id=screen.id,
        base_price=limit + 1,
    )
    assert list(await invalid_fields(catalogue.rpc.CreateEvent(staged))) == ["basePrice"]
    staged.base_price = limit
    assert (await catalogue.rpc.CreateEvent(staged)).show_id


@pytest.mark.parametrize("multiplier", [-1, 100_001])
async def test_a_multiplier_has_bounds(catalogue: Catalogue, multiplier: int) -> None:
    venue = await catalogue.venue()
    request = pb.CreateScreenRequest(venue_id=venue.id, name="Hall", sections=sections(multiplier))
    assert list(await invalid_fields(catalogue.rpc.CreateScreen(request))) == ["sections[0].priceMultiplier"]
