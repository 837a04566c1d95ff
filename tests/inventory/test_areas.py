"""Areas: places without rows and numbers, of which a command takes the first free ones."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2 as seats_pb
from boxoffice.inventory.v1.seat_pb2 import AreaPlaces, ShowArea, ShowSeat

from services.inventory.seats.area_statements import BLOCKED_PLACES
from services.inventory.seats.commands import Hold
from services.inventory.seats.places import AreaPlaces as Wanted
from tests.databases import move_clock
from tests.inventory.catalogue_client import PRICES, REGULAR, VIP, invalid_fields, refusal, section, walk
from tests.inventory.halls_client import Halls
from tests.inventory.sale import make_desk
from tests.inventory.watchers import replica

ANN, BOB, EVE = (str(uuid4()) for _ in range(3))
Claim = seats_pb.BatchReserveSeatsRequest.Claim
PLACES = int(os.environ.get("AREA_PLACES", "40"))
"""Places of the area that four times as many users want at once."""


class Sale:
    """A show with a row of four seats and two areas: a floor of ten VIP places and a lawn of three."""

    def __init__(self, halls: Halls, show_id: str, floor: str, lawn: str) -> None:
        self.halls, self.show_id, self.floor, self.lawn = halls, show_id, floor, lawn

    def of(self, floor: int = 0, lawn: int = 0) -> list[AreaPlaces]:
        wanted = ((self.floor, floor), (self.lawn, lawn))
        return [AreaPlaces(area_id=area, quantity=quantity) for area, quantity in wanted if quantity]

    async def map(self, **asked: Any) -> seats_pb.SeatMap:
        seats: seats_pb.SeatMap = await self.halls.seats.GetSeatMap(
            seats_pb.GetSeatMapRequest(show_id=self.show_id, **asked)
        )
        return seats

    async def counts(self, user: str = "") -> tuple[int, ...]:
        """Return of the floor what is available, held, the user's, booked, the user's, blocked; these are all."""
        one = next(area for area in (await self.map(user_id=user)).areas if area.id == self.floor)
        counts = (one.available, one.held, one.held_by_me, one.booked, one.reserved_by_me, one.blocked)
        assert sum(counts) == one.total == 10
        return counts

    async def hold(self, user: str, floor: int = 0, lawn: int = 0, seats: Sequence[str] = (), **more: Any) -> Any:
        request = seats_pb.HoldSeatsRequest(
            show_id=self.show_id, user_id=user, show_seat_ids=seats, areas=self.of(floor, lawn), **more
        )
        return await self.halls.seats.HoldSeats(request)

    async def reserve(self, user: str, floor: int, booking: str = "", **more: Any) -> Any:
        """Reserve places; return the reservation, or the refusal's message."""
        claim = Claim(
            show_id=self.show_id,
            user_id=user,
            booking_id=booking or str(uuid4()),
            areas=self.of(floor),
            ttl_seconds=900,
            **more,
        )
        answer = await self.halls.seats.BatchReserveSeats(seats_pb.BatchReserveSeatsRequest(claims=[claim]))
        result = answer.results[0]
        return result.reservation if result.HasField("reservation") else result.refusal.message

    async def confirm(self, *bookings: str) -> Any:
        names = [seats_pb.ReservationName(booking_id=booking, show_id=self.show_id) for booking in bookings]
        request = seats_pb.BatchConfirmReservationsRequest(names=names)
        return (await self.halls.seats.BatchConfirmReservations(request)).results

    async def block(self, floor: int, reason: str = "members") -> int:
        request = seats_pb.BlockSeatsRequest(show_id=self.show_id, areas=self.of(floor), reason=reason)
        return int((await self.halls.seats.BlockSeats(request)).blocked)

    async def unblock(self, floor: int) -> int:
        request = seats_pb.UnblockSeatsRequest(show_id=self.show_id, areas=self.of(floor))
        return int((await self.halls.seats.UnblockSeats(request)).unblocked)

    async def code(self, most: int) -> str:
        request = seats_pb.CreateAccessCodeRequest(show_id=self.show_id, reason="members", max_seats=most)
        return str((await self.halls.seats.CreateAccessCode(request)).code)


