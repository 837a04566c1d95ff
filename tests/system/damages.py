"""Damages to plant in a copy of the databases, and the invariant that each is meant for.

None of the databases' constraints is in the way there, as if each had been lost.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """What is done to the copy, in words and in SQL, and the name of the invariant that must see it."""

    name: str
    invariant: str
    sql: str


CONFIRMED = "(SELECT id FROM booking.bookings WHERE state = 'CONFIRMED' LIMIT 1)"
REFUNDED = "(SELECT id FROM booking.bookings WHERE state = 'REFUNDED' LIMIT 1)"
PENDING = "(SELECT id FROM booking.bookings WHERE state = 'PENDING' LIMIT 1)"
PAID = f"(SELECT session_id FROM booking.captures WHERE booking_id = {CONFIRMED})"
NEW = "'00000000-0000-0000-0000-000000000001'"


def seats(status: str, change: str) -> str:
    return f"UPDATE inventory.show_seats SET {change} WHERE status = '{status}'"


def claims(state: str, change: str) -> str:
    return f"UPDATE inventory.reservations SET {change} WHERE state = '{state}'"


def bookings(state: str, change: str) -> str:
    return f"UPDATE booking.bookings SET {change} WHERE state = '{state}'"


def payments(state: str, change: str) -> str:
    return f"UPDATE payment.payments SET {change} WHERE state = '{state}'"


def sessions(status: str, change: str) -> str:
    return f"UPDATE bank.sessions SET {change} WHERE status = '{status}'"


def again(table: str, condition: str = "true") -> str:
    """Insert a row a second time, as no key would let anybody."""
    return f"INSERT INTO {table} SELECT * FROM {table} WHERE {condition} LIMIT 1"


SHAPE, CLAIMED, WHOLE = (
    "seats-are-what-their-status-says",
    "claimed-seats-have-their-reservation",
    "reservations-have-all-their-seats",
)
OF_SEATS = (
    Damage("a hold without an end", SHAPE, seats("HELD", "expires_at = NULL")),
    Damage("a hold of nobody", SHAPE, seats("HELD", "holder_id = NULL")),
    Damage("a seat reserved to no booking", SHAPE, seats("RESERVED", "booking_id = NULL")),
    Damage("a sold seat that lapses", SHAPE, seats("BOOKED", "expires_at = now()")),
    Damage("a free seat that somebody has", SHAPE, seats("AVAILABLE", "holder_id = gen_random_uuid()")),
    Damage("a seat in no state", SHAPE, seats("BOOKED", "status = NULL")),
    Damage("a seat in a state that there is not", SHAPE, seats("AVAILABLE", "status = 'SOLD'")),
    Damage("a seat for nothing", SHAPE, seats("AVAILABLE", "price = 0")),
    Damage("a claim released, its seats still sold", CLAIMED, claims("CONFIRMED", "state = 'RELEASED'")),
    Damage("seats sold to a booking unheard of", CLAIMED, seats("BOOKED", "booking_id = gen_random_uuid()")),
    Damage("a reserved seat of another user", CLAIMED, seats("RESERVED", "holder_id = gen_random_uuid()")),
    Damage("a seat sold without a confirmation", CLAIMED, seats("RESERVED", "status = 'BOOKED', expires_at = NULL")),
    Damage("a seat reserved for longer", CLAIMED, seats("RESERVED", "expires_at = expires_at + interval '1 second'")),
    Damage("a sold seat that is not in the claim", CLAIMED, claims("CONFIRMED", "seat_ids = seat_ids[2:]")),
    Damage("a claim on no seats", CLAIMED, claims("CONFIRMED", "seat_ids = NULL")),
    Damage("a claim of nobody", CLAIMED, claims("RESERVED", "user_id = NULL")),
    Damage(
        "half a reservation",
        WHOLE,
        "UPDATE inventory.show_seats SET status = 'AVAILABLE', booking_id = NULL, holder_id = NULL, expires_at = NULL"
        " WHERE id = (SELECT id FROM inventory.show_seats WHERE status = 'RESERVED' LIMIT 1)",
    ),
    Damage("sold seats that are gone", WHOLE, "DELETE FROM inventory.show_seats WHERE status = 'BOOKED'"),
    Damage("a claim with no seats in it", WHOLE, claims("RESERVED", "seat_ids = '{}'")),
    Damage("a claim in no state", "reservations-say-who-and-what", claims("REFUSED", "state = NULL")),
    Damage("a claim in an unknown state", "reservations-say-who-and-what", claims("CONFIRMED", "state = 'LOST'")),
    Damage("a closed claim of nobody", "reservations-say-who-and-what", claims("REFUSED", "user_id = NULL")),
    Damage(
        "a user with every seat",
        "seat-limit",
        "UPDATE inventory.show_seats SET holder_id ="
        " (SELECT holder_id FROM inventory.show_seats WHERE status = 'BOOKED' LIMIT 1)",
    ),
    Damage(
        "a seventh seat held",
        "seat-limit",
        "UPDATE inventory.show_seats s SET status = 'HELD', holder_id = h.holder_id, expires_at = h.expires_at"
        " FROM (SELECT show_id, holder_id, expires_at FROM inventory.show_seats WHERE status = 'HELD' LIMIT 1) AS h,"
        " (SELECT show_id, id FROM inventory.show_seats WHERE status = 'AVAILABLE') AS free"
        " WHERE s.show_id = h.show_id AND (s.show_id, s.id) = (free.show_id, free.id)",
    ),
    Damage(
        "shows without a lock",
        "every-show-has-its-lock-and-seats",
        "DELETE FROM inventory.show_counters WHERE sequence = 0",
    ),
    Damage(
        "a lock that knows another start",
        "every-show-has-its-lock-and-seats",
        "UPDATE inventory.show_counters SET starts_at = starts_at + interval '1 day'",
    ),
    Damage(
        "a seat too few",
        "every-show-has-its-lock-and-seats",
        "DELETE FROM inventory.show_seats"
        " WHERE id = (SELECT id FROM inventory.show_seats WHERE status = 'AVAILABLE' LIMIT 1)",
    ),
    Damage(
        "a number without a change",
        "gapless-numbers",
        "UPDATE inventory.show_counters SET sequence = sequence + 1",
    ),
    Damage(
        "a change that is lost",
        "gapless-numbers",
        "UPDATE inventory.seat_changes SET sequence = sequence + 1 WHERE sequence > 1",
    ),
    Damage("a change without a number", "gapless-numbers", "UPDATE inventory.seat_changes SET sequence = NULL"),
    Damage("changes of no show", "gapless-numbers", "DELETE FROM inventory.show_counters"),
    Damage(
        "seats freed without a number",
        "last-change-is-what-the-seat-is",
        "UPDATE inventory.show_seats SET status = 'AVAILABLE', expires_at = NULL WHERE status <> 'AVAILABLE'",
    ),
    Damage(
        "a hold prolonged without a number",
        "last-change-is-what-the-seat-is",
        seats("HELD", "expires_at = expires_at + interval '1 second'"),
    ),
    Damage("a seat twice", "seats-and-claims-are-there-once", again("inventory.show_seats", "status = 'AVAILABLE'")),
    Damage("a claim twice", "seats-and-claims-are-there-once", again("inventory.reservations")),
    Damage("a lock twice", "seats-and-claims-are-there-once", again("inventory.show_counters")),
    Damage("a change twice", "seats-and-claims-are-there-once", again("inventory.seat_changes")),
)

STATE, SHARE, PRICE = (
    "bookings-are-what-their-state-says",
    "refunds-are-the-share-that-was-decided",
    "the-price-is-that-of-the-seats",
)
BOUGHT = "a-ticket-is-bought-by-one-capture"
OF_BOOKINGS = (
    Damage("a ticket without a payment", STATE, bookings("CONFIRMED", "payment_id = NULL")),
    Damage("a booking in no state", STATE, bookings("CONFIRMED", "state = NULL")),
    Damage("a booking in a state that there is not", STATE, bookings("CANCELLED", "state = 'LOST'")),
    Damage("a booking that waits for ever", STATE, bookings("PENDING", "expires_at = NULL")),
    Damage("a booking without a price", STATE, bookings("PENDING", "total_amount = NULL")),
    Damage("a ticket that came from somewhere", STATE, bookings("CONFIRMED", "confirming_from = 'PENDING'")),
    Damage("a ticket whose refund is stuck", STATE, bookings("CONFIRMED", "refund_stuck = true")),
    Damage("a refund of nothing known", STATE, bookings("REFUNDED", "refund_amount = NULL")),
    Damage("a refund that is too much", SHARE, bookings("REFUNDED", "refund_amount = refund_amount + 1")),
    Damage("a refund of half, in full", SHARE, bookings("REFUNDED", "refund_percentage = 50")),
    Damage("a refund of no percentage", SHARE, bookings("REFUNDED", "refund_percentage = NULL")),
    Damage("a refund of a cancelled booking", SHARE, bookings("CANCELLED", "refund_amount = 1")),
    Damage(
        "a seat sold twice",
        "a-seat-is-sold-once",
        f"INSERT INTO booking.bookings (id, show_id, state) SELECT {NEW}, show_id, 'CONFIRMED'"
        f" FROM booking.bookings WHERE id = {CONFIRMED};"
        f"INSERT INTO booking.booking_seats (booking_id, seat_id) SELECT {NEW}, seat_id"
        " FROM booking.booking_seats s JOIN booking.bookings b ON b.id = s.booking_id WHERE b.state = 'CONFIRMED'",
    ),
    Damage("a price that is lower", PRICE, "UPDATE booking.bookings SET total_amount = total_amount - 1"),
    Damage("a seat's price unknown", PRICE, "UPDATE booking.booking_seats SET price = NULL"),
    Damage("a booking that lost its seats", PRICE, f"DELETE FROM booking.booking_seats WHERE booking_id = {PENDING}"),
    Damage("seats that lost their booking", PRICE, f"DELETE FROM booking.bookings WHERE id = {CONFIRMED}"),
    Damage("a seat without a label", PRICE, bookings("CONFIRMED", "seat_labels = seat_labels[2:]")),
    Damage("a ticket that nobody paid for", BOUGHT, "DELETE FROM booking.captures WHERE settlement = 'KEPT'"),
    Damage("a cancelled booking back as a ticket", BOUGHT, bookings("CANCELLED", "state = 'CONFIRMED'")),
    Damage("an expired ticket whose money is kept", BOUGHT, bookings("CONFIRMED", "state = 'EXPIRED'")),
    Damage("a ticket paid for by another", BOUGHT, bookings("CONFIRMED", "payment_id = gen_random_uuid()")),
    Damage("a ticket paid for by halves", BOUGHT, "UPDATE booking.captures SET amount = amount / 2"),
    Damage("money of no use", "captures-come-to-something", "UPDATE booking.captures SET settlement = NULL"),
    Damage("money for an unknown use", "captures-come-to-something", "UPDATE booking.captures SET settlement = 'TIP'"),
    Damage("a booking twice", "bookings-and-captures-are-there-once", again("booking.bookings")),
    Damage(
        "two bookings of one key",
        "bookings-and-captures-are-there-once",
        "UPDATE booking.bookings SET user_id = gen_random_uuid(), idempotency_key = 'key';"
        f"UPDATE booking.bookings SET user_id = {NEW} WHERE id IN ({CONFIRMED}, {REFUNDED})",
    ),
    Damage("a seat of a booking twice", "bookings-and-captures-are-there-once", again("booking.booking_seats")),
    Damage("a capture twice", "bookings-and-captures-are-there-once", again("booking.captures")),
    Damage(
        "a message twice",
        "bookings-and-captures-are-there-once",
        f"INSERT INTO booking.outbox (id, topic) VALUES ({NEW}, 'releases'), ({NEW}, 'releases')",
    ),
)

COUNTED, ASKED, TOLD = (
    "payments-count-their-refunds",
    "sessions-are-what-payments-asked-for",
    "the-ledger-tells-of-every-movement",
)
ONCE = "payments-and-money-are-there-once"
OF_MONEY = (
    Damage("a payment of nothing", "payments-are-what-their-state-says", payments("SUCCESS", "amount = 0")),
    Damage("a payment in no state", "payments-are-what-their-state-says", payments("SUCCESS", "state = NULL")),
    Damage(
        "a payment nobody asks about", "payments-are-what-their-state-says", payments("PENDING", "next_poll_at = NULL")
    ),
    Damage(
        "a payment half refunded, it says",
        "payments-are-what-their-state-says",
        payments("SUCCESS", "refunded_amount = 1"),
    ),
    Damage("a refund not counted", COUNTED, payments("REFUNDED", "refunded_amount = 0")),
    Damage("a refund not counted at all", COUNTED, payments("REFUNDED", "refunded_amount = NULL")),
    Damage("refunds above the payment", COUNTED, again("payment.refunds", "state = 'SUCCEEDED'")),
    Damage(
        "a refund of money never taken", "refunds-are-of-captured-payments", payments("REFUNDED", "state = 'FAILED'")
    ),
    Damage("a refund in no state", "refunds-are-of-captured-payments", "UPDATE payment.refunds SET state = NULL"),
    Damage("a refund for no cause", "refunds-are-of-captured-payments", "UPDATE payment.refunds SET cause = NULL"),
    Damage(
        "a refund of no payment", "refunds-are-of-captured-payments", "UPDATE payment.refunds SET payment_id = NULL"
    ),
    Damage(
        "money taken after a decline, it says", "a-payment-never-regresses", payments("FAILED", "state = 'SUCCESS'")
    ),
    Damage("money taken, it says", "a-payment-never-regresses", payments("PENDING", "state = 'SUCCESS'")),
    Damage("a session over more", ASKED, "UPDATE bank.sessions SET amount = amount + 1"),
    Damage("a session in no currency", ASKED, "UPDATE bank.sessions SET currency = NULL"),
    Damage("a session that nobody asked for", ASKED, "DELETE FROM payment.payments WHERE state = 'SUCCESS'"),
    Damage("a session in no state", "sessions-are-what-their-status-says", sessions("OPEN", "status = NULL")),
    Damage(
        "an open session that has ended", "sessions-are-what-their-status-says", sessions("OPEN", "ended_at = now()")
    ),
    Damage(
        "a declined session gives back",
        "sessions-are-what-their-status-says",
        sessions("DECLINED", "refunded_amount = 1"),
    ),
    Damage("a refund the bank does not know", "the-bank-refunds-what-it-was-asked-for", "DELETE FROM bank.refunds"),
    Damage("a refund nobody asked for", "the-bank-refunds-what-it-was-asked-for", "DELETE FROM payment.refunds"),
    Damage(
        "a refund of another amount",
        "the-bank-refunds-what-it-was-asked-for",
        "UPDATE bank.refunds SET amount = amount - 1",
    ),
    Damage(
        "a refund out of another session",
        "the-bank-refunds-what-it-was-asked-for",
        "UPDATE bank.refunds SET session_id = NULL",
    ),
    Damage("more given back than taken", "refunds-stay-within-the-capture", again("bank.ledger", "kind = 'REFUND'")),
    Damage("a refund only counted", "refunds-stay-within-the-capture", sessions("CAPTURED", "refunded_amount = 1")),
    Damage(
        "money of a declined session", "refunds-stay-within-the-capture", sessions("CAPTURED", "status = 'DECLINED'")
    ),
    Damage("money of no session", "refunds-stay-within-the-capture", f"DELETE FROM bank.sessions WHERE id = {PAID}"),
    Damage("a capture of another amount", TOLD, "UPDATE bank.ledger SET amount = amount - 1 WHERE kind = 'CAPTURE'"),
    Damage("an entry in no currency", TOLD, "UPDATE bank.ledger SET currency = NULL"),
    Damage("an entry of no kind", TOLD, "UPDATE bank.ledger SET kind = NULL WHERE kind = 'REFUND'"),
    Damage("a refund without an entry", TOLD, "DELETE FROM bank.ledger WHERE kind = 'REFUND'"),
    Damage("an entry without a refund", TOLD, "UPDATE bank.refunds SET status = 'DECLINED'"),
    Damage("a payment twice", ONCE, again("payment.payments")),
    Damage(
        "two live payments",
        ONCE,
        f"INSERT INTO payment.payments SELECT {NEW}, (p).booking_id, (p).user_id, 'sess_new',"
        " (p).amount, (p).currency, (p).state FROM payment.payments p WHERE state = 'PENDING' LIMIT 1",
    ),
    Damage("a session twice", ONCE, again("bank.sessions")),
    Damage("a capture in the ledger twice", ONCE, again("bank.ledger", "kind = 'CAPTURE'")),
    Damage("a refund in the ledger twice", ONCE, again("bank.ledger", "kind = 'REFUND'")),
    Damage("an event twice", ONCE, again("payment.webhook_events")),
    Damage("an account twice", ONCE, again("payment.booking_accounts")),
)

SOLD, FOLLOW, FOR_WHAT = (
    "booked-seats-are-those-of-confirmed-bookings",
    "claims-follow-bookings",
    "claims-are-for-what-was-booked",
)
AS_SOLD, NO_MONEY, SEES = (
    "booked-seats-are-as-inventory-sells-them",
    "no-money-without-a-ticket",
    "payment-sees-what-the-bank-did",
)
HEARD, BACK = "booking-heard-of-every-capture", "money-that-bought-nothing-goes-back"
STAY_REFUNDED, STAY_CANCELLED = "refunded-bookings-stay-refunded", "cancelled-bookings-stay-cancelled"
AT_REST = (
    Damage("a refund never finished", "no-saga-is-unfinished", bookings("REFUNDED", "state = 'REFUNDING'")),
    Damage("a booking never begun", "no-saga-is-unfinished", bookings("PENDING", "state = 'RESERVING'")),
    Damage(
        "a message of booking left",
        "nothing-is-left-to-tell",
        f"INSERT INTO booking.outbox (id, topic) VALUES ({NEW}, 'releases')",
    ),
    Damage(
        "a dead letter of payment",
        "nothing-is-left-to-tell",
        f"INSERT INTO payment.outbox (id, topic, dead_at) VALUES ({NEW}, 'captures', now())",
    ),
    Damage("webhooks not delivered", "nothing-is-left-to-tell", "UPDATE bank.deliveries SET delivered_at = NULL"),
    Damage("a refund not carried out", "no-refund-is-under-way", "UPDATE payment.refunds SET state = 'REQUESTED'"),
    Damage("a refund in limbo", "no-refund-is-under-way", "UPDATE payment.refunds SET state = NULL"),
    Damage("sold seats of an expired booking", SOLD, bookings("CONFIRMED", "state = 'EXPIRED'")),
    Damage("a refunded booking back as a ticket", SOLD, bookings("REFUNDED", "state = 'CONFIRMED'")),
    Damage("tickets without seats", SOLD, "DELETE FROM booking.booking_seats"),
    Damage(
        "sold seats on sale again",
        SOLD,
        seats("BOOKED", "status = 'AVAILABLE', booking_id = NULL, holder_id = NULL"),
    ),
    Damage("a ticket back to waiting", FOLLOW, bookings("CONFIRMED", "state = 'PENDING'")),
    Damage("a booking that vanished", FOLLOW, f"DELETE FROM booking.bookings WHERE id = {PENDING}"),
    Damage("claims forgotten", FOLLOW, "DELETE FROM inventory.reservations WHERE state = 'REFUSED'"),
    Damage("a claim that came back", FOLLOW, claims("REFUSED", "state = 'RELEASED'")),
    Damage("a claim on seats of another", FOR_WHAT, claims("RESERVED", "seat_ids = ARRAY[gen_random_uuid()]")),
    Damage("a claim on a seat less", FOR_WHAT, claims("RESERVED", "seat_ids = seat_ids[2:]")),
    Damage("a booking of another user", FOR_WHAT, bookings("PENDING", "user_id = gen_random_uuid()")),
    Damage("a seat at another price", AS_SOLD, "UPDATE booking.booking_seats SET price = price + 1"),
    Damage("a seat in another place", AS_SOLD, "UPDATE booking.booking_seats SET number = NULL"),
    Damage("a booking of another show", AS_SOLD, bookings("CONFIRMED", "show_id = gen_random_uuid()")),
    Damage("a booking of another day", AS_SOLD, bookings("CONFIRMED", "starts_at = now()")),
    Damage("a booking in another currency", AS_SOLD, bookings("CONFIRMED", "currency = 'XXX'")),
    Damage("money kept of an expired booking", NO_MONEY, bookings("CONFIRMED", "state = 'EXPIRED'")),
    Damage("a ticket without money", NO_MONEY, bookings("PENDING", "state = 'CONFIRMED'")),
    Damage("a refund short of a unit", NO_MONEY, "UPDATE booking.bookings SET refund_amount = refund_amount - 1"),
    Damage("a refund of an unknown amount", NO_MONEY, bookings("REFUNDED", "refund_amount = NULL")),
    Damage("money that never went back", NO_MONEY, "DELETE FROM bank.ledger WHERE kind = 'REFUND'"),
    Damage("money of no booking", NO_MONEY, f"DELETE FROM booking.bookings WHERE id = {CONFIRMED}"),
    Damage("money of no session and no booking", NO_MONEY, f"DELETE FROM bank.sessions WHERE id = {PAID}"),
    Damage("a ticket paid for twice", "one-capture-is-kept", again("bank.sessions", f"id = {PAID}")),
    Damage("a refund that payment missed", SEES, payments("REFUNDED", "state = 'SUCCESS'")),
    Damage("an open session taken for over", SEES, payments("PENDING", "state = 'EXPIRED'")),
    Damage("a session in a state payment cannot see", SEES, sessions("CAPTURED", "status = NULL")),
    Damage(
        "a payment below the price", "payments-are-over-the-frozen-price", payments("PENDING", "amount = amount - 1")
    ),
    Damage("a payment of nobody", "payments-are-over-the-frozen-price", payments("PENDING", "user_id = NULL")),
    Damage("money booking never heard of", HEARD, "DELETE FROM booking.captures"),
    Damage(
        "money never settled", HEARD, "UPDATE booking.captures SET settlement = 'CONFIRM' WHERE settlement = 'KEPT'"
    ),
    Damage("more money than was taken", HEARD, "UPDATE booking.captures SET amount = amount + 1"),
    Damage("money for another booking", HEARD, f"UPDATE booking.captures SET booking_id = {PENDING}"),
    Damage("money without a ticket, not sent back", BACK, "DELETE FROM payment.refunds WHERE cause = 'NO_TICKET'"),
    Damage(
        "half the money sent back", BACK, "UPDATE payment.refunds SET amount = amount / 2 WHERE cause = 'NO_TICKET'"
    ),
    Damage(
        "money sent back for another cause",
        BACK,
        "UPDATE payment.refunds SET cause = 'DUPLICATE' WHERE cause = 'NO_TICKET'",
    ),
    Damage(
        "money sent back though it is kept",
        BACK,
        "UPDATE booking.captures SET settlement = 'KEPT' WHERE settlement = 'NO_TICKET'",
    ),
    Damage("a refunded booking reopened", STAY_REFUNDED, bookings("REFUNDED", "state = 'EXPIRED'")),
    Damage("a refund never asked for", STAY_REFUNDED, "DELETE FROM payment.refunds WHERE cause = 'REQUESTED'"),
    Damage(
        "another amount sent back than decided",
        STAY_REFUNDED,
        "UPDATE payment.refunds SET amount = amount - 1 WHERE cause = 'REQUESTED'",
    ),
    Damage("a cancelled booking that expired", STAY_CANCELLED, bookings("CANCELLED", "state = 'EXPIRED'")),
    Damage(
        "a cancelled booking that may be paid", STAY_CANCELLED, "UPDATE payment.booking_accounts SET closed_at = NULL"
    ),
    Damage("a closed account of no booking", STAY_CANCELLED, "DELETE FROM booking.bookings WHERE state = 'CANCELLED'"),
    Damage(
        "a cancelled booking that can be paid",
        "ended-bookings-cannot-be-paid",
        sessions("CLOSED", "status = 'OPEN', expires_at = now() + interval '1 hour'"),
    ),
)

DAMAGES = OF_SEATS + OF_BOOKINGS + OF_MONEY + AT_REST
