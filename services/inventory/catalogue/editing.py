"""Edits of events, venues and shows. What an edit does not name stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.store.database import READ_CLOCK, Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.operation import Operation, Rows
from services.inventory.catalogue import statements as sql
from services.inventory.catalogue.domain import CatalogueEvent, CatalogueShow, Venue
from services.inventory.catalogue.shows import read_shows
from services.inventory.catalogue.sold_out_statements import SOLD_OUT
from services.inventory.catalogue.venues import columns_of, read_venue
from services.inventory.catalogue.zones import UNKNOWN, zone_of
from services.inventory.errors import (
    EventHasShows,
    EventNotFound,
    ShowCancelled,
    ShowNotFound,
    ShowStarted,
    VenueNotFound,
)
from services.inventory.finding.index import index_events, index_venues
from services.inventory.halls.statements import LOCK_VENUES
from services.inventory.seats import published
from services.inventory.seats.domain import ShowStatus
from services.inventory.seats.published import Kind

T = TypeVar("T", CatalogueEvent, Venue, CatalogueShow)


@dataclass(frozen=True, slots=True)
class Edit:
    """The wish to change some fields of an event, a venue or a show, by the names that the domain has for them."""

    urgent: ClassVar[bool] = False

    id: UUID
    changes: Mapping[str, Any]

    @property
    def key(self) -> UUID:
        """What is edited, which is locked."""
        return self.id


@dataclass(frozen=True, slots=True)
class Edited(Generic[T]):
    """What is locked to be edited, as it becomes."""

    now: datetime
    things: dict[UUID, T]
    changed: set[UUID] = field(default_factory=set)

    def change(self, edit: Edit) -> T:
        """Carry an edit out; note it where anything changes by it."""
        before = self.things[edit.id]
        after = replace(before, **edit.changes)
        if after != before:
            self.things[edit.id] = after
            self.changed.add(edit.id)
        return after

    def to_write(self) -> list[T]:
        """Return what has changed."""
        return [self.things[id_] for id_ in sorted(self.changed)]


def _ids(batch: Sequence[Edit]) -> dict[str, list[UUID]]:
    return {"ids": sorted({edit.id for edit in batch})}


# --- Events


@dataclass(frozen=True, slots=True)
class EditedEvents(Edited[CatalogueEvent]):
    """Events that are locked."""

    with_shows: frozenset[UUID] = frozenset()


class UpdateEvents(Operation[Edit, EditedEvents, CatalogueEvent]):
    """Edits events; refuses with EventNotFound, EventHasShows."""

    def reads(self, batch: Sequence[Edit], *, wait: bool) -> dict[str, Statement]:
        """Lock the events: so they get no shows meanwhile."""
        ids = _ids(batch)
        return {"events": (sql.LOCK_EVENTS, ids), "clock": (READ_CLOCK, ()), "shows": (sql.WITH_SHOWS, ids)}

    async def load(self, tx: Transaction, batch: Sequence[Edit], rows: Rows) -> tuple[EditedEvents, Sequence[UUID]]:
        """Put what there is together."""
        events = {event.id: event for event in read(CatalogueEvent, rows["events"])}
        with_shows = frozenset(row.event_id for row in rows["shows"])
        return EditedEvents(rows["clock"][0].now, events, with_shows=with_shows), ()

    def decide(self, command: Edit, state: EditedEvents) -> CatalogueEvent:
        """Edit the event, but for what its shows were made by."""
        before = state.things.get(command.id)
        if before is None:
            raise EventNotFound()
        after = replace(before, **command.changes)
        if command.id in state.with_shows:
            if after.is_movie != before.is_movie:
                raise EventHasShows(field="category")
            if after.duration_minutes != before.duration_minutes:
                raise EventHasShows(field="durationMinutes")
        return state.change(command)

    async def write(self, tx: Transaction, state: EditedEvents) -> None:
        """Write the events."""
        if state.changed:
            events = state.to_write()
            names = ("id", "title", "description", "category", "duration_minutes", "language", "seat_limit", "featured")
            await tx.send(sql.UPDATE_EVENTS, columns(events, *names) | {"now": state.now})
            await index_events(tx, {event.id: (event.title, event.description) for event in events})


# --- Venues


class UpdateVenues(Operation[Edit, Edited[Venue], Venue]):
    """Edits venues; refuses with VenueNotFound."""

    def reads(self, batch: Sequence[Edit], *, wait: bool) -> dict[str, Statement]:
        """Lock the venues."""
        ids = _ids(batch)
        lock = (LOCK_VENUES, {"venue_ids": ids["ids"]})
        return {"locked": lock, "clock": (READ_CLOCK, ()), "venues": (sql.VENUES, ids)}

    async def load(self, tx: Transaction, batch: Sequence[Edit], rows: Rows) -> tuple[Edited[Venue], Sequence[UUID]]:
        """Put what there is together."""
        return Edited(rows["clock"][0].now, {row.id: read_venue(row) for row in rows["venues"]}), ()

    def decide(self, command: Edit, state: Edited[Venue]) -> Venue:
        """Edit the venue. Where no time zone is named, a new city brings its own."""
        before = state.things.get(command.id)
        if before is None:
            raise VenueNotFound()
        changes = dict(command.changes)
        zone = zone_of(changes.get("city", before.city))
        if changes.get("time_zone") == "" or ("city" in changes and "time_zone" not in changes and zone != UNKNOWN):
            changes["time_zone"] = zone
        return state.change(Edit(command.id, changes))

    async def write(self, tx: Transaction, state: Edited[Venue]) -> None:
        """Write the venues."""
        if state.changed:
            venues = state.to_write()
            await tx.send(sql.UPDATE_VENUES, columns_of(venues) | {"now": state.now})
            await index_venues(tx, {venue.id: (venue.name, venue.city) for venue in venues})


# --- Shows


@dataclass(frozen=True, slots=True)
class EditedShows(Edited[CatalogueShow]):
    """Shows that are locked, with their seats."""

    claimed_until: Mapping[UUID, datetime] = field(default_factory=dict)
    """When the last claim on a seat of each ends."""
    prices_versions: Mapping[UUID, int] = field(default_factory=dict)
    """Which list of its prices each has."""


class UpdateShows(Operation[Edit, EditedShows, CatalogueShow]):
    """Edits when sales begin and end; refuses with ShowNotFound, ShowCancelled, ShowStarted, InvalidField."""

    def reads(self, batch: Sequence[Edit], *, wait: bool) -> dict[str, Statement]:
        """Lock the shows, one by one, with their seats."""
        ids = _ids(batch)["ids"]
        statements: dict[str, Statement] = {f"lock {id_}": (sql.LOCK_COUNTER, {"show_ids": [id_]}) for id_ in ids}
        statements["clock"] = (READ_CLOCK, ())
        statements["shows"] = (sql.SHOWS, {"ids": ids})
        statements["sold_out"] = (SOLD_OUT, {"show_ids": ids})
        statements["claims"] = (sql.LAST_CLAIMS, {"show_ids": ids})
        return statements

    async def load(self, tx: Transaction, batch: Sequence[Edit], rows: Rows) -> tuple[EditedShows, Sequence[UUID]]:
        """Put what there is together."""
        claimed_until = {row.show_id: row.until for row in rows["claims"] if row.until is not None}
        shows = {show.id: show for show in read_shows(rows["shows"], rows["sold_out"])}
        versions = {show_id: rows[f"lock {show_id}"][0].prices_version for show_id in shows}
        return EditedShows(rows["clock"][0].now, shows, claimed_until=claimed_until, prices_versions=versions), ()

    def decide(self, command: Edit, state: EditedShows) -> CatalogueShow:
        """Edit the show, whose revision is another one then."""
        before = state.things.get(command.id)
        if before is None:
            raise ShowNotFound()
        if before.status == ShowStatus.CANCELLED:
            raise ShowCancelled()
        if before.starts_at <= state.now:
            raise ShowStarted()
        after = replace(before, **command.changes)
        if after == before:
            return before
        _check_sales(before, after, state.now, state.claimed_until.get(command.id))
        return state.change(Edit(command.id, {**command.changes, "revision": before.revision + 1}))

    async def write(self, tx: Transaction, state: EditedShows) -> None:
        """Write the shows and their counters, and tell of what is public."""
        if state.changed:
            shows = state.to_write()
            values = columns(shows, "id", "sales_start_at", "sales_end_at", "revision")
            await tx.send(sql.UPDATE_COUNTERS, values)
            await tx.send(sql.UPDATE_SHOWS, values)
            public = [show for show in shows if not show.is_draft]
            await published.publish(tx, Kind.UPDATED, public, state.prices_versions)


def _check_sales(before: CatalogueShow, after: CatalogueShow, now: datetime, claimed_until: datetime | None) -> None:
    """Raise InvalidField unless sales can begin and end as they are to."""
    begin, end = after.sales_start_at, after.sales_end_at
    if end > after.starts_at:
        raise InvalidField(("salesEndAt", "must not be after the start of the show"))
    if end != before.sales_end_at and end <= now:
        raise InvalidField(("salesEndAt", "must be in the future"))
    if begin is not None and begin >= end:
        raise InvalidField(("salesStartAt", "must be before the end of sales"))
    if claimed_until is not None and end < claimed_until:
        until = claimed_until.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        raise InvalidField(("salesEndAt", f"must not be before {until}: so long somebody has seats"))
