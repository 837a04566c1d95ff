"""Failures that callers are told about.

    Failure
    ├── InvalidArgument          the request breaks a rule, whatever the state of things
    ├── Unauthenticated          it is not known who calls
    ├── PermissionDenied         the caller may not do this
    ├── NotFound                 there is no such thing, or it is somebody else's
    ├── AlreadyExists            the name or key is taken
    ├── FailedPrecondition       not in this state
    ├── OutOfRange               what is asked for is past what there is
    ├── Aborted                  somebody else was faster; trying again may help
    ├── ResourceExhausted        too much traffic
    └── Unavailable              a peer or the database is away
        ├── MethodAway           a peer of the version before, which does not have the method
        └── Interrupted          the database undid the transaction for certain; it may be run again

Services derive their own from these: `reason` is what programs match on. The docstring's first paragraph is the
message, "what happened: what to do next"; a second one tells the metadata. docs/errors.md is made from both.
Whatever is not a Failure is a defect: callers are told nothing of it but that it happened.
"""

from collections.abc import Sequence
from enum import IntEnum
from inspect import getdoc
from typing import ClassVar

DOMAIN = "boxoffice"
"""The `domain` of every google.rpc.ErrorInfo."""


class Code(IntEnum):
    """The codes of google.rpc.Code that Boxoffice uses."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class Failure(Exception):
    """Something went wrong on our side: try again later, and quote this request's id if it stays so."""

    code: ClassVar[Code] = Code.INTERNAL
    reason: ClassVar[str] = "INTERNAL"
    retry_after_seconds: float | None = None

    def __init__(self, message: str | None = None, **metadata: object) -> None:
        """`metadata` goes out with the error as text, for programs to read."""
        self.message = message or (getdoc(type(self)) or "").split("\n\n")[0].replace("\n", " ")
        self.metadata = {key: str(value) for key, value in metadata.items()}
        super().__init__(self.message)


class InvalidArgument(Failure):
    """The request is not well-formed."""

    code = Code.INVALID_ARGUMENT
    reason = "INVALID_FIELD"


class InvalidField(InvalidArgument):
    """The request breaks the rule of a field: put right what the details name."""

    def __init__(self, *violations: tuple[str, str]) -> None:
        """`violations` are (field path in JSON's spelling, what is wrong) pairs; only the first ten are told."""
        self.violations: Sequence[tuple[str, str]] = violations[:10]
        super().__init__("; ".join(f"{field}: {what}" if field else what for field, what in self.violations))


class RequestTooLarge(InvalidArgument):
    """The request is larger than 1 MiB: ask for less at once."""

    reason = "REQUEST_TOO_LARGE"


class Unauthenticated(Failure):
    """It is not known who calls: log in or refresh, and send the access token as `authorization: Bearer …`."""

    code = Code.UNAUTHENTICATED
    reason = "UNAUTHENTICATED"


class PermissionDenied(Failure):
    """This is not allowed: ask for the role that it takes."""

    code = Code.PERMISSION_DENIED
    reason = "PERMISSION_DENIED"


class NotFound(Failure):
    """There is no such thing."""

    code = Code.NOT_FOUND
    reason = "NOT_FOUND"


class UserNotFound(NotFound):
    """There is no such user, or it is not you: leave the user out, or name yourself."""

    reason = "USER_NOT_FOUND"


class AlreadyExists(Failure):
    """There is one already."""

    code = Code.ALREADY_EXISTS
    reason = "ALREADY_EXISTS"


class FailedPrecondition(Failure):
    """This cannot be done in the present state."""

    code = Code.FAILED_PRECONDITION
    reason = "FAILED_PRECONDITION"


class OutOfRange(Failure):
    """This is more than there is."""

    code = Code.OUT_OF_RANGE
    reason = "OUT_OF_RANGE"


class EventsForgotten(OutOfRange):
    """Events that come next are not kept any more: begin at `oldest`, and make up for what is missing.

    Metadata: `oldest`, the position of the oldest event that is kept.
    """

    reason = "EVENTS_FORGOTTEN"


class EventsNotThere(OutOfRange):
    """The topic does not reach this position: see that it is the topic that was read before.

    Metadata: `last`, the topic's last position.
    """

    reason = "EVENTS_NOT_THERE"


class Aborted(Failure):
    """Another request was faster."""

    code = Code.ABORTED
    reason = "ABORTED"


class ResourceExhausted(Failure):
    """Too much is going on right now: try again in a moment."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "OVERLOADED"
    retry_after_seconds = 1.0


class ReaderTooSlow(ResourceExhausted):
    """This stream was not read as fast as it came: begin again where it ended."""

    reason = "READER_TOO_SLOW"


class Unavailable(Failure):
    """A part of the system is away right now: try again in a moment."""

    code = Code.UNAVAILABLE
    reason = "UNAVAILABLE"
    retry_after_seconds = 1.0


class Interrupted(Unavailable):
    """The database could not finish this: try again in a moment."""


class MethodAway(Unavailable):
    """A part of the system does not have this yet: try again in a moment."""


class DeadlineExceeded(Failure):
    """The time for this request ran out, and what became of it is not known: ask, or repeat it with the same key."""

    code = Code.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"


class IdempotencyKeyReused(AlreadyExists):
    """This idempotency key was used for another request: use a new key."""

    reason = "IDEMPOTENCY_KEY_REUSED"


class RequestInProgress(Aborted):
    """The first request with this idempotency key is still being carried out: ask again in a moment."""

    reason = "REQUEST_IN_PROGRESS"
    retry_after_seconds = 1.0


class PeerFailure(Failure):
    """What another service refused, passed on as it was said."""

    def __init__(
        self,
        code: Code,
        reason: str,
        message: str,
        metadata: dict[str, str],
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, **metadata)
        # The class variables are what a kind of failure always has; a peer's failure has what the peer said.
        self.__dict__.update(code=code, reason=reason, retry_after_seconds=retry_after_seconds)


def is_transient(failure: Failure) -> bool:
    """Tell whether the same request may fare better later: nothing definite was answered."""
    return failure.code in (
        Code.CANCELLED,
        Code.UNKNOWN,
        Code.DEADLINE_EXCEEDED,
        Code.RESOURCE_EXHAUSTED,
        Code.UNAVAILABLE,
        Code.INTERNAL,
    )
