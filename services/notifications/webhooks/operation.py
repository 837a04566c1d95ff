"""Messages read and forgotten; endpoints taken, and what came of it noted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.store.rows import Row, read
from services.notifications.errors import WebhookMessagesForgotten, WebhookMessagesNotThere
from services.notifications.notices.operation import write_notice_of_endpoint
from services.notifications.webhooks import statements as sql
from services.notifications.webhooks.domain import (
    GIVEN_UP_AFTER,
    KEPT,
    LEASE,
    Answer,
    Attempt,
    Message,
    Outcome,
    Taken,
    pause_seconds,
)

# --- Messages


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, and the number of the last one that there is."""

    messages: Sequence[Message]
    last: int


async def list_messages(db: Database, organization_id: UUID, after: int | None, limit: int) -> Page:
    """Return messages behind a number, or the oldest; raise WebhookMessagesForgotten, WebhookMessagesNotThere."""
    rows = await db.fetch(sql.MESSAGES, {"organization_id": organization_id, "after": after, "limit": limit})
    last, forgotten = (rows[0].last_number, rows[0].forgotten) if rows else (0, 0)
    if after is not None and after > last:
        raise WebhookMessagesNotThere(last=last)
    if after is not None and after < forgotten:
        raise WebhookMessagesForgotten(oldest=forgotten + 1)
    return Page(_messages(rows), last)


def _messages(rows: Sequence[Row]) -> list[Message]:
    return read(Message, [row for row in rows if row.number is not None])


async def list_attempts(db: Database, endpoint_id: UUID, *, after: UUID | None, limit: int) -> list[Attempt]:
    """Return what was sent to an endpoint, newest first."""
    given = {"endpoint_id": endpoint_id, "after": after, "limit": limit}
    return read(Attempt, await db.fetch(sql.LIST_ATTEMPTS, given))


async def forget(db: Database, *, limit: int = 500) -> int:
    """Forget one batch of old messages, old attempts and secrets that are over; return how many. A job."""
    given = {"age": KEPT, "limit": limit}
    gone = await db.execute(sql.FORGET_ATTEMPTS, given) + await db.execute(sql.FORGET_SECRETS, given)
    async with db.transaction() as tx:
        for row in await tx.fetch(sql.LOCK_FORGETTABLE, given):
            forgotten = await tx.fetch(sql.FORGET_MESSAGES, given | {"organization_id": row.organization_id})
            gone += sum(each.gone for each in forgotten)
    return gone


# --- Sending


async def take(db: Database, *, is_slow: bool, limit: int) -> list[Taken]:
    """Take endpoints that there is something to send to: the slow ones, or the others."""
    given = {"is_slow": is_slow, "limit": limit, "lease": LEASE}
    return read(Taken, await db.fetch(sql.TAKE_ENDPOINTS, given)) if limit else []


async def next_messages(db: Database, taken: Taken, limit: int) -> Page:
    """Return the messages that come next for an endpoint."""
    given = {"organization_id": taken.organization_id, "sent_to": taken.sent_to, "types": list(taken.types)}
    rows = await db.fetch(sql.NEXT_MESSAGES, given | {"limit": limit})
    return Page(_messages(rows), rows[0].last_number if rows else 0)


async def next_resends(db: Database, taken: Taken, limit: int) -> list[Message]:
    """Return the messages that somebody wants sent to an endpoint once more, of those that are kept."""
    if not taken.has_resends:
        return []
    given = {"endpoint_id": taken.id, "organization_id": taken.organization_id}
    found = read(Message, await db.fetch(sql.NEXT_RESENDS, given | {"limit": limit}))
    if not found:
        await db.execute(sql.DROP_FORGOTTEN_RESENDS, given)
    return found


async def note_taken(db: Database, taken: Taken, number: int | None, answer: Answer) -> bool:
    """Note that a message, or for None the challenge, was taken; return whether the endpoint is still this sender's."""
    statement = sql.NOTE_CHALLENGE_TAKEN if number is None else sql.NOTE_TAKEN
    return await _noted(db, statement, _attempt(taken, number, answer))


async def note_resent(db: Database, taken: Taken, number: int, answer: Answer) -> bool:
    """Note that a message was sent once more; return whether the endpoint is still this sender's."""
    return await _noted(db, sql.NOTE_RESENT, _attempt(taken, number, answer, is_resend=True))


async def note_failed(db: Database, taken: Taken, number: int | None, answer: Answer) -> bool:
    """Note that a message, or for None the challenge, was not taken; return whether the endpoint is off by that.

    Then whoever made or changed it last has a notice.
    """
    later = {"pause_seconds": pause_seconds(taken.failures + 1), "given_up_after": GIVEN_UP_AFTER}
    async with db.transaction() as tx:
        off = [
            row
            for row in await tx.fetch(sql.NOTE_FAILED, _attempt(taken, number, answer) | later)
            if row.state == "OFF"
        ]
        for row in off:
            if row.managed_by is not None:
                await write_notice_of_endpoint(tx, row.managed_by, taken.id, taken.revision)
        return bool(off)


async def pass_over(db: Database, taken: Taken, to: int) -> None:
    """Note that there is nothing for an endpoint up to a number."""
    await db.execute(sql.PASS_OVER, _mine(taken) | {"to": to})


async def give_back(db: Database, taken: Taken) -> None:
    """Leave an endpoint to whoever takes it next."""
    await db.execute(sql.GIVE_BACK, {"endpoint_id": taken.id, "lease": taken.lease})


async def _noted(db: Database, statement: str, given: dict[str, Any]) -> bool:
    async with db.transaction() as tx:
        return bool(await tx.fetch(statement, given))


def _mine(taken: Taken) -> dict[str, Any]:
    return {"endpoint_id": taken.id, "lease": taken.lease, "revision": taken.revision}


def _attempt(taken: Taken, number: int | None, answer: Answer, *, is_resend: bool = False) -> dict[str, Any]:
    return _mine(taken) | {
        "id": new_id(),
        "number": number,
        "outcome": str(answer.outcome),
        "status": answer.status,
        "duration_ms": answer.duration_ms,
        "is_slow": answer.is_slow or (answer.outcome is Outcome.TIMED_OUT),
        "is_resend": is_resend,
    }
