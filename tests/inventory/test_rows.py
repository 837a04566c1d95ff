"""Rows as they are: labels, places and features of seats, from the screen to the hold."""

import json
from typing import Any
from uuid import uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2 as seats_pb
from boxoffice.inventory.v1.seat_pb2 import Seat
from google.protobuf import json_format

from tests.inventory.catalogue_client import REGULAR, VIP, Catalogue, invalid_fields
from tests.inventory.halls_client import Halls

New = pb.CreateScreenRequest.NewSeat
W, C, R = Seat.WHEELCHAIR, Seat.COMPANION, Seat.RESTRICTED_VIEW


def row(label: str, *seats: pb.CreateScreenRequest.NewSeat, **more: Any) -> pb.CreateScreenRequest.Row:
    return pb.CreateScreenRequest.Row(**{"label": label, "seat_count": len(seats), "tier": REGULAR} | more, seats=seats)


ODD = row("A", *(New(label=label) for label in ("5", "3", "1", "12A")))
"""Odd numbers from the right, and one that people know by a letter."""
PLACED = row(
    "B",
    New(x=0, y=10, features=[W]),
    New(x=7, y=11, companion_of=1),
    New(label="2B", x=30, y=12, features=[R]),
    New(features=[R, C], companion_of=1),
)
PLAIN = pb.CreateScreenRequest.Row(label="C", seat_count=2, tier=VIP)
SECTIONS = [pb.CreateScreenRequest.Section(name="Stalls", rows=[ODD, PLACED, PLAIN])]

SAID = [
    ("A", 1, "5", None, [], None),
    ("A", 2, "3", None, [], None),
    ("A", 3, "1", None, [], None),
    ("A", 4, "12A", None, [], None),
    ("B", 1, "1", (0, 10), [W], None),
    ("B", 2, "2", (7, 11), [C], 4),
    ("B", 3, "2B", (30, 12), [R], None),
    ("B", 4, "4", None, [C, R], 4),
    ("C", 1, "1", None, [], None),
    ("C", 2, "2", None, [], None),
]
"""What is said of each seat: row, number, label, place, features, index of its wheelchair seat."""


def told(seats: Any) -> list[Any]:
    """Return what is said of seats, in the form of SAID."""
    index = {seat.id: n for n, seat in enumerate(seats)}
    return [
        (
            seat.row,
            seat.number,
            seat.label,
            (seat.x, seat.y) if seat.HasField("x") else None,
            list(seat.features),
            index[seat.companion_of] if seat.HasField("companion_of") else None,
        )
        for seat in seats
    ]


async def test_what_is_said_of_seats_is_in_layout_map_hold_and_list_of_holds(halls: Halls) -> None:
    screen = await halls.screen(sections=SECTIONS)
    layout = await halls.layout(screen)
    assert told([seat for row in layout.rows for seat in row.seats]) == SAID
    show = await halls.show(screen_id=screen.id)
    seats = (await halls.seats.GetSeatMap(seats_pb.GetSeatMapRequest(show_id=show.id))).seats
    assert told(seats) == SAID
    free = await halls.seats.ListAvailableSeats(seats_pb.ListAvailableSeatsRequest(show_id=show.id))
    assert free.seats == seats
    user = str(uuid4())
    ids = [seat.id for seat in seats[3:7]]
    held = await halls.seats.HoldSeats(
        seats_pb.HoldSeatsRequest(show_id=show.id, user_id=user, show_seat_ids=ids, idempotency_key="k")
    )
    without_places = [(*said[:3], None, *said[4:]) for said in SAID[3:7]]
    index = {seat.id: n for n, seat in enumerate(seats)}
    assert [
        (*one[:5], index.get(seat.companion_of)) for one, seat in zip(_plain(held.seats), held.seats, strict=True)
    ] == (without_places)
    [listed] = (await halls.seats.ListHolds(seats_pb.ListHoldsRequest(user_id=user))).holds
    assert [(seat.label, list(seat.features)) for seat in listed.seats] == [(said[2], said[4]) for said in SAID[3:7]]
    # In maps they stay after a change, too.
    after = (await halls.seats.GetSeatMap(seats_pb.GetSeatMapRequest(show_id=show.id, user_id=user))).seats
    assert told(after) == SAID


