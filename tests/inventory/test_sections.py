"""Sections that are added later, and halls that come and go as files, through the whole service."""

import json
from typing import Any
from uuid import uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2 as seats_pb

from tests.inventory.catalogue_client import HOUR, NOON, REGULAR, Catalogue, invalid_fields, refusal, stamp
from tests.inventory.halls_client import Halls
from tests.inventory.test_hall_files import HALL, PLAN

Format = pb.ImportHallRequest


def wing(venue: pb.Venue, **more: Any) -> pb.AddSectionRequest:
    given = {"venue_id": venue.id, "name": "Wing", "rows": 28, "seats_per_row": 2, "price_multiplier": 1_500}
    return pb.AddSectionRequest(**given | more)


async def test_a_venue_without_screens_gets_one_with_the_section(halls: Halls) -> None:
    venue = await halls.venue()
    screen = await halls.rpc.AddSection(wing(venue))
    assert (screen.name, screen.seat_count, screen.venue_id) == ("Main", 56, venue.id)
    rows = (await halls.layout(screen)).rows
    assert [row.row for row in rows][:2] + [row.row for row in rows][25:] == ["A", "B", "Z", "AA", "AB"]
    assert {row.price_multiplier for row in rows} == {1_500} and {s.tier for r in rows for s in r.seats} == {REGULAR}
    # The next one goes to the same screen, behind it.
    again = await halls.rpc.AddSection(wing(venue, name="Balcony", rows=1, tier=3, price_multiplier=0))
    assert (again.id, again.seat_count) == (screen.id, 58)
    last = (await halls.layout(screen)).rows[-1]
    assert (last.section, last.row, last.price_multiplier) == ("Balcony", "A", 1_000)


async def test_shows_that_there_are_keep_their_seats_and_new_ones_have_the_section(halls: Halls) -> None:
    venue = await halls.venue()
    screen = await halls.screen(venue)
    before = await halls.show(screen_id=screen.id)
    asked = seats_pb.GetSeatMapRequest(show_id=before.id)
    seats = (await halls.seats.GetSeatMap(asked)).seats
    await halls.rpc.AddSection(wing(venue, screen_id=screen.id, rows=1))
    await halls.rpc.AddSection(wing(venue, screen_id=screen.id, rows=1, name="Other wing"))
    after = await halls.show(screen_id=screen.id, start_time=stamp(NOON + 12 * HOUR))
    assert (await halls.seats.GetSeatMap(asked)).seats == seats
    new = (await halls.seats.GetSeatMap(seats_pb.GetSeatMapRequest(show_id=after.id))).seats
    assert [seat.section for seat in new[len(seats) :]] == ["Wing"] * 2 + ["Other wing"] * 2
    kept = {row.id: row.seat_count for row in await halls.db.fetch("SELECT id::text, seat_count FROM shows")}
    assert kept == {before.id: 10, after.id: None}


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": "STALLS"}, "name"),
        ({"rows": 50, "seats_per_row": 1_000}, "rows"),
        ({"rows": 501}, "rows"),
        ({"seats_per_row": 0}, "seatsPerRow"),
        ({"price_multiplier": 100_001}, "priceMultiplier"),
    ],
)
async def test_a_section_that_cannot_be_is_refused_and_nothing_changes(
    catalogue: Catalogue, more: Any, field: str
) -> None:
    venue = await catalogue.venue()
    await catalogue.screen(venue)
    assert list(await invalid_fields(catalogue.rpc.AddSection(wing(venue, **more)))) == [field]
    assert await catalogue.count("screen_seats") == 10


async def test_which_screen_has_to_be_said_where_there_are_several(catalogue: Catalogue) -> None:
    venue, other = await catalogue.venue(), await catalogue.venue()
    for _ in range(2):
        await catalogue.screen(venue)
    elsewhere = await catalogue.screen(other)
    assert list(await invalid_fields(catalogue.rpc.AddSection(wing(venue)))) == ["screenId"]
    refused = await refusal(catalogue.rpc.AddSection(wing(venue, screen_id=elsewhere.id)))
    assert refused.reason == "SCREEN_NOT_FOUND"
    venue.id = str(uuid4())
    assert (await refusal(catalogue.rpc.AddSection(wing(venue)))).reason == "VENUE_NOT_FOUND"


