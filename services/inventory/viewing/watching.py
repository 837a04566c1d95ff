"""Watching: everybody who watches a show is told of each of its changes, in order and without a gap.

One reader looks after all shows that are watched from this process, whichever process changes their seats. What it
finds is kept for a while in one place for all who watch a show, and each goes through it at his own pace: nobody waits
for anybody, and who falls behind what is kept is sent away. Who begins further back reads what he lacks first.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

from services.chassis.errors import ReaderTooSlow, Unavailable
from services.chassis.store.database import Database
from services.chassis.store.rows import columns
from services.chassis.writes.looking import Looker
from services.chassis.writes.lookup import LANES, Lookup
from services.inventory.errors import SequenceNoLongerKept, ShowNotFound
from services.inventory.seats.domain import SeatStatus, ShowTimes
from services.inventory.viewing import statements as sql
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.changes import Change, ChangedArea, ChangedSeat, ChangeForm, RecentChanges

CONNECTIONS = 1 + LANES
"""To the database: the reader's, and those of all who read what they lack."""

CANCELLED = "CANCELLED"
"""The kind of change by which a show is cancelled."""

WOKEN_AT_ONCE = 25
"""How many are told of a change before whatever else there is to do has its turn: a sale does not wait for a crowd."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Some of the changes of a show after a number."""

    changes: Sequence[Change]
    sequence: int
    """The number of the show's last change of all."""
    is_draft: bool

    def follows(self, number: int) -> bool:
        """Tell whether nothing is missing after `number`."""
        if not self.changes:
            return self.sequence == number
        return self.changes[0].sequence == number + 1 and self.changes[-1].sequence == number + len(self.changes)


@dataclass(eq=False, slots=True)
class _Show:
    """A show that is watched."""

    recent: RecentChanges
    woken_at: float
    watchers: int = 0
    lost: bool = False
    """Whether what followed `recent` was forgotten before it was read, or undone."""
    waiting: "list[asyncio.Future[None]]" = field(default_factory=list)


class Watching:
    """The shows that are watched from this process. `run` has to run."""

    def __init__(self, db: Database, availability: Availability, *, heartbeat_seconds: float) -> None:
        """`heartbeat_seconds`: where nothing happens for so long, that is what everybody is told."""
        self._db = db
        self._availability = availability
        self._heartbeat_seconds = heartbeat_seconds
        self._shows: dict[UUID, _Show] = {}
        self.looker = Looker(self._look, lambda: bool(self._shows), "changes of seats")
        self._ended = False
        self._lookup: Lookup[tuple[UUID, int], ChangesPage] = Lookup(self._pages, max_keys=16)

    async def watch(self, show_id: UUID, number: int, form: ChangeForm) -> AsyncGenerator[bytes, None]:
        """Yield messages with every change of a show after `number`, the first at once.

        Raises ShowNotFound, also for drafts, in which nothing changes; SequenceNoLongerKept where what follows `number`
        is not known; ReaderTooSlow where this was not asked for the next message for too long; Unavailable once `end`
        was called.
        """
        while not self._can_go_on(show_id, number):
            self._check_not_ended()
            page = await self._lookup.get((show_id, number))
            if page is None or page.is_draft:
                raise ShowNotFound()
            if not page.follows(number):
                raise SequenceNoLongerKept(sequence=page.sequence)
            if page.changes:
                number = page.changes[-1].sequence
                for message in form.messages(list(map(form.change, page.changes))):
                    yield message
            elif show_id not in self._shows:
                self._shows[show_id] = _Show(RecentChanges(number), asyncio.get_running_loop().time())
                self.looker.begin()
            elif number > self._shows[show_id].recent.sequence:
                break  # the reader is about to see what this one saw
        show = self._shows[show_id]
        show.watchers += 1
        try:
            while True:
                self._check_not_ended()
                if show.lost:
                    raise SequenceNoLongerKept()
                if number < show.recent.base:
                    raise ReaderTooSlow()
                if number < show.recent.sequence:
                    messages = show.recent.after(number, form)
                    number = show.recent.sequence
                else:
                    messages = form.messages([])
                for message in messages:
                    yield message
                if number >= show.recent.sequence and not (show.lost or self._ended):
                    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    show.waiting.append(woken)
                    await woken
        finally:
            show.watchers -= 1
            if not show.watchers:
                self._forget(show_id, show)

    async def run(self) -> None:
        """Look for changes for ever, while anything is watched."""
        await self.looker.run()

    def end(self) -> None:
        """Send everybody away."""
        self._ended = True
        for show in self._shows.values():
            for woken in show.waiting:
                _wake(woken)

    def _check_not_ended(self) -> None:
        if self._ended:
            raise Unavailable("This server stops: watch again after the last number that came.")

    def _can_go_on(self, show_id: UUID, number: int) -> bool:
        """Tell whether all that follows `number` is in memory."""
        show = self._shows.get(show_id)
        return show is not None and show.recent.base <= number <= show.recent.sequence

    def _forget(self, show_id: UUID, show: _Show) -> None:
        """Have no more to do with what is known of a show; another may have taken its place already."""
        if self._shows.get(show_id) is show:
            del self._shows[show_id]

    async def _look(self) -> None:
        """Read what has changed, and tell those who watch."""
        known = {(show_id, show.recent.sequence): show for show_id, show in self._shows.items()}
        pages = await self._counted(_by_key(await self._db.fetch(sql.CHANGES_OF_CHANGED_SHOWS, _columns(known))))
        now = asyncio.get_running_loop().time()
        for key, show in known.items():
            page = pages.get(key)
            if page is None:
                if now - show.woken_at < self._heartbeat_seconds:
                    continue
            elif page.follows(key[1]):
                show.recent.add(page.changes)
            else:
                show.lost = True
                self._forget(key[0], show)
            show.woken_at = now
            await _wake_all(show)

    async def _pages(self, keys: Sequence[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], ChangesPage]:
        return await self._counted(_by_key(await self._db.fetch(sql.CHANGES_AFTER, _columns(keys))))

    async def _counted(self, pages: dict[tuple[UUID, int], ChangesPage]) -> dict[tuple[UUID, int], ChangesPage]:
        """Put to changes of places how their areas stand now, which is after them."""
        counted = [named for named, page in pages.items() if any(change.area_ids for change in page.changes)]
        # At once, as those who look at the same time share a statement.
        found = await asyncio.gather(*(self._availability.areas_of(show_id) for show_id, _ in counted))
        for named, areas in zip(counted, found, strict=True):
            changes = [_with_areas(change, areas) for change in pages[named].changes]
            pages[named] = replace(pages[named], changes=changes)
        return pages


