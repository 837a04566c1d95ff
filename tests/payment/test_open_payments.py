"""What is under way of a user's payments: whose account is to be deleted has none."""

from __future__ import annotations

from boxoffice.payment.v1 import payment_pb2 as pb

from tests.payment.world import Payment

REQUESTED = pb.BatchRefundPaymentsRequest.Refund.REQUESTED


async def count(payment: Payment, user_id: str) -> tuple[int, int]:
    answer = await payment.stub.CountOpenPayments(pb.CountOpenPaymentsRequest(user_id=user_id))
    return answer.payments, answer.refunds


async def test_a_payment_is_open_until_it_is_known_what_came_of_it(payment: Payment) -> None:
    booking_id, user_id = await payment.book()
    assert await count(payment, user_id) == (0, 0)
    await payment.initiate(booking_id)
    assert await count(payment, user_id) == (1, 0)
    _, other = await payment.book()
    assert await count(payment, other) == (0, 0)
    await payment.close(booking_id)
    await payment.relay()
    await payment.poll()
    assert await count(payment, user_id) == (0, 0)


async def test_a_refund_is_open_until_the_customer_has_it(payment: Payment) -> None:
    paid = await payment.paid()
    [row] = await payment.db.fetch("SELECT user_id FROM payments")
    user_id = str(row.user_id)
    assert await count(payment, user_id) == (0, 0)
    payment.mood.away = True
    await payment.refund((paid.id, REQUESTED, 50_000))
    assert await count(payment, user_id) == (0, 1)
    payment.mood.away = False
    await payment.recover_refunds()
    assert await count(payment, user_id) == (0, 0)
    await payment.db.execute("UPDATE refunds SET state = 'STUCK', stuck_reason = 'declined'")
    assert await count(payment, user_id) == (0, 1)
    await payment.db.execute("UPDATE refunds SET state = 'SUCCEEDED', stuck_reason = NULL")
    await payment.db.execute("UPDATE payments SET disputed_amount = 1")
    assert await count(payment, user_id) == (0, 1)
