"""The largest hall with the longest names is read by clients with gRPC's own limits: by pages, or not at all."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2 as seats_pb
from google.api import httpbody_pb2
from google.protobuf.message import Message

from services.chassis.wire.pages import MAX_ANSWER_BYTES
from services.inventory.seats.domain import SeatStatus
from services.inventory.viewing.changes import Change, ChangedSeat
from services.inventory.viewing.streams import EVENTS, MESSAGES
from tests.databases import Databases
from tests.inventory.catalogue_client import REGULAR, invalid_fields, section
from tests.inventory.halls_client import Halls, served_halls
from tests.patience import patient

SAY_ALL = """
    UPDATE screen_seats s SET
        label = 'ककककक' || lpad(s.number::text, 5, '0'), x = 1000000, y = 1000000,
        features = CASE WHEN s.number = 1 THEN '{WHEELCHAIR}'::text[] ELSE '{COMPANION,RESTRICTED_VIEW}' END,
        companion_of = CASE WHEN s.number > 1 THEN w.first END
    FROM (
        SELECT screen_id, id, first_value(id) OVER (PARTITION BY section, row ORDER BY number) AS first
        FROM screen_seats WHERE screen_id = %s AND section = %s
    ) AS w WHERE (s.screen_id, s.id) = (w.screen_id, w.id)
