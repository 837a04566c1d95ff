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

from collections.abc import Iterable, Mapping
from typing import Protocol

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from boxoffice_client.families import *  # noqa: F403  callers find every exception here
from boxoffice_client.families import BoxofficeError
from boxoffice_client.reasons import *  # noqa: F403  the same
from boxoffice_client.reasons_of_organizations import *  # noqa: F403  the same
from boxoffice_client.reasons_of_prices import *  # noqa: F403  the same
from boxoffice_client.reasons_of_services import *  # noqa: F403  the same
from boxoffice_client.reasons_of_the_catalogue import *  # noqa: F403  the same
from boxoffice_client.reasons_of_tickets import *  # noqa: F403  the same
from boxoffice_client.reasons_of_transfers import *  # noqa: F403  the same
from boxoffice_client.reasons_of_webhooks import *  # noqa: F403  the same

DOMAIN = "boxoffice"
DETAILS = "grpc-status-details-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}

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
