"""Bugs of tickets that are given to somebody else."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

TRANSFERS = ("tests/booking/test_transfers.py",)

MUTANTS = (
    Mutant(
        "a ticket keeps its code when it changes hands",
        "transfers:MOVE_TICKETS",
        "SET user_id = new.user_id, revision = new.revision",
        "SET user_id = new.user_id",
        SEATS,
        TRANSFERS,
    ),
    Mutant(
        "whoever is signed in accepts an offer",
        "transfers:check_is_for",
        "not offer.email or offer.email != who.email",
        "not offer.email",
        SEATS,
        TRANSFERS,
    ),
    Mutant(
        "an address need not be verified",
        "transfers:check_is_for",
        "not who.is_verified",
        "False",
        SEATS,
        TRANSFERS,
    ),
    Mutant(
        "an offer that is overdue is accepted until a job has seen it",
        "Offer.state_at",
        "self.state == OfferState.OPEN and self.expires_at <= now",
        "False",
        REQUESTS,
        TRANSFERS,
    ),
    Mutant(
        "the buyer gets money for a seat that somebody else holds",
        "BeginRefunds.decide",
        "check_not_transferred(booking.id, plan, state.transferred)",
        "pass",
        MONEY,
        TRANSFERS,
    ),
    Mutant(
        "tickets from others do not count when seats are booked",
        "Reserve.apply",
        "self.tickets_from_others",
        "0",
        SEATS,
        TRANSFERS,
    ),
    Mutant(
        "tickets from others do not count when money comes late",
        "Captures._from_others",
        "tickets.get((one.user_id, one.show.show_id), 0)",
        "0",
        SEATS,
        TRANSFERS,
    ),
    Mutant(
        "whoever accepts may have any number",
        "transfers:check_may_have",
        "has.tickets >= limit",
        "False",
        SEATS,
        TRANSFERS,
    ),
    Mutant(
        "the buyer is told who holds the ticket",
        "tickets:render",
        "str(ticket.user_id) if for_user is None or is_holder else ''",
        "str(ticket.user_id)",
        REQUESTS,
        TRANSFERS,
    ),
    Mutant(
        "who was let in passes the ticket on",
        "transfers:check_may_move",
        "ticket.state == TicketState.ADMITTED",
        "False",
        SEATS,
        TRANSFERS,
    ),
)
