"""A cancelled show: nobody keeps a ticket of it, and nobody's money is kept, whatever was under way."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2, cancellations_pb2
from boxoffice.inventory.v1 import inventory_pb2

from services.booking.captures.operation import Confirmation
from services.booking.clients import SHOWS_TOPIC, InventoryClient
from services.booking.show_cancellations import steps
from services.booking.show_cancellations.operation import CONSUMER, remember_cancelled
from services.chassis.errors import Failure, Unavailable
from services.chassis.writes import topics
from services.chassis.writes.consumer import Consumer
from services.inventory.jobs import clear_cancelled_shows
from tests.booking.house import ANN, BOB, House, Refund, RefundState, move_clocks, reason, refused
from tests.booking.test_fees import BOOKING_FEE, SERVICE_FEE, set_fees
from tests.databases import move_clock
from tests.inventory.sale import make_desk

PRICE = 25_001
Cancellation = cancellations_pb2.ShowCancellation
WHY = "The singer is ill."


async def preview(house: House) -> cancellations_pb2.CancellationPreview:
    return await house.cancellations.PreviewShowCancellation(
        cancellations_pb2.PreviewShowCancellationRequest(show_id=house.show_id)
    )


async def cancel(house: House, token: str | None = None, why: str = WHY) -> Cancellation:
    """Cancel the show with this token, or with that of the figures as they are."""
    token = (await preview(house)).token if token is None else token
    return await house.cancellations.CancelShow(
        cancellations_pb2.CancelShowRequest(show_id=house.show_id, token=token, reason=why)
    )


async def progress(house: House) -> Cancellation:
    return await house.cancellations.GetShowCancellation(
        cancellations_pb2.GetShowCancellationRequest(show_id=house.show_id)
    )


async def swept(house: House) -> Cancellation:
    """Have everything done that a cancellation asks for; return how far it is."""
    desk = make_desk(house.inventory_db)
    for _ in range(10):
        while await house.saga.sweeps.sweep_once():
            pass
        await house.relay()
        while await house.saga.recover_once():
            pass
        while await clear_cancelled_shows(house.inventory_db, desk):
            pass
        if (await progress(house)).status == Cancellation.DONE:
            break
        # The pause between two passes.
        await house.db.execute("UPDATE cancelled_shows SET lease_until = boxoffice_clock()")
    await desk.close()
    return await progress(house)


def parts(house: House) -> list[int]:
    return sorted(part.amount for part in house.payment.parts)


async def test_every_booking_of_a_cancelled_show_comes_to_its_end_and_all_money_goes_back(house: House) -> None:
    paid, more, pending = await house.confirmed(ANN, 0, 1), await house.confirmed(BOB, 2), await house.book(ANN, 3)
    seen = await preview(house)
    assert (seen.show_ids, seen.confirmed_bookings, seen.pending_bookings) == ([house.show_id], 2, 1)
    assert [(one.currency, one.amount, one.bookings) for one in seen.refunds] == [("INR", 3 * PRICE, 2)]
    began = await cancel(house, seen.token)
    assert (began.status, began.reason, began.unswept_bookings) == (Cancellation.SWEEPING, WHY, 3)
    done = await swept(house)
    assert (done.status, done.refunded_bookings, done.cancelled_bookings) == (Cancellation.DONE, 2, 1)
    assert (done.refunding_bookings, done.stuck_bookings, done.unswept_bookings) == (0, 0, 0)
    assert done.cancelled_at == began.cancelled_at and done.HasField("done_at")
    assert [await house.status(one.id) for one in (paid, more, pending)] == ["REFUNDED", "REFUNDED", "CANCELLED"]
    assert parts(house) == [PRICE, 2 * PRICE]
    assert (await house.get(pending.id)).cancel_reason == booking_pb2.Booking.SHOW_CANCELLED
    [refund] = (await house.get(paid.id)).refunds
    assert (refund.cause, refund.percentage, refund.kept_amount) == (refund.SHOW_CANCELLED, 100, 0)
    assert house.payment.closed == [pending.id]
    assert set(await house.seat_statuses()) == {"AVAILABLE"}


async def test_from_the_cancellation_on_nobody_holds_or_books(house: House) -> None:
    hold = inventory_pb2.HoldSeatsRequest(show_id=house.show_id, user_id=str(BOB), show_seat_ids=house.seat_ids[:1])
    await house.seats.HoldSeats(hold)
    await cancel(house)
    hold.show_seat_ids[:] = house.seat_ids[1:2]
    assert (await refused(house.seats.HoldSeats(hold))).reason == "SHOW_CANCELLED"
    assert (await refused(house.book(ANN, 2))).reason == "SHOW_CANCELLED"
    free = await house.seats.ListAvailableSeats(inventory_pb2.ListAvailableSeatsRequest(show_id=house.show_id))
    assert (free.show_cancelled, list(free.seats)) == (True, [])
    assert (await swept(house)).status == Cancellation.DONE
    assert set(await house.seat_statuses()) == {"AVAILABLE"}
    rows = await house.db.fetch("SELECT id FROM bookings WHERE state = 'RESERVING'")
    assert rows == []


async def test_who_paid_sees_a_token_go_stale_and_gets_the_new_figures(house: House) -> None:
    await house.confirmed(ANN, 0)
    token = (await preview(house)).token
    await house.confirmed(BOB, 1)
    why = await refused(cancel(house, token))
    assert why.reason == "CANCELLATION_CHANGED"
    assert (why.metadata["confirmed_bookings"], why.metadata["refunds"]) == ("2", f"INR {2 * PRICE}")
    assert (await refused(progress(house))).reason == "CANCELLATION_NOT_FOUND"
    assert (await refused(cancel(house, ""))).metadata["token"] == why.metadata["token"]
    # What waits for its payment changes all the time, and costs nothing.
    await house.book(ANN, 2)
    assert (await cancel(house, why.metadata["token"])).status == Cancellation.SWEEPING


async def test_of_two_cancels_at_once_one_wins_and_the_other_gets_the_same_answer(house: House) -> None:
    await house.confirmed(ANN, 0)
    token = (await preview(house)).token
    answers = await asyncio.gather(*(cancel(house, token, f"Reason {number}") for number in range(8)))
    assert len({(one.reason, one.cancelled_at.ToNanoseconds(), one.status) for one in answers}) == 1
    await swept(house)
    again = await cancel(house, "", "Too late")
    assert (again.reason, again.status, parts(house)) == (answers[0].reason, Cancellation.DONE, [PRICE])


@pytest.mark.parametrize("starts_in", [timedelta(hours=1)])
async def test_close_to_the_show_everything_comes_back_also_to_who_asks_for_it_first(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    request = booking_pb2.RefundBookingRequest(
        booking_id=booking.id, user_id=str(ANN), show_seat_ids=house.seat_ids[:1]
    )
    assert (await refused(house.bookings.RefundBooking(request))).reason == "REFUND_NOT_ALLOWED"
    await cancel(house)
    asked = booking_pb2.PreviewRefundRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await house.bookings.PreviewRefund(asked)).refund_amount == 2 * PRICE
    answer = await house.bookings.RefundBooking(request)
    assert (answer.refund_amount, answer.refund_percentage) == (PRICE, 100)
    grant = booking_pb2.GrantRefundRequest(
        booking_id=booking.id, show_seat_ids=house.seat_ids[1:2], percentage=10, reason="Less"
    )
    assert (await house.bookings.GrantRefund(grant)).refund_amount == PRICE
    assert (await swept(house)).status == Cancellation.DONE
    assert await house.status(booking.id) == "REFUNDED"


async def test_a_refund_of_before_keeps_its_amount_and_what_is_left_comes_back_in_full(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    await move_clock(house.db, "2 days 12 hours")
    await house.bookings.RefundBooking(
        booking_pb2.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN), show_seat_ids=house.seat_ids[:1])
    )
    seen = await preview(house)
    assert [(one.amount, one.bookings) for one in seen.refunds] == [(2 * PRICE, 1)]
    await cancel(house, seen.token)
    await swept(house)
    refunds = (await house.get(booking.id)).refunds
    assert [(one.amount, one.percentage) for one in refunds] == [(PRICE // 2, 50), (2 * PRICE, 100)]
    assert await house.status(booking.id) == "REFUNDED"


async def test_all_fees_come_back_with_a_cancelled_show(house: House) -> None:
    await set_fees(house, BOOKING_FEE, SERVICE_FEE)
    booking, partly = await house.confirmed(ANN, 0, 1), await house.confirmed(BOB, 2, 3)
    await house.bookings.RefundBooking(
        booking_pb2.RefundBookingRequest(booking_id=partly.id, user_id=str(BOB), show_seat_ids=house.seat_ids[2:3])
    )
    # The service fee of the seat that was given back before stays.
    amounts = [partly.final_amount - PRICE - 2_500, booking.final_amount]
    seen = await preview(house)
    assert [(one.amount, one.bookings) for one in seen.refunds] == [(sum(amounts), 2)]
    await cancel(house, seen.token)
    await swept(house)
    assert parts(house) == sorted([PRICE, *amounts])
    for one, kept in ((booking, 0), (partly, 2_500)):
        read = await house.get(one.id)
        assert (read.status, read.refunded_amount) == (read.REFUNDED, one.final_amount - kept)
        refund = read.refunds[-1]
        assert (refund.kept_amount, [line.kept_amount for line in refund.lines]) == (0, [0] * len(refund.lines))
        assert [line.kept_amount for line in refund.fee_lines] == [0]


async def test_while_it_is_not_known_whether_the_show_is_cancelled_no_refund_is_decided(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    await house.db.execute(
        "INSERT INTO cancelled_shows (show_id, reason, by_admin, requested_at, lease_until)"
        " VALUES (%s, 'x', true, boxoffice_clock(), boxoffice_clock())",
        (house.show_id,),
    )
    request = booking_pb2.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await refused(house.bookings.RefundBooking(request))).reason == "CANCELLATION_IN_PROGRESS"
    # The canceller died before it asked inventory: the sweep does.
    assert (await swept(house)).status == Cancellation.DONE
    assert (await house.bookings.GetBooking(booking_pb2.GetBookingRequest(booking_id=booking.id))).refunds[0].completed


async def test_money_that_comes_after_the_cancellation_goes_back(house: House) -> None:
    pending, late = await house.book(ANN, 0), await house.book(BOB, 1)
    await cancel(house)
    await house.capture(pending)
    await swept(house)
    await house.capture(late)
    await house.relay()
    assert [(one.cause, one.amount) for one in house.payment.refunds] == [(Refund.NO_TICKET, PRICE)] * 2
    assert [await house.status(one.id) for one in (pending, late)] == ["CANCELLED"] * 2
    assert set(await house.seat_statuses()) == {"AVAILABLE"}


async def test_an_expired_booking_is_cancelled_with_its_show_and_its_late_money_goes_back(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clocks(house, "16 minutes")
    assert await house.saga.expiry.expire_due() == 1
    await cancel(house)
    assert (await swept(house)).status == Cancellation.DONE
    seen = await house.get(booking.id)
    assert (seen.status, seen.cancel_reason) == (seen.CANCELLED, seen.SHOW_CANCELLED)
    await house.capture(booking)
    await house.relay()
    assert [one.cause for one in house.payment.refunds] == [Refund.NO_TICKET]


@pytest.mark.parametrize("closes", [timedelta(days=2, hours=23, minutes=50)])
async def test_an_expired_booking_that_nothing_can_revive_stays_so(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clocks(house, "16 minutes")
    await house.saga.expiry.expire_due()
    await cancel(house)
    assert (await swept(house)).status == Cancellation.DONE
    assert await house.status(booking.id) == "EXPIRED"


async def test_a_worker_that_wakes_between_the_two_services_keeps_no_ticket(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inventory has confirmed; booking's worker is frozen before it writes that down, and wakes after the sweep."""
    booking, frozen = await house.book(ANN, 0), asyncio.Event()
    finish, asleep = house.saga.captures._finish.together, asyncio.Event()

    async def finish_late(batch: list[Confirmation]) -> list[Any]:
        asleep.set()
        await frozen.wait()
        return await finish(batch)

    monkeypatch.setattr(house.saga.captures._finish, "together", finish_late)
    worker = asyncio.create_task(house.capture(booking))
    await asleep.wait()
    monkeypatch.setattr(house.saga.captures._finish, "together", finish)
    await cancel(house)
    seen = await swept(house)
    assert (seen.status, seen.unswept_bookings) == (Cancellation.SWEEPING, 1)
    await house.db.execute("UPDATE bookings SET lease_until = boxoffice_clock() WHERE state = 'CONFIRMING'")
    done = await swept(house)
    assert (done.status, done.refunded_bookings, parts(house)) == (Cancellation.DONE, 1, [PRICE])
    frozen.set()
    await worker
    assert (await house.status(booking.id), set(await house.seat_statuses())) == ("REFUNDED", {"AVAILABLE"})


