"""A file of a show's bookings, in pieces: however many there are, a page of them is in memory.

What is kept of an export is written before the bookings are handed out that it tells of.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from services.booking.office import exports, sheet
from services.booking.office.domain import Export, ExportedBooking
from services.booking.people import AT_ONCE, Contact, IdentityClient
from services.chassis.errors import DeadlineExceeded, ResourceExhausted
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.values import sheets

EXPORTS_AT_ONCE = 4
"""Exports under way in one process; more are refused, so that they never take all connections from those who sell."""

SECONDS = 60.0
"""How long an export takes at most: one of 50,000 bookings takes a few seconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: which show, whose it is, by whom, and whether contacts are told."""

    show_id: UUID
    organization_id: UUID | None
    time_zone: str
    asked_by: UUID | None
    with_contacts: bool


class Exporting:
    """Exports under way."""

    def __init__(self, db: Database, people: IdentityClient) -> None:
        self._db = db
        self._people = people
        self._left = EXPORTS_AT_ONCE

    async def pieces(self, asked: Asked) -> AsyncGenerator[bytes, None]:
        """Yield the file; raise ResourceExhausted where too many are under way, DeadlineExceeded after SECONDS."""
        if not self._left:
            raise ResourceExhausted()
        self._left -= 1
        try:
            async for piece in self._pieces(asked):
                yield piece
        finally:
            self._left += 1

    async def _pieces(self, asked: Asked) -> AsyncGenerator[bytes, None]:
        now = asyncio.get_running_loop().time
        ends_at = now() + SECONDS
        export_id, zone = new_id(), ZoneInfo(asked.time_zone)
        await exports.begin(self._db, _begun(export_id, asked), asked.organization_id)
        header = sheet.header(with_contacts=asked.with_contacts)
        beginning = sheets.BEGINNING + sheets.lines([header])
        after, rows, is_last = None, 0, False
        while not is_last:
            if now() > ends_at:
                raise DeadlineExceeded()
            page = await exports.page_of(self._db, asked.show_id, after=after, limit=AT_ONCE)
            known = await self._people.contacts({each.user_id for each in page if each.guest_name is None})
            rows, is_last = rows + len(page), len(page) < AT_ONCE
            await exports.count(self._db, export_id, rows, is_last=is_last)
            lines = sheets.lines(_rows(page, known, zone, with_contacts=asked.with_contacts))
            yield beginning + lines + (sheets.end(rows) if is_last else b"")
            beginning = b""
            if page:
                after = page[-1].id


def _begun(export_id: UUID, asked: Asked) -> Export:
    return Export(export_id, asked.show_id, asked.asked_by, asked.with_contacts, 0, None, None)


def _rows(
    page: list[ExportedBooking], known: Mapping[UUID, Contact], zone: ZoneInfo, *, with_contacts: bool
) -> list[list[str]]:
    return [sheet.row(each, known.get(each.user_id), zone, with_contacts=with_contacts) for each in page]
