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


class GateNotFound(NotFound):
    """There is no such gate, or it is over."""

    reason = "GATE_NOT_FOUND"


class GateOver(FailedPrecondition):
    """The gate was revoked, or has ended."""

    reason = "GATE_OVER"


class GateNotForShow(FailedPrecondition):
    """The gate is not one of this show."""

    reason = "GATE_NOT_FOR_SHOW"


class ScanNotFound(NotFound):
    """The show has no such scan."""

    reason = "SCAN_NOT_FOUND"


class ScanNotAdmitted(FailedPrecondition):
    """Nobody is in by this scan."""

    reason = "SCAN_NOT_ADMITTED"


class GateStaysOnline(FailedPrecondition):
    """The gate may do nothing without a connection."""

    reason = "GATE_STAYS_ONLINE"