def areas() -> list[pb.CreateScreenRequest.Area]:
    return [
        pb.CreateScreenRequest.Area(name="Floor", capacity=10, tier=VIP, price_multiplier=1_500),
        pb.CreateScreenRequest.Area(name="Lawn", capacity=3),
    ]


async def made(halls: Halls) -> tuple[pb.Screen, pb.SeatLayout]:
    request = pb.CreateScreenRequest(
        venue_id=(await halls.venue()).id,
        name="Open air",
        sections=[section("Stand", ("A", 4, REGULAR))],
        areas=areas(),
    )
    screen = await halls.rpc.CreateScreen(request)
    return screen, await halls.layout(screen)


@pytest.fixture
async def sale(halls: Halls) -> Sale:
    screen, layout = await made(halls)
    floor, lawn = layout.areas
    return Sale(halls, (await halls.show(screen_id=screen.id)).id, floor.id, lawn.id)


async def test_an_area_is_one_entry_wherever_seats_are_shown(sale: Sale) -> None:
    seat_map = await sale.map()
    assert [(seat.section, seat.row, seat.number) for seat in seat_map.seats] == [
        ("Stand", "A", n) for n in (1, 2, 3, 4)
    ]
    price = PRICES[VIP] * 3 // 2
    floor = ShowArea(id=sale.floor, name="Floor", tier=VIP, price=price, total=10, available=10, price_multiplier=1_500)
    lawn = ShowArea(id=sale.lawn, name="Lawn", tier=REGULAR, price=PRICES[REGULAR], total=3, available=3)
    assert list(seat_map.areas) == [floor, lawn]
    assert (seat_map.summary.total, seat_map.summary.available) == (17, 17)
    assert list((await sale.map(section="FLOOR")).areas) == [floor]
    assert not (await sale.map(section="floor")).seats and not (await sale.map(section="Stand")).areas
    free = seats_pb.ListAvailableSeatsRequest(show_id=sale.show_id)
    assert list((await sale.halls.seats.ListAvailableSeats(free)).areas) == [floor, lawn]
    pages = await walk(
        sale.halls.seats.GetSeatMap, seats_pb.GetSeatMapRequest(show_id=sale.show_id, page_size=3), "seats"
    )
    assert list(map(len, pages)) == [3, 1]
    [layout_rows] = await walk(
        sale.halls.rpc.GetSeatLayout, pb.GetSeatLayoutRequest(screen_id=await screen_of(sale), page_size=50), "rows"
    )
    assert [(row.section, row.row) for row in layout_rows] == [("Stand", "A")]
    shown = await sale.halls.seats.GetEventSeats(
        seats_pb.GetEventSeatsRequest(event_id=await event_of(sale), show_id=sale.show_id)
    )
    told = [(one.section, one.total, one.available, one.area_id) for one in shown.sections]
    assert told == [("Stand", 4, 4, ""), ("Floor", 10, 10, sale.floor), ("Lawn", 3, 3, sale.lawn)]


async def screen_of(sale: Sale) -> str:
    return str((await sale.halls.db.fetch("SELECT screen_id FROM shows"))[0].screen_id)


async def event_of(sale: Sale) -> str:
    return str((await sale.halls.db.fetch("SELECT event_id FROM shows"))[0].event_id)


