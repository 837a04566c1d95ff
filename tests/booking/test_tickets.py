"""Tickets: one for each seat from its confirmation, whatever way that comes, to the decision to give it back."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.booking.v1 import tickets_pb2 as pb

from services.booking.captures.operation import FinishConfirming
from services.booking.clients import InventoryClient
from services.booking.tickets import statements as sql
from services.booking.tickets.operation import issue_of_before, revoke_of_before
from services.chassis.errors import Unavailable
from services.chassis.store.database import Transaction
from services.chassis.wire.identity import Caller
from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.booking.test_coupons import make
from tests.booking.test_guests import block, guests
from tests.booking.test_office import OURS, THEIRS, owned
from tests.booking.test_show_cancellations import cancel, swept

BEFORE = "DELETE FROM tickets; UPDATE bookings SET ticket_ids = NULL"
"""As code from before leaves bookings that it confirms."""


async def tickets(house: House, booking: booking_pb2.Booking, user: UUID | None = None) -> list[pb.Ticket]:
    request = pb.ListTicketsRequest(booking_id=booking.id, user_id=str(user or ""))
    return list((await house.tickets.ListTickets(request)).tickets)


async def statuses(house: House, booking: booking_pb2.Booking) -> list[str]:
    return [pb.Ticket.Status.Name(ticket.status) for ticket in await tickets(house, booking)]


async def refund(house: House, booking: booking_pb2.Booking, *numbers: int) -> None:
    seats = [house.seat_ids[number] for number in numbers]
    await house.bookings.RefundBooking(
        booking_pb2.RefundBookingRequest(booking_id=booking.id, user_id=booking.user_id, show_seat_ids=seats)
    )


async def as_of_before(house: House) -> None:
    for statement in BEFORE.split("; "):
        await house.db.execute(statement)


@pytest.fixture(params=["paid", "paid late", "free", "guests"])
async def confirmed(request: pytest.FixtureRequest, house: House) -> booking_pb2.Booking:
    """A booking of two seats, by each way to CONFIRMED, as its maker is told of it last."""
    if request.param == "free":
        await make(house, percentage=100)
        return await house.book(ANN, 0, 1, coupon="monsoon", key="once")
    if request.param == "guests":
        await block(house, 0, 1)
        booking: booking_pb2.Booking = await guests(house, 0, 1, key="once")
        return booking
    booking = await house.book(ANN, 0, 1)
    if request.param == "paid late":
        await move_clocks(house, "20 minutes")
        await house.saga.expiry.expire_due()
        assert await house.status(booking.id) == "EXPIRED" and await tickets(house, booking) == []
    await house.capture(booking)
    return await house.get(booking.id)


async def test_whichever_way_a_booking_is_confirmed_each_seat_has_a_ticket_that_the_answer_names(
    house: House, confirmed: booking_pb2.Booking
) -> None:
    assert confirmed.status == booking_pb2.Booking.CONFIRMED
    found = await tickets(house, confirmed, ANN)
    assert [(it.id, it.show_seat_id) for it in found] == [(seat.ticket_id, seat.id) for seat in confirmed.seats]
    assert len({it.id for it in found}) == 2 and [it.seat_label for it in found] == ["Stalls A1", "Stalls A2"]
    for ticket in found:
        assert (ticket.booking_id, ticket.show_id, ticket.user_id) == (confirmed.id, house.show_id, str(ANN))
        assert (ticket.status, ticket.kind, ticket.issued_at) == (pb.Ticket.VALID, "ADULT", ticket.updated_at)
    [listed] = (await house.bookings.ListBookings(booking_pb2.ListBookingsRequest(user_id=str(ANN)))).bookings
    assert list(listed.seats) == list(confirmed.seats) == list((await house.get(confirmed.id)).seats)


async def test_an_answer_that_is_kept_names_the_tickets(house: House) -> None:
    await make(house, percentage=100)
    booking = await house.book(ANN, 0, coupon="monsoon", key="once")
    assert booking.seats[0].ticket_id
    assert await house.book(ANN, 0, coupon="monsoon", key="once") == booking


async def test_there_is_no_ticket_before_the_money_nor_after_a_cancel(house: House) -> None:
    booking = await house.book(ANN, 0)
    assert [seat.ticket_id for seat in booking.seats] == [""] and await tickets(house, booking) == []
    await house.bookings.CancelBooking(booking_pb2.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    await house.capture(booking)
    assert await tickets(house, booking) == []
    assert await house.db.fetch("SELECT FROM tickets") == []


async def test_a_ticket_is_issued_with_its_booking_or_not_at_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    booking = await house.book(ANN, 0)
    write = FinishConfirming.write

    async def fails(self: FinishConfirming, tx: Any, state: Any) -> None:
        await write(self, tx, state)
        raise RuntimeError("before COMMIT")

    with monkeypatch.context() as patched:
        patched.setattr(FinishConfirming, "write", fails)
        await refused(house.capture(booking))
    assert await house.db.fetch("SELECT FROM tickets") == [] and await tickets(house, booking) == []
    await move_clocks(house, "5 minutes")
    await house.saga.recover_once()
    assert await statuses(house, booking) == ["VALID"]


async def test_a_batch_of_confirmations_issues_its_tickets_in_one_statement(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = [await house.book(uuid4(), number, number + 4) for number in range(3)]
    sent: list[str] = []
    send = Transaction.send

    async def recorded(self: Transaction, statement: str, parameters: Any = ()) -> None:
        sent.append(statement)
        await send(self, statement, parameters)

    monkeypatch.setattr(Transaction, "send", recorded)
    captures = [
        booking_pb2.BatchRecordCapturesRequest.Capture(
            payment_id=str(uuid4()),
            booking_id=one.id,
            session_id=f"sess_{uuid4()}",
            amount=one.final_amount,
            currency=one.currency,
        )
        for one in booked
    ]
    await house.bookings.BatchRecordCaptures(booking_pb2.BatchRecordCapturesRequest(captures=captures))
    assert sent.count(sql.ISSUE) == 1
    assert [await statuses(house, one) for one in booked] == [["VALID", "VALID"]] * 3


async def test_the_tickets_of_seats_are_revoked_before_their_seats_are_free(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)

    async def away(*_: Any) -> None:
        raise Unavailable()

    with monkeypatch.context() as patched:
        patched.setattr(InventoryClient, "unbook_seats", away)
        await refund(house, booking, 1)
        assert await statuses(house, booking) == ["VALID", "REVOKED", "VALID"]
        assert (await house.seat_statuses())[:3] == ["BOOKED"] * 3
        grant = booking_pb2.GrantRefundRequest(booking_id=booking.id, percentage=10, reason="ill")
        grant.show_seat_ids.append(house.seat_ids[0])
        await house.bookings.GrantRefund(grant)
        assert await statuses(house, booking) == ["REVOKED", "REVOKED", "VALID"]
        await refund(house, booking)
        assert await statuses(house, booking) == ["REVOKED"] * 3
    assert [seat.ticket_id for seat in (await house.get(booking.id)).seats] == [s.ticket_id for s in booking.seats]


async def test_no_ticket_of_a_cancelled_show_is_good(house: House) -> None:
    paid, more = await house.confirmed(ANN, 0, 1), await house.confirmed(BOB, 2)
    await cancel(house)
    await swept(house)
    assert await statuses(house, paid) == ["REVOKED"] * 2 and await statuses(house, more) == ["REVOKED"]


async def let_in(house: House, booking: booking_pb2.Booking, number: int) -> None:
    """Have somebody be let in by the first code of a seat's ticket, under the lock that scans have."""
    given = {"booking_id": UUID(booking.id), "seat_id": UUID(house.seat_ids[number])}
    async with house.db.transaction() as tx:
        await tx.fetch("SELECT FROM bookings WHERE id = %(booking_id)s FOR NO KEY UPDATE", given)
        await tx.send(
            "UPDATE tickets SET state = 'ADMITTED' WHERE booking_id = %(booking_id)s AND show_seat_id = %(seat_id)s"
            " AND state = 'VALID' AND revision = 1",
            given,
        )


