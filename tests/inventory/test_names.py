"""Names that people cannot tell apart are one name: of rows, sections, screens, and in filters."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2 as inventory_pb

from services.chassis.store.migrate import migrate
from services.chassis.wire.rules import check
from services.inventory.viewing import render as seat_maps
from services.inventory.viewing.availability import Availability
from tests.databases import Databases
from tests.inventory.catalogue_client import REGULAR, Catalogue, invalid_fields, refusal, section
from tests.inventory.sale import OnSale


def pb_of(answer: Any) -> inventory_pb.SeatMap:
    """Read an answer that is encoded already."""
    return inventory_pb.SeatMap.FromString(answer)


ALIKE = [("A", "A "), ("A", "a"), ("A", "\u00a0A"), ("Zoë", "Zoe\u0308"), ("A", "Ａ"), ("क्ष", "क्\u200dष"), ("❤", "❤️")]
MIGRATIONS = Path("services/inventory/migrations")


@pytest.mark.parametrize(("one", "other"), ALIKE)
async def test_a_layout_has_each_row_and_each_section_once(catalogue: Catalogue, one: str, other: str) -> None:
    venue = await catalogue.venue()
    rows = [section("Stalls", (one, 1, REGULAR), ("B", 1, REGULAR), (other, 1, REGULAR))]
    request = pb.CreateScreenRequest(venue_id=venue.id, name="1", sections=rows)
    assert list(await invalid_fields(catalogue.rpc.CreateScreen(request))) == ["sections[0].rows[2].label"]
    twice = [section(one, ("A", 1, REGULAR)), section("B", ("A", 1, REGULAR)), section(other, ("A", 1, REGULAR))]
    request = pb.CreateScreenRequest(venue_id=venue.id, name="1", sections=twice)
    assert list(await invalid_fields(catalogue.rpc.CreateScreen(request))) == ["sections[2].name"]
    assert await catalogue.count("screen_seats") == 0


@pytest.mark.parametrize(("one", "other"), ALIKE)
async def test_a_venue_has_each_screen_once(catalogue: Catalogue, one: str, other: str) -> None:
    venue = await catalogue.venue()
    await catalogue.screen(venue, name=one)
    refused = await refusal(catalogue.screen(venue, name=other))
    assert (refused.reason, refused.metadata) == ("SCREEN_ALREADY_EXISTS", {"name": one})


async def test_names_are_kept_in_their_form(catalogue: Catalogue) -> None:
    venue = await catalogue.venue(name="  Zoe\u0308's\u00a0 House ", city=" Pune ")
    assert (venue.name, venue.city) == ("Zoë's House", "Pune")
    screen = await catalogue.screen(venue, [section(" Upper  Circle ", (" A ", 1, REGULAR))], name=" One ")
    assert screen.name == "One"
    layout = await catalogue.rpc.GetSeatLayout(pb.GetSeatLayoutRequest(screen_id=screen.id))
    assert [(row.section, row.row) for row in layout.rows] == [("Upper Circle", "A")]


@pytest.mark.parametrize("city", ["Pune", "pune", " PUNE ", "Ｐune"])
async def test_a_city_is_found_however_it_is_spelled(catalogue: Catalogue, city: str) -> None:
    venue = await catalogue.venue(city="Pune")
    await catalogue.venue(city="Mumbai")
    found = await catalogue.rpc.ListVenues(pb.ListVenuesRequest(city=city))
    assert [each.id for each in found.venues] == [venue.id]


async def test_a_venue_that_code_from_before_made_is_found_as_it_was(catalogue: Catalogue) -> None:
    venue = await catalogue.venue(city="Pune")
    await catalogue.db.execute("UPDATE venues SET city_key = NULL")
    found = await catalogue.rpc.ListVenues(pb.ListVenuesRequest(city="Pune"))
    assert [each.id for each in found.venues] == [venue.id]


@pytest.mark.parametrize("text", ["stalls", " STALLS ", "Ｓtalls"])
async def test_a_section_is_found_however_it_is_spelled(on_sale: OnSale, text: str) -> None:
    kept = await Availability(on_sale.db).get(on_sale.show_id)
    request = inventory_pb.GetSeatMapRequest(show_id=str(on_sale.show_id), section=text)
    check(request)
    whole = len(on_sale.seats)
    assert pb_of(seat_maps.seat_map(kept, request)).summary.total == whole
    free = inventory_pb.RenderAvailableSeatsRequest(show_id=request.show_id, section=request.section)
    assert len(json.loads(seat_maps.available_seats_as_json(kept, free).data)["seats"]) == whole


async def test_the_database_keeps_names_unique_too(catalogue: Catalogue) -> None:
    screen = await catalogue.screen(sections=[section("Stalls", ("A", 1, REGULAR))], name="One")
    copies = {
        "screens_venue_id_name_key_idx": "INSERT INTO screens (id, venue_id, name, name_key, seat_count)"
        " SELECT gen_random_uuid(), venue_id, 'ONE', 'one', 1 FROM screens WHERE id = %s",
        "screen_seats_keys_idx": "INSERT INTO screen_seats"
        " (screen_id, id, position, section, section_key, row, row_key, number, tier)"
        " SELECT screen_id, gen_random_uuid(), 1, 'stalls', 'stalls', 'a', 'a', 1, tier FROM screen_seats"
        " WHERE screen_id = %s",
    }
    for index, statement in copies.items():
        with pytest.raises(psycopg.errors.UniqueViolation, match=index):
            await catalogue.db.execute(statement, (screen.id,))


def test_what_is_there_gets_its_keys_and_what_collides_stays(databases: Databases) -> None:
    """Before, a venue could have screens A and "A " and go on selling both."""
    url = databases.server.create_database(f"keys_{uuid4().hex[:8]}")
    migrate("inventory", MIGRATIONS, url, "0001")
    venue, first, second, third = (str(uuid4()) for _ in range(4))
    first, second = sorted([first, second])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO venues (id, name, city, address) VALUES (%s, 'V', ' Ｐune', '')", (venue,))
        for id_, name in ((first, "A"), (second, "A "), (third, "B")):
            connection.execute(
                "INSERT INTO screens (id, venue_id, name, seat_count) VALUES (%s, %s, %s, 1)", (id_, venue, name)
            )
        migrate("inventory", MIGRATIONS, url)
        assert connection.execute("SELECT city_key FROM venues").fetchall() == [("pune",)]
        kept = dict(connection.execute("SELECT id::text, name_key FROM screens").fetchall())
        assert kept == {first: "a", second: None, third: "b"}
