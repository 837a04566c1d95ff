"""Damages to tickets."""

from __future__ import annotations

from tests.system.damage import CONFIRMED, NEW, PARTLY, Damage, bookings
from tests.system.damages_of_admissions import ADMITTED_BEFORE, LET_IN

OFFER, ALIVE, CODE = (
    "an-offer-is-of-its-makers-ticket",
    "a-ticket-is-offered-once-at-a-time",
    "a-ticket-has-another-code-with-each-holder",
)
OWN, ONE, BOOKED = (
    "each-seat-of-a-ticket-has-its-own",
    "one-ticket-is-good-for-a-seat",
    "whoever-has-a-seat-has-a-ticket-for-it",
)


def tickets(change: str, where: str = "state = 'VALID'") -> str:
    return f"UPDATE booking.tickets SET {change} WHERE {where}"


def offers(change: str, where: str = "state = 'OPEN'") -> str:
    return f"UPDATE booking.ticket_offers SET {change} WHERE {where}"


GIVEN_BACK = f"id = (SELECT id FROM booking.tickets WHERE state = 'REVOKED' AND booking_id = {PARTLY} LIMIT 1)"
COLUMNS = "booking_id, show_id, show_seat_id, user_id, state, issued_at, updated_at"
TWICE = f"INSERT INTO booking.tickets (id, {COLUMNS}) SELECT %s, {COLUMNS} FROM booking.tickets WHERE state = 'VALID'"

OF_TICKETS = (
    Damage("a seat without a ticket", OWN, f"DELETE FROM booking.tickets WHERE booking_id = {CONFIRMED}"),
    Damage("a ticket under another id", OWN, tickets("id = gen_random_uuid()")),
    Damage("a ticket of another show", OWN, tickets(f"show_id = {NEW}")),
    Damage("a ticket of another user", OWN, tickets(f"user_id = {NEW}")),
    Damage("a ticket of another seat", OWN, tickets("show_seat_id = gen_random_uuid()")),
    Damage("a ticket of nothing", OWN, tickets("booking_id = gen_random_uuid()")),
    Damage("tickets in another order", OWN, bookings("REFUNDED", "ticket_ids = ticket_ids[2:] || ticket_ids[1]")),
    Damage("a ticket that is revoked though its seat is left", OWN, tickets("state = 'REVOKED'")),
    Damage("a ticket that is good though its seat is not left", OWN, tickets("state = 'VALID'", GIVEN_BACK)),
    Damage("somebody who was admitted by what was revoked", OWN, tickets("state = 'ADMITTED'", GIVEN_BACK)),
    Damage("a ticket in a state that there is not", OWN, tickets("state = 'TORN'")),
    Damage("a ticket in no state", OWN, tickets("state = NULL")),
    Damage("a ticket of what is not paid yet", OWN, bookings("CONFIRMED", "state = 'CONFIRMING'")),
    Damage("a ticket of what has expired", OWN, bookings("CONFIRMED", "state = 'EXPIRED'")),
    Damage(
        "tickets for nothing",
        OWN,
        "UPDATE booking.bookings SET ticket_ids = ARRAY[gen_random_uuid()] WHERE state = 'PENDING'",
    ),
    Damage("tickets that their booking does not name", OWN, bookings("CONFIRMED", "ticket_ids = NULL")),
    Damage("a ticket that its buyer has passed on and holds", OWN, offers("state = 'RETURNED'", "state = 'ACCEPTED'")),
    Damage(
        "an acceptance by somebody else than the holder", OWN, offers(f"recipient_id = {NEW}", "state = 'ACCEPTED'")
    ),
    Damage("an offer of nothing", OFFER, offers("ticket_id = gen_random_uuid()")),
    Damage("an offer of another booking", OFFER, offers("booking_id = gen_random_uuid()")),
    Damage("an offer of another show", OFFER, offers("show_id = gen_random_uuid()")),
    Damage("an offer by somebody else than the buyer", OFFER, offers(f"user_id = {NEW}")),
    Damage("an offer in a state that there is not", OFFER, offers("state = 'LOST'", "state = 'DECLINED'")),
    Damage("an open offer without an address", OFFER, offers("email = ''")),
    Damage("an address that is kept", OFFER, offers("email = 'a@b.example'", "state = 'DECLINED'")),
    Damage("a name that is kept", OFFER, offers("recipient_name = 'Ravi'", "state = 'WITHDRAWN'")),
    Damage("an acceptance by nobody", OFFER, offers("recipient_id = NULL", "state = 'RETURNED'")),
    Damage("a buyer who accepts", OFFER, offers("recipient_id = user_id", "state = 'RETURNED'")),
    Damage("an offer that was over before it was made", OFFER, offers("expires_at = created_at")),
    Damage("a mail about what is over", OFFER, offers("mail_state = 'WAITING'", "state = 'DECLINED'")),
    Damage(
        "a ticket that is offered twice",
        ALIVE,
        "UPDATE booking.ticket_offers SET state = 'ACCEPTED' WHERE state IN ('WITHDRAWN', 'RETURNED')",
    ),
    Damage("an offer twice", ALIVE, "INSERT INTO booking.ticket_offers SELECT * FROM booking.ticket_offers"),
    Damage("a new holder with the code of before", CODE, tickets("revision = 1", "revision > 1")),
    Damage("another code of the same holder", CODE, tickets("revision = 2", "revision = 1")),
    Damage("two tickets of one seat", ONE, TWICE % "gen_random_uuid()"),
    Damage(
        "two tickets of one seat, one of which is used",
        ONE,
        tickets("state = 'ADMITTED'")
        + ";"
        + TWICE.replace("state = 'VALID'", "state = 'ADMITTED'") % "gen_random_uuid()",
    ),
    Damage("a ticket twice", ONE, "INSERT INTO booking.tickets SELECT * FROM booking.tickets WHERE state = 'REVOKED'"),
    Damage("a booked seat without a ticket", BOOKED, "DELETE FROM booking.tickets WHERE state = 'VALID'"),
    Damage(
        "a ticket for a seat that is free",
        BOOKED,
        "UPDATE inventory.show_seats SET status = 'AVAILABLE' WHERE status = 'BOOKED'",
    ),
    Damage("a ticket of a booking that does not have the seat", BOOKED, tickets("booking_id = gen_random_uuid()")),
    Damage("a ticket for the same seat of another show", BOOKED, tickets(f"show_id = {NEW}")),
    Damage("a ticket for another seat of the show", BOOKED, tickets("show_seat_id = gen_random_uuid()")),
    Damage("a ticket for a seat that was given back", BOOKED, tickets("state = 'VALID'", GIVEN_BACK)),
)

