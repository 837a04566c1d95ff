"""What booking has to be told is stored together with what it tells of; and what is final stays."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from grpc import StatusCode

from services.chassis.errors import Unavailable
from services.chassis.writes.outbox import Message, Outbox
from services.payment.domain.refunds import Refund, RefundState
from services.payment.refunds import operation as refunds
from tests.bank.support import refused
from tests.payment.test_payment_refunds import NO_TICKET, reasons
from tests.payment.test_payment_webhooks import paid
from tests.payment.world import Payment, event


async def test_a_capture_that_booking_would_not_be_told_of_is_not_recorded(
    payment: Payment, monkeypatch: pytest.MonkeyPatch
):
    async def append(_: Outbox, tx: Any, messages: Sequence[Message]) -> None:
        raise Unavailable()

    booking_id, one = await paid(payment)
    with monkeypatch.context() as broken:
        broken.setattr(Outbox, "append", append)
        assert await refused(payment.hook(event(one))) == (StatusCode.UNAVAILABLE, "UNAVAILABLE")
    assert await payment.statuses(booking_id) == ["PENDING"]


FAILING_COMMIT = (
    """CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE serialization_failure;
    END $$""",
    """CREATE CONSTRAINT TRIGGER fails AFTER UPDATE OF state ON payments DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION fail()""",
)


async def test_booking_is_told_of_no_capture_whose_record_was_not_committed(payment: Payment):
    booking_id, one = await paid(payment)
    for statement in FAILING_COMMIT:
        await payment.db.execute(statement)
    await refused(payment.hook(event(one)))
    assert await payment.statuses(booking_id) == ["PENDING"]
    assert await payment.count("outbox") == 0
    await payment.db.execute("DROP TRIGGER fails ON payments")
    await payment.hook(event(one))
    assert await payment.count("outbox") == 1


async def test_a_refund_that_was_carried_out_is_not_stuck_by_who_heard_otherwise(payment: Payment):
    one = await payment.paid()
    assert await reasons(payment, (one.id, NO_TICKET, 50_000)) == ["SUCCEEDED"]
    [row] = await payment.db.fetch("SELECT id FROM refunds")
    declined = Refund(row.id, UUID(one.id), "", "NO_TICKET", 50_000, RefundState.REQUESTED, "bank")
    await refunds.stick(payment.db, declined, "declined")
    assert await reasons(payment, (one.id, NO_TICKET, 50_000)) == ["SUCCEEDED"]
