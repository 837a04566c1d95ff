"""What is said at once is carried out in one batch, and each command is judged by those before it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from boxoffice.payment.v1 import payment_pb2 as pb

from services.chassis.ids import new_id
from services.chassis.writes.desk import Desk
from services.payment.checkout import polling as payments
from services.payment.checkout.begin import Begin, BeginPayments
from services.payment.checkout.record import Record, RecordReports
from services.payment.domain.payments import BankEvent, Outcome, Payable, SessionReport, State
from services.payment.domain.payments import Payment as Begun
from services.payment.errors import BookingNotPending, EventMismatch, PaymentNotFound
from tests.bank.support import refused
from tests.payment.test_payment_webhooks import begun
from tests.payment.world import Payment, event, signed

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
    begins = BeginPayments(payment.db, MARGIN, 60, "bank")
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


async def test_webhooks_that_come_at_once_each_fare_for_themselves(payment: Payment):
    """A good one, one that comes twice, one that is late, one of what did not happen, one of nobody, a forged one."""
    good, late, open_ = [await begun(payment) for _ in range(3)]
    await payment.bank.pay(good[1].session_id)
    await move_on(payment, late[1])
    body = event(good[1])
    headers = signed(body)
    told = await asyncio.gather(
        payment.hook(body, headers),
        payment.hook(body, headers),
        payment.hook(event(late[1])),
        refused(payment.hook(event(open_[1]))),
        refused(payment.hook(event(good[1], payment_id=str(new_id())))),
        refused(payment.hook(event(open_[1]), headers)),
    )
    reasons = ["EVENT_MISMATCH", "PAYMENT_NOT_FOUND", "INVALID_SIGNATURE"]
    assert [one if isinstance(one, str) else one[1] for one in told] == ["processed"] * 3 + reasons
    assert [await payment.statuses(one[0]) for one in (good, late, open_)] == [["SUCCESS"], ["SUCCESS"], ["PENDING"]]
    await payment.relay()
    captured = [capture.booking_id for capture in payment.booking.captures]
    assert sorted(captured) == sorted([good[0], late[0]])


async def move_on(payment: Payment, one: pb.InitiatePaymentResponse) -> None:
    """Have a session paid after payment has noted that its time is up."""
    await payment.bank.pay(one.session_id)
    expired = Record(report(one, Outcome.EXPIRED))
    assert await RecordReports(payment.db, payment.outbox).alone(expired) == State.EXPIRED


async def test_a_webhook_that_spoils_its_batch_holds_up_no_other(payment: Payment):
    begins = [await begun(payment) for _ in range(4)]
    words = [Record(report(one, Outcome.CAPTURED), BankEvent(f"evt_{one.payment_id}", "x")) for _, one in begins]
    words[1] = replace(words[1], event=BankEvent("evt_\0", "no text has this character"))
    desk = Desk(RecordReports(payment.db, payment.outbox))
    told = await asyncio.gather(*map(desk.submit, words), return_exceptions=True)
    await desk.close()
    assert [told[0], *told[2:]] == [State.SUCCESS] * 3 and isinstance(told[1], Exception)
    assert [await payment.statuses(booking_id) for booking_id, _ in begins] == [
        ["SUCCESS"],
        ["PENDING"],
        ["SUCCESS"],
        ["SUCCESS"],
    ]


async def test_two_replicas_that_hear_the_same_webhook_at_once_record_it_once(payment: Payment):
    booking_id, one = await begun(payment)
    await payment.bank.pay(one.session_id)
    replicas = [Desk(RecordReports(payment.db, payment.outbox)) for _ in range(2)]
    word = Record(report(one, Outcome.CAPTURED), BankEvent("evt_once", "payment.captured"))
    assert await asyncio.gather(*(desk.submit(word) for desk in replicas)) == [State.SUCCESS] * 2
    assert (await payment.count("webhook_events"), await payment.count("outbox")) == (1, 1)
    await payment.relay()
    assert [capture.booking_id for capture in payment.booking.captures] == [booking_id]
    for desk in replicas:
        await desk.close()