async def test_a_hold_takes_the_first_free_places_and_those_that_are_held_count(sale: Sale) -> None:
    held = await sale.hold(ANN, floor=2, lawn=1)
    assert [(seat.section, seat.row, seat.number, seat.label) for seat in held.seats] == [
        ("Floor", "", 0, ""),
        ("Floor", "", 0, ""),
        ("Lawn", "", 0, ""),
    ]
    assert [seat.area_id for seat in held.seats] == [sale.floor, sale.floor, sale.lawn]
    assert held.total_amount == 2 * 75_000 + 20_000 and {seat.status for seat in held.seats} == {ShowSeat.HELD_BY_ME}
    assert await sale.counts() == (8, 2, 0, 0, 0, 0) and await sale.counts(ANN) == (8, 0, 2, 0, 0, 0)
    again = await sale.hold(ANN, floor=3, lawn=1)
    assert {seat.id for seat in held.seats} < {seat.id for seat in again.seats} and len(again.seats) == 4
    assert await sale.counts(ANN) == (7, 0, 3, 0, 0, 0)
    [listed] = (await sale.halls.seats.ListHolds(seats_pb.ListHoldsRequest(user_id=ANN))).holds
    assert [(seat.section, seat.row, seat.number, seat.area_id) for seat in listed.seats] == [
        *[("Floor", "", 0, sale.floor)] * 3,
        ("Lawn", "", 0, sale.lawn),
    ]
    # A booking has what its user holds.
    reservation = await sale.reserve(ANN, 2)
    assert {seat.id for seat in reservation.seats} < {seat.id for seat in again.seats}
    assert [(seat.row, seat.number, seat.label, seat.area_id) for seat in reservation.seats] == [
        ("", 0, "", sale.floor)
    ] * 2
    assert await sale.counts(ANN) == (7, 0, 1, 0, 2, 0) and await sale.counts() == (7, 1, 0, 2, 0, 0)


async def test_a_reservation_is_the_same_however_often_it_is_asked_for(sale: Sale) -> None:
    booking = str(uuid4())
    first = await sale.reserve(ANN, 3, booking)
    await sale.reserve(BOB, 1)
    assert await sale.reserve(ANN, 3, booking) == first
    assert "other seats" in await sale.reserve(ANN, 2, booking)
    assert [result.show_seat_ids for result in await sale.confirm(booking)] == [[seat.id for seat in first.seats]]
    assert await sale.reserve(ANN, 3, booking) == first


async def test_seats_and_places_are_had_together_or_not_at_all(sale: Sale) -> None:
    seats = [seat.id for seat in (await sale.map()).seats]
    await sale.hold(BOB, seats=seats[:1])
    refused = await refusal(sale.hold(ANN, floor=2, seats=seats[:2]))
    assert (refused.reason, refused.metadata["seat_ids"]) == ("SEATS_UNAVAILABLE", seats[0])
    await sale.hold(EVE, lawn=2)
    refused = await refusal(sale.hold(ANN, floor=2, lawn=2, seats=seats[1:2]))
    assert (refused.reason, refused.metadata["area_ids"]) == ("SEATS_UNAVAILABLE", sale.lawn)
    assert (await sale.map(user_id=ANN)).summary.held_by_me == 0
    held = await sale.hold(ANN, floor=2, lawn=1, seats=seats[1:2])
    assert [seat.section for seat in held.seats] == ["Stand", "Floor", "Floor", "Lawn"]
    # By their ids, places are seats: they are booked, and one of them is given back.
    await sale.hold(ANN, seats=[held.seats[1].id])
    assert (await refusal(sale.hold(EVE, seats=[held.seats[1].id]))).reason == "SEATS_UNAVAILABLE"
    released = seats_pb.ReleaseHoldsRequest(user_id=ANN, show_id=sale.show_id, show_seat_ids=[held.seats[1].id])
    assert (await sale.halls.seats.ReleaseHolds(released)).released == 1
    assert await sale.counts(ANN) == (9, 0, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("floor", "lawn", "field", "what"),
    [
        (0, 4, "areas[0].quantity", "must be 3 at most: the area has no more"),
        (1, 101, "areas", "must be 100 places in all at most, with the seats that are named"),
        (0, 0, "showSeatIds", "must name a seat, or areas how many places"),
    ],
)
async def test_what_is_asked_of_areas_has_to_be_there(sale: Sale, floor: int, lawn: int, field: str, what: str) -> None:
    assert await invalid_fields(sale.hold(ANN, floor, lawn)) == {field: what}
    priced = seats_pb.BatchPriceSeatsRequest.Asked(show_id=sale.show_id, areas=sale.of(floor, lawn))
    asking = sale.halls.seats.BatchPriceSeats(seats_pb.BatchPriceSeatsRequest(asked=[priced]))
    if field.endswith("quantity"):
        assert what in (await asking).results[0].refusal.message
    else:
        assert list(await invalid_fields(asking)) == [f"asked[0].{field}"]


