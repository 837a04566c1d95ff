"""What can be had: the seats of shows as they stand, for many who look at once.

Shows that are looked at are kept in memory, as they stood after some change. Whoever looks has that number compared
with the show's in a statement that begins after he came, so he misses no change that anybody was told of before; those
who come meanwhile share the next one. What has changed is read along, and changes that number no gaps leave nothing
out. Where some are forgotten already, or the clock went back, the show is read anew.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.store.database import Database
from services.chassis.store.rows import Row, read
from services.chassis.wire.identity import organizes
from services.chassis.writes.lookup import Lookup
from services.inventory.catalogue.domain import ShowFilter
from services.inventory.catalogue.events import get_event
from services.inventory.catalogue.shows import get_show, list_shows
from services.inventory.catalogue.statements import OWNER_OF_SHOW
from services.inventory.errors import ShowNotFound
from services.inventory.seats.domain import Place, Seat, SeatStatus
from services.inventory.viewing import statements as sql
from services.inventory.viewing.seat_map import Prices, SeatMap

KEPT_SEATS = 200_000
"""Seats that are kept in memory in all, but for the show that was looked at last."""


class Availability:
    """The seats of the shows that were looked at last."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: OrderedDict[UUID, SeatMap] = OrderedDict()
        self._kept_seats = 0
        self._lookup: Lookup[UUID, SeatMap] = Lookup(self._refresh, name="seat-maps", max_keys=64)

    async def get(self, show_id: UUID) -> SeatMap:
        """Return the seats of a show as they stand; raise ShowNotFound, also for drafts that the caller does not see.

        It goes on changing: look at once.
        """
        seats = await self._lookup.get(show_id)
        if seats is None or (seats.is_draft and not await self._sees_draft(show_id)):
            raise ShowNotFound()
        return seats

    async def areas_of(self, show_id: UUID) -> dict[UUID, Counter[SeatStatus]]:
        """Return how many places of each area of a show are what, as they stand."""
        seats = await self._lookup.get(show_id)
        return {area.id: Counter(area.statuses) for area in seats.areas()} if seats else {}

    async def show_of(self, event_id: UUID, show_id: UUID | None) -> UUID:
        """Return the show of an event that is meant: the one that is named, or else the only one to come.

        Raises EventNotFound, ShowNotFound, and InvalidField where several are to come.
        """
        event = await get_event(self._db, event_id)
        if show_id is not None:
            show = await get_show(self._db, show_id)
            if show.event_id != event.id:
                raise ShowNotFound("The event has no such show: take its shows from the event.")
            return show.id
        which = ShowFilter(event_id=event.id, movie_id=None, screen_id=None, begin=None, end=None, day=None)
        shows = await list_shows(self._db, which, after=None, limit=2, is_cancelled=False)
        if not shows:
            raise ShowNotFound("The event has no show to come.")
        if len(shows) > 1:
            raise InvalidField(("showId", "is missing: the event has several shows to come"))
        return shows[0].id

    async def _sees_draft(self, show_id: UUID) -> bool:
        rows = await self._db.fetch(OWNER_OF_SHOW, {"id": show_id})
        return any(organizes(row.organization_id) for row in rows)

    async def _refresh(self, asked: Sequence[UUID]) -> dict[UUID, SeatMap]:
        """Bring shows up to date."""
        known = {show_id: self._kept[show_id].sequence for show_id in asked if show_id in self._kept}
        found: dict[UUID, SeatMap] = {}
        if known:
            rows = await self._db.fetch(sql.SEATS_SINCE, {"show_id": list(known), "sequence": list(known.values())})
            for show_id, changes in groupby(rows, attrgetter("show_id")):
                if seats := self._advance(show_id, list(changes)):
                    found[show_id] = seats
        for show_id in set(asked) - found.keys():
            if seats := await self._read(show_id):
                found[show_id] = seats
        for show_id, seats in found.items():
            self._keep(show_id, seats)
        self._forget()
        return found

    def _advance(self, show_id: UUID, rows: Sequence[Row]) -> SeatMap | None:
        """Return what is kept of a show with its changes, or None if that does not do."""
        kept, last = self._kept.get(show_id), rows[0]
        changes = {row.change for row in rows if row.change is not None}
        if kept is None or len(changes) != last.show_sequence - kept.sequence or last.now < kept.now:
            return None
        if last.prices_version != kept.prices.version:
            return None  # every seat may cost something else
        kept.advance(last.show_sequence, last.now, last.sales_end_at, _seats(rows))
        kept.is_draft = last.is_draft
        kept.is_cancelled = last.is_cancelled
        return kept

    async def _read(self, show_id: UUID) -> SeatMap | None:
        """Return all of a show, or None if there is none."""
        asked = {"show_id": show_id}
        rows, placed = await self._db.fetch_all((sql.SEATS_OF_SHOW, asked), (sql.PLACES_OF_SHOW, asked))
        if not rows:
            return None
        first = rows[0]
        prices = Prices(first.prices_version, {row.tier: row.list_price for row in rows if row.id is not None})
        seats = _seats(rows)
        places = {row.position: Place(row.x, row.y) for row in placed}
        facts = (first.show_sequence, first.now, first.currency, first.sales_end_at, prices)
        seat_map = SeatMap(show_id, *facts, seats, places)
        seat_map.is_draft = first.is_draft
        seat_map.is_cancelled = first.is_cancelled
        return seat_map

    def _keep(self, show_id: UUID, seats: SeatMap) -> None:
        self._kept_seats += len(seats) - len(self._kept.get(show_id, ()))
        self._kept[show_id] = seats
        self._kept.move_to_end(show_id)

    def _forget(self) -> None:
        """Drop the shows that were looked at longest ago, where too many seats are kept."""
        while self._kept_seats > KEPT_SEATS and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_seats -= len(dropped)


def _seats(rows: Iterable[Row]) -> list[Seat]:
    return read(Seat, [row for row in rows if row.id is not None])
