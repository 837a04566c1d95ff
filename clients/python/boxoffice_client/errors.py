"""What Boxoffice refuses, as exceptions: one class for each reason.

    BoxofficeError
    ├── NotFound               there is no such thing, or it is somebody else's
    ├── AlreadyExists          the name or key is taken
    ├── FailedPrecondition     not in this state: the same call will not do later either, unless something changes
    ├── Aborted                somebody else was faster; trying again may help
    ├── OutOfRange             what is asked for is past what there is
    ├── Unavailable            a part is away
    ├── Unauthenticated, PermissionDenied
    └── InvalidField, Overloaded, DeadlineExceeded, …

Catch the class of a reason (`except SeatsUnavailable as error: error.seat_ids`), or a family (`except NotFound`).
A reason that this version does not know arrives as BoxofficeError itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "boxoffice"
DETAILS = "grpc-status-details-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class BoxofficeError(Exception):
    """A call was refused, or not answered."""

    reason: str = ""
    """What programs match on, such as SEATS_UNAVAILABLE; the code's name where nothing else was told."""

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode = grpc.StatusCode.UNKNOWN,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[tuple[str, str]] = (),
        retry_after_seconds: float | None = None,
        request_id: str = "",
    ) -> None:
        """
        code: the code of gRPC
        message: what happened and what to do next, for people
        metadata: what the reason is about, such as `seat_ids` or `limit`
        violations: the fields that break a rule, as JSON spells their paths, and what is wrong with each
        retry_after_seconds: when the same call may fare better; None where nothing was told
        request_id: what the logs of the services know the call by
        """
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or type(self).reason or code.name
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.retry_after_seconds = retry_after_seconds
        self.request_id = request_id

    def __str__(self) -> str:
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{self.message} ({self.reason}{request})"


class InvalidField(BoxofficeError):
    """The request breaks a rule of its contract: see `violations`."""

    reason = "INVALID_FIELD"


class RequestTooLarge(BoxofficeError):
    """The request is larger than the gateway takes."""

    reason = "REQUEST_TOO_LARGE"


class EventMismatch(BoxofficeError):
    """A webhook's event is not what its payment or the bank says."""

    reason = "EVENT_MISMATCH"


class MethodNotFound(BoxofficeError):
    """The gateway knows no such method."""

    reason = "METHOD_NOT_FOUND"


class Internal(BoxofficeError):
    """Something went wrong on the other side; it has been logged with the request's id."""

    reason = "INTERNAL"


class DeadlineExceeded(BoxofficeError):
    """The time ran out; what became of the call is not known. Ask, or repeat it with the same key."""

    reason = "DEADLINE_EXCEEDED"


class Overloaded(BoxofficeError):
    """Too much is going on right now."""

    reason = "OVERLOADED"


class ReaderTooSlow(BoxofficeError):
    """A stream was not read as fast as it came: begin again where it ended."""

    reason = "READER_TOO_SLOW"


class RateLimited(BoxofficeError):
    """This caller asks too often."""

    reason = "RATE_LIMITED"


class Unauthenticated(BoxofficeError):
    """It is not known who calls."""

    reason = "UNAUTHENTICATED"


class InvalidSignature(Unauthenticated):
    """A webhook's signature is missing, wrong or too old."""

    reason = "INVALID_SIGNATURE"


class LoginFailed(Unauthenticated):
    """No account has this e-mail address and password."""

    reason = "LOGIN_FAILED"


class RefreshTokenInvalid(Unauthenticated):
    """The refresh token is not good, or not any more: log in again."""

    reason = "REFRESH_TOKEN_INVALID"


class TooManyAttempts(BoxofficeError):
    """Too many passwords were tried: see `retry_after_seconds`."""

    reason = "TOO_MANY_ATTEMPTS"


class PermissionDenied(BoxofficeError):
    """This is not allowed."""

    reason = "PERMISSION_DENIED"


class SimulationDisabled(PermissionDenied):
    """Payments cannot be simulated in production."""

    reason = "SIMULATION_DISABLED"


class Unavailable(BoxofficeError):
    """A part of Boxoffice is away, or it cannot be reached."""

    reason = "UNAVAILABLE"


class RefundFailed(Unavailable):
    """The bank's refund failed this time."""

    reason = "REFUND_FAILED"


class NotFound(BoxofficeError):
    """There is no such thing, or it is another user's."""

    reason = "NOT_FOUND"


class EventNotFound(NotFound):
    """There is no such event."""

    reason = "EVENT_NOT_FOUND"


class MovieNotFound(NotFound):
    """There is no such movie; events of other categories are not among them."""

    reason = "MOVIE_NOT_FOUND"


class VenueNotFound(NotFound):
    """There is no such venue."""

    reason = "VENUE_NOT_FOUND"


class ScreenNotFound(NotFound):
    """There is no such screen."""

    reason = "SCREEN_NOT_FOUND"


class ShowNotFound(NotFound):
    """There is no such show."""

    reason = "SHOW_NOT_FOUND"


class _OfSeats(BoxofficeError):
    @property
    def seat_ids(self) -> tuple[str, ...]:
        """The seats in question."""
        return tuple(filter(None, self.metadata.get("seat_ids", "").split(",")))


class SeatNotFound(_OfSeats, NotFound):
    """The show has no such seats: see `seat_ids`."""

    reason = "SEAT_NOT_FOUND"


class BookingNotFound(NotFound):
    """There is no such booking, or it is another user's."""

    reason = "BOOKING_NOT_FOUND"


class PaymentNotFound(NotFound):
    """There is no such payment, or none was begun for this booking."""

    reason = "PAYMENT_NOT_FOUND"


class SessionNotFound(NotFound):
    """There is no such checkout session."""

    reason = "SESSION_NOT_FOUND"


