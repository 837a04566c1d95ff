"""Admissions that are taken back, and scans as they are listed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.booking.admissions import statements as sql
from services.booking.admissions.domain import KeptScan, Result
from services.booking.errors import ScanNotAdmitted, ScanNotFound
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction, retried
from services.chassis.store.rows import read
from services.chassis.writes.operation import Operation, Rows


@dataclass(frozen=True, slots=True)
class Undo:
    """The wish to take back that a scan let somebody in."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The scan."""
    show_id: UUID
    reason: str
    undone_by: UUID | None


@dataclass(frozen=True, slots=True)
class LockedScans:
    """Scans of tickets that nobody else changes meanwhile."""

    now: datetime
    scans: dict[UUID, KeptScan]
    undone: list[KeptScan] = field(default_factory=list)


class UndoAdmissions(Operation[Undo, LockedScans, KeptScan]):
    """Takes admissions back; refuses with ScanNotFound, ScanNotAdmitted. A second time, nothing changes."""

    def reads(self, batch: Sequence[Undo], *, wait: bool) -> dict[str, Statement]:
        """Lock the bookings of the tickets, then read the scans."""
        named = {"ids": [command.key for command in batch]}
        return {
            "bookings": (sql.LOCK_BOOKINGS_OF_SCANS, named),
            "clock": (READ_CLOCK, ()),
            "scans": (sql.SCANS, named),
        }

    async def load(self, tx: Transaction, batch: Sequence[Undo], rows: Rows) -> tuple[LockedScans, set[UUID]]:
        """Nothing depends on more than the scans."""
        return LockedScans(rows["clock"][0].now, {scan.id: scan for scan in read(KeptScan, rows["scans"])}), set()

    def decide(self, command: Undo, state: LockedScans) -> KeptScan:
        """Take the admission back, if there is one."""
        scan = state.scans.get(command.key)
        if scan is None or scan.show_id != command.show_id:
            raise ScanNotFound()
        if scan.result != Result.ADMITTED:
            raise ScanNotAdmitted()
        if scan.undone_at is None:
            scan = replace(scan, undone_at=state.now, undone_by=command.undone_by, undo_reason=command.reason)
            state.scans[scan.id] = scan
            state.undone.append(scan)
        return scan

    async def write(self, tx: Transaction, state: LockedScans) -> None:
        """Write that admissions stand no more; their tickets are good again, unless they were revoked meanwhile."""
        for scan in state.undone:
            undo = {"undone_at": scan.undone_at, "undone_by": scan.undone_by, "reason": scan.undo_reason}
            await tx.send(sql.UNDO, undo | {"id": scan.id})


@retried
async def list_scans(
    db: Database, show_id: UUID, *, conflicts_only: bool, after: UUID | None, limit: int
) -> list[KeptScan]:
    """Return scans of a show, newest first, that are older than `after`."""
    statement = sql.LIST_CONFLICTS if conflicts_only else sql.LIST_SCANS
    return read(KeptScan, await db.fetch(statement, {"show_id": show_id, "after": after, "limit": limit}))
