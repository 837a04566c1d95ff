"""Notices: written once for each fact, listed, read, and removed."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.ids import new_id
from services.chassis.store.database import Database, Transaction, retried
from services.chassis.store.rows import columns, read
from services.notifications.errors import NoticeNotFound
from services.notifications.notices import statements as sql
from services.notifications.notices.domain import Fact, Notice

MOST_COUNTED = 1_000
"""How far unread notices are counted."""

BATCH = 500
"""Notices that are read or removed by one statement."""


async def write_notices(tx: Transaction, facts: Sequence[Fact]) -> None:
    """Tell users of facts; those of which they were told before are left as they are."""
    if not facts:
        return
    names = ("user_id", "kind", "booking_id", "offer_id", "show_id", "number", "amount", "currency", "starts_at")
    await tx.send(sql.WRITE_NOTICES, columns(facts, *names, "happened_at", id=lambda _: new_id()))


async def write_notice_of_endpoint(tx: Transaction, user_id: UUID, endpoint_id: UUID, revision: int) -> None:
    """Tell a member of an organization that an endpoint is off, whose last change was this one."""
    given = {"id": new_id(), "user_id": user_id, "endpoint_id": endpoint_id, "number": revision}
    await tx.send(sql.WRITE_NOTICE_OF_ENDPOINT, given)


@retried
async def list_notices(
    db: Database, user_id: UUID, *, unread_only: bool, after: UUID | None, limit: int
) -> list[Notice]:
    """Return a user's notices, newest first, that are older than `after`; without those that are read if asked."""
    given = {"user_id": user_id, "unread_only": unread_only or None, "after": after, "limit": limit}
    return read(Notice, await db.fetch(sql.list_notices(given), given))


@retried
async def count_unread(db: Database, user_id: UUID) -> int:
    """Return how many notices of a user are not read; MOST_COUNTED stands for that many or more."""
    [row] = await db.fetch(sql.COUNT_UNREAD, {"user_id": user_id, "limit": MOST_COUNTED})
    return int(row.unread)


@retried
async def read_notice(db: Database, user_id: UUID, notice_id: UUID) -> Notice:
    """Note that a user has read a notice; raise NoticeNotFound."""
    async with db.transaction() as tx:
        for notice in read(Notice, await tx.fetch(sql.READ_NOTICE, {"id": notice_id, "user_id": user_id})):
            return notice
    raise NoticeNotFound()


@retried
async def read_all(db: Database, user_id: UUID, up_to: UUID | None) -> int:
    """Note that a user has read all notices, or those up to one; return how many; raise NoticeNotFound."""
    if up_to is not None and not await db.fetch(sql.FIND_NOTICE, {"id": up_to, "user_id": user_id}):
        raise NoticeNotFound()
    done = 0
    while batch := await db.execute(sql.READ_ALL, {"user_id": user_id, "up_to": up_to, "limit": BATCH}):
        done += batch
    return done


async def forget_read(db: Database, days: int, *, limit: int = BATCH) -> int:
    """Remove one batch of the notices that were read more than `days` ago; return how many. A job."""
    return await db.execute(sql.FORGET_READ, {"days": days, "limit": limit})
