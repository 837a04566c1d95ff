"""The catalogue: what it consists of, and the rules that the contracts cannot state."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.values.currencies import money
from services.inventory.errors import ShowOverlaps
from services.inventory.halls.domain import Screen, repeated
from services.inventory.seats.domain import MAX_TOTAL, ShowStatus
from services.inventory.seats.domain import Price as Price
from services.inventory.seats.prices import dearest

MAX_SEATS_PER_PAGE = 5_000
"""Of seat maps and layouts: with the longest names these are less than 4 MiB, in JSON too."""
DEFAULT_CURRENCY = "INR"
MOVIE = "MOVIE"


# --- Events


class EventStatus(StrEnum):
    """What becomes of an event:

        DRAFT ──► PUBLISHED ◄──► COMPLETED
          │           │
          └───────────┴────► CANCELLED

    It is COMPLETED once its last show is over, until it gets another one. Then nothing is left to cancel.
    """

    DRAFT = "DRAFT"
    """Nobody but those who organize events knows of it."""
    PUBLISHED = "PUBLISHED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to create."""

    title: str
    description: str
    category: str
    duration_minutes: int
    language: str
    organization_id: UUID | None
    status: str
    seat_limit: int | None = None


@dataclass(frozen=True, slots=True)
class CatalogueEvent:
    """Something that people buy tickets for; a movie is an event of category MOVIE."""

    id: UUID
    title: str
    description: str
    category: str
    duration_minutes: int
    language: str
    organization_id: UUID | None
    """Whose it is; None: Boxoffice's own."""
    created_at: datetime
    status: str
    featured: bool = False
    """Whether admins recommend it."""
    seat_limit: int | None = None
    """How many seats of a show of it a user may have that says nothing of it; None: what the setting says."""

    @property
    def is_draft(self) -> bool:
        """Tell whether nobody but those who organize events knows of it."""
        return self.status == EventStatus.DRAFT

    @property
    def is_movie(self) -> bool:
        """Tell whether it is a movie."""
        return self.category == MOVIE


# --- Venues and their screens


@dataclass(frozen=True, slots=True)
class NewVenue:
    """A venue to create."""

    name: str
    city: str
    address: str
    organization_id: UUID | None
    time_zone: str
    amenities: Sequence[str]
    capacity: str


@dataclass(frozen=True, slots=True)
class Venue:
    """A place with screens, by name."""

    id: UUID
    name: str
    city: str
    address: str
    organization_id: UUID | None
    """Whose it is; None: Boxoffice's own."""
    created_at: datetime
    time_zone: str
    amenities: Sequence[str]
    capacity: str
    screens: Sequence[Screen]


# --- Shows


@dataclass(frozen=True, slots=True)
class NewShow:
    """A show to create."""

    event_id: UUID
    must_be_movie: bool
    screen_id: UUID
    starts_at: datetime
    sales_end_at: datetime
    currency: str
    prices: Sequence[Price]
    blocked_seat_ids: Sequence[UUID]
    organization_id: UUID | None
    sales_start_at: datetime | None = None
    """None: at once."""
    seat_limit: int | None = None
    """None: what the setting says."""
    highest_price: int = MAX_TOTAL
    """What a seat may cost so that a booking of as many as a user may have can be counted."""


@dataclass(frozen=True, slots=True)
class CatalogueShow:
    """An event on a screen at a time, with what one wants to read of both."""

    id: UUID
    event_id: UUID
    title: str
    category: str
    venue_id: UUID
    venue_name: str
    city: str
    screen_id: UUID
    screen_name: str
    starts_at: datetime
    ends_at: datetime
    sales_end_at: datetime
    currency: str
    organization_id: UUID | None
    """Whose it is; None: Boxoffice's own."""
    sales_start_at: datetime | None
    status: str
    """As its counter has it: see ShowStatus."""
    revision: int
    read_at: datetime
    prices: Sequence[Price]
    seat_limit: int | None
    time_zone: str
    """Its venue's."""
    is_sold_out: bool = False
    """Whether nobody could take a seat of it when it was read: each is somebody's, or not for sale."""

    @property
    def is_draft(self) -> bool:
        """Tell whether nobody but those who organize events knows of it."""
        return self.status == ShowStatus.DRAFT

    @property
    def status_then(self) -> str:
        """Return what could be done with it when it was read, as the contract says it."""
        if self.status != ShowStatus.SCHEDULED:
            return self.status
        if self.ends_at <= self.read_at:
            return "OVER"
        if self.sales_end_at <= self.read_at:
            return "SALES_ENDED"
        return "ANNOUNCED" if self.sales_start_at and self.read_at < self.sales_start_at else "ON_SALE"


