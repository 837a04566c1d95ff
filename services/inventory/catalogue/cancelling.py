"""Cancelling shows: one by itself, or all that an event has to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.chassis.store.database import READ_CLOCK, Statement, Transaction
from services.chassis.store.rows import read
from services.chassis.writes.operation import Operation, Rows
from services.inventory.catalogue import cancelling_statements as sql
from services.inventory.catalogue import statements as catalogue_sql
from services.inventory.catalogue.domain import CatalogueEvent, CatalogueShow, EventStatus
from services.inventory.catalogue.shows import read_shows
from services.inventory.errors import (
    EventNotFound,
    EventNotPublished,
    ShowEnded,
    ShowNotFound,
    ShowUnderWay,
    TooManyShows,
)
from services.inventory.seats import published
from services.inventory.seats import statements as seats_sql
from services.inventory.seats.domain import ShowStatus

MAX_SHOWS = 1_000
"""Shows that are cancelled at once."""


@dataclass(frozen=True, slots=True)
class CancelShows:
    """The wish to cancel a show, or an event with all its shows."""

    urgent: ClassVar[bool] = False

    show_id: UUID | None
    event_id: UUID | None
    by_admin: bool
    validate_only: bool
    """Nothing is cancelled: it is asked what would be."""

    @property
    def key(self) -> UUID | None:
        """Wishes for the same take turns."""
        return self.show_id or self.event_id


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Shows that are cancelled, each with whether it was before; and whether all that was asked for was."""

    shows: Sequence[tuple[UUID, bool]]
    was_cancelled: bool


@dataclass(frozen=True, slots=True)
class LockedProgramme:
    """Events and shows that nobody else cancels meanwhile, and those that are."""

    now: datetime
    events: dict[UUID, CatalogueEvent]
    over: set[UUID]
    """Events whose last show is over, completed yet or not."""
    shows: dict[UUID, CatalogueShow]
    statuses: dict[UUID, str]
    prices_versions: Mapping[UUID, int]
    """Which list of its prices each show has."""
    cancelled: list[CatalogueShow] = field(default_factory=list)
    cancelled_events: set[UUID] = field(default_factory=set)

    def cancel(self, command: CancelShows, show: CatalogueShow) -> bool:
        """Cancel a show, if it may be; return whether it was cancelled before."""
        if self.statuses[show.id] == ShowStatus.CANCELLED:
            return True
        if show.ends_at <= self.now:
            raise ShowEnded()
        if show.starts_at <= self.now and not command.by_admin:
            raise ShowUnderWay(show_id=show.id)
        return False


class CancelShowsOperation(Operation[CancelShows, LockedProgramme, Cancelled]):
    """Cancels shows in one transaction; it may be repeated.

    Refuses with ShowNotFound, EventNotFound, EventNotPublished, ShowEnded, ShowUnderWay or TooManyShows.
    """

    def reads(self, batch: Sequence[CancelShows], *, wait: bool) -> dict[str, Statement]:
        """Lock the events, then find the shows."""
        named = {
            "show_ids": [command.show_id for command in batch if command.show_id],
            "event_ids": [command.event_id for command in batch if command.event_id],
        }
        ids = {"ids": named["event_ids"]}
        return {
            "events": (catalogue_sql.LOCK_EVENTS, ids),
            "over": (catalogue_sql.EVENTS_THAT_ARE_OVER, ids),
            "found": (sql.SHOWS_TO_CANCEL, named),
        }

    async def load(
        self, tx: Transaction, batch: Sequence[CancelShows], rows: Rows
    ) -> tuple[LockedProgramme, Sequence[UUID]]:
        """Lock the shows one by one, by their ids, as Citus locks no two at once; then read them, and the clock."""
        ids = [row.id for row in rows["found"]][: MAX_SHOWS + 1]
        locks = [(seats_sql.WAIT_FOR_SHOWS, {"show_ids": [show_id]}) for show_id in ids]
        *locked, [clock], shows = await tx.fetch_all(*locks, (READ_CLOCK, ()), (catalogue_sql.SHOWS, {"ids": ids}))
        state = LockedProgramme(
            now=clock.now,
            events={event.id: event for event in read(CatalogueEvent, rows["events"])},
            over={row.id for row in rows["over"]},
            shows={show.id: show for show in read_shows(shows)},
            statuses={row.show_id: row.status for [row] in locked},
            prices_versions={row.show_id: row.prices_version for [row] in locked},
        )
        return state, ()

    def decide(self, command: CancelShows, state: LockedProgramme) -> Cancelled:
        """Cancel the shows: all of them, or none."""
        event: CatalogueEvent | None = None
        if command.show_id is not None:
            if command.show_id not in state.shows:
                raise ShowNotFound()
            shows = [state.shows[command.show_id]]
        else:
            event = state.events.get(command.event_id) if command.event_id else None
            if event is None:
                raise EventNotFound()
            if event.id in state.over and event.status in (EventStatus.PUBLISHED, EventStatus.COMPLETED):
                raise EventNotPublished("The event is over: it cannot be cancelled any more.", status="COMPLETED")
            shows = [show for show in state.shows.values() if show.event_id == event.id]
            if len(shows) > MAX_SHOWS:
                raise TooManyShows(limit=MAX_SHOWS)
        before = [state.cancel(command, show) for show in shows]
        if not command.validate_only:
            new = [show for show, was_cancelled in zip(shows, before, strict=True) if not was_cancelled]
            state.cancelled.extend(new)
            state.statuses.update((show.id, ShowStatus.CANCELLED) for show in new)
        was_cancelled = all(before) and (event is None or event.status == EventStatus.CANCELLED)
        if event is not None and not command.validate_only:
            state.cancelled_events.add(event.id)
        return Cancelled([(show.id, was) for show, was in zip(shows, before, strict=True)], was_cancelled)

    async def write(self, tx: Transaction, state: LockedProgramme) -> None:
        """Write the shows' state, number and change, and tell of it."""
        if state.cancelled_events:
            await tx.send(sql.CANCEL_EVENTS, {"event_ids": sorted(state.cancelled_events)})
        if state.cancelled:
            named = {"show_ids": [show.id for show in state.cancelled], "now": state.now}
            await tx.send(sql.CANCEL_COUNTERS, named)
            await tx.send(sql.WRITE_SHOW_CHANGES, named)
            await tx.send(sql.CANCEL_SHOWS, named)
            await tx.send(sql.REMEMBER_CANCELLED, named)
            await published.publish(tx, published.Kind.CANCELLED, state.cancelled, state.prices_versions)
