"""Venues, screens and seat layouts, through the whole service."""

from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1.seat_pb2 import Seat

from tests.inventory.catalogue_client import (
    HALL,
    PREMIUM,
    REGULAR,
    VIP,
    Catalogue,
    invalid_fields,
    refusal,
    section,
    walk,
)

ONE_SEAT = (section("Box", ("A", 1, VIP)),)
ARENA = (section("Floor", *((str(row), 1_000, REGULAR) for row in range(3))),)
"""Enough seats that creating them takes a while: time for others to come between."""


async def test_a_venue_is_read_as_it_was_created_and_with_its_screens_by_name(catalogue: Catalogue) -> None:
    request = pb.CreateVenueRequest(name="Lantern House", city="Pune", address="4 Tamarind Lane")
    created = await catalogue.rpc.CreateVenue(request)
    assert (created.name, created.city, created.address) == ("Lantern House", "Pune", "4 Tamarind Lane")
    assert not created.screens
    assert await catalogue.rpc.GetVenue(pb.GetVenueRequest(venue_id=created.id)) == created
    screens = [await catalogue.screen(created, name=name) for name in ("Screen B", "Screen C", "Screen A")]
    read = await catalogue.rpc.GetVenue(pb.GetVenueRequest(venue_id=created.id))
    assert list(read.screens) == [screens[2], screens[0], screens[1]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 201),
        ("name", "nul\0"),
        ("city", ""),
        ("city", "x" * 101),
        ("city", "line\nbreak"),
        ("address", "x" * 301),
        ("address", "tab\t"),
    ],
)
async def test_a_venue_that_breaks_a_rule_is_refused_by_its_field_and_not_created(
    catalogue: Catalogue, field: str, value: str
) -> None:
    request = pb.CreateVenueRequest(**{"name": "Lantern House", "city": "Pune", field: value})
    assert list(await invalid_fields(catalogue.rpc.CreateVenue(request))) == [field]
    assert await catalogue.count("venues") == 0


async def test_venues_are_listed_newest_first_with_their_screens_and_by_city(catalogue: Catalogue) -> None:
    venues = [await catalogue.venue(f"Venue {number}", city=("Pune", "Mumbai")[number % 2]) for number in range(10)]
    screens = [await catalogue.screen(venues[4], ONE_SEAT, name=name) for name in "ba"]
    pages = await walk(catalogue.rpc.ListVenues, pb.ListVenuesRequest(page_size=4), "venues")
    assert [[venue.id for venue in page] for page in pages] == [
        [venue.id for venue in venues[9:5:-1]],
        [venue.id for venue in venues[5:1:-1]],
        [venue.id for venue in venues[1::-1]],
    ]
    assert [list(venue.screens) for venue in pages[1]] == [[], screens[::-1], [], []]
    pages = await walk(catalogue.rpc.ListVenues, pb.ListVenuesRequest(city="Pune", page_size=2), "venues")
    assert [venue.id for page in pages for venue in page] == [venue.id for venue in venues[8::-2]]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert not (await catalogue.rpc.ListVenues(pb.ListVenuesRequest(city="Delhi"))).venues


@pytest.mark.parametrize("city", ["nul\0", "x" * 101, "line\n"])
async def test_a_city_that_no_venue_can_be_in_is_refused(catalogue: Catalogue, city: str) -> None:
    assert list(await invalid_fields(catalogue.rpc.ListVenues(pb.ListVenuesRequest(city=city)))) == ["city"]


async def test_a_layout_lists_rows_from_the_front_to_the_back_and_seats_by_number(catalogue: Catalogue) -> None:
    screen = await catalogue.screen()
    assert screen.seat_count == 10
    layout = await catalogue.layout(screen)
    assert (layout.screen_id, layout.seat_count) == (screen.id, 10)
    assert [(row.section, row.row, [(seat.number, seat.tier) for seat in row.seats]) for row in layout.rows] == [
        ("Stalls", "A", [(1, REGULAR), (2, REGULAR), (3, REGULAR), (4, REGULAR)]),
        ("Stalls", "B", [(1, REGULAR), (2, REGULAR), (3, REGULAR)]),
        ("Circle", "A", [(1, PREMIUM), (2, PREMIUM)]),
        ("Circle", "B", [(1, VIP)]),
    ]
    seats = [seat for row in layout.rows for seat in row.seats]
    assert [(seat.section, seat.row) for seat in seats] == [
        (it.section, it.row) for it in layout.rows for _ in it.seats
    ]
    assert len({seat.id for seat in seats}) == 10
    assert {UUID(seat.id).version for seat in seats} == {7}


