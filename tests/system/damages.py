"""Damages to plant in a copy of the databases, and the invariant that each is meant for.

None of the databases' constraints is in the way there, as if each had been lost.
"""

from __future__ import annotations

from tests.system.damage import (
    CONFIRMED,
    HELD_BY_ONE,
    NEW,
    PAID,
    PENDING,
    REFUNDED,
    Damage,
    again,
    bookings,
    claims,
    hold_of,
    payments,
    seats,
    sessions,
)
from tests.system.damages_at_rest import AT_REST
from tests.system.damages_of_accounts import ACCOUNTS
from tests.system.damages_of_keys import KEYS
from tests.system.damages_of_sales import SALES
from tests.system.damages_of_the_catalogue import CATALOGUE
from tests.system.damages_of_times import TIMES
from tests.system.damages_of_topics import TOPICS

SHAPE, CLAIMED, WHOLE = (
    "seats-are-what-their-status-says",
    "claimed-seats-have-their-reservation",
    "reservations-have-all-their-seats",
)
CLAIM, IN_TIME = "reservations-say-who-and-what", "holds-and-claims-end-in-time"
LONGER = "expires_at = expires_at + interval '20 minutes'"
YEARS = "expires_at = now() + interval '10 years'"
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
    Damage("a claim in no state", CLAIM, claims("REFUSED", "state = NULL")),
    Damage("a claim in an unknown state", CLAIM, claims("CONFIRMED", "state = 'LOST'")),
    Damage("a closed claim of nobody", CLAIM, claims("REFUSED", "user_id = NULL")),
    Damage(
        "a user with every seat",
        "seat-limit",
        "UPDATE inventory.show_seats SET holder_id ="
        " (SELECT holder_id FROM inventory.show_seats WHERE status = 'BOOKED' LIMIT 1)",
    ),
    Damage(
        "a seventh seat held",
        "seat-limit",
        HELD_BY_ONE,
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
        "changes under later numbers",
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
    Damage("a hold of a booking", SHAPE, seats("HELD", "booking_id = gen_random_uuid()")),
    Damage("a sold seat of nobody", SHAPE, seats("BOOKED", "holder_id = NULL")),
    Damage("seats sold to a claim of another show", CLAIMED, claims("CONFIRMED", "show_id = gen_random_uuid()")),
    Damage("a claim that has its seats in another show", WHOLE, claims("CONFIRMED", "show_id = gen_random_uuid()")),
    Damage("a live claim of nobody", CLAIM, claims("CONFIRMED", "user_id = NULL")),
    Damage("a live claim on nothing", CLAIM, claims("RESERVED", "seat_ids = '{}'")),
    Damage("a claim that was made at no time", CLAIM, claims("CONFIRMED", "reserved_at = NULL")),
    Damage("a claim released before its time", CLAIM, claims("RESERVED", "state = 'RELEASED', changed_at = now()")),
    Damage("a claim released at no time", CLAIM, claims("RESERVED", "state = 'RELEASED', changed_at = NULL")),
    Damage(
        "a hold for years",
        IN_TIME,
        f"{seats('HELD', YEARS)};UPDATE inventory.seat_changes SET {YEARS} WHERE status = 'HELD'",
    ),
    Damage(
        "a hold for years, its change forgotten", IN_TIME, f"{seats('HELD', YEARS)};DELETE FROM inventory.seat_changes"
    ),
    Damage(
        "a hold for years, with a change of that seat in another show",
        IN_TIME,
        f"{seats('HELD', YEARS)};"
        f"UPDATE inventory.seat_changes SET show_id = gen_random_uuid(), changed_at = now() + interval '20 years'",
    ),
    Damage(
        "a hold for years, and its show says that it may",
        IN_TIME,
        f"{seats('HELD', YEARS)};UPDATE inventory.seat_changes SET {YEARS} WHERE status = 'HELD';"
        "UPDATE inventory.show_counters SET seat_hold_minutes = 32767",
    ),
    Damage("a hold for longer than was ever allowed", IN_TIME, hold_of("6 minutes")),
    Damage(
        "a claim for longer than was ever allowed",
        IN_TIME,
        f"{claims('RESERVED', LONGER)};{seats('RESERVED', LONGER)}",
    ),
    Damage("a claim for years", IN_TIME, f"{claims('RESERVED', YEARS)};{seats('RESERVED', YEARS)}"),
    Damage(
        "a lock without a number",
        "every-show-has-its-lock-and-seats",
        "UPDATE inventory.show_counters SET sequence = NULL",
    ),
    Damage(
        "a gap in the numbers",
        "gapless-numbers",
        "DELETE FROM inventory.seat_changes WHERE sequence = 2 AND show_id IN"
        " (SELECT show_id FROM inventory.seat_changes WHERE sequence = 3)",
    ),
    Damage(
        "one change without a number",
        "gapless-numbers",
        "UPDATE inventory.seat_changes SET sequence = NULL WHERE sequence = 1 AND show_id IN"
        " (SELECT show_id FROM inventory.seat_changes WHERE sequence = 2)",
    ),
    Damage(
        "changes of a show unheard of",
        "last-change-is-what-the-seat-is",
        f"UPDATE inventory.seat_changes SET show_id = {NEW}",
    ),
)

