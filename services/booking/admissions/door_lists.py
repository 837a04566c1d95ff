"""Door lists: what gates need to let people in without a connection, page by page."""

import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.booking.admissions import door_statements as sql
from services.booking.admissions.door_rows import ListedTicket, ListHead
from services.booking.errors import GateNotForShow, GateNotFound, GateStaysOnline
from services.booking.gates.domain import Offline
from services.booking.tickets.keyring import TicketKeys
from services.chassis.store.database import READ_CLOCK, Database, retried
from services.chassis.store.rows import read

PAGE = 500
"""Tickets of a list that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Page:
    """Tickets of a door list, each with the hash of its code."""

    tickets: Sequence[ListedTicket]
    hashes: Sequence[str]
    offline: Offline


class DoorLists:
    """Makes door lists."""

    def __init__(self, db: Database, keys: TicketKeys, *, opens: timedelta, good_for: timedelta) -> None:
        """Doors open so long before a show; a list is good for so long."""
        self._db = db
        self._keys = keys
        self.opens = opens
        self.good_for = good_for

    async def pages(self, gate_id: UUID, show_id: UUID) -> AsyncGenerator[ListHead | Page, None]:
        """Yield the head of a list, then its tickets; raise GateNotFound, GateNotForShow or GateStaysOnline."""
        head, offline = await self._begin(gate_id, show_id)
        yield head
        after: UUID | None = None
        while True:
            tickets = await _tickets(self._db, show_id, after)
            if not tickets:
                return
            codes = await self._keys.codes([(one.id, one.revision, one.issued_at) for one in tickets])
            yield Page(tickets, [hashlib.sha256(code.encode()).hexdigest() for code in codes], offline)
            after = tickets[-1].show_seat_id

    @retried
    async def _begin(self, gate_id: UUID, show_id: UUID) -> tuple[ListHead, Offline]:
        """Give tickets their homes. From the commit on, they let in there only, until the list is too old.

        Scans lock the show's times, too, so whoever was let in elsewhere before is read as such afterwards.
        """
        given = {"gate_id": gate_id, "show_id": show_id, "good_for": self.good_for.total_seconds()}
        async with self._db.transaction() as tx:
            await tx.fetch(sql.LOCK_HOMES, given)
            times, gates, [clock] = await tx.fetch_all((sql.TIMES, given), (sql.GATE, given), (READ_CLOCK, ()))
            if not gates:
                raise GateNotFound()
            [gate] = gates
            if not gate.is_for_show:
                raise GateNotForShow()
            offline = Offline(gate.offline)
            if offline == Offline.NEVER:
                raise GateStaysOnline()
            if offline == Offline.HOME:
                await tx.send(sql.GIVE_HOMES, given)
            await tx.send(sql.NOTE_LIST, given)
        return ListHead(show_id, clock.now, times[0].starts_at - self.opens, times[0].ends_at), offline


@retried
async def _tickets(db: Database, show_id: UUID, after: UUID | None) -> list[ListedTicket]:
    return read(ListedTicket, await db.fetch(sql.LISTED, {"show_id": show_id, "after": after, "limit": PAGE}))
