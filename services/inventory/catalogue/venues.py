"""Venues and their screens: created and read."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction, retried
from services.chassis.store.rows import Row, columns
from services.chassis.values.writing import key
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.inventory.catalogue import statements as sql
from services.inventory.catalogue.domain import NewVenue, Venue
from services.inventory.errors import VenueNotFound
from services.inventory.finding.index import index_venues
from services.inventory.halls.domain import Screen

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