@dataclass(frozen=True, slots=True)
class Place:
    """A screen that shows are on, and where it is."""

    screen_id: UUID
    screen_name: str
    seat_count: int
    venue_id: UUID
    venue_name: str
    city: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Slot:
    """When a screen is taken, by the show of this id."""

    id: UUID
    screen_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ShowFilter:
    """Which shows to list: all that meet every condition that is not None; without `begin` and `day`, those to come."""

    event_id: UUID | None
    movie_id: UUID | None
    screen_id: UUID | None
    begin: datetime | None
    end: datetime | None
    day: date | None
    """As their venues' clocks have it."""
    organization_id: UUID | None = None


def check_subject(event_id: str, movie_id: str, *, required: bool) -> None:
    """Raise InvalidField if both an event and a movie are named, or, where one is `required`, none is."""
    if event_id and movie_id:
        raise InvalidField(("movieId", "cannot be given together with eventId: send one of the two"))
    if required and not (event_id or movie_id):
        raise InvalidField(("eventId", "is missing: send eventId or movieId"))


def check_period(begin_ns: int | None, end_ns: int | None) -> None:
    """Raise InvalidField if the period, in nanoseconds, ends before it has begun."""
    if begin_ns is not None and end_ns is not None and end_ns <= begin_ns:
        raise InvalidField(("to", "must be after from"))


def highest_price(seats: int) -> int:
    """Return what a seat may cost so that so many make no total that cannot be counted."""
    return MAX_TOTAL // seats


def check_new_show(show: NewShow) -> None:
    """Raise InvalidField if the request contradicts itself, or so many seats would cost more than a total can be."""
    violations = [(f"prices[{i}].tier", "has two prices") for i in repeated(it.tier for it in show.prices)]
    violations += _too_dear(show, {})
    violations += [(f"blockedSeatIds[{i}]", "is named twice") for i in repeated(show.blocked_seat_ids)]
    if show.sales_end_at > show.starts_at:
        violations.append(("salesEndAt", "must not be after startTime"))
    if show.sales_start_at and show.sales_start_at >= show.sales_end_at:
        violations.append(("salesStartAt", "must be before the end of sales"))
    if violations:
        raise InvalidField(*violations)


def _too_dear(show: NewShow, multipliers: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return which prices are too high where the dearest seats of tiers multiply them so."""
    limits = [dearest(multipliers, price.tier, show.highest_price) for price in show.prices]
    return [
        (f"prices[{i}].price", f"must be {money(limit, show.currency)} at most")
        for i, (price, limit) in enumerate(zip(show.prices, limits, strict=True))
        if price.price > limit
    ]


def check_show_fits(show: NewShow, now: datetime, tiers: Mapping[str, int], seat_ids: Collection[UUID]) -> None:
    """Raise InvalidField unless the show starts and its sales end after `now`, and it suits its screen.

    `tiers` are those of the screen with what their dearest seats multiply prices by, `seat_ids` those blocked seats
    which the screen has.
    """
    violations = []
    if show.starts_at <= now:
        violations.append(("startTime", "must be in the future"))
    elif show.sales_end_at <= now:
        violations.append(("salesEndAt", "must be in the future"))
    priced = {price.tier for price in show.prices}
    violations += [("prices", f"lacks {tier}, which the screen has") for tier in sorted(tiers.keys() - priced)]
    violations += _too_dear(show, tiers)
    violations += [
        (f"blockedSeatIds[{i}]", "is not a seat of this screen")
        for i, seat_id in enumerate(show.blocked_seat_ids)
        if seat_id not in seat_ids
    ]
    if violations:
        raise InvalidField(*violations)


def slot_of(show: NewShow, event: CatalogueEvent, show_id: UUID) -> Slot:
    """Return when a show has its screen: it lasts as long as its event."""
    ends_at = show.starts_at + timedelta(minutes=event.duration_minutes)
    return Slot(show_id, show.screen_id, show.starts_at, ends_at)


def check_free(slot: Slot, taken: Iterable[Slot]) -> None:
    """Raise ShowOverlaps if a show has the screen at that time; shows may follow each other at once."""
    for other in taken:
        if other.starts_at < slot.ends_at and slot.starts_at < other.ends_at:
            raise ShowOverlaps(show_id=other.id)
