"""Damages to bookings, and to what settles them."""

from __future__ import annotations

from tests.system.damage import BEFORE, CONFIRMED, NEW, PENDING, REFUNDED, Damage, again, bookings

STATE, SHARE, PRICE = (
    "bookings-are-what-their-state-says",
    "bookings-count-their-refunds",
    "the-price-is-that-of-the-seats",
)
LINES = "lines-add-up"
NUMBERS = "bookings-have-numbers-of-their-own"
BOUGHT = "a-ticket-is-bought-by-one-capture"
NAMED, CAUSE = "bookings-name-their-seats", "money-goes-back-for-a-cause-that-there-is"
WENT_BACK = "settlement = 'NO_TICKET'"
OF_BOOKINGS = (
    Damage("a ticket without a payment", STATE, bookings("CONFIRMED", "payment_id = NULL")),
    Damage("a refund of what was never paid", STATE, bookings("REFUNDED", "payment_id = NULL")),
    Damage(
        "a confirmation of what was never paid",
        STATE,
        bookings(
            "CONFIRMED",
            "state = 'CONFIRMING', confirming_from = 'PENDING', confirmed_at = NULL, lease_until = now(),"
            " payment_id = NULL",
        ),
    ),
    Damage("a booking in no state", STATE, bookings("CONFIRMED", "state = NULL")),
    Damage("a booking in a state that there is not", STATE, bookings("CANCELLED", "state = 'LOST'")),
    Damage("a booking that waits for ever", STATE, bookings("PENDING", "expires_at = NULL")),
    Damage("a booking without a price", STATE, bookings("PENDING", "total_amount = NULL")),
    Damage("a ticket that came from somewhere", STATE, bookings("CONFIRMED", "confirming_from = 'PENDING'")),
    Damage("a ticket whose refund is stuck", STATE, bookings("CONFIRMED", "refund_stuck = true")),
    Damage("a refund of nothing known", STATE, bookings("REFUNDED", "refund_amount = NULL")),
    Damage("a refund that is too much", SHARE, bookings("REFUNDED", "refund_amount = refund_amount + 1")),
    Damage("a refund of half, in full", SHARE, f"{BEFORE};{bookings('REFUNDED', 'refund_percentage = 50')}"),
    Damage("a refund of no percentage", SHARE, f"{BEFORE};{bookings('REFUNDED', 'refund_percentage = NULL')}"),
    Damage("a booking with refunds that it was not given", STATE, bookings("CANCELLED", "refund_count = 1")),
    Damage("a refund of a cancelled booking", SHARE, bookings("CANCELLED", "refund_amount = 1")),
    Damage(
        "a seat sold twice",
        "a-seat-is-sold-once",
        f"INSERT INTO booking.bookings (id, show_id, state) SELECT {NEW}, show_id, 'CONFIRMED'"
        f" FROM booking.bookings WHERE id = {CONFIRMED};"
        f"INSERT INTO booking.booking_seats (booking_id, seat_id) SELECT {NEW}, seat_id"
        " FROM booking.booking_seats s JOIN booking.bookings b ON b.id = s.booking_id WHERE b.state = 'CONFIRMED'",
    ),
    Damage(
        "a discount that no seat has",
        LINES,
        bookings("PENDING", "discount_amount = discount_amount + 1, final_amount = final_amount - 1"),
    ),
    Damage("a discount that is not taken off", LINES, "UPDATE booking.bookings SET discount_amount = 1"),
    Damage("a fee that is not paid", LINES, bookings("CONFIRMED", "fee_amount = 1")),
    Damage("a seat's fee that the booking does not have", LINES, "UPDATE booking.booking_seats SET fee = 1"),
    Damage("a seat's tax that the booking does not have", LINES, "UPDATE booking.booking_seats SET tax = 1"),
    Damage(
        "tax that is in the price, and added",
        LINES,
        "UPDATE booking.booking_seats SET tax = CASE position WHEN 0 THEN 1 ELSE 0 END;"
        "UPDATE booking.bookings SET prices_include_tax = true, tax_amount = 1,"
        " final_amount = total_amount - discount_amount + fee_amount + 1",
    ),
    Damage(
        "fees that pay for each other",
        LINES,
        "UPDATE booking.booking_seats s SET fee = CASE position WHEN 0 THEN 1 ELSE -1 END"
        " FROM booking.bookings b WHERE b.id = s.booking_id AND b.state = 'CONFIRMED'"
        " AND cardinality(b.seat_labels) = 2",
    ),
    Damage(
        "a tax below nothing, of seats that are archived",
        LINES,
        "DELETE FROM booking.booking_seats"
        " WHERE booking_id IN (SELECT id FROM booking.bookings WHERE state = 'CANCELLED');"
        + bookings(
            "CANCELLED",
            "tax_amount = -1, final_amount = total_amount - discount_amount + fee_amount - 1,"
            " prices_include_tax = false",
        ),
    ),
    Damage("a seat whose fee is not known", LINES, "UPDATE booking.booking_seats SET fee = NULL"),
    Damage("a confirmation of what was never confirmed", STATE, bookings("CANCELLED", "confirmed_at = now()")),
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
    Damage(
        "two bookings of one number",
        NUMBERS,
        "UPDATE booking.bookings SET booking_number = '2345678923' WHERE state IN ('CONFIRMED', 'CANCELLED')",
    ),
    Damage(
        "a number of look-alikes", NUMBERS, "UPDATE booking.bookings SET booking_number = '0O1IL' || right(id::text, 5)"
    ),
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
        bookings("CONFIRMED", "state = 'CONFIRMING', confirming_from = 'PENDING', confirmed_at = NULL"),
    ),
    Damage(
        "a confirmation that is refunded",
        STATE,
        f"{BEFORE};"
        + bookings(
            "REFUNDED",
            "state = 'CONFIRMING', confirming_from = 'PENDING', confirmed_at = NULL, lease_until = now()",
        )
        + " AND refund_count = 0",
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
        f"UPDATE booking.bookings SET refund_amount = 2 * total_amount, refund_percentage = 200 WHERE id = {REFUNDED}",
    ),
    Damage(
        "a seat below nothing, another for more than both",
        PRICE,
        "UPDATE booking.booking_seats s SET price = CASE position WHEN 0 THEN -1 ELSE b.total_amount + 1 END"
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
