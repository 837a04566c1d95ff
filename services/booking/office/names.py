"""Whom bookings are for, as a consumer of booking's own topic writes it down for those who search them.

Topics say no names. So they are asked for between reading a page of events and writing what it comes to: no transaction
is open meanwhile, and nothing of a sale waits for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from boxoffice.events.v1 import events_pb2

from services.booking.bookings import events
from services.booking.office import statements as sql
from services.booking.people import IdentityClient
from services.chassis.store.database import Database, Transaction
from services.chassis.values.words import words_of
from services.chassis.writes import topics
from services.chassis.writes.consumer import Events
from services.chassis.writes.idempotency import NOBODY
from services.chassis.writes.topics import Positioned

CONSUMER = "names"

CONFIRMED = events_pb2.BookingEvent.Kind.Name(events_pb2.BookingEvent.CONFIRMED)

PAGE = 500
"""Events that are read at once, of which most say no name."""


@dataclass(frozen=True, slots=True)
class NamedEvent:
    """An event, and what its booking is found by where the event says that it is a ticket now."""

    position: int
    booking_id: UUID | None = None
    """The booking that is confirmed by it; None: none is."""
    organization_id: UUID = NOBODY
    words: Sequence[str] = field(default=())


class Names:
    """Reads booking's topic with the names of customers and guests."""

    def __init__(self, db: Database, people: IdentityClient) -> None:
        self._db = db
        self._people = people

    async def events(self, after: int | None) -> Events[NamedEvent]:
        """Return a page of events behind a position."""
        page = await topics.read(self._db, events.TOPIC, after=after, limit=PAGE, kinds=[CONFIRMED])
        plain = [NamedEvent(event.position, _confirmed_by(event)) for event in page.events]
        confirmed = [event.booking_id for event in plain if event.booking_id is not None]
        named = await self._named(confirmed) if confirmed else {}
        return Events([_named(event, named) for event in plain], page.last)

    async def _named(self, booking_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, Sequence[str]]]:
        """Return whose show each booking is of, and the words of the name of whom it is for."""
        found = await self._db.fetch(sql.NAMES, {"ids": list(booking_ids)})
        known = await self._people.contacts({row.user_id for row in found if row.guest_name is None})
        names = {row.id: row.guest_name for row in found if row.guest_name is not None}
        names |= {row.id: known[row.user_id].name for row in found if row.id not in names and row.user_id in known}
        return {row.id: (row.organization_id or NOBODY, words_of(names.get(row.id, ""))) for row in found}


def _confirmed_by(event: Positioned) -> UUID | None:
    return UUID(events_pb2.BookingEvent.FromString(event.payload).booking_id) if event.payload else None


def _named(event: NamedEvent, named: dict[UUID, tuple[UUID, Sequence[str]]]) -> NamedEvent:
    if event.booking_id is None or event.booking_id not in named:
        return event
    organization_id, words = named[event.booking_id]
    return NamedEvent(event.position, event.booking_id, organization_id, words)


async def keep_names(tx: Transaction, told: Sequence[NamedEvent]) -> None:
    """Write what bookings are found by."""
    found = {(one.organization_id, word, one.booking_id) for one in told if one.booking_id for word in one.words}
    rows = sorted(found)
    if rows:
        organization_ids, words, booking_ids = map(list, zip(*rows, strict=True))
        given = {"organization_id": organization_ids, "word": words, "booking_id": booking_ids}
        await tx.send(sql.KEEP_NAMES, given)
