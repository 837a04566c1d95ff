"""The reasons of tickets, each an exception of its family."""

from boxoffice_client.families import FailedPrecondition, NotFound


class TicketNotFound(NotFound):
    """There is no such ticket, or somebody else holds it."""

    reason = "TICKET_NOT_FOUND"


class TicketRevoked(FailedPrecondition):
    """The seat of this ticket was given back, so that it lets nobody in."""

    reason = "TICKET_REVOKED"


class CodeNotValid(FailedPrecondition):
    """This is no code of a ticket, or not any more."""

    reason = "CODE_NOT_VALID"