async def test_areas_of_other_shows_and_areas_that_are_named_twice_are_refused(sale: Sale, halls: Halls) -> None:
    async def ask(*areas: AreaPlaces) -> dict[str, str]:
        request = seats_pb.HoldSeatsRequest(show_id=sale.show_id, user_id=ANN, areas=areas)
        return await invalid_fields(halls.seats.HoldSeats(request))

    other = await halls.rpc.AddSection(pb.AddSectionRequest(venue_id=(await halls.venue()).id, name="Yard", capacity=9))
    [yard] = (await halls.layout(other)).areas
    for unknown in (yard.id, str(uuid4())):
        one = AreaPlaces(area_id=unknown, quantity=1)
        found = await ask(sale.of(1)[0], one)
        assert found == {"areas[1].areaId": "is not an area of this show: take it from the show's seat map"}
    assert list(await ask(*sale.of(1, 1), *sale.of(2))) == ["areas[2].areaId"]
    assert list(await ask(AreaPlaces(area_id=sale.floor, quantity=0))) == ["areas[0].quantity"]
    refused = await refusal(sale.hold(ANN, floor=7))
    assert (refused.reason, refused.metadata["limit"]) == ("SEAT_LIMIT_EXCEEDED", "6")
    assert await sale.counts() == (10, 0, 0, 0, 0, 0)


async def test_places_whose_claims_have_lapsed_are_taken(sale: Sale) -> None:
    await sale.hold(ANN, floor=6)
    await sale.reserve(BOB, 4)
    assert "not so many places left" in (await refusal(sale.hold(EVE, floor=1))).message
    await move_clock(sale.halls.db, "20 minutes")
    held = await sale.hold(EVE, floor=6)
    assert len({seat.id for seat in held.seats}) == 6
    # Of BOB's claim every place is free again where one of them was taken.
    assert await sale.counts() == (4, 6, 0, 0, 0, 0)


async def test_money_that_comes_late_gets_other_places_of_the_area(sale: Sale) -> None:
    bookings = [str(uuid4()) for _ in range(3)]
    before = [await sale.reserve(user, 2, booking) for user, booking in zip((ANN, BOB, EVE), bookings, strict=True)]
    await move_clock(sale.halls.db, "20 minutes")
    others = [str(uuid4()) for _ in range(2)]
    held = [await sale.hold(user, floor=3) for user in others]
    taken = {seat.id for hold in held for seat in hold.seats}
    results = await sale.confirm(*bookings)
    # Ten places: six are held, four are left for the first two claims.
    assert [result.HasField("refusal") for result in results] == [False, False, True]
    placed = [list(result.show_seat_ids) for result in results[:2]]
    assert not taken & {id_ for ids in placed for id_ in ids} and len({id_ for ids in placed for id_ in ids}) == 4
    assert any(ids != [seat.id for seat in one.seats] for ids, one in zip(placed, before, strict=False))
    assert await sale.counts() == (0, 6, 0, 4, 0, 0)
    # Whoever asks again is told the same.
    assert [list(result.show_seat_ids) for result in await sale.confirm(*bookings[:2])] == placed
    unbook = seats_pb.BatchUnbookSeatsRequest.Seats(
        name=seats_pb.ReservationName(booking_id=bookings[0], show_id=sale.show_id), show_seat_ids=placed[0][:1]
    )
    answer = await sale.halls.seats.BatchUnbookSeats(seats_pb.BatchUnbookSeatsRequest(claims=[unbook]))
    assert not answer.results[0].HasField("refusal")
    assert await sale.counts() == (1, 6, 0, 3, 0, 0)