class UserNotFound(NotFound):
    """There is no such user, or it is not the one who calls."""

    reason = "USER_NOT_FOUND"


class AlreadyExists(BoxofficeError):
    """There is one already."""

    reason = "ALREADY_EXISTS"


class IdempotencyKeyReused(AlreadyExists):
    """The idempotency key was used for another request."""

    reason = "IDEMPOTENCY_KEY_REUSED"


class EmailTaken(AlreadyExists):
    """There is an account of this e-mail address already."""

    reason = "EMAIL_TAKEN"


class ScreenAlreadyExists(AlreadyExists):
    """The venue has a screen of this name."""

    reason = "SCREEN_ALREADY_EXISTS"


class SessionMismatch(AlreadyExists):
    """There is a checkout session of this id with other facts."""

    reason = "SESSION_MISMATCH"


class OutOfRange(BoxofficeError):
    """This is more than there is."""

    reason = "OUT_OF_RANGE"


class SequenceNoLongerKept(OutOfRange):
    """The changes after this number are not kept: read the seat map, and watch after its sequence."""

    reason = "SEQUENCE_NO_LONGER_KEPT"


class EventsForgotten(OutOfRange):
    """Events that come next are not kept any more: begin at the oldest, and make up for what is missing."""

    reason = "EVENTS_FORGOTTEN"


class EventsNotThere(OutOfRange):
    """The topic does not reach this position: see that it is the topic that was read before."""

    reason = "EVENTS_NOT_THERE"


class Aborted(BoxofficeError):
    """Another request was faster."""

    reason = "ABORTED"


class SeatsUnavailable(_OfSeats, Aborted):
    """Some of the seats are taken: see `seat_ids`, and choose others, or go to your own booking: see `booking_id`."""

    reason = "SEATS_UNAVAILABLE"

    @property
    def booking_id(self) -> str:
        """The user's own booking that has some of the seats; empty where it is others who have them."""
        return self.metadata.get("booking_id", "")


class PaymentInProgress(Aborted):
    """A payment for the booking is being settled right now."""

    reason = "PAYMENT_IN_PROGRESS"


class RequestInProgress(Aborted):
    """The first request with this idempotency key is still being carried out."""

    reason = "REQUEST_IN_PROGRESS"


class FailedPrecondition(BoxofficeError):
    """This cannot be done in the present state."""

    reason = "FAILED_PRECONDITION"


class SalesEnded(FailedPrecondition):
    """Sales for the show have ended."""

    reason = "SALES_ENDED"


class ShowStarted(FailedPrecondition):
    """The show has begun."""

    reason = "SHOW_STARTED"


class ShowOverlaps(FailedPrecondition):
    """Another show is on this screen at that time: `metadata["show_id"]`."""

    reason = "SHOW_OVERLAPS"


class ScreenLimitExceeded(FailedPrecondition):
    """The venue has as many screens as a venue may have: `metadata["limit"]`."""

    reason = "SCREEN_LIMIT_EXCEEDED"


class SeatLimitExceeded(FailedPrecondition):
    """The user would have more seats of the show than one may have: `metadata["limit"]`."""

    reason = "SEAT_LIMIT_EXCEEDED"


class BookingNotPending(FailedPrecondition):
    """The booking does not wait for its payment any more: `metadata["status"]`."""

    reason = "BOOKING_NOT_PENDING"


class BookingNotConfirmed(FailedPrecondition):
    """Only a confirmed booking can be refunded: `metadata["status"]`."""

    reason = "BOOKING_NOT_CONFIRMED"


class RefundNotAllowed(FailedPrecondition):
    """It is too close to the show for a refund."""

    reason = "REFUND_NOT_ALLOWED"


class PaymentAttemptsExceeded(FailedPrecondition):
    """Too many payments were begun for the booking already: make a new booking."""

    reason = "PAYMENT_ATTEMPTS_EXCEEDED"


class PasswordWrong(FailedPrecondition):
    """The present password is another."""

    reason = "PASSWORD_WRONG"


class LastAdmin(FailedPrecondition):
    """Nobody would be an admin any more."""

    reason = "LAST_ADMIN"


# The rest is told to services, not to customers.


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


BY_REASON: Mapping[str, type[BoxofficeError]] = {
    kind.reason: kind
    for kind in list(vars().values())
    if isinstance(kind, type) and issubclass(kind, BoxofficeError) and kind.reason
}
"""Every reason that there is, and its class."""


class RpcError(Protocol):
    """What grpc and grpc.aio say alike about a call that failed."""

    def code(self) -> grpc.StatusCode: ...
    def details(self) -> str | None: ...
    def trailing_metadata(self) -> Iterable[tuple[str, str | bytes]] | None: ...


def read(error: RpcError, request_id: str) -> BoxofficeError:
    """Return what a failed call was told, as the exception of its reason."""
    status = _status(error)
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    retry_after_seconds: float | None = None
    for detail in status.details:
        if detail.Is(info.DESCRIPTOR) and not info.reason:
            detail.Unpack(info)
        elif detail.Unpack(retry):
            retry_after_seconds = retry.retry_delay.ToMilliseconds() / 1000
        else:
            detail.Unpack(bad)
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    reason = info.reason if info.domain == DOMAIN else code.name
    return BY_REASON.get(reason, BoxofficeError)(
        status.message,
        code=code,
        reason=reason,
        metadata=info.metadata,
        violations=[(violation.field, violation.description) for violation in bad.field_violations],
        retry_after_seconds=retry_after_seconds,
        request_id=request_id,
    )


def _status(error: RpcError) -> status_pb2.Status:
    """Return the google.rpc.Status that was sent along, or what gRPC itself says where there is none."""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break
    return status_pb2.Status(code=error.code().value[0], message=error.details() or "")
