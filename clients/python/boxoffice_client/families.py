"""What any call may be refused with: families of reasons, and reasons that stand alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import grpc


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


class PermissionDenied(BoxofficeError):
    """This is not allowed."""

    reason = "PERMISSION_DENIED"


class Unavailable(BoxofficeError):
    """A part of Boxoffice is away, or it cannot be reached."""

    reason = "UNAVAILABLE"


class NotFound(BoxofficeError):
    """There is no such thing, or it is another user's."""

    reason = "NOT_FOUND"


class AlreadyExists(BoxofficeError):
    """There is one already."""

    reason = "ALREADY_EXISTS"


class OutOfRange(BoxofficeError):
    """This is more than there is."""

    reason = "OUT_OF_RANGE"


class Aborted(BoxofficeError):
    """Another request was faster."""

    reason = "ABORTED"


class FailedPrecondition(BoxofficeError):
    """This cannot be done in the present state."""

    reason = "FAILED_PRECONDITION"
