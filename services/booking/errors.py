"""What booking refuses."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.errors import Aborted, AlreadyExists, FailedPrecondition, NotFound, ResourceExhausted, Unavailable


class _OfSeats:
    """About seats, which the metadata names."""

    def __init__(self, seat_ids: Sequence[UUID]) -> None:
        super().__init__(seat_ids=",".join(map(str, seat_ids)))  # type: ignore[call-arg]


class BookingNotFound(NotFound):
    """There is no such booking: look it up in the list of the user's bookings."""

    reason = "BOOKING_NOT_FOUND"


class BookingNotPending(FailedPrecondition):
    """The booking does not wait for its payment any more: look at it; a confirmed one can be refunded.

    Metadata: its `status`.
    """

    reason = "BOOKING_NOT_PENDING"


class BookingNotConfirmed(FailedPrecondition):
    """Only a confirmed booking can be refunded: look at it; a pending one can be cancelled.

    Metadata: its `status`.
    """

    reason = "BOOKING_NOT_CONFIRMED"


class PriceChanged(Aborted):
    """The booking costs another amount than expected, and was not made: show the new one, and ask again with it.

    Metadata: the amounts `expected_total` and `final_amount`.
    """

    reason = "PRICE_CHANGED"


class RefundNotAllowed(FailedPrecondition):
    """It is too close to the show for a refund: the tickets stay good."""

    reason = "REFUND_NOT_ALLOWED"


class GateNotFound(NotFound):
    """There is no such gate here, or it is over: look at the list of the organization's gates."""

    reason = "GATE_NOT_FOUND"


class GateOver(FailedPrecondition):
    """The gate was revoked, or has ended: make another one."""

    reason = "GATE_OVER"


class GateNotForShow(FailedPrecondition):
    """The gate is not one of this show: choose one of its shows, or have a gate made for this one."""

    reason = "GATE_NOT_FOR_SHOW"


class GateStaysOnline(FailedPrecondition):
    """The gate may do nothing without a connection: have one made that may, to take door lists."""

    reason = "GATE_STAYS_ONLINE"


class ScanNotFound(NotFound):
    """The show has no such scan: look at the list of its scans."""

    reason = "SCAN_NOT_FOUND"


class ScanNotAdmitted(FailedPrecondition):
    """Nobody is in by this scan, so that there is nothing to take back: look at the scan that let the ticket in."""

    reason = "SCAN_NOT_ADMITTED"


class TicketNotFound(NotFound):
    """There is no such ticket: look it up in the list of the booking's tickets."""

    reason = "TICKET_NOT_FOUND"


class CodeNotValid(FailedPrecondition):
    """This is no code of a ticket, or not any more: have its holder show the one that the ticket has now."""

    reason = "CODE_NOT_VALID"


class TicketRevoked(FailedPrecondition):
    """The seat of this ticket was given back, so that it lets nobody in: look at the booking."""

    reason = "TICKET_REVOKED"


class TicketAdmitted(_OfSeats, FailedPrecondition):
    """Somebody was let in by the tickets of these seats: give others back, or ask the organizer.

    Metadata: `seat_ids`, separated by commas.
    """

    reason = "TICKET_ADMITTED"


class TicketTransferred(_OfSeats, FailedPrecondition):
    """Somebody else holds the tickets of these seats: have them returned, or name the other seats.

    Metadata: `seat_ids`, separated by commas.
    """

    reason = "TICKET_TRANSFERRED"


class TicketNotTransferable(FailedPrecondition):
    """This ticket cannot be passed on, or given back, now: it stays with its holder.

    Metadata: `why`: GUEST (it was booked for a guest), SHOW_STARTED, SHOW_CANCELLED, TOO_OFTEN (it has changed hands as
    often as it may), or OWN (it is the buyer's own).
    """

    reason = "TICKET_NOT_TRANSFERABLE"


class TicketLimitExceeded(FailedPrecondition):
    """The user would have more tickets of this show than one may have: give others back, or decline it.

    Metadata: the `limit`.
    """

    reason = "TICKET_LIMIT_EXCEEDED"


class OfferNotFound(NotFound):
    """There is no such offer, or it is made to somebody else: sign in with the address that its mail came to."""

    reason = "OFFER_NOT_FOUND"


class OfferOver(FailedPrecondition):
    """The offer is open no more: look at it.

    Metadata: its `status`.
    """

    reason = "OFFER_OVER"


class OfferOpen(FailedPrecondition):
    """The ticket is offered to somebody already: withdraw that offer first.

    Metadata: the `offer_id`.
    """

    reason = "OFFER_OPEN"


class AddressNotVerified(FailedPrecondition):
    """The offer is made to this address, of which it is not known whose it is: have it verified, then accept."""

    reason = "ADDRESS_NOT_VERIFIED"


class TooManyOffers(ResourceExhausted):
    """The ticket was offered five times within a day: offer it again later."""

    reason = "TOO_MANY_OFFERS"

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class BookingUnderWay(Aborted):
    """The user is booking seats of this show right now: ask again in a moment."""

    reason = "BOOKING_UNDER_WAY"
    retry_after_seconds = 1.0


class SeatsNotLeft(_OfSeats, FailedPrecondition):
    """The booking does not have these seats, or they were given back before: look at which seats are left.

    Metadata: `seat_ids`, separated by commas.
    """

    reason = "SEATS_NOT_LEFT"


