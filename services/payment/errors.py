"""What payment refuses."""

from services.chassis.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound, Unauthenticated


class BookingNotPending(FailedPrecondition):
    """This booking has ended, or too little of its time is left to pay in: make a new booking.

    Metadata: its `status`, where it is known.
    """

    reason = "BOOKING_NOT_PENDING"


class PaymentAttemptsExceeded(FailedPrecondition):
    """Ten payments were begun for this booking already: make a new booking."""

    reason = "PAYMENT_ATTEMPTS_EXCEEDED"


class PaymentInProgress(Aborted):
    """The money was taken and is being settled: look at the booking in a moment."""

    reason = "PAYMENT_IN_PROGRESS"
    retry_after_seconds = 1.0


class AmountNotPayable(FailedPrecondition):
    """The payment gateway takes amounts in this currency only with a 0 as the last digit: choose other seats."""

    reason = "AMOUNT_NOT_PAYABLE"


class GatewayNotConfigured(NotFound):
    """This payment gateway is not in use here: nothing is to be sent to it."""

    reason = "GATEWAY_NOT_CONFIGURED"


class PaymentNotFound(NotFound):
    """There is no such payment: begin one for the booking."""

    reason = "PAYMENT_NOT_FOUND"


class InvalidSignature(Unauthenticated):
    """The webhook's signature is missing, wrong, or more than five minutes off: sign it again, as of now."""

    reason = "INVALID_SIGNATURE"


class EventMismatch(InvalidArgument):
    """The event is not what the payment has or what the bank says now: send what the bank has on its books."""

    reason = "EVENT_MISMATCH"


class PaymentNotCaptured(FailedPrecondition):
    """No money was taken by this payment, so none can be given back: look at its status."""

    reason = "PAYMENT_NOT_CAPTURED"


class RefundMismatch(FailedPrecondition):
    """It was asked for before with another amount, or would exceed what was taken: look at what was refunded."""

    reason = "REFUND_MISMATCH"
