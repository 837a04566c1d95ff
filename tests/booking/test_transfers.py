"""Tickets that are given to somebody else: offered, accepted, given back, and what they are good for meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2, tickets_pb2
from boxoffice.booking.v1 import transfers_pb2 as pb
from boxoffice.events.v1.events_pb2 import BookingEvent

from services.booking.tickets import renewal
from services.booking.transfers.operation import MoveOffers, expire, forget_names
from services.chassis.wire.identity import Caller
from tests.booking.doors import VAULT, make_gate
from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.booking.offers import (
    ADDRESS,
    accept,
    code,
    decline,
    events,
    give_back,
    held_by,
    listed,
    offer,
    reason,
    withdraw,
)
from tests.booking.test_closing import close
from tests.booking.test_show_cancellations import cancel, swept
from tests.booking.test_tickets import grant, let_in, refund, statuses, tickets

CAT = uuid4()


@pytest.fixture
async def sold(house: House) -> tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]:
    """A booking of Ann's with two tickets; Bob and Cat have accounts with verified addresses."""
    house.people.known = {
        BOB: ("Robert Roy", ADDRESS, "1"),
        CAT: ("Cat", "cat@example.com", "2"),
        ANN: ("Ann", "ann@example.com", ""),
    }
    await renewal.renew(house.db, VAULT, timedelta(days=90))
    booking = await house.confirmed(ANN, 0, 1)
    return booking, await tickets(house, booking, ANN)


