"""Refunds: accepted first, then carried out by the bank, for as long as that takes."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from services.chassis.errors import Failure
from services.chassis.store.database import Database, retried
from services.payment.domain.payments import BankEvent
from services.payment.domain.refunds import Refund, RefundReport, RefundRequest, RefundState, Way, way
from services.payment.errors import EventMismatch
from services.payment.gateways.interface import GATEWAY_SECONDS, Gateways, RefundAnswer, RefundDeclined
from services.payment.refunds import operation as refunds
from services.payment.refunds import statements as sql
from services.payment.side_by_side import each

log = logging.getLogger(__name__)

FIRST_TRY_SECONDS = 1.0
"""How long the caller waits for the bank. What is not carried out by then, the job carries out."""

RECOVERY_BATCH = 64


class Refunds:
    """The refunds of payments."""

    def __init__(self, db: Database, gateways: Gateways) -> None:
        self._db = db
        self._request = refunds.RequestRefunds(db)
        self._gateways = gateways

    @property
    def db(self) -> Database:
        """Where they are kept."""
        return self._db

    async def request(self, asked: Sequence[RefundRequest]) -> list[Refund | Failure]:
        """Accept refunds and try them at once; return each as far as it came, or why it is not accepted."""
        answers = await self._request.together(asked)
        until = asyncio.get_running_loop().time() + FIRST_TRY_SECONDS

        async def attempt(answer: Refund | Failure) -> Refund | Failure:
            seconds = until - asyncio.get_running_loop().time()
            if isinstance(answer, Failure) or answer.state != RefundState.REQUESTED or seconds <= 0:
                return answer
            return await self._carry_out(answer, seconds)

        return await each(answers, attempt)

    async def settle_report(self, report: RefundReport, event: BankEvent) -> None:
        """Take the bank's word that a refund was carried out: ask for it again, and record what the bank answers.

        Raises PaymentNotFound if there is no such refund, EventMismatch if it has other facts, or the bank says
        that it was not carried out.
        """
        refund = await refunds.named(self._db, report)
        if refund.state != RefundState.SUCCEEDED:
            try:
                answer = await self._gateways.refund(refund)
            except RefundDeclined as declined:
                raise EventMismatch() from declined
            if answer != RefundAnswer.SUCCEEDED:
                raise EventMismatch()
        await refunds.record(self._db, refund, event)

    async def recover(self) -> int:
        """Try one batch of refunds that are due again; return how many there were."""
        due = await refunds.due(self._db, RECOVERY_BATCH)
        await each(due, self._carry_out)
        return len(due)

    async def _carry_out(self, refund: Refund, seconds: float = GATEWAY_SECONDS) -> Refund:
        """Try a refund once; return it as far as it came."""
        try:
            if way(refund) != Way.PAY:
                return await self._beside_dispute(refund, seconds)
            return await self._carried(refund, await self._gateways.refund(refund, seconds))
        except RefundDeclined as declined:
            return await self._stuck(refund, str(declined))
        except Failure as failure:
            log.warning("refund %s is tried again later: %s", refund.id, failure)
            return refund

    async def _beside_dispute(self, refund: Refund, seconds: float) -> Refund:
        """Settle a refund of a payment that is disputed, or was: it may have been paid before, and nobody heard."""
        if (answer := await self._gateways.find_refund(refund, seconds)) is not None:
            return await self._carried(refund, answer)
        match way(refund):
            case Way.BY_DISPUTE:
                settled = await refunds.succeed_by_dispute(self._db, refund)
                return replace(refund, state=RefundState.SUCCEEDED) if settled else refund
            case Way.NOT_LEFT:
                return await self._stuck(refund, "a lost dispute has left less than this")
            case _:
                log.info("refund %s waits for a dispute of its payment to be decided", refund.id)
                return refund

    async def _carried(self, refund: Refund, answer: RefundAnswer) -> Refund:
        if answer == RefundAnswer.PENDING:
            return refund
        await refunds.succeed(self._db, refund.id)
        return replace(refund, state=RefundState.SUCCEEDED)

    async def _stuck(self, refund: Refund, reason: str) -> Refund:
        await refunds.stick(self._db, refund, reason)
        return replace(refund, state=RefundState.STUCK)


@retried
async def redrive(db: Database) -> int:
    """Let the refunds that are stuck be tried again; return how many there are."""
    return await db.execute(sql.REDRIVE)
