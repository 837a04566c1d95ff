"""Areas as parts of halls: made with a screen, added to it, and brought by a file."""

from typing import Any

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2 as seats_pb

from tests.inventory.catalogue_client import REGULAR, VIP, invalid_fields, section
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
