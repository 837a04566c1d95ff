"""Reasons that services meet, not customers."""

from boxoffice_client.families import BoxofficeError, FailedPrecondition


class ClaimClosed(FailedPrecondition):
    """The booking's claim on its seats has ended."""

    reason = "CLAIM_CLOSED"


class ClaimAlive(FailedPrecondition):
    """The booking's claim on its seats has not lapsed yet."""

    reason = "CLAIM_ALIVE"


class ClaimConfirmed(FailedPrecondition):
    """The booking's seats are booked for good."""

    reason = "CLAIM_CONFIRMED"


class CaptureMismatch(FailedPrecondition):
    """The capture was recorded before with other facts."""

    reason = "CAPTURE_MISMATCH"


class PaymentNotCaptured(FailedPrecondition):
    """No money was taken by this payment."""

    reason = "PAYMENT_NOT_CAPTURED"


class SessionNotCaptured(FailedPrecondition):
    """No money was taken in this session."""

    reason = "SESSION_NOT_CAPTURED"


class RefundExceedsCapture(FailedPrecondition):
    """The session's refunds would exceed what was taken."""

    reason = "REFUND_EXCEEDS_CAPTURE"


class RefundMismatch(BoxofficeError):
    """There is such a refund with other facts."""

    reason = "REFUND_MISMATCH"
