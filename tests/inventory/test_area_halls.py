"""Areas as parts of halls: made with a screen, added to it, and brought by a file."""

from typing import Any
from uuid import UUID

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2 as seats_pb
from boxoffice.inventory.v1.seat_pb2 import AreaPlaces

from services.inventory.seats.area_statements import BLOCKED_PLACES
from tests.inventory.catalogue_client import REGULAR, VIP, invalid_fields, refusal, section
from tests.inventory.halls_client import Halls
from tests.inventory.test_areas import areas, made


async def test_an_area_is_added_to_a_screen_and_goes_out_and_in_as_a_file(halls: Halls) -> None:
    screen, _ = await made(halls)
    venue_id = screen.venue_id
    added = await halls.rpc.AddSection(pb.AddSectionRequest(venue_id=venue_id, name="Yard", capacity=20, tier=VIP))
    assert (screen.seat_count, added.seat_count) == (17, 37)
    assert [
        (area.name, area.capacity, area.tier, area.price_multiplier) for area in (await halls.layout(screen)).areas
    ] == [
        ("Floor", 10, VIP, 1_500),
        ("Lawn", 3, REGULAR, 1_000),
        ("Yard", 20, VIP, 1_000),
    ]
    exported = await halls.rpc.ExportHall(pb.ExportHallRequest(screen_id=screen.id))
    request = pb.ImportHallRequest(venue_id=venue_id, file=exported.data.decode(), name="Again")
    again = await halls.rpc.ImportHall(request)
    assert again.seat_count == 37
    twice = await halls.rpc.ExportHall(pb.ExportHallRequest(screen_id=again.id))
    assert twice.data.replace(b"Again", b"Open air") == exported.data
    plan = await halls.rpc.ExportHall(pb.ExportHallRequest(screen_id=screen.id, format=pb.ImportHallRequest.PRETIX))
    assert b"Floor" not in plan.data and b"Stand" in plan.data


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"rows": 1, "seats_per_row": 1, "capacity": 1}, ["rows", "seatsPerRow"]),
        ({}, ["rows", "seatsPerRow"]),
        ({"name": "STAND", "capacity": 1}, ["name"]),
        ({"name": "floor", "rows": 1, "seats_per_row": 1}, ["name"]),
        ({"capacity": 49_984}, ["capacity"]),
    ],
)
async def test_an_area_that_cannot_be_is_refused(halls: Halls, more: Any, fields: list[str]) -> None:
    screen, _ = await made(halls)
    given = {"venue_id": screen.venue_id, "name": "Yard"} | more
    assert list(await invalid_fields(halls.rpc.AddSection(pb.AddSectionRequest(**given)))) == fields
    assert await halls.count("screen_seats") == 17


async def test_a_screen_has_sections_or_areas_of_different_names(halls: Halls) -> None:
    venue = await halls.venue()
    nothing = pb.CreateScreenRequest(venue_id=venue.id, name="Nothing")
    assert list(await invalid_fields(halls.rpc.CreateScreen(nothing))) == ["sections"]
    same = pb.CreateScreenRequest(
        venue_id=venue.id, name="Same", sections=[section("floor", ("A", 1, REGULAR))], areas=areas()
    )
    assert list(await invalid_fields(halls.rpc.CreateScreen(same))) == ["areas[0].name"]
    only = await halls.rpc.CreateScreen(pb.CreateScreenRequest(venue_id=venue.id, name="Club", areas=areas()))
    show = await halls.show(screen_id=only.id)
    seat_map = await halls.seats.GetSeatMap(seats_pb.GetSeatMapRequest(show_id=show.id))
    assert (only.seat_count, len(seat_map.seats), len(seat_map.areas)) == (13, 0, 2)


async def test_a_show_moves_to_a_hall_whose_areas_are_as_large(halls: Halls) -> None:
    screen, layout = await made(halls)
    venue_id = screen.venue_id

    async def another(name: str, capacity: int) -> str:
        others = areas()
        others[0].capacity = capacity
        stand = [section("Stand", ("A", 4, REGULAR))]
        wish = pb.CreateScreenRequest(venue_id=venue_id, name=name, sections=stand, areas=others)
        return str((await halls.rpc.CreateScreen(wish)).id)

    show = await halls.show(screen_id=screen.id)
    smaller = pb.RescheduleShowRequest(show_id=show.id, screen_id=await another("Smaller", 9))
    refused = await invalid_fields(halls.rpc.RescheduleShow(smaller))
    assert refused == {"screenId": "must have the same seats as the show: it lacks places in Floor"}
    same = pb.RescheduleShowRequest(show_id=show.id, screen_id=await another("Same", 10))
    assert (await halls.rpc.RescheduleShow(same)).screen_name == "Same"
    # The show's area stays what it is called by.
    seat_map = await halls.seats.GetSeatMap(seats_pb.GetSeatMapRequest(show_id=show.id))
    assert [area.id for area in seat_map.areas] == [area.id for area in layout.areas]


async def test_blocked_places_are_looked_for_among_blocked_ones_alone(halls: Halls) -> None:
    screen, layout = await made(halls)
    show, floor = await halls.show(screen_id=screen.id), layout.areas[0].id
    places = [AreaPlaces(area_id=floor, quantity=3)]
    await halls.seats.BlockSeats(seats_pb.BlockSeatsRequest(show_id=show.id, areas=places, reason="press"))
    named = {"show_id": [UUID(show.id)], "area_id": [UUID(floor)], "code": [None], "reason": [None], "most": [9]}
    assert len(await halls.db.fetch(BLOCKED_PLACES, named)) == 3
    plan = [str(row[0]) for row in await halls.db.fetch(f"EXPLAIN {BLOCKED_PLACES}", named)]
    assert any("show_seats_blocked_place_idx" in line for line in plan), "\n".join(plan)


async def test_places_are_unblocked_once_under_one_key(halls: Halls) -> None:
    screen, layout = await made(halls)
    show, floor = await halls.show(screen_id=screen.id), layout.areas[0].id

    async def unblock(quantity: int, key: str) -> int:
        places = [AreaPlaces(area_id=floor, quantity=quantity)]
        request = seats_pb.UnblockSeatsRequest(show_id=show.id, areas=places, idempotency_key=key)
        return int((await halls.seats.UnblockSeats(request)).unblocked)

    places = [AreaPlaces(area_id=floor, quantity=6)]
    await halls.seats.BlockSeats(seats_pb.BlockSeatsRequest(show_id=show.id, areas=places, reason="press"))
    assert [await unblock(2, "a") for _ in range(3)] == [2, 2, 2]
    assert (await refusal(unblock(1, "a"))).reason == "IDEMPOTENCY_KEY_REUSED"
    assert [await unblock(2, key) for key in ("b", "c", "d")] == [2, 2, 0], "two at a time, of six"
