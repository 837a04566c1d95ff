"""What is said at once is carried out in one batch, and each command is judged by those before it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from boxoffice.payment.v1 import payment_pb2 as pb

from services.chassis.ids import new_id
from services.payment.checkout import polling as payments
from services.payment.checkout.begin import Begin, BeginPayments
from services.payment.checkout.record import Record, RecordReports
from services.payment.domain.payments import BankEvent, Outcome, Payable, SessionReport, State
from services.payment.domain.payments import Payment as Begun
from services.payment.errors import BookingNotPending, EventMismatch, PaymentNotFound
from tests.payment.test_payment_webhooks import begun
from tests.payment.world import Payment

MARGIN = timedelta(seconds=30)


def report(one: pb.InitiatePaymentResponse, outcome: Outcome | None) -> SessionReport:
    return SessionReport(UUID(one.payment_id), one.session_id, one.amount, one.currency, outcome)


def payable() -> Payable:
    until = datetime.now(UTC) + timedelta(minutes=15)
    return Payable(new_id(), new_id(), 50_000, "INR", until, "a show", ["A-1"], until)


async def test_of_words_in_one_batch_each_is_judged_by_those_before(payment: Payment):
    booking_id, one = await begun(payment)
    words = [
        Record(report(one, end)) for end in (Outcome.DECLINED, Outcome.CAPTURED, Outcome.CAPTURED, Outcome.EXPIRED)
    ]
    states = await RecordReports(payment.db, payment.outbox)(words, wait=False)
    assert states == [State.FAILED, State.SUCCESS, State.SUCCESS, State.SUCCESS]
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    messages = await payment.db.fetch("SELECT topic FROM outbox ORDER BY id")
    assert [row.topic for row in messages] == ["declines", "captures"]


async def test_a_word_that_is_refused_spoils_no_other_and_its_event_is_not_kept(payment: Payment):
    booking_id, one = await begun(payment)
    true = report(one, Outcome.CAPTURED)
    words = [
        Record(replace(true, amount=1), BankEvent("evt_false", "payment.captured")),
        Record(replace(true, payment_id=new_id()), BankEvent("evt_unknown", "payment.captured")),
        Record(true, BankEvent("evt_true", "payment.captured")),
        Record(true, BankEvent("evt_true", "payment.captured")),
    ]
    false, unknown, *good = await RecordReports(payment.db, payment.outbox)(words, wait=False)
    assert isinstance(false, EventMismatch) and isinstance(unknown, PaymentNotFound)
    assert good == [State.SUCCESS, State.SUCCESS]
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    assert [row.id for row in await payment.db.fetch("SELECT id FROM webhook_events")] == ["evt_true"]


async def test_bookings_are_begun_in_one_batch_and_equal_wishes_share_a_payment(payment: Payment):
    begins = BeginPayments(payment.db, margin=MARGIN, poll_seconds=60)
    first, second, closed, hasty = payable(), payable(), payable(), payable()
    hasty = replace(hasty, expires_at=datetime.now(UTC) + MARGIN)
    await payments.close(payment.db, [closed.booking_id], 60)
    batch = [Begin(wish) for wish in (first, closed, second, hasty, first)]
    one, refused, two, late, again = await begins(batch, wait=False)
    assert isinstance(one, Begun) and isinstance(two, Begun)
    assert again == one and one.id != two.id
    assert isinstance(refused, BookingNotPending) and isinstance(late, BookingNotPending)
    kept = await payment.db.fetch("SELECT id, booking_id FROM payments")
    assert {(row.id, row.booking_id) for row in kept} == {(p.id, p.booking_id) for p in (one, two)}


async def test_a_batch_leaves_what_others_have_for_later(payment: Payment):
    _, one = await begun(payment)
    _, two = await begun(payment)
    records = RecordReports(payment.db, payment.outbox)
    words = [Record(report(each, Outcome.CAPTURED)) for each in (one, two)]
    async with payment.db.transaction() as other:
        await other.fetch("SELECT FROM payments WHERE id = %s FOR UPDATE", (one.payment_id,))
        busy, done = await records(words, wait=False)
    assert not isinstance(busy, State) and done == State.SUCCESS
    assert await records(words, wait=False) == [State.SUCCESS, State.SUCCESS]