async def test_money_that_comes_late_gets_no_blocked_place_but_another(sale: Sale) -> None:
    booking = str(uuid4())
    blocked = [seat.id for seat in (await sale.reserve(ANN, 2, booking)).seats][:1]
    await move_clock(sale.halls.db, "20 minutes")
    request = seats_pb.BlockSeatsRequest(show_id=sale.show_id, show_seat_ids=blocked, reason="press")
    await sale.halls.seats.BlockSeats(request)
    [result] = await sale.confirm(booking)
    assert len(result.show_seat_ids) == 2 and not set(blocked) & set(result.show_seat_ids)
    # The blocked one is nobody's now: once it is for sale again, who takes it takes nothing of the booking.
    assert await sale.unblock(1) == 1
    held = [await sale.hold(user, floor=places) for user, places in ((BOB, 6), (EVE, 2))]
    assert set(blocked) <= {seat.id for hold in held for seat in hold.seats}
    assert await sale.counts() == (0, 8, 0, 2, 0, 0)


async def test_a_number_of_places_is_blocked_and_unblocked(sale: Sale) -> None:
    await sale.hold(ANN, floor=3)
    assert (await sale.block(4), await sale.block(4)) == (4, 0)
    assert await sale.counts() == (3, 3, 0, 0, 0, 4)
    refused = await refusal(sale.block(4, "press"))
    assert (refused.reason, refused.metadata["area_ids"]) == ("SEATS_UNAVAILABLE", sale.floor)
    assert await sale.block(3, "press") == 3
    refused = await refusal(sale.hold(BOB, floor=1))
    assert refused.reason == "SEATS_UNAVAILABLE", "blocked places are nobody's"
    assert (await sale.unblock(2), await sale.counts()) == (2, (2, 3, 0, 0, 0, 5))
    assert (await sale.unblock(10), await sale.counts()) == (5, (7, 3, 0, 0, 0, 0))
    assert await sale.unblock(10) == 0


async def test_an_access_code_opens_its_places_and_then_any(sale: Sale) -> None:
    await sale.block(4)
    code = await sale.code(3)
    held = await sale.hold(ANN, floor=2, access_code=code)
    assert all(seat.blocked for seat in held.seats), "the code's places come first"
    assert not any(seat.blocked for seat in (await sale.hold(BOB, floor=2)).seats)
    more = await sale.hold(EVE, floor=3, access_code=code)
    assert [seat.blocked for seat in more.seats] == [True, False, False], "the code had one left"
    assert await sale.counts() == (2, 7, 0, 0, 0, 1)
    refused = await refusal(sale.hold(str(uuid4()), floor=1, access_code="NOSUCHCODE"))
    assert refused.reason == "ACCESS_CODE_NOT_VALID"
    assert (await sale.reserve(ANN, 2)).total_amount == 2 * 75_000


async def test_what_many_codes_open_is_read_once(sale: Sale) -> None:
    await sale.block(3)
    await sale.block(2, "press")
    codes = [*[await sale.code(1) for _ in range(20)], "NOSUCHCODE"]
    read = {"show_id": UUID(sale.show_id), "area_id": UUID(sale.floor), "reason": None, "most": 10}
    named = {name: [value] * len(codes) for name, value in read.items()}
    rows = await sale.halls.db.fetch(BLOCKED_PLACES, named | {"code": codes})
    assert [row.blocked_for for row in rows] == ["members"] * 3
    takes = [sale.hold(str(uuid4()), floor=1, access_code=code) for code in codes[:5]]
    assert (
        sorted(seat.blocked for hold in await asyncio.gather(*takes) for seat in hold.seats) == [False] * 2 + [True] * 3
    )


