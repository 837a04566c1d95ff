"""Bugs of topics: positions, consumers, and what is published."""

from tests.mutants.mutant import MONEY, REQUESTS, Mutant

TOPICS = ("tests/chassis/test_topics.py", "tests/chassis/test_topics_read.py")
CONSUMER = ("tests/chassis/test_consumer.py",)
EVENTS = ("tests/booking/test_booking_events.py", "tests/booking/test_fencing.py")
MAILS = ("tests/notifications/test_mails.py",)
BOOKS = ("tests/payment/test_books.py",)

MUTANTS = (
    Mutant(
        "positions are against the order of events",
        "NUMBER",
        "row_number() OVER (ORDER BY id)",
        "row_number() OVER (ORDER BY id DESC)",
        REQUESTS,
        TOPICS,
    ),
    Mutant("two sequencers count at once", "LOCK_TOPIC", " FOR UPDATE SKIP LOCKED", "", REQUESTS, TOPICS),
    Mutant(
        "a hole is forgotten into a topic",
        "topics:FORGET",
        "(kept.first IS NULL OR o.position < kept.first)",
        "true",
        REQUESTS,
        TOPICS,
    ),
    Mutant(
        "who fell behind goes on over the gap",
        "topics:read",
        "after is not None and after < forgotten",
        "False",
        REQUESTS,
        TOPICS,
    ),
    Mutant(
        "two processes of a consumer do the same page",
        "MOVE_PROGRESS",
        " AND read_to = %(after)s",
        "",
        MONEY,
        CONSUMER,
    ),
    Mutant(
        "a consumer rests after each page",
        "Consumer.run",
        "await self.consume_once() and self._behind",
        "False and await self.consume_once()",
        MONEY,
        CONSUMER,
    ),
    Mutant(
        "a consumer rests before the end of the topic",
        "Consumer.consume_once",
        "page.last - page.events[-1].position",
        "0",
        MONEY,
        CONSUMER,
    ),
    Mutant(
        "events of a kind that was asked for come without payloads",
        "topics:READ",
        "IS NOT FALSE THEN payload",
        "IS NULL THEN payload",
        REQUESTS,
        TOPICS,
    ),
    Mutant(
        "the mail of another hall does not wait for the booking",
        "Mails._is_behind",
        "not booking.is_rescheduled or booking.screen != (await self._inventory.show(fact.show_id)).screen",
        "not booking.is_rescheduled",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "a mail that another process has taken since is ended",
        "FINISH_MAILS",
        " AND m.attempts = n.attempts",
        "",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "steps of the saga are published",
        "LockedBookings.move",
        "moved.recorded_state != self.bookings[moved.id].recorded_state",
        "moved.state != self.bookings[moved.id].state",
        REQUESTS,
        EVENTS,
    ),
    Mutant(
        "a booking that recovery gave up is published",
        "FINISH_BOOKINGS",
        "WHERE (new.key IN (SELECT id FROM finished)) IS TRUE",
        "",
        REQUESTS,
        EVENTS,
    ),
    Mutant(
        "the books agree with a ticket that nobody paid for",
        "books:compare",
        "payment.state not in CAPTURED",
        "False",
        MONEY,
        BOOKS,
    ),
)
