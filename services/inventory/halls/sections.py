"""Adding sections to screens."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from string import ascii_uppercase
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.errors import InvalidField
from services.chassis.ids import new_id
from services.chassis.store.database import Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.values.writing import key
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.inventory.errors import ScreenNotFound, VenueNotFound
from services.inventory.halls import statements as sql
from services.inventory.halls.domain import (
    MAX_SEATS_PER_SCREEN,
    MAX_SECTIONS_PER_SCREEN,
    NewArea,
    NewRow,
    NewScreen,
    NewSection,
    Screen,
)
from services.inventory.halls.screens import seats_of

M = TypeVar("M", bound=Message)
"""What the client is answered with."""

FIRST_SCREEN = "Main"
"""What the screen is called that is made for a venue's first section."""


def section_of(name: str, rows: int, seats_per_row: int, tier: str, price_multiplier: int) -> NewSection:
    """Return a section of rows that are alike, called A to Z, AA and so on."""
    made = [NewRow(_letters(number), seats_per_row, tier) for number in range(rows)]
    return NewSection(name, made, price_multiplier)


def _letters(number: int) -> str:
    letters = ascii_uppercase[number % 26]
    return letters if number < 26 else _letters(number // 26 - 1) + letters


@dataclass(frozen=True, slots=True)
class AddSection(Generic[M]):
    """The wish to add a section or an area to a screen of a venue."""

    urgent: ClassVar[bool] = False

    venue_id: UUID
    screen_id: UUID | None
    """None: the only one that the venue has, or a new one where it has none."""
    section: NewSection | NewArea
    once: Once[Screen, M]

    @property
    def key(self) -> UUID:
        """A venue gets one section at a time."""
        return self.venue_id


@dataclass(frozen=True, slots=True)
class Extended:
    """A section or an area to write, behind the seats that its screen had."""

    screen: Screen
    section: NewSection | NewArea
    is_new: bool

    @property
    def seats_before(self) -> int:
        """How many seats the screen had."""
        return self.screen.seat_count - self.section.seat_count

    @property
    def added(self) -> NewScreen:
        """What is added, as a screen of its own."""
        areas = [self.section] if isinstance(self.section, NewArea) else []
        sections = [self.section] if isinstance(self.section, NewSection) else []
        return NewScreen(self.screen.venue_id, self.screen.name, sections, areas)


@dataclass(frozen=True, slots=True)
class LockedScreens:
    """Venues with their screens, of which no shows are made meanwhile."""

    screens: dict[UUID, dict[UUID, Screen]]
    """By the ids of their venues."""
    sections: dict[UUID, set[str]]
    """The keys of the names of each screen's sections."""
    extended: list[Extended] = field(default_factory=list)


class AddSections(KeyedOperation[AddSection[M], LockedScreens, Screen, M], Generic[M]):
    """Adds sections; refuses with VenueNotFound, ScreenNotFound, InvalidField."""

    def reads(self, batch: Sequence[AddSection[M]], *, wait: bool) -> dict[str, Statement]:
        """Lock the venues, then their screens."""
        ids = {"venue_ids": sorted({command.key for command in batch})}
        return {
            "venues": (sql.LOCK_VENUES, ids),
            "screens": (sql.LOCK_SCREENS_OF_VENUES, ids),
            "sections": (sql.SECTIONS_OF_VENUES, ids),
        }

    async def load(
        self, tx: Transaction, batch: Sequence[AddSection[M]], rows: Rows
    ) -> tuple[LockedScreens, Sequence[UUID]]:
        """Put screens to their venues, and sections to their screens."""
        state = LockedScreens({venue.id: {} for venue in rows["venues"]}, {})
        for screen in read(Screen, rows["screens"]):
            state.screens[screen.venue_id][screen.id] = screen
            state.sections[screen.id] = set()
        for row in rows["sections"]:
            state.sections[row.screen_id].add(key(row.section))
        return state, ()

    def decide(self, command: AddSection[M], state: LockedScreens) -> Screen:
        """Add the section, if the screen has room for it and none of its name."""
        screens = state.screens.get(command.venue_id)
        if screens is None:
            raise VenueNotFound()
        if command.screen_id is not None and command.screen_id not in screens:
            raise ScreenNotFound()
        if command.screen_id is None and len(screens) > 1:
            raise InvalidField(("screenId", f"is missing: the venue has {len(screens)} screens"))
        is_new = not screens
        before = screens[command.screen_id or next(iter(screens))] if screens else self._first(command.venue_id)
        names = state.sections.setdefault(before.id, set())
        screen = replace(before, seat_count=before.seat_count + command.section.seat_count)
        if key(command.section.name) in names:
            raise InvalidField(("name", "is the name of another section or area of this screen"))
        if len(names) >= MAX_SECTIONS_PER_SCREEN:
            raise InvalidField(("screenId", f"has {len(names)} sections, which is the most that a screen has"))
        if screen.seat_count > MAX_SEATS_PER_SCREEN:
            left = MAX_SEATS_PER_SCREEN - before.seat_count
            if isinstance(command.section, NewArea):
                raise InvalidField(("capacity", f"is more than the screen has room for, which is {left}"))
            raise InvalidField(("rows", f"have more seats than the screen has room for, which is {left}"))
        names.add(key(command.section.name))
        screens[screen.id] = screen
        state.extended.append(Extended(screen, command.section, is_new))
        return screen

    def _first(self, venue_id: UUID) -> Screen:
        return Screen(id=new_id(), venue_id=venue_id, name=FIRST_SCREEN, seat_count=0)

    async def write(self, tx: Transaction, state: LockedScreens) -> None:
        """Write the screens and their seats; the shows that there are have those that they had."""
        for one in state.extended:
            screen = one.screen
            if one.is_new:
                values = columns([screen], "id", "venue_id", "name", "seat_count", name_key=lambda made: key(made.name))
                await tx.send(sql.CREATE_SCREENS, values)
            else:
                grown = {"id": screen.id, "seat_count": screen.seat_count, "seats_before": one.seats_before}
                await tx.send(sql.KEEP_SEATS_OF_SHOWS, grown)
                await tx.send(sql.EXTEND_SCREEN, grown)
            await tx.send(sql.CREATE_SCREEN_SEATS, seats_of(screen.id, one.added, first=one.seats_before))
