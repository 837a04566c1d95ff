"""Damages to refunds of seats."""

from __future__ import annotations

from tests.system.damage import (
    BEFORE,
    CONFIRMED,
    NEW,
    NOTHING_WENT_BACK,
    PARTLY,
    REFUNDED,
    SEATS_STUCK,
    UNDONE,
    Damage,
    again,
    bookings,
)

STATE, COUNTED, SHARE, OF_SEATS, LAST = (
    "refunds-are-what-their-state-says",
    "bookings-count-their-refunds",
    "refunds-are-the-share-that-was-decided",
    "refunds-are-those-of-their-seats",
    "the-last-refund-ends-its-booking",
)
STAY_REFUNDED, ONCE = "refunded-bookings-stay-refunded", "bookings-and-captures-are-there-once"


def refunds(change: str, of: str = REFUNDED) -> str:
    return f"UPDATE booking.booking_refunds SET {change} WHERE booking_id = {of}"


def seats(change: str, of: str = PARTLY) -> str:
    return f"UPDATE booking.booking_seats SET {change} WHERE booking_id = {of} AND position = 0"


OF_REFUNDS = (
    Damage("a refund in no state", STATE, refunds("state = NULL")),
    Damage("a refund in a state that there is not", STATE, refunds("state = 'LOST'")),
    Damage("a refund that nobody takes over", STATE, refunds("state = 'PROCESSING'")),
    Damage("a refund that is done, and taken over", STATE, refunds("lease_until = now()")),
    Damage("a refund that is done, and stuck", STATE, refunds("stuck = true")),
    Damage("a refund that nobody asked for", STATE, refunds("decided_by = NULL")),
    Damage("a refund of the staff's without a reason", STATE, refunds("cause = 'GRANTED'")),
    Damage("a refund without a cause", STATE, refunds("cause = 'LOST'")),
    Damage("a refund too many", COUNTED, refunds("booking_id = " + NEW)),
    Damage("a refund of another number", COUNTED, refunds("number = 2")),
    Damage("a refund forgotten", COUNTED, f"DELETE FROM booking.booking_refunds WHERE booking_id = {REFUNDED}"),
    Damage("a booking refunded for nothing known", COUNTED, bookings("CONFIRMED", "state = 'REFUNDED'")),
    Damage(
        "an amount of before, of which no refund is known",
        COUNTED,
        f"{BEFORE};{bookings('REFUNDED', 'refund_amount = NULL, refund_percentage = NULL')}",
    ),
    Damage("a refund of half, in full", SHARE, refunds("percentage = 50")),
    Damage(
        "a part that is a unit short, as are its seats",
        SHARE,
        f"{refunds('amount = amount - 1', PARTLY)}; {seats('refund_amount = refund_amount - 1')}",
    ),
    Damage("a refund of no seats", SHARE, seats("refund_id = NULL") + "; " + refunds("percentage = 99", PARTLY)),
    Damage("a refund of a percentage below nothing", SHARE, refunds("percentage = 0, amount = 0")),
    Damage("a seat for which less comes back", OF_SEATS, seats("refund_amount = refund_amount - 1")),
    Damage("a seat of a refund that there is not", OF_SEATS, seats("refund_id = gen_random_uuid()")),
    Damage("a seat that gives money back, and is left", OF_SEATS, seats("refund_id = NULL")),
    Damage("a refund of another booking's seats", OF_SEATS, refunds(f"booking_id = {CONFIRMED}")),
    Damage(
        "a seat for which more comes back than was paid",
        OF_SEATS,
        seats("refund_amount = refund_amount + 1") + "; UPDATE booking.booking_refunds SET amount = amount + 1"
        f" WHERE id = (SELECT refund_id FROM booking.booking_seats WHERE booking_id = {PARTLY} AND position = 0)",
    ),
    Damage(
        "a part that gives fees of the order back",
        OF_SEATS,
        refunds("order_amount = order_amount + 1, amount = amount + 1", PARTLY),
    ),
    Damage(
        "a booking refunded with a seat left",
        LAST,
        f"UPDATE booking.bookings SET state = 'REFUNDED' WHERE id = {PARTLY}",
    ),
    Damage("a booking that is not refunded with its last seat", LAST, bookings("REFUNDED", "state = 'CONFIRMED'")),
    Damage("a booking refunded before its money is back", LAST, refunds("state = 'PROCESSING'")),
    Damage(
        "a refund done according to booking, and stuck at payment",
        "no-money-without-a-ticket",
        f"{UNDONE}; {NOTHING_WENT_BACK}; UPDATE payment.refunds SET undone = 0",
    ),
    Damage("a number of a refund twice", ONCE, again("booking.booking_refunds")),
    Damage("a refund at payment under another name", STAY_REFUNDED, refunds("id = gen_random_uuid()")),
    Damage(
        "a part never asked for",
        STAY_REFUNDED,
        f"DELETE FROM payment.refunds WHERE payment_id = (SELECT payment_id FROM booking.bookings WHERE id = {PARTLY})",
    ),
    Damage(
        "a refund under way that was never asked for",
        STAY_REFUNDED,
        refunds("state = 'PROCESSING'") + "; DELETE FROM payment.refunds WHERE payment_id ="
        f" (SELECT payment_id FROM booking.bookings WHERE id = {REFUNDED})",
    ),
    Damage(
        "a refund that nobody decided",
        STAY_REFUNDED,
        f"DELETE FROM booking.booking_refunds WHERE booking_id = {PARTLY}",
    ),
    Damage("a refund of nothing that is paid", STAY_REFUNDED, refunds("amount = 0")),
    Damage(
        "a stuck refund of seats, of another amount",
        STAY_REFUNDED,
        f"{SEATS_STUCK}; UPDATE payment.refunds SET amount = amount - 1 WHERE state = 'STUCK'",
    ),
    Damage("a refund never finished", "no-saga-is-unfinished", refunds("state = 'PROCESSING', lease_until = now()")),
    Damage(
        "a part never told of",
        "bookings-have-their-events",
        "DELETE FROM booking.topic_events WHERE kind = 'PARTLY_REFUNDED'",
    ),
    Damage("a seat of a part sold on", "booked-seats-are-those-of-confirmed-bookings", seats("refund_id = NULL")),
    Damage(
        "a claim on seats that were all given back",
        "claims-follow-bookings",
        f"UPDATE booking.booking_seats SET refund_id = {NEW} WHERE booking_id = {CONFIRMED}",
    ),
)