async def test_the_log_begins_a_sweep_that_nobody_was_there_for(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    inventory = InventoryClient(house.to_inventory)
    await inventory.cancel_shows(show_id=UUID(house.show_id), event_id=None, by_admin=True)
    await topics.number_events(house.inventory_db)
    consumer = Consumer(house.db, CONSUMER, SHOWS_TOPIC, inventory.events, remember_cancelled)
    while await consumer.consume_once():
        pass
    assert (await swept(house)).status == Cancellation.DONE
    assert await house.status(booking.id) == "REFUNDED"


async def test_a_stuck_refund_is_counted_apart_and_holds_nothing_up(house: House) -> None:
    stuck, other = await house.confirmed(ANN, 0, 1), await house.confirmed(BOB, 2)
    house.payment.stuck = {2 * PRICE}
    await cancel(house)
    done = await swept(house)
    assert (done.status, done.stuck_bookings, done.refunded_bookings) == (Cancellation.DONE, 1, 1)
    assert [await house.status(one.id) for one in (stuck, other)] == ["CONFIRMED", "REFUNDED"]
    house.payment.stuck.clear()
    await move_clock(house.db, "2 minutes")
    await house.saga.recover_once()
    done = await progress(house)
    assert (done.stuck_bookings, done.refunded_bookings) == (0, 2)


async def test_a_sweep_ends_only_when_the_money_is_back(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    house.payment.refund_state = RefundState.REQUESTED
    await cancel(house)
    seen = await swept(house)
    assert (seen.status, seen.refunding_bookings) == (Cancellation.SWEEPING, 1)
    house.payment.refund_state = RefundState.SUCCEEDED
    await move_clock(house.db, "1 minute")
    assert (await swept(house)).status == Cancellation.DONE
    assert await house.status(booking.id) == "REFUNDED"


async def test_payment_or_inventory_away_holds_a_sweep_up_and_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking, pending = await house.confirmed(ANN, 0), await house.book(BOB, 1)
    house.payment.away = True
    await cancel(house)
    assert (await swept(house)).status == Cancellation.SWEEPING
    house.payment.away = False
    await move_clock(house.db, "1 minute")
    await house.db.execute("UPDATE outbox SET next_attempt_at = clock_timestamp()")
    assert (await swept(house)).status == Cancellation.DONE
    assert [await house.status(one.id) for one in (booking, pending)] == ["REFUNDED", "CANCELLED"]
    assert house.payment.closed == [pending.id]


async def test_inventory_away_leaves_a_wish_that_is_carried_out_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.confirmed(ANN, 0)
    token, ask = (await preview(house)).token, InventoryClient.cancel_shows

    async def away(self: InventoryClient, *subject: Any, validate_only: bool = False, **named: Any) -> Any:
        if validate_only:
            return await ask(self, *subject, validate_only=True, **named)
        raise Unavailable()

    monkeypatch.setattr(InventoryClient, "cancel_shows", away)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await cancel(house, token)
    assert reason(error.value).reason == "UNAVAILABLE"
    assert (await progress(house)).status == Cancellation.REQUESTED
    monkeypatch.setattr(InventoryClient, "cancel_shows", ask)
    await house.db.execute("UPDATE cancelled_shows SET lease_until = boxoffice_clock()")
    assert (await swept(house)).status == Cancellation.DONE


async def test_what_inventory_refuses_is_not_remembered(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    token, ask = (await preview(house)).token, InventoryClient.cancel_shows

    async def ended(self: InventoryClient, *subject: Any, validate_only: bool = False, **named: Any) -> Any:
        if validate_only:
            return await ask(self, *subject, validate_only=True, **named)
        failure = Failure("It has ended.")
        failure.code, failure.reason = type(failure).code.FAILED_PRECONDITION, "SHOW_ENDED"  # type: ignore[misc]
        raise failure

    monkeypatch.setattr(InventoryClient, "cancel_shows", ended)
    assert (await refused(cancel(house, token))).reason == "SHOW_ENDED"
    assert (await refused(progress(house))).reason == "CANCELLATION_NOT_FOUND"


async def test_a_show_that_has_ended_or_is_not_there_is_not_cancelled(house: House) -> None:
    house.show_id, there = str(uuid4()), house.show_id
    assert (await refused(preview(house))).reason == "SHOW_NOT_FOUND"
    house.show_id = there
    await move_clock(house.inventory_db, "3 days 5 hours")
    assert (await refused(preview(house))).reason == "SHOW_ENDED"
    assert (await refused(cancel(house, ""))).reason == "SHOW_ENDED"


async def test_more_bookings_than_a_batch_are_swept_by_two_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bookings = [await house.confirmed(uuid4(), number) for number in range(9)]
    bookings += [await house.book(uuid4(), number) for number in range(9, 12)]
    monkeypatch.setattr(steps, "BATCH", 2)
    await cancel(house)
    while sum(await asyncio.gather(house.saga.sweeps.sweep_once(), house.saga.sweeps.sweep_once())):
        await house.db.execute("UPDATE cancelled_shows SET lease_until = boxoffice_clock()")
    assert (await swept(house)).status == Cancellation.DONE
    assert [await house.status(one.id) for one in bookings] == ["REFUNDED"] * 9 + ["CANCELLED"] * 3
    assert parts(house) == [PRICE] * 9


async def test_an_event_is_cancelled_with_all_its_shows_that_have_not_ended(house: House) -> None:
    event_id = (await house.confirmed(ANN, 0)).show.event_id
    asked = cancellations_pb2.PreviewEventCancellationRequest(event_id=event_id)
    seen = await house.cancellations.PreviewEventCancellation(asked)
    assert (seen.show_ids, [one.amount for one in seen.refunds]) == ([house.show_id], [PRICE])
    request = cancellations_pb2.CancelEventRequest(event_id=event_id, token="", reason=WHY)
    why = await refused(house.cancellations.CancelEvent(request))
    assert (why.reason, why.metadata["token"]) == ("CANCELLATION_CHANGED", seen.token)
    request.token = seen.token
    answers = await asyncio.gather(*(house.cancellations.CancelEvent(request) for _ in range(4)))
    assert [[(one.show_id, one.reason) for one in answer.shows] for answer in answers] == [[(house.show_id, WHY)]] * 4
    assert (await swept(house)).status == Cancellation.DONE
    request.token = ""
    [again] = (await house.cancellations.CancelEvent(request)).shows
    assert (again.status, again.refunded_bookings) == (Cancellation.DONE, 1)
    [row] = await house.inventory_db.fetch("SELECT status FROM events WHERE id = %s", (UUID(event_id),))
    assert row.status == "CANCELLED"
    request.event_id = str(uuid4())
    assert (await refused(house.cancellations.CancelEvent(request))).reason == "EVENT_NOT_FOUND"
