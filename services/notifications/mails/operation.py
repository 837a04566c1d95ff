"""Mails: written once for each fact, taken, and brought to their ends."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.ids import new_id
from services.chassis.store.database import Database, Transaction
from services.chassis.store.rows import columns, read
from services.notifications.mails import statements as sql
from services.notifications.mails.domain import (
    GIVEN_UP_AFTER,
    KEPT,
    LEASE,
    Mail,
    Outcome,
    ReminderCheck,
    Result,
    pause_seconds,
)
from services.notifications.notices.domain import Fact, Kind

_ENDS = {Outcome.SENT: "SENT", Outcome.SKIPPED: "SKIPPED", Outcome.DEAD: "DEAD"}


async def write_mails(tx: Transaction, facts: Sequence[Fact]) -> None:
    """Have users mailed facts; those of which they have a mail are left as they are.

    Topics keep the facts of a month: who sends mails for the first time does not send those of before.
    """
    if not facts:
        return
    names = ("user_id", "kind", "booking_id", "offer_id", "show_id", "number", "amount", "currency", "starts_at")
    given = columns(facts, *names, "happened_at", id=lambda _: new_id())
    await tx.send(sql.WRITE_MAILS, given | {"given_up_after": GIVEN_UP_AFTER})


async def claim(db: Database, limit: int) -> list[Mail]:
    """Take some mails that are due."""
    return read(Mail, await db.fetch(sql.CLAIM_MAILS, {"lease": LEASE, "limit": limit}))


async def check_reminders(db: Database, mails: Sequence[Mail]) -> dict[UUID, ReminderCheck]:
    """Return what there is to know of those mails that are reminders."""
    ids = [mail.id for mail in mails if mail.fact.kind is Kind.REMINDER]
    found = read(ReminderCheck, await db.fetch(sql.CHECK_REMINDERS, {"ids": ids})) if ids else []
    return {check.id: check for check in found}


async def finish(db: Database, ends: Sequence[tuple[Mail, Result]]) -> None:
    """Note what has become of mails that are not tried again."""
    given = {
        "id": [mail.id for mail, _ in ends],
        "attempts": [mail.attempts for mail, _ in ends],
        "state": [_ENDS[result.outcome] for _, result in ends],
        "reason": [result.reason or None for _, result in ends],
    }
    await db.execute(sql.FINISH_MAILS, given)


async def note(db: Database, mail: Mail, result: Result) -> Outcome:
    """Note what came of a try; return what became of the mail: one that was tried for too long is dead."""
    if result.outcome in _ENDS:
        await finish(db, [(mail, result)])
        return result.outcome
    given = {"id": mail.id, "attempts": mail.attempts, "reason": result.reason or None}
    later = {
        "seconds": pause_seconds(mail.attempts),
        "is_known": result.outcome is not Outcome.UNKNOWN,
        "given_up_after": GIVEN_UP_AFTER,
    }
    rows = await db.fetch(sql.POSTPONE_MAIL, given | later)
    return Outcome.DEAD if rows and rows[0].state == "DEAD" else result.outcome


async def redrive(db: Database) -> int:
    """Have every dead mail tried again; return how many there were."""
    return await db.execute(sql.REDRIVE)


async def forget(db: Database, *, limit: int = 500) -> int:
    """Forget one batch of mails that came to their ends long ago, but for dead ones; return how many. A job."""
    return await db.execute(sql.FORGET_MAILS, {"age": KEPT, "limit": limit})
