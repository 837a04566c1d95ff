"""What booking refuses."""

from services.chassis.errors import Aborted, AlreadyExists, FailedPrecondition, NotFound


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


class ShowTaxNotFound(NotFound):
    """Nobody has said by whom this show is sold: it is sold without tax and without invoices."""

    reason = "SHOW_TAX_NOT_FOUND"