async def test_of_many_equal_sections_at_once_one_is_added(catalogue: Catalogue) -> None:
    venue = await catalogue.venue()
    answers = await catalogue.race(catalogue.rpc.AddSection, [wing(venue)] * 8)
    assert sum(isinstance(answer, pb.Screen) for answer in answers) == 1
    assert (await catalogue.count("screens"), await catalogue.count("screen_seats")) == (1, 56)


async def test_a_hall_that_was_imported_is_exported_as_it_was(halls: Halls) -> None:
    venue = await halls.venue()
    request = pb.ImportHallRequest(venue_id=venue.id, file=json.dumps(HALL))
    screen = await halls.rpc.ImportHall(request)
    assert (screen.name, screen.seat_count) == ("Old Mill", 1_006)
    exported = await halls.rpc.ExportHall(pb.ExportHallRequest(screen_id=screen.id))
    assert exported.content_type == "application/json" and json.loads(exported.data) == HALL
    request.file, request.name = exported.data.decode(), "Again"
    again = await halls.rpc.ImportHall(request)
    assert (await halls.rpc.ExportHall(pb.ExportHallRequest(screen_id=again.id))).data.replace(
        b"Again", b"Old Mill"
    ) == (exported.data)


async def test_a_plan_of_pretix_becomes_a_screen_and_a_plan_again(halls: Halls) -> None:
    request = pb.ImportHallRequest(
        venue_id=(await halls.venue()).id, file=json.dumps(PLAN), format=Format.PRETIX, premium_categories=["Front"]
    )
    screen = await halls.rpc.ImportHall(request)
    layout = await halls.layout(screen)
    assert [(row.section, row.row, [seat.label for seat in row.seats]) for row in layout.rows] == [
        ("Left", "1", ["1", "3", "7"]),
        ("right", "1", ["1"]),
    ]
    exported = await halls.rpc.ExportHall(pb.ExportHallRequest(screen_id=screen.id, format=Format.PRETIX))
    plan = json.loads(exported.data)
    assert [seat["seat_number"] for seat in plan["zones"][0]["rows"][0]["seats"]] == ["1", "3", "7"]
    request.file, request.name = exported.data.decode(), "Again"
    del request.premium_categories[:]
    again = await halls.layout(await halls.rpc.ImportHall(request))
    places = [[(seat.x, seat.y, seat.tier) for row in each.rows for seat in row.seats] for each in (layout, again)]
    assert places[0] == places[1]


async def test_a_bad_file_says_where_and_makes_nothing(catalogue: Catalogue) -> None:
    venue = await catalogue.venue()
    bad = json.loads(json.dumps(HALL))
    bad["sections"][0]["rows"][1]["seats"][2]["label"] = "a very long label"
    request = pb.ImportHallRequest(venue_id=venue.id, file=json.dumps(bad))
    found = await invalid_fields(catalogue.rpc.ImportHall(request))
    assert found == {"file": "section 1, row 2, seat 3: label must have 10 letters at most"}
    request.file, request.vip_categories[:] = json.dumps(HALL), ["Front"]
    assert list(await invalid_fields(catalogue.rpc.ImportHall(request))) == ["format"]
    request.format, request.premium_categories[:] = Format.PRETIX, ["Front"]
    assert list(await invalid_fields(catalogue.rpc.ImportHall(request))) == ["vipCategories"]
    assert (await catalogue.count("screens"), await catalogue.count("screen_seats")) == (0, 0)
    refused = await refusal(catalogue.rpc.ExportHall(pb.ExportHallRequest(screen_id=str(uuid4()))))
    assert refused.reason == "SCREEN_NOT_FOUND"
