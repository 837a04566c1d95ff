"""What the gRPC library of a service says by itself, where no handler saw a call or could end it.

It has a code and its own words, and none of the details that docs/errors.md promises. Each row of SAID is told instead,
over gRPC, gRPC-Web and REST. A code that is not there comes from handlers alone.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

from google.rpc import code_pb2

from gateway.replies import AWAY, OUT_OF_TIME, OVERLOADED, WRONG, Reply
from gateway.rest import STATUSES, lua

SCRIPT = Path(__file__).with_name("library.lua")

_MALFORMED = Reply({}, code_pb2.INVALID_ARGUMENT, "INVALID_FIELD", "The request is not well-formed.")
_TOO_LARGE = replace(
    _MALFORMED, reason="REQUEST_TOO_LARGE", message="The request is larger than 1 MiB: ask for less at once."
)
_NOT_SERVED = Reply(
    {},
    code_pb2.UNIMPLEMENTED,
    "METHOD_NOT_FOUND",
    "This method is not served right now: try again when every service is of the same version.",
    http_status=501,
)

SAID: tuple[tuple[int, str, Reply], ...] = (
    # Who is still there to read it has not cancelled: the service dropped the call, as when it ends.
    (code_pb2.CANCELLED, "", AWAY),
    (code_pb2.UNKNOWN, "", WRONG),
    (code_pb2.DEADLINE_EXCEEDED, "", OUT_OF_TIME),
    (code_pb2.RESOURCE_EXHAUSTED, "larger than max", _TOO_LARGE),
    (code_pb2.RESOURCE_EXHAUSTED, "metadata size", _TOO_LARGE),
    (code_pb2.RESOURCE_EXHAUSTED, "", OVERLOADED),
    (code_pb2.UNIMPLEMENTED, "", _NOT_SERVED),
    # A frame that is compressed in no way that is known, a header that gRPC cannot read: the caller's mistakes.
    (code_pb2.INTERNAL, "Compression bit set but no encoding configured", _MALFORMED),
    (code_pb2.INTERNAL, "Error parsing '", _MALFORMED),
    (code_pb2.INTERNAL, "", WRONG),
    (code_pb2.UNAVAILABLE, "", AWAY),
)
"""The code, what its message contains, and what is said instead; the first that fits."""


def script() -> str:
    """Return the Lua program that looks at calls that failed."""
    table: dict[str, list[dict[str, Any]]] = {}
    for code, contains, reply in SAID:
        table.setdefault(str(code), []).append({"contains": contains, "headers": _headers(reply)})
    return f"local SAID = {lua(table)}\nlocal STATUSES = {lua(STATUSES)}\n{SCRIPT.read_text(encoding='utf-8')}"


def _headers(reply: Reply) -> dict[str, str]:
    status = reply.status(reply.code)
    headers = {
        "grpc-status": str(status.code),
        "grpc-message": status.message,
        "grpc-status-details-bin": base64.b64encode(status.SerializeToString()).decode(),
    }
    if reply.retry_after_seconds is not None:
        headers["retry-after"] = str(reply.retry_after_seconds)
    return headers