def grant(house: House, booking: booking_pb2.Booking, *numbers: int) -> Any:
    request = booking_pb2.GrantRefundRequest(booking_id=booking.id, percentage=100, reason="ill")
    request.show_seat_ids.extend(house.seat_ids[number] for number in numbers)
    return house.bookings.GrantRefund(request)


@pytest.mark.parametrize("is_rescheduled", [False, True])
async def test_who_was_let_in_gives_no_seat_back_but_the_others_of_the_booking(
    house: House, is_rescheduled: bool
) -> None:
    booking, others = await house.confirmed(ANN, 0, 1), await house.confirmed(BOB, 2)
    await let_in(house, booking, 0)
    if is_rescheduled:
        await house.db.execute("UPDATE bookings SET full_refund_until = now() + interval '1 day'")
    for numbers in ((0,), (1, 0), ()):
        preview = booking_pb2.PreviewRefundRequest(booking_id=booking.id, user_id=booking.user_id)
        preview.show_seat_ids.extend(house.seat_ids[number] for number in numbers)
        for asked in (refund(house, booking, *numbers), house.bookings.PreviewRefund(preview)):
            info = await refused(asked)
            assert (info.reason, info.metadata["seat_ids"]) == ("TICKET_ADMITTED", house.seat_ids[0])
    await refund(house, booking, 1)
    await refund(house, others)
    assert await statuses(house, booking) == ["ADMITTED", "REVOKED"]
    assert [part.amount for part in house.payment.parts] == [25_001, 25_001]


