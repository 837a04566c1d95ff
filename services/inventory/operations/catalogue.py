"""Events, venues, screens: created and read."""

from dataclasses import asdict
from itertools import accumulate
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.database import Database, retried
from services.chassis.idempotency import Once
from services.chassis.ids import new_id
from services.chassis.writing import key
from services.inventory.domain.catalogue import (
    MAX_SCREENS_PER_VENUE,
    MOVIE,
    Event,
    EventNotFound,
    MovieNotFound,
    NewEvent,
    NewScreen,
    NewVenue,
    Screen,
    ScreenAlreadyExists,
    ScreenLimitExceeded,
    ScreenNotFound,
    SeatRow,
    Venue,
    VenueNotFound,
)
from services.inventory.queries import catalogue as queries

M = TypeVar("M", bound=Message)


@retried
async def create_event(db: Database, new: NewEvent, once: Once[Event, M]) -> M:
    """Create an event of any category."""
    async with db.transaction() as tx:
        if (answer := await once.answer(tx)) is not None:
            return answer
        [row] = await tx.fetch(queries.CREATE_EVENT, asdict(new) | {"id": new_id()})
        return await once.keep(tx, Event(*row))


@retried
async def get_event(db: Database, event_id: UUID) -> Event:
    """Return an event of any category, or raise EventNotFound."""
    for row in await db.fetch(queries.FIND_EVENT, (event_id,)):
        return Event(*row)
    raise EventNotFound()


@retried
async def get_movie(db: Database, movie_id: UUID) -> Event:
    """Return an event of category MOVIE, or raise MovieNotFound."""
    for row in await db.fetch(queries.FIND_EVENT, (movie_id,)):
        if row.category == MOVIE:
            return Event(*row)
    raise MovieNotFound()


@retried
async def list_events(db: Database, *, category: str | None, after: UUID | None, limit: int) -> list[Event]:
    """Return events, newest first, that are older than `after`."""
    given = {"category": category, "after": after, "limit": limit}
    return [Event(*row) for row in await db.fetch(queries.list_events(given), given)]


@retried
async def create_venue(db: Database, new: NewVenue, once: Once[Venue, M]) -> M:
    """Create a venue without screens."""
    async with db.transaction() as tx:
        if (answer := await once.answer(tx)) is not None:
            return answer
        [row] = await tx.fetch(queries.CREATE_VENUE, asdict(new) | {"id": new_id(), "city_key": key(new.city)})
        return await once.keep(tx, _venue(row))


@retried
async def get_venue(db: Database, venue_id: UUID) -> Venue:
    """Return a venue with its screens, or raise VenueNotFound."""
    for row in await db.fetch(queries.FIND_VENUE, (venue_id,)):
        return _venue(row)
    raise VenueNotFound()


@retried
async def list_venues(db: Database, *, city: str | None, after: UUID | None, limit: int) -> list[Venue]:
    """Return venues with their screens, newest first, that are older than `after`."""
    given = {"city": city, "city_key": key(city or ""), "after": after, "limit": limit}
    return [_venue(row) for row in await db.fetch(queries.list_venues(given), given)]


def _venue(row: Any) -> Venue:
    screens = zip(row.ids, row.names, row.seat_counts, strict=True)
    return Venue(
        id=row.id,
        name=row.name,
        city=row.city,
        address=row.address,
        created_at=row.created_at,
        screens=[Screen(id_, row.id, name, seat_count) for id_, name, seat_count in screens],
    )


@retried
async def create_screen(db: Database, new: NewScreen, once: Once[Screen, M]) -> M:
    """Create a screen of a venue with its seats."""
    screen = Screen(new_id(), new.venue_id, new.name, new.seat_count)
    async with db.transaction() as tx:
        if (answer := await once.answer(tx)) is not None:
            return answer
        given = asdict(screen) | {"name_key": key(new.name)}
        venues, screens = await tx.fetch_all((queries.LOCK_VENUE, given), (queries.NAMES_OF_SCREENS, given))
        if not venues:
            raise VenueNotFound()
        if namesakes := [there.name for there in screens if key(there.name) == given["name_key"]]:
            raise ScreenAlreadyExists(name=namesakes[0])
        if len(screens) >= MAX_SCREENS_PER_VENUE:
            raise ScreenLimitExceeded(limit=MAX_SCREENS_PER_VENUE)
        await tx.send(queries.CREATE_SCREEN, given)
        await tx.send(queries.CREATE_SCREEN_SEATS, _seats(screen, new))
        return await once.keep(tx, screen)


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
    found = await db.fetch(queries.FIND_SCREEN, (screen_id,))
    if not found:
        raise ScreenNotFound()
    # Neither the screen nor its seats ever change.
    rows = await db.fetch(queries.SEAT_LAYOUT, (screen_id, after, limit))
    return Screen(*found[0]), [SeatRow(*row) for row in rows]