"""
"""No request of one message brings so much; see HallService for files."""

OVER_REST = (("x-envoy-original-path", "/"),)


def name(number: int, letters: int) -> str:
    """Return a name of so many letters, each of three bytes."""
    digits = "".join(chr(0x0966 + int(digit)) for digit in f"{number:02}")
    return "क" * (letters - len(digits)) + digits


async def hall(halls: Halls, sections: int) -> pb.Show:
    """Make a show in a hall of 10,000 seats a section, of which as much is said as can be; however busy the machine is.

    The first seat of each row is for a wheelchair, the others are its companions'.
    """
    venue = await halls.venue()
    layout = [section(name(s, 40), *((name(r, 10), 1_000, REGULAR) for r in range(10))) for s in range(sections)]
    request = pb.CreateScreenRequest(venue_id=venue.id, name="Hall", sections=layout)
    screen = await halls.rpc.CreateScreen(request, timeout=patient(60))
    for part in layout:
        await halls.db.execute(SAY_ALL, (screen.id, part.name))
    show: pb.Show = await halls.rpc.CreateShow(await halls.show_request(screen_id=screen.id), timeout=patient(60))
    return show


async def pages(method: Any, request: Any, field: str) -> list[Any]:
    """Read pages to the last; each of them is small enough, or the client would refuse it."""
    read = []
    while True:
        answer = await method(request, timeout=patient(60))
        assert answer.ByteSize() <= MAX_ANSWER_BYTES
        read.append(answer)
        assert getattr(answer, field)
        if not answer.next_page_token:
            return read
        request.page_token = answer.next_page_token


@dataclass(frozen=True)
class Large:
    """A show in a hall of 50,000 seats, and the services that have it."""

    halls: Halls
    show: pb.Show


@pytest.fixture(scope="module")
async def large(databases: Databases) -> AsyncIterator[Large]:
    """Made once: it takes longer than all that is asked of it."""
    async with databases.opened("inventory") as db, served_halls(db) as halls:
        yield Large(halls, await hall(halls, 5))


async def test_a_hall_of_50000_seats_with_the_longest_names_is_read_by_pages(large: Large) -> None:
    halls, show = large.halls, large.show
    layout = await pages(
        halls.rpc.GetSeatLayout, pb.GetSeatLayoutRequest(screen_id=show.screen_id, page_size=5_000), "rows"
    )
    there = [(row.section, row.row, seat.number) for page in layout for row in page.rows for seat in row.seats]
    assert len(there) == len(set(there)) == 50_000
    assert {page.seat_count for page in layout} == {50_000}

    user = str(uuid4())
    asked = seats_pb.GetSeatMapRequest(show_id=show.id, user_id=user, page_size=4_999)
    first = await halls.seats.GetSeatMap(asked, timeout=patient(60))
    await halls.seats.HoldSeats(
        seats_pb.HoldSeatsRequest(show_id=show.id, user_id=user, show_seat_ids=[first.seats[0].id, first.seats[1].id])
    )
    assert first.seats[1].companion_of == first.seats[0].id and len(first.seats[1].features) == 2
    maps = await pages(halls.seats.GetSeatMap, asked, "seats")
    seats = [seat for page in maps for seat in page.seats]
    assert [(seat.section, seat.row, seat.number) for seat in seats] == there
    assert len({seat.id for seat in seats}) == 50_000
    for page in maps:
        assert (page.summary.total, page.summary.available, page.summary.held_by_me) == (50_000, 49_998, 2)
        assert page.sequence == 1
    free = await pages(
        halls.seats.ListAvailableSeats, seats_pb.ListAvailableSeatsRequest(show_id=show.id, page_size=5_000), "seats"
    )
    assert [seat.id for page in free for seat in page.seats] == [
        seat.id for seat in seats if seat.id not in (first.seats[0].id, first.seats[1].id)
    ]
    # As JSON the same.
    rendered = seats_pb.RenderSeatMapRequest(show_id=show.id, page_size=5_000)
    answer = await halls.seats.RenderSeatMap(rendered)
    assert len(answer.data) <= MAX_ANSWER_BYTES
    body = json.loads(answer.data)
    assert [seat["id"] for seat in body["seats"]] == [seat.id for seat in seats[:5_000]]
    assert body["nextPageToken"] and body["summary"]["total"] == 50_000
    one = seats_pb.GetSeatMapRequest(show_id=show.id, section=name(0, 40), page_size=5_000)
    assert [len(page.seats) for page in await pages(halls.seats.GetSeatMap, one, "seats")] == [5_000, 5_000]
    # That it is cancelled is one small answer, one small change for who watches, and a map of the same pages.
    cancelled = await halls.rpc.CancelShows(pb.CancelShowsRequest(show_id=show.id, by_admin=True), timeout=patient(60))
    assert [one.show_id for one in cancelled.shows] == [show.id] and cancelled.ByteSize() < 1_000
    watch = halls.seats.WatchSeats(seats_pb.WatchSeatsRequest(show_id=show.id, after_sequence=1))
    change = await anext(aiter(watch))
    watch.cancel()
    assert change.changes[0].show_cancelled and change.ByteSize() <= MAX_ANSWER_BYTES
    asked.page_token = ""
    assert [page.show_cancelled for page in await pages(halls.seats.GetSeatMap, asked, "seats")] == [True] * len(maps)


async def test_who_asks_for_all_of_it_at_once_is_told_to_ask_for_pages(large: Large) -> None:
    halls, show = large.halls, large.show
    requests: list[tuple[Any, Message]] = [
        (halls.rpc.GetSeatLayout, pb.GetSeatLayoutRequest(screen_id=show.screen_id)),
        (halls.seats.GetSeatMap, seats_pb.GetSeatMapRequest(show_id=show.id)),
        (halls.seats.ListAvailableSeats, seats_pb.ListAvailableSeatsRequest(show_id=show.id)),
        (halls.seats.RenderSeatMap, seats_pb.RenderSeatMapRequest(show_id=show.id)),
        (halls.seats.RenderAvailableSeats, seats_pb.RenderAvailableSeatsRequest(show_id=show.id)),
    ]
    for method, request in requests:
        words = "must be 1 to 5000 here: all seats at once can be more than 4 MiB"
        assert await invalid_fields(method(request, timeout=patient(60))) == {"pageSize": words}
    # A section of it is small enough.
    part = await halls.seats.GetSeatMap(seats_pb.GetSeatMapRequest(show_id=show.id, section=name(0, 40)))
    assert len(part.seats) == 10_000


async def test_over_rest_all_of_it_comes_as_before(large: Large) -> None:
    request = seats_pb.RenderSeatMapRequest(show_id=large.show.id)
    call = large.halls.seats.RenderSeatMap(request, metadata=OVER_REST, timeout=patient(60))
    with pytest.raises(grpc.aio.AioRpcError, match="larger than max"):
        await call  # it is sent: this client does not read so much


async def test_a_page_of_another_list_or_size_is_no_trap(halls: Halls) -> None:
    show = await halls.show()
    whole = await halls.seats.GetSeatMap(seats_pb.GetSeatMapRequest(show_id=show.id))
    assert not whole.next_page_token
    first = await halls.seats.GetSeatMap(seats_pb.GetSeatMapRequest(show_id=show.id, page_size=3))
    assert first.seats == whole.seats[:3]
    assert first.summary == whole.summary
    asked = seats_pb.GetSeatMapRequest(show_id=show.id, page_token=first.next_page_token)
    rest = await halls.seats.GetSeatMap(asked)
    assert rest.seats == whole.seats[3:] and not rest.next_page_token
    asked.section = "Stalls"
    assert list(await invalid_fields(halls.seats.GetSeatMap(asked))) == ["pageToken"]
    layout = await halls.rpc.GetSeatLayout(pb.GetSeatLayoutRequest(screen_id=show.screen_id))
    parts = await pages(halls.rpc.GetSeatLayout, pb.GetSeatLayoutRequest(screen_id=show.screen_id, page_size=3), "rows")
    assert [seat for part in parts for row in part.rows for seat in row.seats] == [
        seat for row in layout.rows for seat in row.seats
    ]
    for size in (-1, 5_001):
        request = seats_pb.GetSeatMapRequest(show_id=show.id, page_size=size)
        assert list(await invalid_fields(halls.seats.GetSeatMap(request))) == ["pageSize"]


async def test_a_batch_names_no_more_seats_than_an_answer_has_room_for(halls: Halls) -> None:
    def batch(claims: int) -> seats_pb.BatchReserveSeatsRequest:
        one = seats_pb.BatchReserveSeatsRequest.Claim(
            booking_id=str(uuid4()), show_id=str(uuid4()), user_id=str(uuid4()), ttl_seconds=60
        )
        one.show_seat_ids.extend(str(uuid4()) for _ in range(100))
        return seats_pb.BatchReserveSeatsRequest(claims=[one] * claims)

    assert len((await halls.seats.BatchReserveSeats(batch(100))).results) == 100
    refused = await invalid_fields(halls.seats.BatchReserveSeats(batch(101)))
    assert refused == {"claims": "must name 10000 seats in all at most"}


def test_changes_that_are_too_many_for_one_message_come_in_several() -> None:
    """Each of 30,000 seats, as when a hall is held at once."""
    seats = [ChangedSeat(uuid4(), SeatStatus.HELD, datetime(2030, 1, 1, 12, 0, 0, 1, UTC)) for _ in range(30_000)]
    changes = [MESSAGES.change(Change(number, datetime(2030, 1, 1, tzinfo=UTC), seats)) for number in range(1, 6)]
    messages = MESSAGES.messages(changes)
    assert len(messages) == 3 and max(map(len, messages)) <= MAX_ANSWER_BYTES
    read = [seats_pb.WatchSeatsResponse.FromString(message) for message in messages]
    assert [change.sequence for message in read for change in message.changes] == [1, 2, 3, 4, 5]
    assert MESSAGES.messages([]) == [b""]

    events = [EVENTS.change(Change(number, datetime(2030, 1, 1, tzinfo=UTC), seats)) for number in (1, 2)]
    pieces = EVENTS.messages(events)
    assert max(map(len, pieces)) <= MAX_ANSWER_BYTES
    assert b"".join(httpbody_pb2.HttpBody.FromString(piece).data for piece in pieces) == b"".join(events)
    assert httpbody_pb2.HttpBody.FromString(EVENTS.messages([])[0]).data == b":\n\n"
