"""Venues and their screens: created and read."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction, retried
from services.chassis.store.rows import Row, columns, read
from services.chassis.values.writing import key
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.inventory.catalogue import statements as sql
from services.inventory.catalogue.domain import MAX_SCREENS_PER_VENUE, NewScreen, NewVenue, Screen, SeatRow, Venue
from services.inventory.errors import ScreenAlreadyExists, ScreenLimitExceeded, ScreenNotFound, VenueNotFound
from services.inventory.finding.index import index_venues

M = TypeVar("M", bound=Message)
"""What the client is answered with."""


# --- Venues


@dataclass(frozen=True, slots=True)
class CreateVenue(Generic[M]):
    """The wish to create a venue without screens."""

    urgent: ClassVar[bool] = False
    key: ClassVar[None] = None

    venue: NewVenue
    once: Once[Venue, M]


@dataclass(frozen=True, slots=True)
class NewVenues:
    """Venues that are created."""

    now: datetime
    created: list[Venue] = field(default_factory=list)


class CreateVenues(KeyedOperation[CreateVenue[M], NewVenues, Venue, M], Generic[M]):
    """Creates venues."""

    def reads(self, batch: Sequence[CreateVenue[M]], *, wait: bool) -> dict[str, Statement]:
        """There is nothing to lock."""
        return {"clock": (READ_CLOCK, ())}

    async def load(
        self, tx: Transaction, batch: Sequence[CreateVenue[M]], rows: Rows
    ) -> tuple[NewVenues, Sequence[None]]:
        """No venue is there yet."""
        return NewVenues(rows["clock"][0].now), ()

    def decide(self, command: CreateVenue[M], state: NewVenues) -> Venue:
        """Create the venue."""
        venue = Venue(id=new_id(), **asdict(command.venue), created_at=state.now, screens=[])
        state.created.append(venue)
        return venue

    async def write(self, tx: Transaction, state: NewVenues) -> None:
        """Write the venues."""
        if state.created:
            await tx.send(sql.CREATE_VENUES, columns_of(state.created, "organization_id", "created_at"))
            await index_venues(tx, {venue.id: (venue.name, venue.city) for venue in state.created})


@retried
async def get_venue(db: Database, venue_id: UUID) -> Venue:
    """Return a venue with its screens, or raise VenueNotFound."""
    for row in await db.fetch(sql.FIND_VENUE, {"id": venue_id}):
        return read_venue(row)
    raise VenueNotFound()


@retried
async def list_venues(db: Database, *, city: str | None, after: UUID | None, limit: int) -> list[Venue]:
    """Return venues with their screens, newest first, that are older than `after`."""
    given = {"city": city, "city_key": key(city or ""), "after": after, "limit": limit}
    return [read_venue(row) for row in await db.fetch(sql.list_venues(given), given)]


def columns_of(venues: Sequence[Venue], *more: str) -> dict[str, list[Any]]:
    """Return what is written of venues, as columns."""
    return columns(
        venues,
        *("id", "name", "city", "address", "time_zone", "capacity", *more),
        city_key=lambda venue: key(venue.city),
        amenities=lambda venue: json.dumps(list(venue.amenities)),
    )


def read_venue(row: Row) -> Venue:
    """Return what a row of the statements about venues says."""
    screens = zip(row.ids, row.names, row.seat_counts, strict=True)
    return Venue(
        id=row.id,
        name=row.name,
        city=row.city,
        address=row.address,
        organization_id=row.organization_id,
        created_at=row.created_at,
        time_zone=row.time_zone,
        amenities=row.amenities,
        capacity=row.capacity,
        screens=[
            Screen(id=screen_id, venue_id=row.id, name=name, seat_count=seat_count)
            for screen_id, name, seat_count in screens
        ],
    )


# --- Screens


@dataclass(frozen=True, slots=True)
class CreateScreen(Generic[M]):
    """The wish to create a screen of a venue, with its seats."""

    urgent: ClassVar[bool] = False

    screen: NewScreen
    once: Once[Screen, M]

    @property
    def key(self) -> UUID:
        """A venue gets one screen at a time."""
        return self.screen.venue_id


@dataclass(frozen=True, slots=True)
class LockedVenues:
    """Venues that get no other screens meanwhile, and those that they get."""

    names: dict[UUID, dict[str, str]]
    """The names of each venue's screens, by their keys (chassis/values/writing.py)."""
    created: list[tuple[Screen, NewScreen]] = field(default_factory=list)