@pytest.mark.parametrize(
    ("caller", "may"),
    [
        (Caller(BOB, frozenset({"USER"}), memberships={OURS: "OWNER"}), True),
        (Caller(BOB, frozenset({"USER", "ADMIN"})), True),
        (None, True),
        (Caller(BOB, frozenset({"USER"}), memberships={OURS: "MANAGER", THEIRS: "OWNER"}), False),
    ],
    ids=["owner", "admin", "unverified", "manager"],
)
async def test_owners_and_admins_alone_give_seats_back_of_who_was_let_in(
    house: House, caller: Caller | None, may: bool
) -> None:
    await owned(house)
    booking = await house.confirmed(ANN, 0, 1)
    await let_in(house, booking, 0)
    house.callers[:] = [caller] if caller else []
    if may:
        await grant(house, booking, 0)
    else:
        assert (await refused(grant(house, booking))).reason == "TICKET_ADMITTED"
        await grant(house, booking, 1)
    assert await statuses(house, booking) == (["REVOKED", "VALID"] if may else ["ADMITTED", "REVOKED"])


async def test_of_a_cancelled_show_who_was_let_in_gets_all_back(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    await let_in(house, booking, 0)
    await cancel(house)
    request = booking_pb2.PreviewRefundRequest(booking_id=booking.id, user_id=booking.user_id)
    assert (await house.bookings.PreviewRefund(request)).refund_amount == booking.final_amount
    await swept(house)
    assert await statuses(house, booking) == ["REVOKED"]


async def test_a_seat_that_is_sold_again_has_a_new_ticket_and_never_two_that_are_good(house: House) -> None:
    before = await house.confirmed(ANN, 0)
    await refund(house, before)
    after = await house.confirmed(BOB, 0)
    assert (await statuses(house, before), await statuses(house, after)) == (["REVOKED"], ["VALID"])
    with pytest.raises(psycopg.errors.UniqueViolation):
        await house.db.execute("UPDATE tickets SET state = 'VALID'")
    with pytest.raises(psycopg.errors.UniqueViolation):
        await house.db.execute("UPDATE tickets SET state = 'ADMITTED'")


async def test_tickets_are_shown_to_the_buyer_and_to_who_holds_one_of_them(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    all_of_them = await tickets(house, booking)
    assert await tickets(house, booking, ANN) == all_of_them
    assert (await refused(tickets(house, booking, BOB))).reason == "BOOKING_NOT_FOUND"
    await house.db.execute(
        "UPDATE tickets SET user_id = %(to)s WHERE id = %(id)s", {"to": BOB, "id": all_of_them[1].id}
    )
    assert [one.id for one in await tickets(house, booking, BOB)] == [all_of_them[1].id]
    assert len(await tickets(house, booking, ANN)) == 2
    unknown = booking_pb2.Booking(id=str(uuid4()))
    assert (await refused(tickets(house, unknown))).reason == "BOOKING_NOT_FOUND"


async def test_what_code_from_before_has_confirmed_gets_its_tickets_batch_by_batch(house: House) -> None:
    booked = [await house.confirmed(uuid4(), number) for number in range(3)]
    parted = await house.confirmed(ANN, 4, 5)
    await refund(house, parted, 4)
    await house.book(BOB, 6)
    await as_of_before(house)
    assert [seat.ticket_id for seat in (await house.get(parted.id)).seats] == ["", ""]
    assert await tickets(house, parted) == []
    assert [await issue_of_before(house.db, limit=3) for _ in range(3)] == [3, 1, 0]
    assert [await statuses(house, one) for one in booked] == [["VALID"]] * 3
    assert await statuses(house, parted) == ["REVOKED", "VALID"]
    shown = [seat.ticket_id for seat in (await house.get(parted.id)).seats]
    assert shown == [ticket.id for ticket in await tickets(house, parted)]
    named = await house.db.fetch("SELECT state FROM bookings WHERE ticket_ids IS NOT NULL")
    assert [row.state for row in named] == ["CONFIRMED"] * 4


async def test_replicas_issue_the_tickets_of_before_once_and_leave_alone_what_is_being_changed(house: House) -> None:
    booked = [await house.confirmed(uuid4(), number) for number in range(6)]
    await as_of_before(house)
    async with house.db.transaction() as tx:
        await tx.fetch("SELECT FROM bookings WHERE id = %(id)s FOR UPDATE", {"id": booked[0].id})
        assert sum(await asyncio.gather(*(issue_of_before(house.db, limit=4) for _ in range(4)))) <= 5
        assert await statuses(house, booked[0]) == []
    while await issue_of_before(house.db):
        pass
    assert [await statuses(house, one) for one in booked] == [["VALID"]] * 6


async def test_what_code_from_before_gives_back_is_revoked_and_nothing_else(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    await refund(house, booking, 0)
    # Code from before does neither.
    await house.db.execute("UPDATE tickets SET state = 'VALID'")
    await house.db.execute("UPDATE booking_refunds SET tickets_revoked = DEFAULT")
    assert [await revoke_of_before(house.db) for _ in range(2)] == [1, 0]
    assert await statuses(house, booking) == ["REVOKED", "VALID"]