async def test_guests_get_blocked_places_for_nothing(sale: Sale) -> None:
    await sale.block(3)
    reservation = await sale.reserve(ANN, 2, for_guest=True)
    assert (len(reservation.seats), reservation.total_amount) == (2, 0)
    assert await sale.counts() == (7, 0, 0, 2, 0, 1)
    assert "not so many blocked places left" in await sale.reserve(BOB, 2, for_guest=True)


async def test_places_are_priced_as_they_would_be_held(sale: Sale) -> None:
    await sale.hold(ANN, floor=1)
    prices = [pb.TierPrice(tier=tier, price=10_000) for tier in PRICES]
    await sale.halls.rpc.SetShowPrices(pb.SetShowPricesRequest(show_id=sale.show_id, prices=prices))
    for user, expected in ((ANN, [75_000, 15_000]), (BOB, [15_000, 15_000])):
        asked = seats_pb.BatchPriceSeatsRequest.Asked(show_id=sale.show_id, user_id=user, areas=sale.of(2))
        answer = await sale.halls.seats.BatchPriceSeats(seats_pb.BatchPriceSeatsRequest(asked=[asked]))
        assert [seat.price for seat in answer.results[0].prices.seats] == expected
        held = await sale.hold(user, floor=2, expected_total=sum(expected))
        assert held.total_amount == sum(expected)


async def test_who_watches_is_told_how_the_area_stands(sale: Sale) -> None:
    seats = [seat.id for seat in (await sale.map()).seats]
    request = seats_pb.WatchSeatsRequest(show_id=sale.show_id)
    async with replica(sale.halls.db) as watched:
        watch = watched.stub.WatchSeats(request)
        assert not (await watch.read()).changes
        await sale.hold(ANN, floor=2, lawn=1, seats=seats[:1])
        told: list[Any] = []
        while not told:
            told += (await watch.read()).changes
        watch.cancel()
    # Who begins further back reads what he lacks.
    late = sale.halls.seats.WatchSeats(request)
    told += (await late.read()).changes
    late.cancel()
    assert len(told) == 2
    for change in told:
        assert [seat.id for seat in change.seats] == seats[:1]
        by_id = {area.id: (area.available, area.held, area.booked, area.blocked) for area in change.areas}
        assert by_id == {sale.floor: (8, 2, 0, 0), sale.lawn: (2, 1, 0, 0)}


async def test_an_area_is_sold_out_exactly(halls: Halls) -> None:
    """AREA_PLACES=1000 has 4,000 users at it."""
    area = pb.CreateScreenRequest.Area(name="Floor", capacity=PLACES)
    venue = await halls.venue()
    screen = await halls.rpc.CreateScreen(pb.CreateScreenRequest(venue_id=venue.id, name="Big", areas=[area]))
    [floor] = (await halls.layout(screen)).areas
    show = await halls.show(screen_id=screen.id)
    desks = [make_desk(halls.db), make_desk(halls.db)]
    wanted = [Wanted(UUID(floor.id), 1)]
    holds = [Hold(show_id=UUID(show.id), user_id=uuid4(), areas=wanted) for _ in range(4 * PLACES)]
    halves = await asyncio.gather(*(desk.submit_all(holds[n::2]) for n, desk in enumerate(desks)))
    held = [seat.id for half in halves for answer in half if not isinstance(answer, Exception) for seat in answer.seats]
    assert len(held) == len(set(held)) == PLACES
    for desk in desks:
        await desk.close()


async def test_nothing_can_be_had_of_an_area_of_a_cancelled_show(sale: Sale) -> None:
    await sale.halls.rpc.CancelShows(pb.CancelShowsRequest(show_id=sale.show_id, by_admin=True))
    free = await sale.halls.seats.ListAvailableSeats(seats_pb.ListAvailableSeatsRequest(show_id=sale.show_id))
    assert (free.show_cancelled, len(free.seats), len(free.areas)) == (True, 0, 0)
    assert (await refusal(sale.hold(ANN, floor=1))).reason == "SHOW_CANCELLED"
