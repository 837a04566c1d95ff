"""Damages to what is answered under idempotency keys, and the invariant that each is meant for."""

from __future__ import annotations

from tests.system.damage import CONFIRMED, NEW, Damage, again

KEYED, BOOKED, PAID, SHOWN, HELD = (
    "keys-of-bookings-have-their-answers",
    "answers-about-bookings-are-to-their-users",
    "answers-about-payments-are-to-their-users",
    "answers-about-the-catalogue-are-of-what-there-is",
    "answers-about-holds-are-of-their-show",
)


def answers(service: str, change: str, condition: str = "true") -> str:
    return f"UPDATE {service}.idempotency_keys SET {change} WHERE {condition}"


def of_shows(change: str) -> str:
    return f"UPDATE inventory.show_idempotency_keys SET {change}"


CREATED = "method = 'CreateBooking'"
KEYS = (
    Damage("a booking whose answer was forgotten, its key was not", KEYED, "DELETE FROM booking.idempotency_keys"),
    Damage(
        "a booking whose key was forgotten, its answer was not",
        KEYED,
        "UPDATE booking.bookings SET idempotency_key = NULL",
    ),
    Damage("an answer of another booking", KEYED, answers("booking", f"names = {CONFIRMED}", CREATED)),
    Damage("an answer to another request", KEYED, answers("booking", "request_hash = 'other'", CREATED)),
    Damage("an answer to another user", BOOKED, answers("booking", "user_id = gen_random_uuid()")),
    Damage("an answer about no booking", BOOKED, answers("booking", f"names = {NEW}")),
    Damage(
        "an answer about no gate",
        "answers-about-gates-are-of-what-there-is",
        answers("booking", f"names = {NEW}", "method = 'CreateGate'"),
    ),
    Damage(
        "an answer about another's offer",
        "answers-about-offers-are-to-their-makers",
        answers("booking", "user_id = gen_random_uuid()", "method = 'OfferTicket'"),
    ),
    Damage("an answer about no payment", PAID, answers("payment", f"names = {NEW}")),
    Damage("an answer about another user's payment", PAID, answers("payment", "user_id = gen_random_uuid()")),
    Damage("an answer about no payment at all", PAID, answers("payment", "names = NULL")),
    Damage("a hold of a show that there is not", SHOWN, answers("inventory", f"names = {NEW}", "method = 'HoldSeats'")),
    Damage("a hall that was made for nobody", SHOWN, answers("inventory", f"names = {NEW}", "method = 'CreateVenue'")),
    Damage("an answer to a method that there is not", SHOWN, answers("inventory", "method = 'SellSeats'")),
    Damage("an answer about another show than the key's", HELD, of_shows(f"names = {NEW}")),
    Damage(
        "an answer about an access code of no show",
        HELD,
        of_shows(f"names = {NEW}") + " WHERE method = 'CreateAccessCode'",
    ),
    Damage(
        "an answer about an access code of another show",
        HELD,
        "UPDATE inventory.access_codes SET show_id = gen_random_uuid()",
    ),
    Damage("an answer about an unblocking that made something", HELD, of_shows("method = 'UnblockSeats'")),
    Damage(
        "an unblocking of a show that there is not",
        HELD,
        of_shows(f"method = 'UnblockSeats', names = NULL, show_id = {NEW}"),
    ),
    Damage("an answer about a hold of no show", HELD, of_shows("names = NULL")),
    Damage("a key of a show that there is not", HELD, of_shows(f"show_id = {NEW}")),
    Damage("a key of a show for what is no command on seats", HELD, of_shows("method = 'CreateShow'")),
    Damage("an answer about seats twice", "seats-and-claims-are-there-once", again("inventory.show_idempotency_keys")),
    Damage("an answer of inventory twice", "seats-and-claims-are-there-once", again("inventory.idempotency_keys")),
    Damage("an answer of booking twice", "bookings-and-captures-are-there-once", again("booking.idempotency_keys")),
    Damage("an answer of payment twice", "payments-and-money-are-there-once", again("payment.idempotency_keys")),
)

OF_KEYS = {
    "places were unblocked under a key": """
        UPDATE inventory.show_idempotency_keys SET method = 'UnblockSeats', names = NULL, key = method || key;
        UPDATE inventory.idempotency_keys SET method = 'UnblockSeats', names = NULL, key = method || key
            WHERE method IN ('HoldSeats', 'CreateAccessCode')
    """,
}
"""What looks like a fault of keys and is none."""