class CreateScreens(KeyedOperation[CreateScreen[M], LockedVenues, Screen, M], Generic[M]):
    """Creates screens; refuses with VenueNotFound, ScreenAlreadyExists, ScreenLimitExceeded."""

    def reads(self, batch: Sequence[CreateScreen[M]], *, wait: bool) -> dict[str, Statement]:
        """Lock the venues."""
        ids = {"venue_ids": sorted({command.key for command in batch})}
        return {"venues": (sql.LOCK_VENUES, ids), "screens": (sql.NAMES_OF_SCREENS, ids)}

    async def load(
        self, tx: Transaction, batch: Sequence[CreateScreen[M]], rows: Rows
    ) -> tuple[LockedVenues, Sequence[UUID]]:
        """Put the screens to their venues."""
        names: dict[UUID, dict[str, str]] = {venue.id: {} for venue in rows["venues"]}
        for screen in rows["screens"]:
            names[screen.venue_id][key(screen.name)] = screen.name
        return LockedVenues(names), ()

    def decide(self, command: CreateScreen[M], state: LockedVenues) -> Screen:
        """Create the screen, if its venue has room for it and none of its name."""
        new = command.screen
        names = state.names.get(new.venue_id)
        if names is None:
            raise VenueNotFound()
        if key(new.name) in names:
            raise ScreenAlreadyExists(name=names[key(new.name)])
        if len(names) >= MAX_SCREENS_PER_VENUE:
            raise ScreenLimitExceeded(limit=MAX_SCREENS_PER_VENUE)
        screen = Screen(id=new_id(), venue_id=new.venue_id, name=new.name, seat_count=new.seat_count)
        names[key(new.name)] = new.name
        state.created.append((screen, new))
        return screen

    async def write(self, tx: Transaction, state: LockedVenues) -> None:
        """Write the screens, and the seats of each."""
        if state.created:
            screens = [screen for screen, _ in state.created]
            values = columns(screens, "id", "venue_id", "name", "seat_count", name_key=lambda screen: key(screen.name))
            await tx.send(sql.CREATE_SCREENS, values)
        for screen, new in state.created:
            await tx.send(sql.CREATE_SCREEN_SEATS, _seats(screen, new))


def _seats(screen: Screen, new: NewScreen) -> dict[str, Any]:
    rows = [(section.name, row) for section in new.sections for row in section.rows]
    return {
        "screen_id": screen.id,
        "seat_ids": [new_id() for _ in range(screen.seat_count)],
        "positions": [0, *accumulate(row.seat_count for _, row in rows[:-1])],
        "sections": [section for section, _ in rows],
        "section_keys": [key(section) for section, _ in rows],
        "labels": [row.label for _, row in rows],
        "row_keys": [key(row.label) for _, row in rows],
        "seat_counts": [row.seat_count for _, row in rows],
        "tiers": [row.tier for _, row in rows],
    }


@retried
async def get_seat_layout(db: Database, screen_id: UUID, *, after: int, limit: int) -> tuple[Screen, list[SeatRow]]:
    """Return a screen and its rows from the front to the back, or raise ScreenNotFound.

    Of its seats come `limit` at most, those behind position `after`.
    """
    screens = read(Screen, await db.fetch(sql.FIND_SCREEN, {"id": screen_id}))
    if not screens:
        raise ScreenNotFound()
    # Neither the screen nor its seats ever change.
    rows = await db.fetch(sql.SEAT_LAYOUT, {"screen_id": screen_id, "after": after, "limit": limit})
    return screens[0], read(SeatRow, rows)