@pytest.mark.parametrize(
    ("sections", "fields"),
    [
        ((), ["sections"]),
        ([section("Box", ("A", 1, VIP))] * 101, ["sections"]),
        ((section("Box"),), ["sections[0].rows"]),
        ((section("Box", *[("A", 1, VIP)] * 501),), ["sections[0].rows"]),
        ((section("", ("A", 1, VIP)),), ["sections[0].name"]),
        ((section("x" * 41, ("A", 1, VIP)),), ["sections[0].name"]),
        ((*ONE_SEAT, section("nul\0", ("A", 1, VIP))), ["sections[1].name"]),
        ((section("Box", ("", 1, VIP)),), ["sections[0].rows[0].label"]),
        ((section("Box", ("x" * 11, 1, VIP)),), ["sections[0].rows[0].label"]),
        ((section("Box", ("A", 1, VIP), ("\x01", 1, VIP)),), ["sections[0].rows[1].label"]),
        ((section("Box", ("A", 0, VIP)),), ["sections[0].rows[0].seatCount"]),
        ((section("Box", ("A", -1, VIP)),), ["sections[0].rows[0].seatCount"]),
        ((section("Box", ("A", 1_001, VIP)),), ["sections[0].rows[0].seatCount"]),
        ((section("Box", ("A", 1, Seat.TIER_UNSPECIFIED)),), ["sections[0].rows[0].tier"]),
        ((*ONE_SEAT, *ONE_SEAT), ["sections[1].name"]),
        ((section("Box", ("A", 1, VIP), ("A", 1, REGULAR)),), ["sections[0].rows[1].label"]),
        (
            (*ONE_SEAT, section("Box", ("B", 1, VIP), ("B", 1, VIP), ("B", 1, VIP))),
            ["sections[1].name", "sections[1].rows[1].label", "sections[1].rows[2].label"],
        ),
        (
            [section("Stalls", *((str(row), 1_000, REGULAR) for row in range(50))), *ONE_SEAT],
            ["sections"],
        ),
    ],
)
async def test_a_layout_that_breaks_a_rule_is_refused_by_its_fields_and_nothing_is_created(
    catalogue: Catalogue, sections: Any, fields: list[str]
) -> None:
    venue = await catalogue.venue()
    request = pb.CreateScreenRequest(venue_id=venue.id, name="Screen 1", sections=sections)
    assert list(await invalid_fields(catalogue.rpc.CreateScreen(request))) == fields
    assert (await catalogue.count("screens"), await catalogue.count("screen_seats")) == (0, 0)


@pytest.mark.parametrize("name", ["", "x" * 101, "nul\0"])
async def test_a_screen_needs_a_proper_name(catalogue: Catalogue, name: str) -> None:
    request = pb.CreateScreenRequest(venue_id=str(uuid4()), name=name, sections=HALL)
    assert list(await invalid_fields(catalogue.rpc.CreateScreen(request))) == ["name"]


async def test_a_screen_needs_a_venue(catalogue: Catalogue) -> None:
    request = pb.CreateScreenRequest(venue_id=str(uuid4()), name="Screen 1", sections=HALL, idempotency_key="k")
    for _ in range(2):
        refused = await refusal(catalogue.rpc.CreateScreen(request))
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "VENUE_NOT_FOUND")
    assert await catalogue.count("idempotency_keys") == 0


async def test_of_many_screens_of_one_name_created_at_once_one_is_created(catalogue: Catalogue) -> None:
    venue = await catalogue.venue()
    requests = [pb.CreateScreenRequest(venue_id=venue.id, name=name, sections=ARENA) for name in "ABC" * 8]
    answers = await catalogue.race(catalogue.rpc.CreateScreen, requests)
    assert sorted(answer.name for answer in answers if isinstance(answer, pb.Screen)) == list("ABC")
    codes = {answer.code() for answer in answers if isinstance(answer, grpc.aio.AioRpcError)}
    assert codes == {grpc.StatusCode.ALREADY_EXISTS}
    refused = await refusal(catalogue.rpc.CreateScreen(requests[0]))
    assert (refused.reason, refused.metadata) == ("SCREEN_ALREADY_EXISTS", {"name": "A"})
    assert await catalogue.count("screen_seats") == 9_000


async def test_another_venue_may_have_a_screen_of_the_same_name(catalogue: Catalogue) -> None:
    first, second = [await catalogue.screen(await catalogue.venue(), name="Screen 1") for _ in range(2)]
    assert first.id != second.id


async def test_a_venue_has_100_screens_at_most_also_when_many_are_created_at_once(catalogue: Catalogue) -> None:
    venue, other = await catalogue.venue(), await catalogue.venue()
    await catalogue.db.execute(
        "INSERT INTO screens (id, venue_id, name, seat_count)"
        " SELECT gen_random_uuid(), %s, 'Old ' || n, 1 FROM generate_series(1, 98) AS n",
        (venue.id,),
    )
    requests = [pb.CreateScreenRequest(venue_id=venue.id, name=f"New {n}", sections=ARENA) for n in range(16)]
    answers = await catalogue.race(catalogue.rpc.CreateScreen, requests)
    assert sum(isinstance(answer, pb.Screen) for answer in answers) == 2
    refused = await refusal(catalogue.screen(venue, ONE_SEAT, name="One more"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SCREEN_LIMIT_EXCEEDED")
    assert refused.metadata == {"limit": "100"}
    assert await catalogue.count("screens") == 100
    await catalogue.screen(other, ONE_SEAT)


async def test_twenty_equal_screens_at_once_with_one_key_are_one_screen(catalogue: Catalogue) -> None:
    venue = await catalogue.venue()
    request = pb.CreateScreenRequest(venue_id=venue.id, name="Screen 1", sections=HALL, idempotency_key="once")
    answers = await catalogue.race(catalogue.rpc.CreateScreen, [request] * 20)
    assert all(answer == answers[0] for answer in answers)
    assert (await catalogue.count("screens"), await catalogue.count("screen_seats")) == (1, 10)
    request.sections[0].rows[0].seat_count += 1
    assert (await refusal(catalogue.rpc.CreateScreen(request))).reason == "IDEMPOTENCY_KEY_REUSED"
    assert (await catalogue.rpc.GetVenue(pb.GetVenueRequest(venue_id=venue.id))).screens[0] == answers[0]
