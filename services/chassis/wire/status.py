"""Failures as google.rpc.Status, on the wire and within answers of batches, and back again."""

from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from services.chassis.errors import DOMAIN, Code, Failure, InvalidField, PeerFailure

# What a call's refusal may carry. It travels in headers, in Base64 and beside the message once more, and of headers
# that have more than 8 KiB in all, gRPC's clients make a RESOURCE_EXHAUSTED of their own, now and then.
MESSAGE_BYTES = 500
DETAILS_BYTES = 3_800
"""Violations and metadata together: the ids of a hundred seats."""
FIELD_BYTES = 150
VIOLATION_BYTES = 200


def to_status(failure: Failure) -> status_pb2.Status:
    """Render `failure` with ErrorInfo, and BadRequest or RetryInfo where they say more; what is too long is cut."""
    violations = failure.violations if isinstance(failure, InvalidField) else ()
    listed = [(_cut(field, FIELD_BYTES), _cut(what, VIOLATION_BYTES)) for field, what in violations]
    room = DETAILS_BYTES - sum(len(text.encode()) for pair in listed for text in pair)
    metadata = _fitting(failure.metadata, room)
    details: list[any_pb2.Any] = [
        _any(error_details_pb2.ErrorInfo(reason=failure.reason, domain=DOMAIN, metadata=metadata))
    ]
    if isinstance(failure, InvalidField):
        bad = error_details_pb2.BadRequest()
        for field, what in listed:
            bad.field_violations.add(field=field, description=what)
        details.append(_any(bad))
    if failure.retry_after_seconds is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(int(failure.retry_after_seconds * 1000))
        details.append(_any(error_details_pb2.RetryInfo(retry_delay=delay)))
    message = _cut(failure.message, MESSAGE_BYTES)
    return status_pb2.Status(code=int(failure.code), message=message, details=details)


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


def _fitting(metadata: dict[str, str], room: int) -> dict[str, str]:
    """Return what there is room for; of a list with commas, as many whole items."""
    fitting = {}
    for key, value in metadata.items():
        room -= len(key.encode())
        if room <= 0:
            break
        fits = _head(value, room)
        if fits != value and "," in value and value[len(fits)] != ",":
            fits = fits.rpartition(",")[0]
        fitting[key] = fits
        room -= len(fits.encode())
    return fitting


def _cut(text: str, most_bytes: int) -> str:
    return text if len(text.encode()) <= most_bytes else _head(text, most_bytes - len("…".encode())) + "…"


def _head(text: str, most_bytes: int) -> str:
    """Return the first whole characters of a text, in so many bytes."""
    return text.encode()[:most_bytes].decode(errors="ignore")


def _any(
    message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo,
) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
