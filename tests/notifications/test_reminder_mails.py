"""Mails of reminders, of declined payments, and of tickets from others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from boxoffice.booking.v1 import booking_pb2

from tests.notifications.house import SHOW, House
from tests.notifications.test_mails import AGAIN
from tests.notifications.topics import START, BookingEvent, ShowEvent

REMIND_HELD = """
    INSERT INTO mails (id, user_id, kind, offer_id, show_id, number, starts_at, happened_at)
    SELECT gen_random_uuid(), user_id, 'REMINDER', id, gen_random_uuid(), 1, %(starts_at)s, boxoffice_clock()
    FROM bookings WHERE is_held
"""
REMIND = """
    INSERT INTO mails (id, user_id, kind, booking_id, show_id, number, starts_at, happened_at)
    SELECT gen_random_uuid(), user_id, 'REMINDER', id, show_id, 1, %(starts_at)s, boxoffice_clock() FROM bookings
    WHERE NOT EXISTS (SELECT FROM mails m WHERE m.booking_id = bookings.id AND m.kind = 'REMINDER')
"""


async def test_a_reminder_that_waited_goes_only_while_it_is_true_and_not_too_many_in_an_hour(house: House) -> None:
    soon = datetime.now(UTC) + timedelta(hours=3)
    house.peers.starts_at = soon

    async def remind(count: int = 1, starts_at: datetime = soon) -> list[str]:
        """Have a user with so many bookings reminded; return what became of it."""
        user_id = uuid4()
        house.peers.has_address(user_id)
        for _ in range(count):
            house.topics.book(SHOW, 0, BookingEvent.CONFIRMED, user_id=user_id)
        await house.topics.read_bookings()
        await house.send()
        await house.topics.db.execute(REMIND, {"starts_at": starts_at})
        await house.send()
        return [state for state in (await house.states())[-count:]]

    assert await remind() == ["SENT"]
    words = house.server.mails[-1].get_body(("plain",))
    assert words is not None and "is soon" in words.get_content()
    assert sorted(await remind(3)) == ["SENT", "SENT", "SKIPPED TOO_MANY"]
    assert await remind(starts_at=datetime.now(UTC) - timedelta(seconds=1)) == ["SKIPPED TOO_LATE"]
    house.peers.status = booking_pb2.Booking.REFUNDED
    assert await remind() == ["SKIPPED NOT_CONFIRMED"]
    house.peers.status = booking_pb2.Booking.CONFIRMED
    house.peers.starts_at = START
    assert await remind() == ["WAITING BOOKING_BEHIND"]
    for kind in (ShowEvent.RESCHEDULED, ShowEvent.CANCELLED):
        starts_at = soon + timedelta(hours=kind == ShowEvent.RESCHEDULED)
        house.topics.tell_of_show(SHOW, kind, -60, version=kind, starts_at=starts_at)
        await house.topics.read_shows()
        assert await remind() == ["SKIPPED SHOW_CHANGED"]
        await house.topics.db.execute("UPDATE shows SET revision = 0")


async def test_a_declined_payment_is_a_mail_that_says_until_when_to_pay(house: House) -> None:
    for house.peers.status, is_said in ((booking_pb2.Booking.PENDING, True), (booking_pb2.Booking.CONFIRMED, False)):
        booked = house.topics.book(SHOW, 0, BookingEvent.PAYMENT_FAILED)
        house.peers.has_address(booked.user_id)
        await house.topics.read_bookings()
        await house.send()
        words = house.server.mails[-1].get_body(("plain",))
        assert words is not None and ("pay again" in words.get_content()) == is_said
    assert await house.topics.kinds(booked.user_id) == ["PAYMENT_FAILED"]


async def test_whoever_holds_a_ticket_of_somebody_elses_is_mailed_of_it_and_not_of_the_booking(house: House) -> None:
    one = house.topics.book(SHOW, 0, BookingEvent.CONFIRMED)
    held = house.topics.pass_on(one, 1)
    void = house.topics.pass_on(one, 1, ends=BookingEvent.TICKET_REVOKED)
    for user in (held.user_id, void.user_id):
        house.peers.has_address(user)
    house.topics.tell_of_show(SHOW, ShowEvent.RESCHEDULED, 4, version=2)
    house.topics.tell_of_show(SHOW, ShowEvent.CANCELLED, 5, version=3)
    house.peers.starts_at, house.peers.is_rescheduled = START + timedelta(hours=2), True
    for read in (house.topics.read_bookings, house.topics.read_shows, house.topics.tell_bookings):
        await read()
    soon = datetime.now(UTC) + timedelta(hours=1)
    for house.language, words in (("en", ("Seat: Stalls C8", "void")), ("hi", ("सीट: Stalls C8", "मान्य नहीं है"))):
        house.server.got.clear()
        await house.topics.db.execute(AGAIN)
        await house.send()
        texts = [str(mail.get_body(("plain",)).get_content()) for mail in house.server.mails]  # type: ignore[union-attr]
        assert len(texts) == 3 and not any("7KQ2M9XW4C" in text or "₹" in text for text in texts)
        [moved] = [text for text in texts if f"https://tickets.example/transfers/{held.id}" in text]
        [gone] = [text for text in texts if words[0] in text and text != moved]
        [cancelled] = [text for text in texts if text not in (moved, gone)]
        assert words[0] in moved and words[1] in gone and words[1] in cancelled
    assert [len(list(mail.iter_attachments())) for mail in house.server.mails].count(2) == 1, "the ticket goes with it"
    house.peers.starts_at = soon
    await house.topics.db.execute(REMIND_HELD, {"starts_at": soon})
    await house.send()
    [text] = [str(house.server.mails[-1].get_body(("plain",)).get_content())]  # type: ignore[union-attr]
    assert f"/transfers/{held.id}" in text and "/unsubscribe/" in text
