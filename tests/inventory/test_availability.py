"""Who looks at seats sees what was acknowledged before, whatever is kept in memory."""

import asyncio
import json
import random
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1.seat_pb2 import ShowSeat
from google.protobuf import json_format
from google.protobuf.message import Message

from services.chassis.errors import Failure, InvalidField
from services.chassis.store.database import Database
from services.inventory.errors import ShowNotFound
from services.inventory.seats.commands import Cause
from services.inventory.seats.holds import ReleaseHolds
from services.inventory.viewing import availability
from services.inventory.viewing import render as seat_maps
from services.inventory.viewing import statements as sql
from services.inventory.viewing.availability import Availability
from tests.databases import move_clock
from tests.inventory.sale import OnSale, put_on_sale

ANN, BOB = uuid4(), uuid4()
Status = ShowSeat.Status


def make(db: Database) -> Availability:
    return Availability(db)


@pytest.fixture
def kept(on_sale: OnSale) -> Availability:
    return make(on_sale.db)


def as_json(message: Message) -> Any:
    """What protobuf's own JSON says, as the gateway renders all other answers."""
    return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)


async def look(kept: Availability, show_id: UUID, user: UUID | None = None, section: str = "") -> pb.SeatMap:
    """Look, as the service does, and read the answer, as a client does; over REST it says the same."""
    seats = await kept.get(show_id)
    asked = {"show_id": str(show_id), "user_id": str(user or ""), "section": section}
    data: Any = seat_maps.seat_map(seats, pb.GetSeatMapRequest(**asked))
    message = pb.SeatMap.FromString(data)
    assert json.loads(seat_maps.seat_map_as_json(seats, pb.RenderSeatMapRequest(**asked)).data) == as_json(message)
    return message


async def free(kept: Availability, show_id: UUID, section: str = "") -> pb.ListAvailableSeatsResponse:
    seats = await kept.get(show_id)
    asked = {"show_id": str(show_id), "section": section}
    data: Any = seat_maps.available_seats(seats, pb.ListAvailableSeatsRequest(**asked))
    message = pb.ListAvailableSeatsResponse.FromString(data)
    rendered = seat_maps.available_seats_as_json(seats, pb.RenderAvailableSeatsRequest(**asked))
    assert json.loads(rendered.data) == as_json(message)
    return message


def statuses(seat_map: pb.SeatMap) -> list[str]:
    return [Status.Name(seat.status) for seat in seat_map.seats]


def without_time(seat_map: pb.SeatMap) -> pb.SeatMap:
    seat_map.ClearField("as_of")
    return seat_map


async def test_a_map_that_is_kept_is_at_every_step_the_one_that_is_read_anew(on_sale: OnSale) -> None:
    kept, chance = make(on_sale.db), random.Random(7)
    users = [uuid4() for _ in range(3)]
    bookings: list[UUID] = []
    minutes = 0
    for _ in range(60):
        user, numbers = chance.choice(users), chance.sample(range(12), chance.choice((1, 2)))
        try:
            match chance.randrange(6):
                case 0 | 1:
                    await on_sale.hold(user, *numbers)
                case 2:
                    bookings.append(await on_sale.reserve(user, *numbers))
                case 3 if bookings:
                    await on_sale.confirm(chance.choice(bookings))
                case 4 if bookings:
                    await on_sale.release(bookings.pop(), Cause.ABANDONED)
                case _:
                    minutes += chance.choice((1, 4))
                    await move_clock(on_sale.db, f"{minutes} minutes")
        except Failure:
            pass
        for looker in (None, user):
            seen, anew = (
                await look(kept, on_sale.show_id, looker),
                await look(make(on_sale.db), on_sale.show_id, looker),
            )
            assert without_time(seen) == without_time(anew)
        available = [seat.id for seat in anew.seats if seat.status == ShowSeat.AVAILABLE]
        assert [seat.id for seat in (await free(kept, on_sale.show_id)).seats] == available


async def test_a_change_is_seen_by_whoever_asks_after_it_was_answered(on_sale: OnSale, kept: Availability) -> None:
    before = await look(kept, on_sale.show_id)
    held = await on_sale.hold(ANN, 1)
    seen = await look(kept, on_sale.show_id, BOB)
    assert (before.sequence, seen.sequence) == (0, 1)
    assert statuses(seen)[:3] == ["AVAILABLE", "HELD", "AVAILABLE"]
    assert seen.seats[1].expires_at.ToDatetime() == held.seats[0].expires_at.replace(tzinfo=None)
    assert not seen.seats[0].HasField("expires_at")


