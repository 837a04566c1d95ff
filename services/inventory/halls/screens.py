"""Screens of venues: created with their seats, and read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.ids import new_id
from services.chassis.store.database import Database, Statement, Transaction, retried
from services.chassis.store.rows import columns, read
from services.chassis.values.writing import key
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.inventory.errors import ScreenAlreadyExists, ScreenLimitExceeded, ScreenNotFound, VenueNotFound
from services.inventory.halls import statements as sql
from services.inventory.halls.domain import (
    MAX_SCREENS_PER_VENUE,
    LaidOutArea,
    NewArea,
    NewRow,
    NewScreen,
    NewSeat,
    NewSection,
    Screen,
    SeatRow,
)

M = TypeVar("M", bound=Message)
"""What the client is answered with."""


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
            await tx.send(sql.CREATE_SCREEN_SEATS, seats_of(screen.id, new))


def seats_of(screen_id: UUID, new: NewScreen, *, first: int = 0) -> dict[str, Any]:
    """Return what CREATE_SCREEN_SEATS takes, of seats whose positions begin with `first`."""
    rows: list[tuple[NewSection | NewArea, NewRow, UUID | None]] = [
        (section, row, None) for section in new.sections for row in section.rows
    ]
    # An area is one row without a label: its places are numbered, and nobody is told their numbers.
    rows += [(area, NewRow("", area.seat_count, area.tier), new_id()) for area in new.areas]
    return {
        "screen_id": screen_id,
        "first": first,
        "seat_ids": [new_id() for _ in range(new.seat_count)],
        "positions": [0, *accumulate(row.seat_count for _, row, _ in rows[:-1])],
        "sections": [part.name for part, _, _ in rows],
        "section_keys": [key(part.name) for part, _, _ in rows],
        "labels": [row.label for _, row, _ in rows],
        "row_keys": [key(row.label) for _, row, _ in rows],
        "seat_counts": [row.seat_count for _, row, _ in rows],
        "tiers": [row.tier for _, row, _ in rows],
        "price_multipliers": [part.price_multiplier for part, _, _ in rows],
        "area_ids": [area_id for _, _, area_id in rows],
        "seats": [json.dumps(list(map(_said, row.seats))) for _, row, _ in rows],
    }


def _said(seat: NewSeat) -> dict[str, Any]:
    return {
        "label": seat.label or None,
        "x": seat.x,
        "y": seat.y,
        "features": ",".join(seat.all_features) or None,
        "companion_of": seat.companion_of or None,
        "tier": seat.tier or None,
    }


@retried
async def get_seat_layout(
    db: Database, screen_id: UUID, *, after: int, limit: int
) -> tuple[Screen, list[SeatRow], list[LaidOutArea]]:
    """Return a screen, its rows from the front to the back and its areas, or raise ScreenNotFound.

    Of its seats come those of the `limit` positions behind `after`.
    """
    screens = read(Screen, await db.fetch(sql.FIND_SCREEN, {"id": screen_id}))
    if not screens:
        raise ScreenNotFound()
    # What a screen has never changes; sections that it gets meanwhile are behind.
    rows, areas = await db.fetch_all(
        (sql.SEAT_LAYOUT, {"screen_id": screen_id, "after": after, "limit": limit}),
        (sql.AREAS_OF_SCREEN, {"screen_id": screen_id}),
    )
    return screens[0], read(SeatRow, rows), read(LaidOutArea, areas)
