"""Damages that only the databases together show, and the invariant that each is meant for."""

from __future__ import annotations

from tests.system.damage import (
    BEFORE,
    CONFIRMED,
    DEARER,
    NEW,
    PAID,
    PENDING,
    REFUND_STUCK,
    Damage,
    again,
    bookings,
    claims,
    payments,
    seats,
    second_payment,
    sessions,
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
TWICE = "one-capture-is-kept"
SHOWN, DECLINED = "bookings-are-for-what-the-catalogue-shows", "booking-heard-of-every-decline"
WHOSE = "bookings-keep-whose-their-show-is"
STAY_REFUNDED, STAY_CANCELLED = "refunded-bookings-stay-refunded", "cancelled-bookings-stay-cancelled"
AT_REST = (
    Damage("a booking never refunded", "no-saga-is-unfinished", bookings("REFUNDED", "state = 'REFUNDING'")),
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
    Damage("a booking of another organization", WHOSE, f"UPDATE booking.bookings SET organization_id = {NEW}"),
    Damage("sold seats of an expired booking", SOLD, bookings("CONFIRMED", "state = 'EXPIRED'")),
    Damage("a refunded booking back as a ticket", SOLD, BEFORE + ";" + bookings("REFUNDED", "state = 'CONFIRMED'")),
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
    Damage("a closed claim at another price", AS_SOLD, claims("REFUSED", f"prices = {DEARER}")),
    Damage(
        "seats at another price, which no claim froze",
        AS_SOLD,
        "UPDATE inventory.reservations SET prices = NULL;" + seats("BOOKED", "price = price + 1"),
    ),
    Damage("a booked seat of another label", AS_SOLD, "UPDATE booking.booking_seats SET label = 'other'"),
    Damage("a booked seat of another feature", AS_SOLD, "UPDATE booking.booking_seats SET features = 'COMPANION'"),
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
    Damage("a ticket paid for twice", TWICE, again("bank.sessions", f"id = {PAID}")),
    Damage("a refund that payment missed", SEES, payments("REFUNDED", "state = 'SUCCESS'")),
    Damage("an open session taken for over", SEES, payments("PENDING", "state = 'EXPIRED'")),
    Damage("a session in a state payment cannot see", SEES, sessions("CAPTURED", "status = NULL")),
    Damage(
        "a payment below the price", "payments-are-over-the-frozen-price", payments("PENDING", "amount = amount - 1")
    ),
    Damage("a payment of nobody", "payments-are-over-the-frozen-price", payments("PENDING", "user_id = NULL")),
    Damage("money that the bank never took", HEARD, "DELETE FROM bank.ledger WHERE kind = 'CAPTURE'"),
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
    Damage("a refunded booking reopened", STAY_REFUNDED, BEFORE + ";" + bookings("REFUNDED", "state = 'EXPIRED'")),
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
    *(
        Damage(f"a booking with another {what}", SHOWN, bookings("CONFIRMED", change))
        for what, change in {
            "title": "title = title || '!'",
            "event": "event_id = gen_random_uuid()",
            "category": "is_movie = NOT is_movie",
            "theatre": "theatre = 'Elsewhere'",
            "city": "city = 'Elsewhere'",
            "screen": "screen = 'Elsewhere'",
            "start": "starts_at = starts_at + interval '1 minute'",
        }.items()
    ),
    Damage("an archived booking of another show", SHOWN, bookings("CANCELLED", "show_id = gen_random_uuid()")),
    Damage("a decline that booking never heard of", DECLINED, "DELETE FROM booking.declines"),
    Damage("a decline of another booking", DECLINED, f"UPDATE booking.declines SET booking_id = {CONFIRMED}"),
    Damage(
        "a decline of a session that is open",
        DECLINED,
        "INSERT INTO booking.declines (payment_id, booking_id) SELECT id, booking_id FROM payment.payments"
        " WHERE state = 'PENDING'",
    ),
    Damage(
        "a decline of nothing",
        DECLINED,
        f"INSERT INTO booking.declines (payment_id, booking_id) VALUES ({NEW}, {CONFIRMED})",
    ),
    Damage(
        "an account of no booking",
        "accounts-are-of-bookings",
        f"INSERT INTO payment.booking_accounts (booking_id) VALUES ({NEW})",
    ),
    Damage(
        "a session that lives longer than its claim",
        "sessions-end-with-their-claims",
        "UPDATE bank.sessions SET expires_at = expires_at + interval '1 day'",
    ),
    Damage(
        "a session of a booking that has no claim",
        "sessions-end-with-their-claims",
        "DELETE FROM inventory.reservations WHERE state = 'CONFIRMED'",
    ),
    Damage(
        "a booking that waits longer than its claim",
        FOLLOW,
        bookings("PENDING", "expires_at = expires_at + interval '1 s'"),
    ),
    Damage("a booking in an unknown state with a claim", FOLLOW, bookings("CANCELLED", "state = 'LOST'")),
    Damage("a claim on a seat more", FOR_WHAT, claims("RESERVED", "seat_ids = seat_ids || gen_random_uuid()")),
    Damage(
        "money in and out of no booking",
        NO_MONEY,
        "DELETE FROM booking.bookings b USING booking.captures c"
        " WHERE c.booking_id = b.id AND c.settlement = 'NO_TICKET'",
    ),
    Damage(
        "a ticket paid for twice, while a refund of another is stuck",
        TWICE,
        f"{again('bank.sessions', f'id = {PAID}')};{REFUND_STUCK}",
    ),
    Damage(
        "a second payment sent back, but not by the bank",
        TWICE,
        f"{second_payment('CONFIRMED')};{sessions('CAPTURED', 'refunded_amount = 0')}",
    ),
    Damage(
        "a second payment whose refund on request is stuck",
        TWICE,
        f"{second_payment('CONFIRMED')};{sessions('CAPTURED', 'refunded_amount = 0')};{REFUND_STUCK};"
        "UPDATE payment.refunds SET cause = 'REQUESTED'",
    ),
    Damage(
        "more sent back than payment knows",
        SEES,
        payments("SUCCESS", "state = 'PARTIALLY_REFUNDED', refunded_amount = 1")
        + ";"
        + "UPDATE bank.sessions SET refunded_amount = 2 WHERE status = 'CAPTURED' AND refunded_amount = 0",
    ),
    Damage(
        "a ticket refunded before the money is back",
        STAY_REFUNDED,
        "UPDATE payment.refunds SET state = 'REQUESTED' WHERE cause = 'REQUESTED'",
    ),
    Damage(
        "a refund that is under way and never asked for",
        STAY_REFUNDED,
        f"{BEFORE};"
        + bookings("REFUNDED", "state = 'REFUNDING'")
        + "; DELETE FROM payment.refunds WHERE cause = 'REQUESTED'",
    ),
    Damage(
        "a stuck refund of another amount",
        STAY_REFUNDED,
        f"{BEFORE};"
        + bookings("REFUNDED", "state = 'REFUNDING', refund_stuck = true")
        + "; UPDATE payment.refunds SET amount = amount - 1 WHERE cause = 'REQUESTED'",
    ),
)
