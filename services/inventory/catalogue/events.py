"""Events, movies among them: created and read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction, retried
from services.chassis.store.rows import columns, read
from services.chassis.wire.identity import organizes
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.inventory.catalogue import statements as sql
from services.inventory.catalogue.domain import CatalogueEvent, NewEvent
from services.inventory.catalogue.drafts import seen_drafts
from services.inventory.catalogue.periods import period_of
from services.inventory.catalogue.sold_out_statements import SHOWS_ON_SALE, SOLD_OUT
from services.inventory.catalogue.zones import Period
from services.inventory.errors import EventNotFound, MovieNotFound
from services.inventory.finding.index import index_events

M = TypeVar("M", bound=Message)
"""What the client is answered with: an event, or a movie."""


@dataclass(frozen=True, slots=True)
class CreateEvent(Generic[M]):
    """The wish to create an event of any category."""

    urgent: ClassVar[bool] = False
    key: ClassVar[None] = None

    event: NewEvent
    once: Once[CatalogueEvent, M]


@dataclass(frozen=True, slots=True)
class NewEvents:
    """Events that are created."""

    now: datetime
    created: list[CatalogueEvent] = field(default_factory=list)


class CreateEvents(KeyedOperation[CreateEvent[M], NewEvents, CatalogueEvent, M], Generic[M]):
    """Creates events."""

    def reads(self, batch: Sequence[CreateEvent[M]], *, wait: bool) -> dict[str, Statement]:
        """There is nothing to lock."""
        return {"clock": (READ_CLOCK, ())}

    async def load(
        self, tx: Transaction, batch: Sequence[CreateEvent[M]], rows: Rows
    ) -> tuple[NewEvents, Sequence[None]]:
        """No event is there yet."""
        return NewEvents(rows["clock"][0].now), ()

    def decide(self, command: CreateEvent[M], state: NewEvents) -> CatalogueEvent:
        """Create the event."""
        event = event_of(command.event, state.now)
        state.created.append(event)
        return event

    async def write(self, tx: Transaction, state: NewEvents) -> None:
        """Write the events."""
        await write_events(tx, state.created)


def event_of(new: NewEvent, now: datetime) -> CatalogueEvent:
    """Return a new event as it is read from then on."""
    return CatalogueEvent(id=new_id(), **asdict(new), created_at=now, featured=False)


async def write_events(tx: Transaction, events: Sequence[CatalogueEvent]) -> None:
    """Write new events."""
    if events:
        words = ("title", "description", "category", "duration_minutes", "language")
        rest = ("organization_id", "created_at", "status", "seat_limit")
        await tx.send(sql.CREATE_EVENTS, columns(events, "id", *words, *rest))
        await index_events(tx, {event.id: (event.title, event.description) for event in events})


@retried
async def get_event(db: Database, event_id: UUID) -> CatalogueEvent:
    """Return an event of any category; raise EventNotFound, also for a draft that the caller does not see."""
    for event in read(CatalogueEvent, await db.fetch(sql.EVENTS, {"ids": [event_id]})):
        if not event.is_draft or organizes(event.organization_id):
            return event
    raise EventNotFound()


@retried
async def get_movie(db: Database, movie_id: UUID) -> CatalogueEvent:
    """Return an event of category MOVIE, or raise MovieNotFound, as get_event does."""
    for event in read(CatalogueEvent, await db.fetch(sql.EVENTS, {"ids": [movie_id]})):
        if event.is_movie and (not event.is_draft or organizes(event.organization_id)):
            return event
    raise MovieNotFound()


@retried
async def get_events(db: Database, ids: Sequence[UUID]) -> list[CatalogueEvent]:
    """Return events by their ids, in the order of these."""
    found = {event.id: event for event in read(CatalogueEvent, await db.fetch(sql.EVENTS, {"ids": list(ids)}))}
    return [found[id_] for id_ in ids]


@retried
async def sold_out(db: Database, ids: Sequence[UUID]) -> set[UUID]:
    """Return which events have shows on sale or announced, of none of which anybody can take a seat.

    Looks at the first show of each, then, of those that have no seat so far, at the next two, the next four and so on.
    """
    gone: set[UUID] = set()
    left, skipped, most = set(ids), 0, 1
    while left:
        shows = await db.fetch(SHOWS_ON_SALE, {"event_ids": list(left), "skipped": skipped, "most": most})
        full = {row.show_id for row in await db.fetch(SOLD_OUT, {"show_ids": [show.id for show in shows]})}
        selling = {show.event_id for show in shows if show.id not in full}
        found = Counter(show.event_id for show in shows)
        gone = (gone | found.keys()) - selling
        left = {event_id for event_id, count in found.items() if count == most} - selling
        skipped, most = skipped + most, 2 * most
    return gone


@retried
async def list_events(
    db: Database,
    *,
    category: str | None,
    day: date | None = None,
    after: UUID | None,
    limit: int,
) -> list[CatalogueEvent]:
    """Return events that the caller sees, newest first, that are older than `after`; only those on `day`, if given."""
    given = {"category": category, "day": day, "after": after, "limit": limit, **seen_drafts()}
    given |= await period_of(db, Period(day, day))
    return read(CatalogueEvent, await db.fetch(sql.list_events(given), given))
