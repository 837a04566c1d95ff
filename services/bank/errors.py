"""What the bank refuses."""

from services.chassis.errors import AlreadyExists, FailedPrecondition, NotFound, PermissionDenied, Unavailable


class SessionNotFound(NotFound):
    """There is no such checkout session: take its id from the answer that opened it."""

    reason = "SESSION_NOT_FOUND"


class SessionMismatch(AlreadyExists):
    """There is a session of this id with other facts: open one under a new id."""

    reason = "SESSION_MISMATCH"


class SessionNotCaptured(FailedPrecondition):
    """No money was taken in this session, so none can be given back: look at its status."""

    reason = "SESSION_NOT_CAPTURED"


class RefundExceedsCapture(FailedPrecondition):
    """The session's refunds would exceed what was taken: ask for less."""

    reason = "REFUND_EXCEEDS_CAPTURE"


class RefundMismatch(AlreadyExists):
    """There is a refund of this id with other facts: ask under a new id."""

    reason = "REFUND_MISMATCH"


class RefundFailed(Unavailable):
    """The refund failed this time: ask for it again, under the same id."""

    reason = "REFUND_FAILED"


class SimulationDisabled(PermissionDenied):
    """Payments cannot be simulated in production: pay with a real method."""

    reason = "SIMULATION_DISABLED"
