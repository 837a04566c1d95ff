"""Refunds that the bank has declined for good, for admins: listed, and tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import grpc
from boxoffice.payment.v1 import payment_pb2 as pb

from services.chassis.errors import InvalidField
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read
from services.chassis.wire.pages import BY_ID, PageRequest
from services.chassis.wire.times import to_timestamp
from services.payment.refunds import statements as sql

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class StuckRefund:
    """A refund that the bank has declined for good."""

    id: UUID
    booking_id: UUID
    payment_id: UUID
    amount: int
    """In minor units."""
    currency: str
    stuck_reason: str
    redriven: int
    """How often somebody has had it tried again."""
    created_at: datetime
    updated_at: datetime
    """Since when it is stuck."""


@retried
async def list_stuck(db: Database, *, after: UUID | None, limit: int) -> list[StuckRefund]:
    """Return stuck refunds whose ids come after one, by their ids, and so by when they were asked for."""
    return read(StuckRefund, await db.fetch(sql.STUCK_REFUNDS, {"after": after, "limit": limit}))


@retried
async def redrive_some(db: Database, ids: Sequence[UUID]) -> int:
    """Let those of some refunds that are stuck be tried again; return how many there are."""
    return await db.execute(sql.REDRIVE_SOME, {"ids": list(ids)})


class StuckRefundMethods:
    """The methods of PaymentService about them."""

    _db: Database

    async def ListStuckRefunds(
        self, request: pb.ListStuckRefundsRequest, context: Context
    ) -> pb.ListStuckRefundsResponse:
        page = PageRequest(request, BY_ID)
        found = await list_stuck(self._db, after=page.after, limit=page.limit)
        refunds, token = page.render(found, lambda refund: refund.id, _rendered)
        return pb.ListStuckRefundsResponse(refunds=refunds, next_page_token=token)

    async def RedriveRefunds(self, request: pb.RedriveRefundsRequest, context: Context) -> pb.RedriveRefundsResponse:
        refund_ids = [UUID(each) for each in request.refund_ids]
        if len(set(refund_ids)) < len(refund_ids):
            raise InvalidField(("refundIds", "names a refund twice"))
        redriven = await redrive_some(self._db, refund_ids)
        return pb.RedriveRefundsResponse(redriven=redriven)


def _rendered(refund: StuckRefund) -> pb.StuckRefund:
    return pb.StuckRefund(
        id=str(refund.id),
        booking_id=str(refund.booking_id),
        payment_id=str(refund.payment_id),
        amount=refund.amount,
        currency=refund.currency,
        reason=refund.stuck_reason,
        redriven=refund.redriven,
        created_at=to_timestamp(refund.created_at),
        stuck_at=to_timestamp(refund.updated_at),
    )