def _plain(seats: Any) -> list[Any]:
    return [(seat.row, seat.number, seat.label, None, list(seat.features)) for seat in seats]


async def test_as_json_a_map_says_of_seats_what_the_message_says(halls: Halls) -> None:
    show = await halls.show(screen_id=(await halls.screen(sections=SECTIONS)).id)
    message = await halls.seats.GetSeatMap(seats_pb.GetSeatMapRequest(show_id=show.id))
    rendered = await halls.seats.RenderSeatMap(seats_pb.RenderSeatMapRequest(show_id=show.id))
    spelled = json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
    assert json.loads(rendered.data)["seats"] == spelled["seats"]


async def test_a_layout_that_comes_by_pages_says_the_same(halls: Halls) -> None:
    screen = await halls.screen(sections=SECTIONS)
    seats, token = [], ""
    while True:
        request = pb.GetSeatLayoutRequest(screen_id=screen.id, page_size=3, page_token=token)
        page = await halls.rpc.GetSeatLayout(request)
        seats += [seat for row in page.rows for seat in row.seats]
        token = page.next_page_token
        if not token:
            break
    assert told(seats) == SAID


@pytest.mark.parametrize(
    ("rows", "fields"),
    [
        ([row("A", New(), New(), seat_count=3)], ["rows[0].seats"]),
        ([row("A", New(label="7"), New(label="7"))], ["rows[0].seats[1].label"]),
        ([row("A", New(label="a"), New(label="A"))], ["rows[0].seats[1].label"]),
        ([row("A", New(label="2"), New())], ["rows[0].seats[1].label"]),
        ([row("A", New(label="x" * 11))], ["rows[0].seats[0].label"]),
        ([row("A", New(label="\u202e1"))], ["rows[0].seats[0].label"]),
        ([row("A", New(x=1))], ["rows[0].seats[0].y"]),
        ([row("A", New(y=1))], ["rows[0].seats[0].x"]),
        ([row("A", New(x=-1, y=1))], ["rows[0].seats[0].x"]),
        ([row("A", New(x=1, y=1_000_001))], ["rows[0].seats[0].y"]),
        ([row("A", New(features=[W, W]))], ["rows[0].seats[0].features"]),
        ([row("A", New(features=[C]))], ["rows[0].seats[0].companionOf"]),
        ([row("A", New(companion_of=1))], ["rows[0].seats[0].companionOf"]),
        ([row("A", New(companion_of=2), New())], ["rows[0].seats[0].companionOf"]),
        ([row("A", New(companion_of=3), New(features=[W]))], ["rows[0].seats[0].companionOf"]),
        ([row("A", New(companion_of=2, features=[W]), New(features=[W]))], ["rows[0].seats[0].companionOf"]),
        ([row("A", New(companion_of=-1))], ["rows[0].seats[0].companionOf"]),
        ([PLAIN, row("A", *[New()] * 1_001, seat_count=1_000)], ["rows[1].seats"]),
    ],
)
async def test_what_cannot_be_so_is_refused_by_the_seat_and_nothing_is_created(
    catalogue: Catalogue, rows: Any, fields: list[str]
) -> None:
    venue = await catalogue.venue()
    sections = [pb.CreateScreenRequest.Section(name="Stalls", rows=rows)]
    request = pb.CreateScreenRequest(venue_id=venue.id, name="Screen 1", sections=sections)
    refused = await invalid_fields(catalogue.rpc.CreateScreen(request))
    assert list(refused) == [f"sections[0].{field}" for field in fields]
    assert await catalogue.count("screen_seats") == 0