class CancellationNotFound(NotFound):
    """This show is not cancelled: look at the show."""

    reason = "CANCELLATION_NOT_FOUND"


class CancellationChanged(Aborted):
    """The cancellation would refund other amounts than shown: show the new figures, and ask again with their token.

    Metadata: the figures `shows`, `confirmed_bookings` and `refunds` (such as INR 125000, separated by commas), and the
    `token` that stands for them.
    """

    reason = "CANCELLATION_CHANGED"


class CancellationInProgress(Aborted):
    """The show is being cancelled right now: ask again in a moment."""

    reason = "CANCELLATION_IN_PROGRESS"
    retry_after_seconds = 1.0


class PaymentInProgress(Aborted):
    """A payment for this booking is being settled right now: ask again in a moment."""

    reason = "PAYMENT_IN_PROGRESS"
    retry_after_seconds = 1.0


class CaptureMismatch(FailedPrecondition):
    """This capture was recorded before with other facts: compare the books of both sides."""

    reason = "CAPTURE_MISMATCH"


class AmountTooLarge(FailedPrecondition):
    """These seats cost more at once than can be counted: choose fewer."""

    reason = "AMOUNT_TOO_LARGE"


class BookingToCome(FailedPrecondition):
    """The account has a booking that is under way, or of a show that is to come: cancel it, or have it refunded.

    Metadata: the `booking_id`.
    """

    reason = "BOOKING_TO_COME"


class PaymentOpen(FailedPrecondition):
    """The account has a payment or a refund that is under way: wait until it is done."""

    reason = "PAYMENT_OPEN"


class AccountDeleted(FailedPrecondition):
    """The account is deleted, or about to be, and books nothing any more: use another one."""

    reason = "ACCOUNT_DELETED"


class EmailNotVerified(FailedPrecondition):
    """Free bookings are for users whose e-mail address is verified: have it verified, and refresh the access token."""

    reason = "EMAIL_NOT_VERIFIED"


class FreeBookingLimitExceeded(FailedPrecondition):
    """So many free bookings were made today that there can be no more: come back tomorrow; a day begins at 00:00 UTC.

    Metadata: the `limit` of a day.
    """

    reason = "FREE_BOOKING_LIMIT_EXCEEDED"


class KindNotOffered(FailedPrecondition):
    """The show has no tickets of this kind for this seat: choose another kind.

    Metadata: the `kind` and the `seat_id`.
    """

    reason = "KIND_NOT_OFFERED"


class KindLimitExceeded(FailedPrecondition):
    """A booking may not have so many tickets of this kind: choose another kind for some of them.

    Metadata: the `kind`, and the `limit` of its tickets.
    """

    reason = "KIND_LIMIT_EXCEEDED"


class SellerNotFound(NotFound):
    """There is no such seller: look it up in the list of sellers."""

    reason = "SELLER_NOT_FOUND"


class SellerFixed(FailedPrecondition):
    """Only the name and address of a seller can change: make another seller for another registration.

    Metadata: the `field` that differs.
    """

    reason = "SELLER_FIXED"


class TaxNumberTaken(AlreadyExists):
    """Another seller has this tax number: use that seller, or look for a slip in the number."""

    reason = "TAX_NUMBER_TAKEN"


class TaxRuleFixed(FailedPrecondition):
    """Only the end of a tax rule can change: make another rule.

    Metadata: the `field` that differs.
    """

    reason = "TAX_RULE_FIXED"


class InvoiceNotFound(NotFound):
    """This booking has no invoice: it was never confirmed, or nobody has said by whom its show is sold."""

    reason = "INVOICE_NOT_FOUND"


class PaperNotMade(Unavailable):
    """This paper could not be made this time: try again in a moment."""

    reason = "PAPER_NOT_MADE"


class ExportTooLarge(FailedPrecondition):
    """This period has more rows than one file: ask for shorter ones.

    Metadata: the `limit` of rows.
    """

    reason = "EXPORT_TOO_LARGE"


class ShowTaxNotFound(NotFound):
    """Nobody has said by whom this show is sold: it is sold without tax and without invoices."""

    reason = "SHOW_TAX_NOT_FOUND"


class TooManySearches(ResourceExhausted):
    """Bookings were searched 30 times within a minute: try again in a moment."""

    reason = "TOO_MANY_SEARCHES"
    retry_after_seconds = 2.0


class CouponNotFound(NotFound):
    """There is no such coupon, or it is another organizer's: look it up in the list of coupons."""

    reason = "COUPON_NOT_FOUND"


class CouponCodeTaken(AlreadyExists):
    """There is a coupon of this code: choose another one."""

    reason = "COUPON_CODE_TAKEN"


class CouponUsedMore(FailedPrecondition):
    """More bookings use the coupon now than it would allow: allow at least its uses, or deactivate it.

    Metadata: its `uses`, and how many are of one user, `uses_of_one`.
    """

    reason = "COUPON_USED_MORE"


class CouponNotUsable(FailedPrecondition):
    """The coupon cannot be used for this: leave it out, or use another one.

    Metadata: `why_not`: USED_UP, USED_BY_YOU, BELOW_MINIMUM, or NOT_VALID, of which no more is told.
    """

    reason = "COUPON_NOT_USABLE"


class TooManyCodes(ResourceExhausted):
    """Too many codes were tried that are not valid: try again later, or go on without a coupon."""

    reason = "TOO_MANY_CODES"

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds
