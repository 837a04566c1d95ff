"""Mails of reminders and of declined payments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from boxoffice.booking.v1 import booking_pb2

from tests.notifications.house import SHOW, House
from tests.notifications.topics import START, BookingEvent, ShowEvent

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
