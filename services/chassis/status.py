"""Failures as google.rpc.Status, on the wire and within answers of batches, and back again."""

from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from services.chassis.errors import DOMAIN, Code, Failure, InvalidField, PeerFailure


def to_status(failure: Failure) -> status_pb2.Status:
    """Render `failure` with ErrorInfo, and BadRequest or RetryInfo where they say more."""
    details: list[any_pb2.Any] = [
        _any(error_details_pb2.ErrorInfo(reason=failure.reason, domain=DOMAIN, metadata=failure.metadata))
    ]
    if isinstance(failure, InvalidField):
        bad = error_details_pb2.BadRequest()
        for field, what in failure.violations:
            bad.field_violations.add(field=field, description=what)
        details.append(_any(bad))
    if failure.retry_after_seconds is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(int(failure.retry_after_seconds * 1000))
        details.append(_any(error_details_pb2.RetryInfo(retry_delay=delay)))
    return status_pb2.Status(code=int(failure.code), message=failure.message, details=details)


def from_status(status: status_pb2.Status) -> PeerFailure:
    """Read what a peer said. A code that Boxoffice does not use counts as UNKNOWN."""
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    retry_after: float | None = None
    for detail in status.details:
        detail.Unpack(info)
        if detail.Unpack(retry):
            retry_after = retry.retry_delay.ToMilliseconds() / 1000
    code = Code(status.code) if status.code in Code._value2member_map_ else Code.UNKNOWN
    return PeerFailure(code, info.reason or code.name, status.message, dict(info.metadata), retry_after)


def _any(
    message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo,
) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
