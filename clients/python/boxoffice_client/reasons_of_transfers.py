"""What is refused about tickets that are given to somebody else."""

from boxoffice_client.families import Aborted, FailedPrecondition, NotFound, RateLimited


class TicketTransferred(FailedPrecondition):
    """Somebody else holds the tickets of these seats: `metadata["seat_ids"]`. They may return them."""

    reason = "TICKET_TRANSFERRED"


class TicketNotTransferable(FailedPrecondition):
    """The ticket cannot be passed on, or given back, now: `metadata["why"]`."""

    reason = "TICKET_NOT_TRANSFERABLE"


class TicketLimitExceeded(FailedPrecondition):
    """The user would have more tickets of the show than one may have: `metadata["limit"]`."""

    reason = "TICKET_LIMIT_EXCEEDED"


class OfferNotFound(NotFound):
    """There is no such offer, or it is made to somebody else."""

    reason = "OFFER_NOT_FOUND"


class OfferOver(FailedPrecondition):
    """The offer is open no more: `metadata["status"]`."""

    reason = "OFFER_OVER"


class OfferOpen(FailedPrecondition):
    """The ticket is offered to somebody already: `metadata["offer_id"]`."""

    reason = "OFFER_OPEN"


class AddressNotVerified(FailedPrecondition):
    """The offer is made to an address of which it is not known whose it is: have it verified."""

    reason = "ADDRESS_NOT_VERIFIED"


class TooManyOffers(RateLimited):
    """The ticket was offered five times within a day: see `retry_after_seconds`."""

    reason = "TOO_MANY_OFFERS"


class BookingUnderWay(Aborted):
    """The user is booking seats of the show right now: see `retry_after_seconds`."""

    reason = "BOOKING_UNDER_WAY"