STATE, SHARE, PRICE = (
    "bookings-are-what-their-state-says",
    "refunds-are-the-share-that-was-decided",
    "the-price-is-that-of-the-seats",
)
BOUGHT = "a-ticket-is-bought-by-one-capture"
NAMED, CAUSE = "bookings-name-their-seats", "money-goes-back-for-a-cause-that-there-is"
WENT_BACK = "settlement = 'NO_TICKET'"
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
    Damage("a booking begun without a lease", STATE, bookings("PENDING", "state = 'RESERVING', expires_at = NULL")),
    Damage("a booking begun that has an end", STATE, bookings("PENDING", "state = 'RESERVING', lease_until = now()")),
    Damage(
        "a booking that waits for its payment, and has one",
        STATE,
        bookings("PENDING", "payment_id = gen_random_uuid()"),
    ),
    Damage(
        "a confirmation without a lease",
        STATE,
        bookings("CONFIRMED", "state = 'CONFIRMING', confirming_from = 'PENDING'"),
    ),
    Damage(
        "a confirmation that is refunded",
        STATE,
        bookings("REFUNDED", "state = 'CONFIRMING', confirming_from = 'PENDING', lease_until = now()"),
    ),
    Damage("a ticket with a refund", STATE, bookings("CONFIRMED", "refund_amount = 1")),
    Damage("a booking in no currency", STATE, bookings("PENDING", "currency = ''")),
    Damage("a booking of nobody", STATE, bookings("PENDING", "user_id = NULL")),
    Damage(
        "a refund of which nothing is known",
        SHARE,
        bookings("REFUNDED", "refund_amount = NULL, refund_percentage = NULL"),
    ),
    Damage(
        "a refund of twice the price",
        SHARE,
        bookings("REFUNDED", "refund_amount = 2 * total_amount, refund_percentage = 200"),
    ),
    Damage(
        "a refund of nothing", SHARE, bookings("REFUNDED", "refund_amount = 0, refund_percentage = 1, total_amount = 1")
    ),
    Damage(
        "a seat for nothing, another for both",
        PRICE,
        "UPDATE booking.booking_seats s SET price = CASE position WHEN 0 THEN 0 ELSE b.total_amount END"
        " FROM booking.bookings b WHERE b.id = s.booking_id AND b.state = 'CONFIRMED'"
        " AND cardinality(b.seat_labels) = 2",
    ),
    Damage(
        "a ticket whose money is not kept yet",
        BOUGHT,
        "UPDATE booking.captures SET settlement = 'CONFIRM' WHERE settlement = 'KEPT'",
    ),
    Damage("a decline twice", "bookings-and-captures-are-there-once", again("booking.declines")),
    Damage(
        "two seats of a booking in one position",
        "bookings-and-captures-are-there-once",
        "UPDATE booking.booking_seats SET position = 0",
    ),
    Damage("seats in another order than their labels", NAMED, "UPDATE booking.booking_seats SET position = -position"),
    Damage("a label of another seat", NAMED, bookings("CONFIRMED", "seat_labels[1] = 'Balcony Z99'")),
    Damage(
        "money that went back as too much, and was not",
        CAUSE,
        f"UPDATE booking.captures SET settlement = 'MISMATCH' WHERE {WENT_BACK}",
    ),
    Damage(
        "money that went back as the second, and was the only one",
        CAUSE,
        f"UPDATE booking.captures SET settlement = 'DUPLICATE' WHERE {WENT_BACK}",
    ),
    Damage(
        "money that went back from a booking that still waits",
        CAUSE,
        f"UPDATE booking.captures SET booking_id = {PENDING} WHERE {WENT_BACK}",
    ),
    Damage(
        "money that went back from no booking",
        CAUSE,
        f"UPDATE booking.captures SET booking_id = {NEW} WHERE {WENT_BACK}",
    ),
    Damage("money that went back for nothing known", CAUSE, "UPDATE booking.captures SET settlement = 'TIP'"),
    Damage("money in no currency", "captures-come-to-something", "UPDATE booking.captures SET currency = NULL"),
)

