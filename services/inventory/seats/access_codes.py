"""Making and revoking access codes, by which blocked seats are taken."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read
from services.chassis.writes.idempotency import Once
from services.inventory.errors import (
    AccessCodeExists,
    AccessCodeLimitExceeded,
    AccessCodeNotFound,
    SeatNotFound,
    ShowCancelled,
    ShowNotFound,
)
from services.inventory.seats import access_statements as sql
from services.inventory.seats.commands import SeatCommand
from services.inventory.seats.domain import LockedShow, SeatRules
from services.inventory.seats.rights import AccessCode

A = TypeVar("A")

MAX_CODES = 1_000
"""Codes of a show, revoked ones counted: all of them are kept."""

_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""None of them looks like another one."""
_LENGTH = 10


def new_code() -> str:
    """Draw a code: ten letters and digits of thirty, so that one in 30 ** 10 is it."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


@dataclass(frozen=True, slots=True)
class UsedCode:
    """A code, and how many seats somebody has by it."""

    code: AccessCode
    seats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccessCode(SeatCommand[A]):
    """Make a code by which seats may be taken that are blocked for a reason, or some that it names."""

    urgent: ClassVar[bool] = True
    makes_code: ClassVar[bool] = True

    id: UUID
    access_code: str
    reason: str | None
    max_seats: int
    ends_at: datetime | None
    once: Once[UsedCode, Any] | None = None

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> UsedCode:
        """Return the code; raise what its fields lack, or why the show has no more of them."""
        if unknown := [id_ for id_ in self.seat_ids if id_ not in show.seats]:
            raise SeatNotFound(unknown)
        if show.is_cancelled:
            raise ShowCancelled()
        if self.ends_at is not None and self.ends_at <= now:
            raise InvalidField(("endsAt", "must be in the future"))
        if show.access.named(self.access_code):
            raise AccessCodeExists()
        if show.access.made >= MAX_CODES:
            raise AccessCodeLimitExceeded(limit=MAX_CODES)
        seat_ids = list(self.seat_ids)
        code = AccessCode(self.id, self.access_code, self.reason, seat_ids, self.max_seats, self.ends_at, now)
        show.access.load(code)
        show.access.new.add(code.id)
        show.access.made += 1
        return UsedCode(code, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAccessCode(SeatCommand[None]):
    """Have nobody take seats by a code any more. Claims that are alive keep their seats, and are confirmed in time."""

    urgent: ClassVar[bool] = True

    code_id: UUID

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> None:
        """Revoke the code, unless it is revoked; raise AccessCodeNotFound."""
        code = show.access.codes.get(self.code_id)
        if code is None:
            raise AccessCodeNotFound()
        if code.revoked_at is None:
            show.access.load(replace(code, revoked_at=now))
            show.access.revoked.add(code.id)


@retried
async def list_codes(db: Database, show_id: UUID, *, after: UUID | None, limit: int) -> Sequence[UsedCode]:
    """Return so many codes of a show, oldest first, of greater ids alone; raise ShowNotFound."""
    shows, rows = await db.fetch_all(
        (sql.SHOW_EXISTS, {"show_id": show_id}),
        (sql.LIST_CODES, {"show_id": show_id, "after": after, "limit": limit}),
    )
    if not shows:
        raise ShowNotFound()
    return [UsedCode(code, row.seats) for row, code in zip(rows, read(AccessCode, rows), strict=True)]
