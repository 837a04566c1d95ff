"""Mails that tell of open offers: they wait in the offers' own rows, and notifications takes and sends them."""

from dataclasses import dataclass
from uuid import UUID

from services.booking.transfers import statements as sql
from services.booking.transfers.look import ShownOffer
from services.chassis.store.database import Database
from services.chassis.store.rows import read

ENDS = ("SENT", "SKIPPED", "DEAD")
"""The states of mails that end them, named as the outcomes are."""


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that is to be sent now."""

    shown: ShownOffer
    mail_attempts: int
    """This one included."""
    mail_answered: int
    """The last attempt of which the outcome is known."""

    @property
    def may_be_there(self) -> bool:
        """Whether an attempt from before may have reached the mail server, and nobody knows."""
        return self.mail_answered < self.mail_attempts - 1


async def claim(db: Database, limit: int) -> list[ClaimedMail]:
    """Take some mails that are due; nobody else gets them for five minutes."""
    rows = await db.fetch(sql.CLAIM_MAILS, {"limit": limit})
    return [
        ClaimedMail(shown, row.mail_attempts, row.mail_answered)
        for shown, row in zip(read(ShownOffer, rows), rows, strict=True)
    ]


async def finish(db: Database, offer_id: UUID, attempts: int, outcome: str) -> None:
    """Note what came of an attempt."""
    given = {"id": offer_id, "attempts": attempts}
    if outcome in ENDS:
        await db.execute(sql.FINISH_MAIL, given | {"state": outcome})
    else:
        await db.execute(sql.POSTPONE_MAIL, given | {"is_known": outcome != "UNKNOWN"})
