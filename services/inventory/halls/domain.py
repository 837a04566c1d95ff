"""What a hall consists of, and the rules that the contracts cannot state."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.values.writing import key
from services.inventory.seats.prices import WHOLE

MAX_SEATS_PER_SCREEN = 50_000
MAX_SCREENS_PER_VENUE = 100
MAX_SECTIONS_PER_SCREEN = 100


@dataclass(frozen=True, slots=True)
class Screen:
    """A room with seats."""

    id: UUID
    venue_id: UUID
    name: str
    seat_count: int


class Feature(StrEnum):
    """What is special about a seat."""

    WHEELCHAIR = "WHEELCHAIR"
    COMPANION = "COMPANION"
    RESTRICTED_VIEW = "RESTRICTED_VIEW"


@dataclass(frozen=True, slots=True)
class NewSeat:
    """What there is to say of a seat of a new row."""

    label: str = ""
    """What people read on it; empty: its number."""
    x: int | None = None
    y: int | None = None
    features: Sequence[str] = ()
    companion_of: int = 0
    """The number of the wheelchair seat whose companion sits here; 0: it is nobody's in particular."""
    tier: str = ""
    """Empty: its row's."""

    @property
    def all_features(self) -> list[str]:
        """Return its features in the order of the contract, COMPANION where it is one."""
        there = {*self.features, *([Feature.COMPANION] if self.companion_of else [])}
        return [feature for feature in Feature if feature in there]


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row of a new screen; its seats are numbered from 1."""

    label: str
    seat_count: int
    tier: str
    seats: Sequence[NewSeat] = ()
    """What there is to say of them, of each or of none."""


@dataclass(frozen=True, slots=True)
class NewSection:
    """A section of a new screen: rows from the front to the back."""

    name: str
    rows: Sequence[NewRow]
    price_multiplier: int = WHOLE
    """What its seats cost, in thousandths of their tiers' prices."""

    @property
    def seat_count(self) -> int:
        """How many seats it has."""
        return sum(row.seat_count for row in self.rows)


@dataclass(frozen=True, slots=True)
class NewArea:
    """An area of a new screen: places that have neither rows nor numbers."""

    name: str
    seat_count: int
    tier: str
    price_multiplier: int = WHOLE


@dataclass(frozen=True, slots=True)
class NewScreen:
    """A screen to create, with its sections from the front to the back, and its areas behind them."""

    venue_id: UUID
    name: str
    sections: Sequence[NewSection]
    areas: Sequence[NewArea] = ()

    @property
    def parts(self) -> list[NewSection | NewArea]:
        """Sections and areas."""
        return [*self.sections, *self.areas]

    @property
    def seat_count(self) -> int:
        """How many seats it has, places of areas among them."""
        return sum(part.seat_count for part in self.parts)


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A row of a screen's layout. Its seats are given as columns: a screen may have very many."""

    section: str
    row: str
    seat_ids: Sequence[str]
    numbers: Sequence[int]
    tiers: Sequence[str]
    labels: Sequence[str | None]
    xs: Sequence[int | None]
    ys: Sequence[int | None]
    features: Sequence[str | None]
    """Of each seat those that it has, commas between them."""
    companions_of: Sequence[str | None]
    price_multiplier: int


@dataclass(frozen=True, slots=True)
class LaidOutArea:
    """An area of a screen's layout."""

    id: UUID
    name: str
    tier: str
    capacity: int
    price_multiplier: int


def check_layout(screen: NewScreen) -> None:
    """Raise InvalidField unless people can tell sections, rows and seats apart and there are not too many seats."""
    parts = len(screen.sections)
    if not 0 < parts + len(screen.areas) <= MAX_SECTIONS_PER_SCREEN:
        raise InvalidField(("sections", f"must be 1 to {MAX_SECTIONS_PER_SCREEN} together with areas"))
    names = (key(part.name) for part in screen.parts)
    violations = [
        (f"sections[{n}].name" if n < parts else f"areas[{n - parts}].name", "is the name of two sections or areas")
        for n in repeated(names)
    ]
    for s, section in enumerate(screen.sections):
        labels = (key(row.label) for row in section.rows)
        violations += [(f"sections[{s}].rows[{r}].label", "is the label of two rows") for r in repeated(labels)]
        for r, row in enumerate(section.rows):
            violations += [(f"sections[{s}].rows[{r}].{field}", fault) for field, fault in _faults_of_seats(row)]
    if screen.seat_count > MAX_SEATS_PER_SCREEN:
        violations.append(("sections", f"has {screen.seat_count} seats; a screen has {MAX_SEATS_PER_SCREEN} at most"))
    if violations:
        raise InvalidField(*violations)


def _faults_of_seats(row: NewRow) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with what is said of a row's seats, with the field that says it."""
    if not row.seats:
        return
    if len(row.seats) != row.seat_count:
        yield "seats", f"must be as many as seatCount says, {row.seat_count}, or none at all"
        return
    for n in repeated(key(seat.label or str(number)) for number, seat in enumerate(row.seats, 1)):
        yield f"seats[{n}].label", "is the label of two seats"
    for n, seat in enumerate(row.seats):
        if (seat.x is None) != (seat.y is None):
            yield f"seats[{n}].{'x' if seat.x is None else 'y'}", "is missing: x and y go together"
        if not seat.companion_of:
            if Feature.COMPANION in seat.features:
                yield f"seats[{n}].companionOf", "is missing: a companion's seat is next to a wheelchair's"
        elif seat.companion_of > len(row.seats) or Feature.WHEELCHAIR not in row.seats[seat.companion_of - 1].features:
            yield f"seats[{n}].companionOf", "must be the number of a wheelchair seat of this row"
        elif Feature.WHEELCHAIR in seat.features:
            yield f"seats[{n}].companionOf", "must be absent: a wheelchair seat is nobody's companion's"


def repeated(values: Iterable[object]) -> Iterator[int]:
    """Yield the indexes of values that came before."""
    seen = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index
        seen.add(value)