COUNTED, ASKED, TOLD = (
    "payments-count-their-refunds",
    "sessions-are-what-payments-asked-for",
    "the-ledger-tells-of-every-movement",
)
ONCE, WITHIN = "payments-and-money-are-there-once", "refunds-stay-within-the-capture"
OF_STATE, OF_STATUS = "payments-are-what-their-state-says", "sessions-are-what-their-status-says"
ACCOUNT, INBOX, SENT = (
    "payments-have-their-account",
    "the-inbox-has-every-webhook-that-was-taken",
    "webhooks-are-of-sessions",
)
CAPTURED, BANK = "refunds-are-of-captured-payments", "the-bank-refunds-what-it-was-asked-for"
OF_MONEY = (
    Damage("a payment of nothing", OF_STATE, payments("SUCCESS", "amount = 0")),
    Damage("a payment in no state", OF_STATE, payments("SUCCESS", "state = NULL")),
    Damage("a payment nobody asks about", OF_STATE, payments("PENDING", "next_poll_at = NULL")),
    Damage(
        "a payment half refunded, it says",
        OF_STATE,
        payments("SUCCESS", "refunded_amount = 1"),
    ),
    Damage("a refund not counted", COUNTED, payments("REFUNDED", "refunded_amount = 0")),
    Damage("a refund not counted at all", COUNTED, payments("REFUNDED", "refunded_amount = NULL")),
    Damage("refunds above the payment", COUNTED, again("payment.refunds", "state = 'SUCCEEDED'")),
    Damage("a refund of money never taken", CAPTURED, payments("REFUNDED", "state = 'FAILED'")),
    Damage("a refund in no state", CAPTURED, "UPDATE payment.refunds SET state = NULL"),
    Damage("a refund for no cause", CAPTURED, "UPDATE payment.refunds SET cause = NULL"),
    Damage("a refund of no payment", CAPTURED, "UPDATE payment.refunds SET payment_id = NULL"),
    Damage(
        "money taken after a decline, it says", "a-payment-never-regresses", payments("FAILED", "state = 'SUCCESS'")
    ),
    Damage("money taken, it says", "a-payment-never-regresses", payments("PENDING", "state = 'SUCCESS'")),
    Damage("a session over more", ASKED, "UPDATE bank.sessions SET amount = amount + 1"),
    Damage("a session in no currency", ASKED, "UPDATE bank.sessions SET currency = NULL"),
    Damage("a session that nobody asked for", ASKED, "DELETE FROM payment.payments WHERE state = 'SUCCESS'"),
    Damage("a session in no state", OF_STATUS, sessions("OPEN", "status = NULL")),
    Damage("an open session that has ended", OF_STATUS, sessions("OPEN", "ended_at = now()")),
    Damage(
        "a declined session gives back",
        OF_STATUS,
        sessions("DECLINED", "refunded_amount = 1"),
    ),
    Damage("a refund the bank does not know", BANK, "DELETE FROM bank.refunds"),
    Damage("a refund nobody asked for", BANK, "DELETE FROM payment.refunds"),
    Damage(
        "a refund of another amount",
        BANK,
        "UPDATE bank.refunds SET amount = amount - 1",
    ),
    Damage(
        "a refund out of another session",
        BANK,
        "UPDATE bank.refunds SET session_id = NULL",
    ),
    Damage("more given back than taken", WITHIN, again("bank.ledger", "kind = 'REFUND'")),
    Damage("a refund only counted", WITHIN, sessions("CAPTURED", "refunded_amount = 1")),
    Damage("money of a declined session", WITHIN, sessions("CAPTURED", "status = 'DECLINED'")),
    Damage("money of no session", WITHIN, f"DELETE FROM bank.sessions WHERE id = {PAID}"),
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
    Damage("a payment refunded in part, by nothing", OF_STATE, payments("SUCCESS", "state = 'PARTIALLY_REFUNDED'")),
    Damage("a payment refunded in part, in full", OF_STATE, payments("REFUNDED", "state = 'PARTIALLY_REFUNDED'")),
    Damage("a payment in no currency that there is", OF_STATE, payments("SUCCESS", "currency = 'rupees'")),
    Damage(
        "more refunds asked for than were paid",
        COUNTED,
        "INSERT INTO payment.refunds (id, payment_id, cause, amount, state, stuck_reason)"
        f" SELECT {NEW}, payment_id, 'DUPLICATE', amount, 'STUCK', 'declined' FROM payment.refunds LIMIT 1",
    ),
    Damage("a refund of nothing", CAPTURED, "UPDATE payment.refunds SET amount = 0"),
    Damage("a refund in a state that there is not", CAPTURED, "UPDATE payment.refunds SET state = 'LOST'"),
    Damage("a refund that succeeded and is stuck", CAPTURED, "UPDATE payment.refunds SET stuck_reason = 'declined'"),
    Damage("an open session gives back", OF_STATUS, sessions("OPEN", "refunded_amount = 1")),
    Damage("a declined session that goes on", OF_STATUS, sessions("DECLINED", "ended_at = NULL")),
    Damage("a captured session that goes on", OF_STATUS, sessions("CAPTURED", "ended_at = NULL")),
    Damage("a session that gave back too much", OF_STATUS, sessions("CAPTURED", "refunded_amount = amount + 1")),
    Damage("a session over nothing", OF_STATUS, sessions("OPEN", "amount = 0")),
    Damage(
        "a refund in no status that there is",
        BANK,
        "UPDATE payment.refunds SET state = 'STUCK', stuck_reason = 'declined';UPDATE bank.refunds SET status = 'LOST'",
    ),
    Damage("money in and out of no session", WITHIN, "DELETE FROM bank.sessions WHERE refunded_amount = amount"),
    Damage(
        "more given back than taken, and counted",
        WITHIN,
        f"UPDATE bank.sessions SET refunded_amount = amount + 1 WHERE id = {PAID};"
        "INSERT INTO bank.ledger (session_id, kind, amount)"
        f" SELECT id, 'REFUND', -refunded_amount FROM bank.sessions WHERE id = {PAID}",
    ),
    Damage(
        "a session that lives longer than was asked",
        ASKED,
        sessions("OPEN", "expires_at = expires_at + interval '1 s'"),
    ),
    Damage("a session for another booking", ASKED, sessions("OPEN", "order_id = gen_random_uuid()::text")),
    Damage("a payment without an account", ACCOUNT, "DELETE FROM payment.booking_accounts"),
    Damage(
        "an event of a capture forgotten", INBOX, "DELETE FROM payment.webhook_events WHERE type = 'payment.captured'"
    ),
    Damage(
        "an event of a decline forgotten", INBOX, "DELETE FROM payment.webhook_events WHERE type = 'payment.declined'"
    ),
    Damage("an event of another payment", INBOX, "UPDATE payment.webhook_events SET payment_id = gen_random_uuid()"),
    Damage("an event that says another thing", INBOX, "UPDATE payment.webhook_events SET type = 'payment.expired'"),
    Damage(
        "an event of no payment",
        "the-inbox-is-of-payments",
        f"INSERT INTO payment.webhook_events (id, type, payment_id) VALUES ('evt_new', 'payment.captured', {NEW})",
    ),
    Damage("webhooks of no session", SENT, "UPDATE bank.deliveries SET session_id = 'sess_new'"),
    Damage("a webhook twice", SENT, again("bank.deliveries")),
    Damage(
        "a capture for a refund", TOLD, "UPDATE bank.ledger SET refund_id = gen_random_uuid() WHERE kind = 'CAPTURE'"
    ),
    Damage("a capture of a declined session", TOLD, sessions("CAPTURED", "status = 'DECLINED'")),
    Damage(
        "a refund that took money",
        TOLD,
        "UPDATE bank.ledger SET amount = -amount WHERE kind = 'REFUND'; UPDATE bank.refunds SET amount = -amount",
    ),
)

DAMAGES = OF_SEATS + CATALOGUE + SALES + OF_BOOKINGS + OF_MONEY + KEYS + ACCOUNTS + TIMES + TOPICS + AT_REST
