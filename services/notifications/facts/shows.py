"""What the topic of shows tells: a consumer of it (see chassis/writes/consumer.py), and the job that tells bookings."""

from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

from boxoffice.events.v1 import events_pb2

from services.chassis.store.database import Database, Transaction
from services.chassis.store.rows import Row, columns
from services.notifications.facts import statements as sql
from services.notifications.facts.domain import APART, KEPT, ShowFact
from services.notifications.mails.operation import write_mails
from services.notifications.notices.domain import Fact, Kind
from services.notifications.notices.operation import write_notices
from services.notifications.notices.statements import ONE_AT_A_TIME
from services.notifications.reminders.domain import ShowTime
from services.notifications.reminders.operation import put_shows

BATCH = 500
"""Bookings that are told by one transaction."""

_KINDS = {
    events_pb2.ShowEvent.RESCHEDULED: Kind.SHOW_RESCHEDULED,
    events_pb2.ShowEvent.CANCELLED: Kind.SHOW_CANCELLED,
}


async def note_facts(tx: Transaction, events: Sequence[events_pb2.ShowEvent]) -> None:
    """Note when shows start, and what has happened to them, of which the job tells their bookings."""
    await put_shows(tx, _times(events))
    facts = [
        ShowFact(
            show_id=UUID(event.show_id),
            number=event.version,
            kind=_KINDS[event.kind],
            starts_at=event.start_time.ToDatetime(tzinfo=UTC),
            happened_at=event.time.ToDatetime(tzinfo=UTC),
        )
        for event in events
        if event.kind in _KINDS
    ]
    if facts:
        await tx.send(ONE_AT_A_TIME)
        await tx.send(sql.PUT_FACTS, columns(facts, "show_id", "number", "kind", "starts_at", "happened_at"))


def _times(events: Sequence[events_pb2.ShowEvent]) -> list[ShowTime]:
    """Return when shows start after these events."""
    shows: dict[str, ShowTime] = {}
    for event in events:
        starts_at, told_at = event.start_time.ToDatetime(tzinfo=UTC), event.time.ToDatetime(tzinfo=UTC)
        before = shows.get(event.show_id)
        shows[event.show_id] = ShowTime(
            id=UUID(event.show_id),
            revision=event.revision,
            starts_at=starts_at,
            ends_at=event.end_time.ToDatetime(tzinfo=UTC),
            set_at=before.set_at if before and before.starts_at == starts_at else told_at,
            is_cancelled=event.kind == events_pb2.ShowEvent.CANCELLED,
        )
    return list(shows.values())


async def tell_bookings(db: Database, *, limit: int = BATCH) -> int:
    """Tell one batch of a show's confirmed bookings what has happened to it; return how much there was to do. A job.

    Whoever is confirmed later, the consumer of bookings tells.
    """
    async with db.transaction() as tx:
        for fact in await tx.fetch(sql.NEXT_FACT):
            given = {"show_id": fact.show_id, "happened_at": fact.happened_at, "apart": APART}
            bookings = await tx.fetch(sql.BOOKINGS_TO_TELL, given | {"after": fact.told_to, "limit": limit})
            facts = [_fact(fact, booking) for booking in bookings]
            await write_notices(tx, facts)
            await write_mails(tx, facts)
            told = {
                "told_to": bookings[-1].id if bookings else None,
                "is_last": len(bookings) < limit,
                "show_id": fact.show_id,
                "number": fact.number,
            }
            await tx.send(sql.TELL, told)
            return len(bookings) + 1
    return 0


def facts_of(rows: Sequence[Row]) -> list[Fact]:
    """Return what has happened to the shows of bookings, a row for each of both, as facts."""
    return [_fact(row, row) for row in rows]


def _fact(fact: Row, booking: Row) -> Fact:
    return Fact(
        user_id=booking.user_id,
        kind=Kind(fact.kind),
        booking_id=None if booking.is_held else booking.id,
        offer_id=booking.id if booking.is_held else None,
        show_id=fact.show_id,
        number=fact.number,
        amount=None,
        currency=None,
        starts_at=fact.starts_at,
        happened_at=fact.happened_at,
    )


async def forget(db: Database, *, limit: int = BATCH) -> int:
    """Forget one batch of bookings that expired, and of facts that were told, long ago; return how many. A job."""
    given = {"age": KEPT, "limit": limit}
    return await db.execute(sql.FORGET_EXPIRED, given) + await db.execute(sql.FORGET_FACTS, given)
