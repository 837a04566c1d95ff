"""Rescheduling shows: another time, another hall with the same seats, or both. Bookings and claims stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.errors import InvalidField
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction
from services.chassis.store.rows import Row, columns, read
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.inventory.catalogue import rescheduling_statements as sql
from services.inventory.catalogue import statements as catalogue_sql
from services.inventory.catalogue.domain import CatalogueShow, Place, Slot, check_free
from services.inventory.catalogue.shows import read_shows
from services.inventory.catalogue.sold_out_statements import SOLD_OUT
from services.inventory.errors import RescheduleTooLate, ScreenNotFound, ShowCancelled, ShowNotFound, ShowStarted
from services.inventory.seats import published
from services.inventory.seats.domain import ShowStatus
from services.inventory.seats.published import Kind

M = TypeVar("M", bound=Message)
"""What the client is answered with."""

NOTICE = timedelta(hours=1)
"""How long before its start, old or new, a show is not rescheduled any more, where nothing else is set."""

NAMED_SEATS = 10
"""Seats that are named where a hall has others."""


@dataclass(frozen=True, slots=True)
class Reschedule(Generic[M]):
    """The wish to have a show at another time or on another screen."""

    urgent: ClassVar[bool] = False

    show_id: UUID
    starts_at: datetime | None
    """None: when it does."""
    screen_id: UUID | None
    """None: where it is."""
    sales_end_at: datetime | None
    """None: as long before the start as before."""
    once: Once[CatalogueShow, M] | None

    @property
    def key(self) -> UUID:
        """The show, which is locked."""
        return self.show_id

    def carried_out(self, show: CatalogueShow) -> CatalogueShow:
        """Return the show as it is then, but for its revision and the words for its screen."""
        starts_at = self.starts_at or show.starts_at
        later = starts_at - show.starts_at
        return replace(
            show,
            starts_at=starts_at,
            ends_at=show.ends_at + later,
            sales_end_at=self.sales_end_at or show.sales_end_at + later,
            screen_id=self.screen_id or show.screen_id,
        )


@dataclass(frozen=True, slots=True)
class Timetable:
    """Shows that are locked with their seats, and the screens that they are to be on, which get no others meanwhile."""

    now: datetime
    shows: dict[UUID, CatalogueShow]
    places: Mapping[UUID, Place]
    slots: Mapping[UUID, list[Slot]]
    """When their screens are taken by others, by show."""
    differences: Mapping[UUID, list[Row]]
    """Seats that only one has of a show and the screen that is named for it."""
    claimed_until: Mapping[UUID, datetime]
    """When the last claim on a seat of each ends."""
    prices_versions: Mapping[UUID, int]
    """Which list of its prices each has."""
    changed: dict[UUID, CatalogueShow] = field(default_factory=dict)


class RescheduleShows(KeyedOperation[Reschedule[M], Timetable, CatalogueShow, M], Generic[M]):
    """Has shows take place at other times or in other halls.

    Refuses with ShowNotFound, ScreenNotFound, ShowCancelled, ShowStarted, RescheduleTooLate, InvalidField or
    ShowOverlaps.
    """

    def __init__(self, db: Database, notice: timedelta) -> None:
        super().__init__(db)
        self._notice = notice

    def reads(self, batch: Sequence[Reschedule[M]], *, wait: bool) -> dict[str, Statement]:
        """Lock the screens, then the shows, one by one, with their seats."""
        named = columns(batch, "show_id", "screen_id")
        ids = sorted({command.show_id for command in batch})
        statements: dict[str, Statement] = {
            "places": (sql.LOCK_SCREENS_OF_SHOWS, named),
            "differences": (
                sql.DIFFERENT_SEATS,
                named | {"most": NAMED_SEATS, "to_compare": [one.show_id for one in batch if one.screen_id]},
            ),
        }
        statements |= {f"lock {id_}": (catalogue_sql.LOCK_COUNTER, {"show_ids": [id_]}) for id_ in ids}
        return statements | {
            "clock": (READ_CLOCK, ()),
            "shows": (catalogue_sql.SHOWS, {"ids": ids}),
            "sold_out": (SOLD_OUT, {"show_ids": ids}),
            "claims": (catalogue_sql.LAST_CLAIMS, {"show_ids": ids}),
        }

    async def load(
        self, tx: Transaction, batch: Sequence[Reschedule[M]], rows: Rows
    ) -> tuple[Timetable, Sequence[UUID]]:
        """Read when the screens are taken. Shows that have got another screen meanwhile are busy: it is not locked."""
        shows = {show.id: show for show in read_shows(rows["shows"], rows["sold_out"])}
        places = {place.screen_id: place for place in read(Place, rows["places"])}
        wanted = [command.carried_out(shows[command.show_id]) for command in batch if command.show_id in shows]
        slots: dict[UUID, list[Slot]] = {show_id: [] for show_id in shows}
        for show in wanted:
            near = {"screen_id": [show.screen_id], "starts_at": [show.starts_at]}
            taken = read(Slot, await tx.fetch(catalogue_sql.SLOTS_OF_SCREENS, near))
            slots[show.id] += [slot for slot in taken if slot.id != show.id]
        differences: dict[UUID, list[Row]] = {show_id: [] for show_id in shows}
        for row in rows["differences"]:
            differences[row.show_id].append(row)
        state = Timetable(
            now=rows["clock"][0].now,
            shows=shows,
            places=places,
            slots=slots,
            differences=differences,
            claimed_until={row.show_id: row.until for row in rows["claims"] if row.until is not None},
            prices_versions={show_id: rows[f"lock {show_id}"][0].prices_version for show_id in shows},
        )
        moved = [shows[one.show_id] for one in batch if one.screen_id is None and one.show_id in shows]
        return state, [show.id for show in moved if show.screen_id not in places]

    def decide(self, command: Reschedule[M], state: Timetable) -> CatalogueShow:
        """Reschedule the show, whose revision is another one then."""
        before = state.shows.get(command.show_id)
        if before is None:
            raise ShowNotFound()
        if before.status == ShowStatus.CANCELLED:
            raise ShowCancelled()
        if before.starts_at <= state.now:
            raise ShowStarted()
        after = command.carried_out(before)
        place = state.places.get(after.screen_id)
        if place is None:
            raise ScreenNotFound()
        if after == before:
            return before
        if before.starts_at < state.now + self._notice:
            raise RescheduleTooLate(minutes=self._notice // timedelta(minutes=1))
        self._check(command, after, place, state)
        check_free(Slot(after.id, after.screen_id, after.starts_at, after.ends_at), state.slots[after.id])
        after = replace(after, screen_name=place.screen_name, revision=before.revision + 1)
        state.shows[after.id] = state.changed[after.id] = after
        return after

    async def write(self, tx: Transaction, state: Timetable) -> None:
        """Write the shows, their counters and numbers, and tell of it."""
        if state.changed:
            shows = list(state.changed.values())
            values = columns(shows, "id", "starts_at", "ends_at", "sales_end_at", "screen_id", "revision")
            await tx.send(sql.RESCHEDULE_COUNTERS, values)
            await tx.send(sql.RESCHEDULE_SHOWS, values)
            await tx.send(sql.WRITE_RESCHEDULED, {"id": values["id"], "now": state.now})
            public = [show for show in shows if not show.is_draft]
            await published.publish(tx, Kind.RESCHEDULED, public, state.prices_versions)

    def _check(self, command: Reschedule[M], after: CatalogueShow, place: Place, state: Timetable) -> None:
        """Raise InvalidField unless the show can be then and there."""
        violations = []
        end, earliest = after.sales_end_at, state.now + self._notice
        # An end of sales that is not given follows the start: then that is what has to be another one.
        field_of_end = "salesEndAt" if command.sales_end_at else "startTime"
        until = state.claimed_until.get(after.id)
        if after.starts_at < earliest:
            minutes = self._notice // timedelta(minutes=1)
            violations.append(
                ("startTime", f"must be {minutes} minutes from now or later: not before {_told(earliest)}")
            )
        elif end > after.starts_at:
            violations.append((field_of_end, "must not be after the start of the show"))
        elif end <= state.now:
            violations.append((field_of_end, "must leave time for sales, which end as long before the start as before"))
        elif after.sales_start_at is not None and after.sales_start_at >= end:
            violations.append((field_of_end, f"must be after the beginning of sales, {_told(after.sales_start_at)}"))
        elif until is not None and end < until:
            violations.append((field_of_end, f"would end sales before {_told(until)}: so long somebody has seats"))
        if place.venue_id != after.venue_id:
            violations.append(("screenId", "must be a screen of the show's venue"))
        elif differences := state.differences[after.id]:
            violations.append(("screenId", _told_seats(differences)))
        if violations:
            raise InvalidField(*violations)


def _told(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told_seats(differences: Sequence[Row]) -> str:
    """Say which seats a hall lacks, and which it has besides; of many the first."""
    lacking = dict.fromkeys(_spelled(row) for row in differences if row.is_lacking)
    besides = dict.fromkeys(_spelled(row) for row in differences if not row.is_lacking)
    told = [f"lacks {', '.join(lacking)}"] if lacking else []
    told += [f"has {', '.join(besides)} besides"] if besides else []
    more = ", and maybe others" if len(differences) == NAMED_SEATS else ""
    return f"must have the same seats as the show: it {' and '.join(told)}{more}"


def _spelled(row: Row) -> str:
    """Return a seat in words, or the area that a place is in."""
    return f"{row.section} {row.row}{row.number}" if row.row else f"places in {row.section}"
