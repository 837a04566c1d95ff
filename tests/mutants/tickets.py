"""Bugs of tickets: issued, revoked, and whose they are."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

TICKETS = ("tests/booking/test_tickets.py",)

MUTANTS = (
    Mutant(
        "a booking is confirmed without its tickets",
        "FinishConfirming.write",
        "await tx.send(*tickets.issued([booking.id for booking in confirmed]))",
        "pass",
        SEATS,
        TICKETS,
    ),
    Mutant(
        "tickets of seats that are given back stay good",
        "BeginRefunds.write",
        "await tx.send(*tickets.revoked([(booking_id, seat.id) for booking_id, seat in given]))",
        "pass",
        SEATS,
        TICKETS,
    ),
    Mutant(
        "a refund of a seat revokes all tickets of its booking",
        "tickets:REVOKE",
        "t.booking_id = back.booking_id AND t.show_seat_id = back.seat_id",
        "t.booking_id = back.booking_id",
        SEATS,
        TICKETS,
    ),
    Mutant(
        "tickets are named in another order than their seats",
        "tickets:ISSUE",
        "b.ticket_ids[s.position + 1]",
        "b.ticket_ids[cardinality(b.ticket_ids) - s.position]",
        REQUESTS,
        TICKETS,
    ),
    Mutant(
        "whoever asks sees the tickets of others",
        "tickets_of",
        "user_id in (None, booking.user_id)",
        "True",
        REQUESTS,
        TICKETS,
    ),
    Mutant(
        "seats that code from before gave back get tickets that are good",
        "tickets:ISSUE",
        "CASE WHEN s.refund_id IS NULL THEN 'VALID' ELSE 'REVOKED' END",
        "'VALID'",
        SEATS,
        TICKETS,
    ),
    Mutant(
        "tickets of before are issued for what is being given back",
        "LOCK_WITHOUT_TICKETS",
        "ORDER BY id FOR UPDATE SKIP LOCKED",
        "ORDER BY id",
        MONEY,
        TICKETS,
    ),
    Mutant(
        "a refund of before revokes the tickets of all seats",
        "REVOKE_OF_BEFORE",
        "ON s.booking_id = r.booking_id AND s.refund_id = r.id",
        "ON s.booking_id = r.booking_id",
        SEATS,
        TICKETS,
    ),
)
