"""What payment refuses."""

from services.chassis.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound, Unauthenticated


class BookingNotPending(FailedPrecondition):
    """This booking cannot be paid for any more: it has ended, or too little of its time is left."""

    reason = "BOOKING_NOT_PENDING"


class PaymentAttemptsExceeded(FailedPrecondition):
    """Ten payments were begun for this booking already: make a new booking."""

    reason = "PAYMENT_ATTEMPTS_EXCEEDED"


class PaymentInProgress(Aborted):
    """The money was taken and is being settled: look at the booking in a moment."""

    reason = "PAYMENT_IN_PROGRESS"
    retry_after_seconds = 1.0


class PaymentNotFound(NotFound):
    """There is no such payment."""

    reason = "PAYMENT_NOT_FOUND"


class InvalidSignature(Unauthenticated):
    """The webhook's signature is missing, wrong, or more than five minutes off."""

    reason = "INVALID_SIGNATURE"


class EventMismatch(InvalidArgument):
    """The event names another session, amount or currency than its payment has, or is not what the bank says now."""

    reason = "EVENT_MISMATCH"


class PaymentNotCaptured(FailedPrecondition):
    """No money was taken by this payment, so none can be given back."""

    reason = "PAYMENT_NOT_CAPTURED"


class RefundMismatch(FailedPrecondition):
    """The refund was asked for before with another amount, or the refunds would exceed what was taken."""

    reason = "REFUND_MISMATCH"