async def _wake_all(show: _Show) -> None:
    """Wake those who wait, a few at a time."""
    waiting, show.waiting = show.waiting, []
    for count, woken in enumerate(waiting, 1):
        _wake(woken)
        if not count % WOKEN_AT_ONCE:
            await asyncio.sleep(0)


def _wake(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)


def _with_areas(change: Change, areas: Mapping[UUID, Mapping[SeatStatus, int]]) -> Change:
    told = [ChangedArea(id_, areas[id_]) for id_ in change.area_ids if id_ in areas]
    return replace(change, areas=told) if told else change


def _columns(keys: Iterable[tuple[UUID, int]]) -> dict[str, list[Any]]:
    return columns(keys, show_id=itemgetter(0), after=itemgetter(1))


def _by_key(rows: Iterable[Any]) -> dict[tuple[UUID, int], ChangesPage]:
    """Put together what was found after the number of each show."""
    pages = {}
    for key, found in groupby(rows, attrgetter("show_id", "after")):
        changes, last, is_draft = [], 0, False
        for sequence, seats in groupby(found, attrgetter("sequence")):
            listed = list(seats)
            last, is_draft = listed[0].show_sequence, listed[0].is_draft
            if sequence is not None:
                changed = [
                    ChangedSeat(row.seat_id, SeatStatus(row.status), row.expires_at, row.price, bool(row.blocked))
                    for row in listed
                    if row.seat_id is not None and row.area_id is None
                ]
                area_ids = list(dict.fromkeys(row.area_id for row in listed if row.area_id is not None))
                prices = {row.tier: row.price for row in listed if row.tier is not None}
                cancelled = any(row.kind == CANCELLED for row in listed)
                times = [ShowTimes(row.revision, row.starts_at, row.sales_end_at) for row in listed if row.revision]
                rescheduled = times[0] if times else None
                facts = (changed, cancelled, prices, rescheduled, area_ids)
                changes.append(Change(sequence, listed[0].changed_at, *facts))
        pages[key] = ChangesPage(changes, last, is_draft)
    return pages
