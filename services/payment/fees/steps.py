"""What gateways keep of payments is asked for once these are captured, for as long as it takes until it is known."""

import logging

from services.chassis.errors import Failure
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read
from services.payment.domain.payments import Payment
from services.payment.fees import statements as sql
from services.payment.gateways.interface import Gateways
from services.payment.side_by_side import each

log = logging.getLogger(__name__)

BATCH = 32


class Fees:
    """What gateways keep."""

    def __init__(self, db: Database, gateways: Gateways) -> None:
        self._db = db
        self._gateways = gateways

    async def ask(self) -> int:
        """Ask for the fees of one batch of payments that are due; return how many there were."""
        due = await _due(self._db)
        await each(due, self._ask)
        return len(due)

    async def _ask(self, payment: Payment) -> None:
        try:
            fee = await self._gateways.fee(payment)
        except Failure as failure:
            log.warning("the fee of payment %s is asked for again later: %s", payment.id, failure)
            return
        if fee is not None:
            await retried(self._db.execute)(sql.KEEP_FEE, {"id": payment.id, "amount": fee.amount, "tax": fee.tax})


@retried
async def _due(db: Database) -> list[Payment]:
    return read(Payment, await db.fetch(sql.CLAIM_FEES, {"most": BATCH}))
