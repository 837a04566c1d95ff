"""What is read and written of access codes while their shows are locked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.store.database import Transaction
from services.chassis.store.rows import Row, columns, read
from services.chassis.writes.operation import Rows
from services.inventory.seats import access_statements as sql
from services.inventory.seats.commands import SeatCommand
from services.inventory.seats.domain import LockedShow
from services.inventory.seats.parameters import array, names
from services.inventory.seats.rights import BEFORE, GUEST, AccessCode, Tries


@dataclass(frozen=True, slots=True)
class CodeToWrite:
    """A code to write."""

    show_id: UUID
    code: AccessCode


@dataclass(frozen=True, slots=True)
class TriesToWrite:
    """What a user has tried, to write."""

    show_id: UUID
    user_id: UUID
    tries: Tries


def reads(batch: Sequence[SeatCommand[Any]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the statements that read what commands need that name codes; those that name nothing are left out."""
    giving = [command for command in batch if command.access_code is not None]
    revoking = names("id", ((command.show_id, command.code_id) for command in batch if command.code_id))
    if not giving and not revoking:
        return {}
    coded = names("code", ((command.show_id, command.access_code) for command in giving))
    making = [command.show_id for command in giving if command.makes_code]
    return {
        "codes": (sql.CODES_BY_CODE, coded),
        "claims_of_codes": (sql.CLAIMS_OF_CODES, coded),
        "codes_by_id": (sql.CODES_BY_ID, revoking),
        "claims_of_code_ids": (sql.CLAIMS_OF_CODE_IDS, revoking),
        "codes_made": (sql.COUNT_CODES, {"show_id": making} if making else {}),
        "tries": (sql.TRIES, names("user_id", ((c.show_id, c.user_id) for c in giving if c.user_id))),
    }


def load(shows: Mapping[UUID, LockedShow], rows: Rows) -> None:
    """Put codes, what is had by them, and tries to their shows."""
    for name in ("codes", "codes_by_id"):
        _load_codes(shows, rows.get(name, ()))
    for name in ("claims_of_codes", "claims_of_code_ids"):
        _load_claims(shows, rows.get(name, ()))
    for row in rows.get("codes_made", ()):
        if show := shows.get(row.show_id):
            show.access.made = row.made
    for row in rows.get("tries", ()):
        if show := shows.get(row.show_id):
            show.access.tries[row.user_id] = Tries(row.tried_at)


async def read_rights(
    tx: Transaction, shows: Mapping[UUID, LockedShow], batch: Sequence[SeatCommand[Any]], now: datetime
) -> None:
    """Read the codes by which lapsed claims were made that may be revived."""
    lapsed = (
        (show.id, right)
        for command in batch
        if command.may_revive and (show := shows.get(command.show_id)) is not None and command.booking_id is not None
        if (claim := show.reservations.get(command.booking_id)) is not None and not claim.is_alive(now)
        for right in claim.right_ids or ()
        if right not in (None, GUEST, BEFORE) and right not in show.access.codes
    )
    if rights := names("id", lapsed):
        codes, claims = await tx.fetch_all((sql.CODES_BY_ID, rights), (sql.CLAIMS_OF_CODE_IDS, rights))
        _load_codes(shows, codes)
        _load_claims(shows, claims)


async def write(tx: Transaction, shows: Iterable[LockedShow]) -> None:
    """Write the codes that were made or revoked, and what was tried in vain."""
    shows = [show for show in shows if show.access.new or show.access.revoked or show.access.tried]
    made = [CodeToWrite(show.id, show.access.codes[id_]) for show in shows for id_ in sorted(show.access.new)]
    revoked = [CodeToWrite(show.id, show.access.codes[id_]) for show in shows for id_ in sorted(show.access.revoked)]
    tried = [
        TriesToWrite(show.id, user, show.access.tries[user]) for show in shows for user in sorted(show.access.tried)
    ]
    if made:
        values = columns(
            made,
            "show_id",
            id="code.id",
            code="code.code",
            reason="code.reason",
            seat_ids=lambda one: array(one.code.seat_ids),
            max_seats="code.max_seats",
            ends_at="code.ends_at",
            created_at="code.created_at",
        )
        await tx.send(sql.MAKE_CODES, values)
    if revoked:
        await tx.send(sql.REVOKE_CODES, columns(revoked, "show_id", id="code.id", revoked_at="code.revoked_at"))
    if tried:
        values = columns(tried, "show_id", "user_id", tried_at=lambda one: _times(one.tries.at))
        await tx.send(sql.SET_TRIES, values | {"now": max(at for one in tried for at in one.tries.at)})


def _times(at: Sequence[datetime]) -> str:
    return "{" + ",".join(f'"{instant.isoformat()}"' for instant in at) + "}"


def _load_codes(shows: Mapping[UUID, LockedShow], rows: Sequence[Row]) -> None:
    for row, code in zip(rows, read(AccessCode, rows), strict=True):
        if show := shows.get(row.show_id):
            show.access.load(code)


def _load_claims(shows: Mapping[UUID, LockedShow], rows: Sequence[Row]) -> None:
    for row in rows:
        if (show := shows.get(row.show_id)) and row.right_id in show.access.claims:
            show.access.claims[row.right_id][row.id] = row.expires_at
