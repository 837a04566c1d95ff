"""What is asked of seats without taking any: what they cost, and what a user holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.chassis.errors import Failure, InvalidField
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import Row, read
from services.inventory.errors import SeatNotFound, ShowNotFound
from services.inventory.seats import area_statements as area_sql
from services.inventory.seats import statements as sql
from services.inventory.seats.commands import Held
from services.inventory.seats.domain import Seat, first_held
from services.inventory.seats.parameters import names
from services.inventory.seats.places import AreaPlaces


@dataclass(frozen=True, slots=True)
class AskedSeats:
    """Seats of a show of which it is asked what they cost, by the list or a user who may hold some."""

    show_id: UUID
    seat_ids: Sequence[UUID]
    user_id: UUID | None = None
    """For whom: seats that this user holds cost what they did then."""
    areas: Sequence[AreaPlaces] = ()
    """How many places of areas: those that the user holds first, then any."""


@dataclass(frozen=True, slots=True)
class PricedSeats:
    """Seats with what they cost, and the currency of that."""

    seats: Sequence[Seat]
    currency: str

    @property
    def held_at(self) -> datetime | None:
        """When the user held the first of them; None where none is held."""
        return first_held(self.seats)


@retried
async def price_seats(db: Database, asked: Sequence[AskedSeats]) -> list[PricedSeats | Failure]:
    """Return what seats would cost a user: what they did when he held them, or what the list says, whoever has them.

    ShowNotFound, SeatNotFound or InvalidField where there are none.
    """
    named = names("id", ((one.show_id, id_) for one in asked for id_ in one.seat_ids)) or {"show_id": [], "id": []}
    shows = {"show_ids": list({one.show_id for one in asked})}
    listed, prices, rows = await db.fetch_all(
        (sql.CURRENCIES, shows), (sql.LIST_PRICES, shows), (sql.SEATS_BY_ID, named)
    )
    shows_by_id = {row.show_id: row for row in listed}
    price_of = {(row.show_id, row.tier): row.price for row in prices}
    seats = {(row.show_id, seat.id): seat for row, seat in zip(rows, read(Seat, rows), strict=True)}
    places = await _places(db, [one for one in asked if one.areas])

    def priced(show: Row, user_id: UUID | None, seat: Seat) -> Seat:
        if user_id is not None and seat.is_held_by(user_id, show.now):
            return seat
        return replace(seat.listed(price_of[show.show_id, seat.tier]), held_at=None)

    answers: list[PricedSeats | Failure] = []
    for one in asked:
        found = {id_: seats[one.show_id, id_] for id_ in one.seat_ids if (one.show_id, id_) in seats}
        show = shows_by_id.get(one.show_id)
        if show is None:
            answers.append(ShowNotFound())
        elif unknown := [id_ for id_ in one.seat_ids if id_ not in found]:
            answers.append(SeatNotFound(unknown))
        else:
            try:
                wanted = [*found.values(), *_chosen(one, places, show.now)]
            except InvalidField as failure:
                answers.append(failure)
                continue
            answers.append(PricedSeats([priced(show, one.user_id, seat) for seat in wanted], show.currency))
    return answers


Places = Mapping[tuple[UUID, UUID], Sequence[Seat]]
"""Places of areas, by show and area."""


async def _places(db: Database, asked: Sequence[AskedSeats]) -> Places:
    """Read the places that users hold, and as many of each area as are asked for."""
    if not asked:
        return {}
    rows = await db.fetch(
        area_sql.PLACES_TO_PRICE,
        {
            "show_id": [one.show_id for one in asked for _ in one.areas],
            "area_id": [area.area_id for one in asked for area in one.areas],
            "user_id": [one.user_id for one in asked for _ in one.areas],
            "most": [area.quantity + len(one.seat_ids) for one in asked for area in one.areas],
        },
    )
    places: dict[tuple[UUID, UUID], dict[UUID, Seat]] = {}
    for row, seat in zip(rows, read(Seat, rows), strict=True):
        places.setdefault((row.show_id, row.of_area), {})[seat.id] = seat
    return {named: list(found.values()) for named, found in places.items()}


def _chosen(asked: AskedSeats, places: Places, now: datetime) -> list[Seat]:
    """Return the places that are priced, or raise InvalidField where there are not so many."""
    chosen: list[Seat] = []
    for index, wanted in enumerate(asked.areas):
        of_area = places.get((asked.show_id, wanted.area_id), ())
        if not of_area:
            what = "is not an area of this show: take it from the show's seat map"
            raise InvalidField((f"areas[{index}].areaId", what))
        left = [seat for seat in of_area if seat.id not in asked.seat_ids]
        user_id = asked.user_id
        left.sort(key=lambda seat: (user_id is None or not seat.is_held_by(user_id, now), seat.number))
        if len(left) < wanted.quantity:
            has = len(of_area)
            raise InvalidField((f"areas[{index}].quantity", f"must be {has} at most: the area has no more"))
        chosen += left[: wanted.quantity]
    return chosen


@retried
async def holds_of(db: Database, user_id: UUID, show_id: UUID | None, *, after: UUID | None, limit: int) -> list[Held]:
    """Return what a user holds now, of all shows or of one: of so many shows, by their ids, of greater ones alone."""
    asked = {"user_id": user_id, "show_id": show_id, "after": after, "limit": limit}
    rows = await db.fetch(sql.HOLDS, asked)
    seats: dict[UUID, list[Seat]] = {}
    for row, seat in zip(rows, read(Seat, rows), strict=True):
        seats.setdefault(row.show_id, []).append(seat)
    facts = {row.show_id: (row.currency, row.now) for row in rows}
    return [Held(show_id, user_id, held, *facts[show_id]) for show_id, held in seats.items()]
