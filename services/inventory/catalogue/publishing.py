"""Publishing drafts: an event becomes public, with all of its shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar
from uuid import UUID

from services.chassis.store.database import Statement, Transaction
from services.chassis.store.rows import read
from services.chassis.writes.operation import Operation, Rows
from services.inventory.catalogue import statements as sql
from services.inventory.catalogue.domain import CatalogueEvent, CatalogueShow, EventStatus
from services.inventory.catalogue.shows import read_shows
from services.inventory.errors import EventNotFound, EventNotPublished
from services.inventory.seats import published
from services.inventory.seats.published import Kind


@dataclass(frozen=True, slots=True)
class PublishEvent:
    """The wish to make a draft public."""

    urgent: ClassVar[bool] = False

    event_id: UUID

    @property
    def key(self) -> UUID:
        """The event, which is locked."""
        return self.event_id


@dataclass(frozen=True, slots=True)
class Drafts:
    """Events that are locked, and their shows that are drafts, locked too."""

    events: dict[UUID, CatalogueEvent]
    shows: list[CatalogueShow]
    prices_versions: Mapping[UUID, int]
    """Which list of its prices each show has."""
    published: set[UUID] = field(default_factory=set)


class PublishEvents(Operation[PublishEvent, Drafts, CatalogueEvent]):
    """Publishes drafts; refuses with EventNotFound, EventNotPublished."""

    def reads(self, batch: Sequence[PublishEvent], *, wait: bool) -> dict[str, Statement]:
        """Lock the events, and find their drafts."""
        ids = sorted({command.event_id for command in batch})
        return {
            "events": (sql.LOCK_EVENTS, {"ids": ids}),
            "drafts": (sql.DRAFTS_OF_EVENTS, {"event_ids": ids}),
        }

    async def load(self, tx: Transaction, batch: Sequence[PublishEvent], rows: Rows) -> tuple[Drafts, Sequence[UUID]]:
        """Lock the drafts, one by one, and read them under their locks."""
        events = {event.id: event for event in read(CatalogueEvent, rows["events"])}
        ids = [row.id for row in rows["drafts"]]
        locks = [(sql.LOCK_COUNTER, {"show_ids": [id_]}) for id_ in ids]
        *locked, shows = await tx.fetch_all(*locks, (sql.SHOWS, {"ids": ids}))
        versions = {row.show_id: row.prices_version for [row] in locked}
        return Drafts(events, read_shows(shows), versions), ()

    def decide(self, command: PublishEvent, state: Drafts) -> CatalogueEvent:
        """Publish a draft; leave what is public as it is."""
        event = state.events.get(command.event_id)
        if event is None:
            raise EventNotFound()
        if event.status in (EventStatus.COMPLETED, EventStatus.CANCELLED):
            raise EventNotPublished(status=event.status)
        if event.is_draft:
            state.published.add(event.id)
        return replace(event, status=EventStatus.PUBLISHED)

    async def write(self, tx: Transaction, state: Drafts) -> None:
        """Write the events and their shows, and tell of these."""
        if state.published:
            shows = [show for show in state.shows if show.event_id in state.published]
            ids = [show.id for show in shows]
            await tx.send(sql.PUBLISH_EVENTS, {"ids": sorted(state.published)})
            await tx.send(sql.PUBLISH_COUNTERS, {"show_ids": ids})
            await tx.send(sql.PUBLISH_SHOWS, {"ids": ids})
            await published.publish(tx, Kind.PUBLISHED, shows, state.prices_versions)
