"""Damages to topics of public events."""

from __future__ import annotations

from tests.system.damage import CONFIRMED, NEW, PENDING, REFUNDED, UNDONE, Damage, again, bookings

TOLD, SHOWN = "bookings-have-their-events", "shows-have-their-events"
LAST = "shows-are-as-was-told-last"
READ = "consumers-have-read-what-there-is"
OF_BOOKINGS, OF_SHOWS = (
    "events-of-bookings-are-of-bookings-that-there-are",
    "events-of-shows-are-of-shows-that-there-are",
)


def places(service: str) -> tuple[Damage, ...]:
    """What may befall the places of events in the topics of any service."""
    gaps, order = f"positions-of-{service}-have-no-gaps", f"events-of-{service}-are-in-order"
    events, topics = f"{service}.topic_events", f"{service}.topics"
    second = f"INSERT INTO {events} (id, topic, key, version, kind) SELECT id + 1000000, topic, key, {{}}, kind"
    return (
        Damage("an event that is gone", gaps, f"DELETE FROM {events} WHERE position = 2"),
        Damage("events that are gone", gaps, f"DELETE FROM {events}"),
        Damage("a position twice", gaps, f"UPDATE {events} SET position = 1 WHERE position = 2"),
        Damage("a first event before the first", gaps, f"UPDATE {events} SET position = 0 WHERE position = 1"),
        Damage(
            "a last event behind the last",
            gaps,
            f"UPDATE {events} SET position = position + 1 WHERE position = (SELECT max(position) FROM {events})",
        ),
        Damage("a position that was taken back", gaps, f"UPDATE {events} SET position = NULL WHERE position = 2"),
        Damage("a topic that is gone", gaps, f"DELETE FROM {topics}"),
        Damage("events forgotten that are there", gaps, f"UPDATE {topics} SET forgotten = position"),
        Damage("a topic that goes further", gaps, f"UPDATE {topics} SET position = position + 1"),
        Damage("an event twice", order, again(events)),
        Damage("an event that says nothing new", order, f"{second.format('version')} FROM {events} LIMIT 1"),
        Damage("an event of no version", order, f"{second.format('NULL')} FROM {events} LIMIT 1"),
        Damage(
            "an event before one that was written earlier",
            order,
            f"{second.format('version + 100')} FROM {events} e"
            f" WHERE (SELECT count(*) FROM {events} WHERE key = e.key) = 1; UPDATE {events} SET id = -id",
        ),
    )


def events(booking: str, change: str) -> str:
    return f"UPDATE booking.topic_events SET {change} WHERE key = {booking}"


UNDONE_KIND = "kind = 'REFUND_UNDONE'"
TOLD_AS_EXPIRED = f"UPDATE booking.topic_events SET kind = 'EXPIRED' WHERE {UNDONE_KIND}"

TOPICS = (
    *places("booking"),
    *places("inventory"),
    Damage("a sale that nobody is told of", TOLD, f"DELETE FROM booking.topic_events WHERE key = {CONFIRMED}"),
    Damage(
        "a confirmation that nobody is told of",
        TOLD,
        f"DELETE FROM booking.topic_events WHERE key = {CONFIRMED} AND kind = 'CONFIRMED'",
    ),
    Damage("a sale told of as an expiry", TOLD, events(CONFIRMED, "kind = 'EXPIRED'")),
    Damage("a booking told of as confirmed", TOLD, events(PENDING, "kind = 'CONFIRMED'")),
    Damage("a refund in another topic", TOLD, events(REFUNDED, "topic = 'shows'")),
    Damage("a refund that has not come to its end", TOLD, bookings("REFUNDED", "state = 'REFUNDING'")),
    Damage("a confirmation that has not come to its end", TOLD, bookings("CONFIRMED", "confirming_from = 'PENDING'")),
    Damage("a booking in no state", TOLD, bookings("CANCELLED", "state = NULL")),
    Damage("a booking that changed at no time", TOLD, bookings("PENDING", "state = 'EXPIRED', updated_at = NULL")),
    Damage("a refund told of as undone that was never done", TOLD, events(CONFIRMED, "kind = 'REFUND_UNDONE'")),
    Damage(
        "a refund told of as undone that never was",
        TOLD,
        f"{UNDONE}; UPDATE booking.booking_refunds SET undone = 0",
    ),
    Damage(
        "a refund told of as undone that is done again",
        TOLD,
        f"{UNDONE}; UPDATE booking.booking_refunds SET state = 'REFUNDED'",
    ),
    Damage("another's refund undone", TOLD, f"{UNDONE}; {events(CONFIRMED, UNDONE_KIND)}"),
    Damage("a refund undone, and nobody told of the end before", TOLD, f"{UNDONE}; {TOLD_AS_EXPIRED}"),
    Damage("a show that nobody is told of", SHOWN, "DELETE FROM inventory.topic_events WHERE position = 1"),
    Damage("a show told of in another topic", SHOWN, "UPDATE inventory.topic_events SET topic = 'bookings'"),
    Damage("a show told of as something else", SHOWN, "UPDATE inventory.topic_events SET kind = 'EXPIRED'"),
    Damage(
        "prices that nobody is told of",
        LAST,
        "UPDATE inventory.show_counters SET prices_version = prices_version + 1",
    ),
    Damage("a new time that nobody is told of", LAST, "UPDATE inventory.shows SET revision = revision + 1"),
    Damage("a show told of in no topic", LAST, "UPDATE inventory.topic_events SET topic = 'bookings'"),
    Damage("an event of no booking", OF_BOOKINGS, f"UPDATE booking.topic_events SET key = {NEW} WHERE position = 1"),
    Damage("an event of a booking that is not one yet", OF_BOOKINGS, bookings("PENDING", "state = 'RESERVING'")),
    Damage("an event of no show", OF_SHOWS, f"UPDATE inventory.topic_events SET key = {NEW} WHERE position = 1"),
    Damage(
        "a ticket without its money, found out",
        "the-books-agree",
        "INSERT INTO payment.book_differences (position, booking_id, payment_id, difference)"
        f" SELECT 1, {CONFIRMED}, {NEW}, 'NO_PAYMENT'",
    ),
    Damage("a consumer ahead of its topic", READ, "UPDATE payment.topic_progress SET read_to = read_to + 1000"),
    Damage("a consumer of a topic that there is not", READ, "UPDATE payment.topic_progress SET topic = 'rumours'"),
)