async def test_holds_are_mine_to_me_alone(on_sale: OnSale, kept: Availability) -> None:
    await on_sale.hold(ANN, 1, 2)
    mine, others = await look(kept, on_sale.show_id, ANN), await look(kept, on_sale.show_id, BOB)
    assert statuses(mine)[:4] == ["AVAILABLE", "HELD_BY_ME", "HELD_BY_ME", "AVAILABLE"]
    assert (mine.summary.held, mine.summary.held_by_me) == (0, 2)
    assert (others.summary.held, others.summary.held_by_me) == (2, 0)
    await on_sale.desk.submit(ReleaseHolds(show_id=on_sale.show_id, user_id=ANN))
    assert set(statuses(await look(kept, on_sale.show_id, ANN))) == {"AVAILABLE"}


async def test_a_hold_that_lapses_is_free_although_nothing_was_written(on_sale: OnSale, kept: Availability) -> None:
    await on_sale.hold(ANN, 0)
    assert statuses(await look(kept, on_sale.show_id))[0] == "HELD"
    await move_clock(on_sale.db, "5 minutes 1 second")
    seen = await look(kept, on_sale.show_id, ANN)
    assert (statuses(seen)[0], seen.sequence) == ("AVAILABLE", 1)
    assert len((await free(kept, on_sale.show_id)).seats) == 12


async def test_where_the_clock_went_back_claims_are_judged_anew(on_sale: OnSale, kept: Availability) -> None:
    await on_sale.hold(ANN, 0)
    await move_clock(on_sale.db, "6 minutes")
    assert statuses(await look(kept, on_sale.show_id))[0] == "AVAILABLE"
    await move_clock(on_sale.db, "1 minute")
    assert statuses(await look(kept, on_sale.show_id))[0] == "HELD"


async def test_where_changes_are_forgotten_the_show_is_read_anew(on_sale: OnSale, kept: Availability) -> None:
    await look(kept, on_sale.show_id)
    await on_sale.hold(ANN, 0)
    await on_sale.hold(ANN, 1)
    await on_sale.db.execute("DELETE FROM seat_changes WHERE sequence = 1")
    seen = await look(kept, on_sale.show_id)
    assert (statuses(seen)[:3], seen.sequence) == (["HELD", "HELD", "AVAILABLE"], 2)


async def test_those_who_look_at_once_share_a_statement(
    on_sale: OnSale, kept: Availability, monkeypatch: pytest.MonkeyPatch
) -> None:
    await look(kept, on_sale.show_id)
    sent: list[str] = []
    fetch = Database.fetch

    async def counted(db: Database, statement: str, parameters: Any = ()) -> list[Any]:
        sent.append(statement)
        return await fetch(db, statement, parameters)

    monkeypatch.setattr(Database, "fetch", counted)
    seen = await asyncio.gather(*(look(kept, on_sale.show_id) for _ in range(50)))
    assert len(seen) == 50
    assert sent == [sql.SEATS_SINCE]


async def test_a_section_is_listed_and_counted_alone(on_sale: OnSale, kept: Availability) -> None:
    await on_sale.db.execute(
        "UPDATE show_seats SET section = 'Balcony' WHERE show_id = %s AND position >= 8", (on_sale.show_id,)
    )
    await on_sale.hold(ANN, 0, 9)
    seen = await look(kept, on_sale.show_id, ANN, "Balcony")
    assert {seat.section for seat in seen.seats} == {"Balcony"}
    assert (seen.summary.total, seen.summary.available, seen.summary.held_by_me) == (4, 3, 1)
    assert len((await free(kept, on_sale.show_id, "Balcony")).seats) == 3
    # That it has no free seats makes no section unknown.
    await on_sale.db.execute(
        "UPDATE show_seats SET section = 'Pit', status = 'BLOCKED' WHERE show_id = %s AND position = 1",
        (on_sale.show_id,),
    )
    assert list((await free(make(on_sale.db), on_sale.show_id, "Pit")).seats) == []