NO_TICKETS_YET = """
    DELETE FROM booking.tickets t USING booking.bookings b WHERE b.id = t.booking_id AND b.state = 'CONFIRMING';
    DELETE FROM booking.ticket_offers WHERE ticket_id NOT IN (SELECT id FROM booking.tickets);
    DELETE FROM booking.idempotency_keys WHERE method = 'OfferTicket';
    UPDATE booking.bookings SET ticket_ids = NULL WHERE state = 'CONFIRMING'
"""
"""Let what is being confirmed have no tickets."""

OF_TICKETS_OF_BEFORE = LET_IN | {
    "code from before has confirmed bookings, whose tickets are not issued yet": """
        DELETE FROM booking.tickets;
        DELETE FROM booking.ticket_offers;
        DELETE FROM booking.idempotency_keys WHERE method = 'OfferTicket';
        UPDATE booking.bookings SET ticket_ids = NULL
    """,
    "code from before has given seats back, whose tickets are not revoked yet": """
        UPDATE booking.tickets t SET state = 'VALID' FROM booking.booking_seats s
            WHERE (t.booking_id, t.show_seat_id) = (s.booking_id, s.seat_id) AND s.refund_id IS NOT NULL;
        UPDATE booking.booking_refunds SET tickets_revoked = false
    """,
    "code from before has given seats back, and somebody was let in by one": """
        UPDATE booking.tickets t SET state = 'ADMITTED' FROM booking.booking_seats s
            WHERE (t.booking_id, t.show_seat_id) = (s.booking_id, s.seat_id) AND s.refund_id IS NOT NULL;
        UPDATE booking.booking_refunds SET tickets_revoked = false;
    """
    + ADMITTED_BEFORE,
}
"""What is no fault until a job has seen to it."""