async def test_whoever_accepts_has_another_code_and_the_one_of_before_is_good_for_nothing(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    booking, (ticket, _other) = sold
    before = await code(house, ticket, ANN)
    made = await offer(house, ticket, to=" BOB@Example.com ", key="once")
    assert (made.status, made.email, made.recipient_name) == (pb.TicketOffer.OPEN, ADDRESS, "Bob")
    assert (made.title, made.seat_label, made.ticket_id) == ("Monsoon Letters", "Stalls A1", ticket.id)
    assert (await offer(house, ticket, to=" BOB@Example.com ", key="once")) == made
    assert await code(house, ticket, ANN) == before
    assert await listed(house, BOB, "RECEIVED") == ["OPEN"] == await listed(house, ANN, "MADE", booking_id=booking.id)
    assert await listed(house, CAT, "RECEIVED") == []
    accepted = await accept(house, made)
    assert (accepted.status, accepted.email, accepted.recipient_name) == (pb.TicketOffer.ACCEPTED, "", "")
    assert await accept(house, made) == accepted
    after = await code(house, ticket, BOB)
    assert after != before
    assert await reason(code(house, ticket, ANN)) == "TICKET_NOT_FOUND"
    await _enter(house, before, after)
    kept = await house.db.fetch("SELECT convert_from(answer, 'UTF8') AS answer FROM idempotency_keys")
    assert not [row.answer for row in kept if "bob" in row.answer.lower()], "nobody's address is kept with a key"


async def _enter(house: House, before: str, after: str) -> None:
    door = await make_gate(house)
    await move_clocks(house, "70 hours")
    assert [await door.result(text) for text in (before, after, after)] == [
        "CODE_REPLACED",
        "ADMITTED",
        "ALREADY_USED",
    ]


async def test_buyer_and_holder_see_nothing_of_each_other_but_the_name_that_was_given(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    booking, (ticket, _other) = sold
    made = await offer(house, ticket)
    [seen] = (
        await house.transfers.ListTicketOffers(
            pb.ListTicketOffersRequest(user_id=str(BOB), side=pb.ListTicketOffersRequest.RECEIVED)
        )
    ).offers
    assert seen.recipient_name == "" and str(ANN) not in str(seen)
    await accept(house, made)
    of_buyer = await tickets(house, booking, ANN)
    assert [(one.user_id, one.recipient_name, one.is_transferred) for one in of_buyer] == [
        ("", "Bob", True),
        (str(ANN), "", False),
    ]
    [of_holder] = await tickets(house, booking, BOB)
    assert (of_holder.user_id, of_holder.recipient_name) == (str(BOB), "")
    request = pb.ListTicketOffersRequest(user_id=str(ANN), side=pb.ListTicketOffersRequest.MADE)
    [shown] = (await house.transfers.ListTicketOffers(request)).offers
    assert (shown.recipient_name, shown.email) == ("Bob", "") and str(BOB) not in str(shown)
    get = booking_pb2.GetBookingRequest(booking_id=booking.id, user_id=str(BOB))
    assert await reason(house.bookings.GetBooking(get)) == "BOOKING_NOT_FOUND"


async def test_an_offer_is_for_the_verified_address_alone_and_its_maker_alone_takes_it_back(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    _, (ticket, other) = sold
    assert await reason(offer(house, ticket, by=BOB)) == "TICKET_NOT_FOUND"
    made = await offer(house, ticket)
    for asked, why in (
        (accept(house, made, CAT), "OFFER_NOT_FOUND"),
        (decline(house, made, CAT), "OFFER_NOT_FOUND"),
        (accept(house, made, uuid4()), "OFFER_NOT_FOUND"),
        (withdraw(house, made, BOB), "OFFER_NOT_FOUND"),
        (give_back(house, made, BOB), "OFFER_NOT_FOUND"),
        (offer(house, ticket, to="cat@example.com"), "OFFER_OPEN"),
    ):
        assert await reason(asked) == why
    house.people.unverified.add(BOB)
    assert [await reason(asked) for asked in (accept(house, made), decline(house, made))] == [
        "ADDRESS_NOT_VERIFIED"
    ] * 2
    assert await listed(house, BOB, "RECEIVED") == []
    house.people.unverified.clear()
    declined = await decline(house, made)
    assert declined.status == pb.TicketOffer.DECLINED and await decline(house, made) == declined
    assert await reason(accept(house, made)) == "OFFER_OVER"
    again = await offer(house, ticket)
    assert (await withdraw(house, again)).status == (await withdraw(house, again)).status == pb.TicketOffer.WITHDRAWN
    assert await reason(accept(house, again)) == "OFFER_NOT_FOUND"
    own = await offer(house, other, to="ann@example.com")
    assert await reason(accept(house, own, ANN)) == "TICKET_NOT_TRANSFERABLE"
    rows = await house.db.fetch(
        "SELECT FROM ticket_offers WHERE state <> 'OPEN' AND (email, recipient_name) <> ('', '')"
    )
    assert rows == [], "what is over has no address and no name"


async def test_an_offer_ends_with_its_time_and_a_ticket_is_offered_five_times_a_day(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    _, (ticket, other) = sold
    made = await offer(house, ticket)
    late = await offer(house, other)
    await move_clocks(house, "47 hours")
    assert (await accept(house, made)).status == pb.TicketOffer.ACCEPTED
    await move_clocks(house, "49 hours")
    assert await reason(accept(house, late)) == "OFFER_OVER" and await listed(house, BOB, "RECEIVED") == ["ACCEPTED"]
    move = MoveOffers(house.db)
    assert [await expire(move, house.db) for _ in range(2)] == [1, 0]
    kinds = await house.db.fetch("SELECT kind FROM topic_events ORDER BY id DESC LIMIT 2")
    assert [row.kind for row in kinds] == ["OFFER_EXPIRED", "TICKET_TRANSFERRED"]
    for _ in range(5):
        await withdraw(house, await offer(house, other))
    assert await reason(offer(house, other)) == "TOO_MANY_OFFERS"
    assert (await give_back(house, made)).status == pb.TicketOffer.RETURNED
    last = await offer(house, ticket)
    assert last.expires_at == last.start_time, "no offer is open once the show has begun"
    await move_clocks(house, "73 hours")
    assert await reason(accept(house, last)) == "OFFER_OVER"
    assert await reason(offer(house, ticket)) == "TICKET_NOT_TRANSFERABLE"


async def test_the_buyer_gives_no_seat_back_that_somebody_else_holds_but_the_staff_does(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    booking, (ticket, other) = sold
    made = await offer(house, ticket)
    await accept(house, made)
    for numbers in ((0,), ()):
        preview = booking_pb2.PreviewRefundRequest(booking_id=booking.id, user_id=booking.user_id)
        preview.show_seat_ids.extend(house.seat_ids[number] for number in numbers)
        for asked in (refund(house, booking, *numbers), house.bookings.PreviewRefund(preview)):
            info = await refused(asked)
            assert (info.reason, info.metadata["seat_ids"]) == ("TICKET_TRANSFERRED", house.seat_ids[0])
    house.callers[:] = [Caller(CAT, frozenset({"USER"}))]
    assert await reason(grant(house, booking, 0)) == "TICKET_TRANSFERRED"
    house.callers[:] = [Caller(CAT, frozenset({"USER", "ADMIN"}))]
    assert (await held_by(house, made)).is_good and await reason(held_by(house, made, CAT)) == "OFFER_NOT_FOUND"
    await grant(house, booking, 0)
    assert await statuses(house, booking) == ["REVOKED", "VALID"]
    [told] = [event for event in await events(house) if event.kind == BookingEvent.TICKET_REVOKED]
    assert (told.ticket_id, told.offer_id, told.holder_id) == (ticket.id, made.id, str(BOB)), "the holder is told"
    assert not (await held_by(house, made)).is_good
    assert [await reason(asked) for asked in (code(house, ticket, BOB), give_back(house, made))] == [
        "TICKET_REVOKED"
    ] * 2
    open_ = await offer(house, other)
    await refund(house, booking, 1)
    assert await listed(house, ANN, "MADE") == ["WITHDRAWN", "ACCEPTED"], "an offer ends with its ticket"
    assert await reason(accept(house, open_)) == "OFFER_NOT_FOUND"


async def test_a_ticket_that_was_returned_is_the_buyers_again_with_a_third_code(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    booking, (ticket, _) = sold
    codes = [await code(house, ticket, ANN)]
    made = await offer(house, ticket)
    await accept(house, made)
    codes.append(await code(house, ticket, BOB))
    await give_back(house, made)
    assert await give_back(house, made) is not None
    codes.append(await code(house, ticket, ANN))
    assert len(set(codes)) == 3 and await reason(code(house, ticket, BOB)) == "TICKET_NOT_FOUND"
    await house.db.execute("UPDATE tickets SET revision = 14")
    assert await reason(offer(house, ticket)) == "TICKET_NOT_TRANSFERABLE"
    await house.db.execute("UPDATE tickets SET revision = 13")
    made = await offer(house, ticket)
    await accept(house, made)
    await give_back(house, made)
    await code(house, ticket, ANN)
    await refund(house, booking)
    assert await statuses(house, booking) == ["REVOKED", "REVOKED"]


async def test_whoever_was_let_in_or_whose_show_is_cancelled_passes_nothing_on(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    booking, (ticket, other) = sold
    used, made = await offer(house, ticket), await offer(house, other)
    await let_in(house, booking, 0)
    assert (
        await reason(accept(house, used)) == await reason(withdraw_and_offer(house, used, ticket)) == "TICKET_ADMITTED"
    )
    await cancel(house)
    assert await reason(accept(house, made)) in ("TICKET_NOT_TRANSFERABLE", "OFFER_NOT_FOUND")
    await swept(house)
    assert await statuses(house, booking) == ["REVOKED"] * 2
    assert await listed(house, ANN, "MADE") == ["WITHDRAWN"] * 2


async def withdraw_and_offer(house: House, made: pb.TicketOffer, ticket: Any) -> pb.TicketOffer:
    await withdraw(house, made)
    return await offer(house, ticket)


async def test_tickets_of_others_count_as_seats_do(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    _, (ticket, other) = sold
    made, more = await offer(house, ticket), await offer(house, other)
    await house.book(BOB, 2, 3, 4, 5, 6)
    await accept(house, made)
    info = await refused(accept(house, more))
    assert (info.reason, info.metadata["limit"]) == ("TICKET_LIMIT_EXCEEDED", "6")
    assert await reason(house.book(BOB, 7)) == "SEAT_LIMIT_EXCEEDED"
    await give_back(house, made)
    await house.book(BOB, 7)
    assert await reason(accept(house, more)) == "TICKET_LIMIT_EXCEEDED"


async def test_a_payment_that_comes_late_buys_no_more_than_one_may_have_with_tickets_from_others(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    booking = await house.book(BOB, 2, 3, 4, 5, 6, 7)
    await move_clocks(house, "20 minutes")
    await house.saga.expiry.expire_due()
    await accept(house, await offer(house, sold[1][0]))
    await house.capture(booking)
    assert await house.status(booking.id) == "EXPIRED"


async def test_an_account_that_is_deleted_gives_back_what_it_has_from_others(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    booking, (ticket, other) = sold
    made, more = await offer(house, ticket), await offer(house, other)
    await accept(house, made)
    await close(house, BOB, deleted=True)
    await close(house, BOB, deleted=True)
    assert await reason(accept(house, more)) == "ACCOUNT_DELETED"
    assert await listed(house, ANN, "MADE") == ["OPEN", "RETURNED"]
    assert [one.is_transferred for one in await tickets(house, booking, ANN)] == [False, False]
    await code(house, ticket, ANN)
    await withdraw(house, more)
    for user in (CAT,):
        await accept(house, await offer(house, ticket, to="cat@example.com"), user)
    await move_clocks(house, "34 days")
    assert [await forget_names(house.db, 30) for _ in range(2)] == [1, 0]
    assert [one.recipient_name for one in await tickets(house, booking, ANN)] == ["", ""]


Race = Callable[[House, pb.TicketOffer, booking_pb2.Booking], list[Awaitable[Any]]]


@pytest.mark.parametrize(
    "race",
    [
        lambda house, made, booking: [accept(house, made), refund(house, booking, 0)],
        lambda house, made, booking: [accept(house, made), withdraw(house, made)],
        lambda house, made, booking: [accept(house, made), accept(house, made)],
        lambda house, made, booking: [accept(house, made), close(house, BOB, deleted=True)],
        lambda house, made, booking: [accept(house, made), let_in(house, booking, 0)],
        lambda house, made, booking: [accept(house, made), house.book(BOB, 2, 3, 4, 5, 6, 7)],
    ],
    ids=["refund", "withdrawal", "itself", "deletion", "scan", "booking"],
)
async def test_an_acceptance_and_what_comes_at_the_same_time_end_as_if_one_had_come_first(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]], race: Race
) -> None:
    booking, (ticket, _) = sold
    made = await offer(house, ticket)
    outcomes = await asyncio.gather(*race(house, made, booking), return_exceptions=True)
    [row] = await house.db.fetch("SELECT * FROM ticket_offers")
    [held] = await house.db.fetch("SELECT * FROM tickets WHERE id = %(id)s", {"id": UUID(ticket.id)})
    is_accepted = not isinstance(outcomes[0], BaseException)
    assert (row.state in ("ACCEPTED", "RETURNED")) == is_accepted
    assert (held.user_id == BOB) == (row.state == "ACCEPTED")
    assert held.revision == {"ACCEPTED": 2, "RETURNED": 3}.get(row.state, 1)
    if held.user_id == BOB:
        assert held.state == "VALID" or isinstance(outcomes[1], str), "it was let in before or after, or is good"
    [closed] = await house.db.fetch("SELECT count(*) AS n FROM closed_users WHERE user_id = %(id)s", {"id": BOB})
    assert not (closed.n and held.user_id == BOB), "nobody who is deleted holds a ticket"
    [seats] = await house.db.fetch(
        "SELECT count(*) AS n FROM booking_seats s JOIN bookings b ON b.id = s.booking_id WHERE b.user_id = %(id)s",
        {"id": BOB},
    )
    assert seats.n + (held.user_id == BOB) <= 6, "nobody has more than one may have"


async def test_the_topic_tells_of_tickets_by_ids_alone(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    _, (ticket, other) = sold
    made, more = await offer(house, ticket), await offer(house, other)
    await accept(house, made)
    await decline(house, more)
    await give_back(house, made)
    told = await events(house)
    kinds = [BookingEvent.TICKET_TRANSFERRED, BookingEvent.OFFER_DECLINED, BookingEvent.TICKET_RETURNED]
    assert [(one.kind, one.offer_id) for one in told] == list(zip(kinds, (made.id, more.id, made.id), strict=True))
    assert [one.user_id for one in told] == [str(ANN)] * 3 and len({one.version for one in told}) == 3
    assert [one.holder_id for one in told] == [str(BOB), "", str(BOB)] and "bob" not in str(told).lower()
    again = await offer(house, ticket)
    await accept(house, again)
    await cancel(house)
    await swept(house)
    assert not (await held_by(house, again)).is_good, "of a show that is cancelled, its own topic tells the holder"
    assert BookingEvent.TICKET_REVOKED not in {one.kind for one in await events(house)}


async def test_the_mail_of_an_offer_waits_in_its_row_and_goes_with_it(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    _, (ticket, other) = sold
    made, more = await offer(house, ticket), await offer(house, other)

    async def claimed() -> list[pb.OfferMail]:
        return list((await house.transfers.ClaimOfferMails(pb.ClaimOfferMailsRequest(limit=10))).mails)

    async def finish(mail: pb.OfferMail, outcome: str) -> None:
        value = pb.FinishOfferMailRequest.Outcome.Value(outcome)
        await house.transfers.FinishOfferMail(
            pb.FinishOfferMailRequest(offer_id=mail.offer_id, attempts=mail.attempts, outcome=value)
        )

    first, second = sorted(await claimed(), key=lambda mail: mail.asked_at.ToNanoseconds())
    assert (first.offer_id, first.email, first.title) == (made.id, ADDRESS, "Monsoon Letters")
    assert "Bob" not in str(first) and str(ANN) not in str(first) and await claimed() == []
    await finish(first, "UNKNOWN")
    await withdraw(house, more)
    await move_clocks(house, "6 minutes")
    [again] = await claimed()
    assert (again.offer_id, again.attempts, again.may_be_there) == (made.id, 2, True)
    await finish(first, "DEAD")
    await finish(second, "SENT")
    await finish(again, "SENT")
    await move_clocks(house, "1 hour")
    assert await claimed() == []
    states = await house.db.fetch("SELECT mail_state FROM ticket_offers ORDER BY created_at")
    assert [row.mail_state for row in states] == ["SENT", "SKIPPED"]