@pytest.mark.parametrize("section", ["Nowhere", "Balconies", "B", "'; --"])
@pytest.mark.parametrize(
    ("render", "kind"),
    [
        (seat_maps.seat_map, pb.GetSeatMapRequest),
        (seat_maps.seat_map_as_json, pb.RenderSeatMapRequest),
        (seat_maps.available_seats, pb.ListAvailableSeatsRequest),
        (seat_maps.available_seats_as_json, pb.RenderAvailableSeatsRequest),
    ],
)
@pytest.mark.parametrize("page_size", [0, 5])
async def test_a_section_that_a_show_does_not_have_is_refused_by_name(
    render: Any, kind: Any, section: str, page_size: int, on_sale: OnSale, kept: Availability
) -> None:
    seats = await kept.get(on_sale.show_id)
    with pytest.raises(InvalidField) as refused:
        render(seats, kind(show_id=str(on_sale.show_id), section=section, page_size=page_size))
    assert list(refused.value.violations) == [
        ("section", "is not a section of this show: take its name from the seat map")
    ]


async def test_a_seat_that_is_not_for_sale_is_shown_so(on_sale: OnSale, kept: Availability) -> None:
    await on_sale.db.execute("UPDATE show_seats SET status = 'BLOCKED' WHERE id = %s", (on_sale.seats[3],))
    seen = await look(kept, on_sale.show_id)
    assert statuses(seen)[2:5] == ["AVAILABLE", "BLOCKED", "AVAILABLE"]
    assert (seen.summary.blocked, seen.summary.available) == (1, 11)


async def test_no_more_seats_are_kept_than_allowed(on_sale: OnSale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "KEPT_SEATS", 30)
    kept = make(on_sale.db)
    shows = [(await put_on_sale(on_sale.db))[0] for _ in range(4)]
    for show in shows + shows:
        assert (await look(kept, show)).summary.total == 12
    assert list(kept._kept) == shows[-2:]
    assert kept._kept_seats == 24


async def test_a_show_that_is_not_there_is_not_found(on_sale: OnSale, kept: Availability) -> None:
    with pytest.raises(ShowNotFound):
        await kept.get(uuid4())
    await look(kept, on_sale.show_id)
    await on_sale.db.execute("DELETE FROM show_counters WHERE show_id = %s", (on_sale.show_id,))
    with pytest.raises(ShowNotFound):
        await kept.get(on_sale.show_id)


async def test_lapses_of_claims_that_ended_otherwise_are_not_kept_for_long(on_sale: OnSale, kept: Availability) -> None:
    for _ in range(130):
        await on_sale.hold(ANN, 0)
        await look(kept, on_sale.show_id)
        await on_sale.desk.submit(ReleaseHolds(show_id=on_sale.show_id, user_id=ANN))
    await on_sale.hold(BOB, 0)
    seats = await kept.get(on_sale.show_id)
    assert len(seats._lapses) <= 4 * 12 + 64 + 1
    await move_clock(on_sale.db, "5 minutes 1 second")
    assert statuses(await look(kept, on_sale.show_id))[0] == "AVAILABLE"


async def test_reserved_seats_are_shown_to_their_user_alone_in_every_section_and_form(
    on_sale: OnSale, kept: Availability
) -> None:
    await on_sale.db.execute(
        "UPDATE show_seats SET section = 'Balcony' WHERE show_id = %s AND position >= 8", (on_sale.show_id,)
    )
    booking = await on_sale.reserve(ANN, 0, 9)
    await on_sale.hold(ANN, 10)
    mine, others = await look(kept, on_sale.show_id, ANN, "Balcony"), await look(kept, on_sale.show_id, BOB, "Balcony")
    assert statuses(mine) == ["AVAILABLE", "RESERVED_BY_ME", "HELD_BY_ME", "AVAILABLE"]
    assert (mine.summary.reserved_by_me, mine.summary.booked, mine.summary.total) == (1, 0, 4)
    assert (others.summary.reserved_by_me, others.summary.booked, others.summary.total) == (0, 1, 4)
    await on_sale.confirm(booking)
    assert statuses(await look(kept, on_sale.show_id, ANN))[0] == "BOOKED"
    await on_sale.reserve(ANN, 1)
    await move_clock(on_sale.db, "16 minutes")
    assert statuses(await look(kept, on_sale.show_id, ANN))[:2] == ["BOOKED", "AVAILABLE"]
