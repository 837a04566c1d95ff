"""Envoy's own replies, in the words and the shape of the services' errors.

What Envoy answers by itself (no such method, bad JSON, too large, service away, out of time) is plain text by
default. Each row of REPLIES becomes two of Envoy's mappers: one for callers that speak gRPC or gRPC-Web, who get
grpc-status, grpc-message and the details in the headers, and one for everybody else, who gets JSON.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf import any_pb2, duration_pb2, json_format
from google.rpc import code_pb2, error_details_pb2, status_pb2

from gateway import apologies, shedding
from roster import NAMES

DOMAIN = "boxoffice"
HEALTH_PATH = "/api/v1/health"
LIVENESS_PATH = "/healthz"
REST_CHECK = "boxoffice.rest"
"""Under this name http.lua and rest.lua say what they refuse."""


@dataclass(frozen=True)
class Reply:
    """What is said instead of one of Envoy's own replies. The first row that fits is taken."""

    when: dict[str, Any]
    """Which replies are meant, as an access log filter of Envoy."""
    code: int
    """The code in gRPC and in the JSON."""
    reason: str
    message: str
    http_status: int | None = None
    """The status to send over HTTP, where it is not Envoy's own."""
    grpc_code: int | None = None
    """The code in gRPC, where the custom there is another."""
    retry_after_seconds: int | None = None
    challenge: bool = False
    """Whether HTTP is told how to say who calls."""
    explained: str = ""
    """What JSON adds to the message, in Envoy's words: they say what is wrong with the request."""
    violation: tuple[str, str] | None = None
    """The field that is to be blamed, and why."""

    def status(self, code: int) -> status_pb2.Status:
        """Return the reply as the status message whose JSON is the body and whose bytes are the details."""
        details: list[Any] = [error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN)]
        if self.violation is not None:
            field, what = self.violation
            bad = error_details_pb2.BadRequest()
            bad.field_violations.add(field=field, description=what)
            details.append(bad)
        if self.retry_after_seconds is not None:
            delay = duration_pb2.Duration(seconds=self.retry_after_seconds)
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        packed = [any_pb2.Any() for _ in details]
        for target, detail in zip(packed, details, strict=True):
            target.Pack(detail)
        return status_pb2.Status(code=code, message=self.message, details=packed)


def _status_is(status: int, op: str = "EQ") -> dict[str, Any]:
    # Envoy wants a name under which the number could be changed while it runs; nothing sets it.
    value = {"default_value": status, "runtime_key": f"replies.{op.lower()}_{status}"}
    return {"status_code_filter": {"comparison": {"op": op, "value": value}}}


def _path_is(path: str) -> dict[str, Any]:
    return {"header_filter": {"header": {"name": ":path", "string_match": {"exact": path}}}}


def _rest_check_says(key: str) -> dict[str, Any]:
    path = [{"key": key}]
    matcher = {"filter": REST_CHECK, "path": path, "value": {"present_match": True}}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}


def _rest_check_said(key: str) -> str:
    return f"%DYNAMIC_METADATA({REST_CHECK}:{key})%"


def _all(*filters: dict[str, Any]) -> dict[str, Any]:
    return {"and_filter": {"filters": list(filters)}}


GRPC_TYPES = r"application/grpc(\+.*|-web(-text)?(\+proto)?)?"
"""The content types of gRPC and gRPC-Web, as a regular expression. Everything else is REST."""

LOG_IN = "It is not known who calls: log in or refresh, and send the access token as `authorization: Bearer …`."

AWAY = Reply(
    _status_is(503),
    code_pb2.UNAVAILABLE,
    "UNAVAILABLE",
    "A part of the system is away right now: try again in a moment, with the same key if there is one.",
    retry_after_seconds=1,
)
OVERLOADED = Reply(
    {"response_flag_filter": {"flags": ["UO"]}},
    code_pb2.RESOURCE_EXHAUSTED,
    "OVERLOADED",
    "Too much is going on right now: try again in a moment.",
    http_status=429,
    retry_after_seconds=1,
)
OUT_OF_TIME = Reply(
    _status_is(504),
    code_pb2.DEADLINE_EXCEEDED,
    "DEADLINE_EXCEEDED",
    "The time for this request ran out, and what became of it is not known: ask, or repeat it with the same key.",
)
WRONG = Reply(
    _status_is(500, "GE"),
    code_pb2.INTERNAL,
    "INTERNAL",
    "Something went wrong on our side: try again later, and quote this request's id if it stays so.",
    http_status=500,
)

REPLIES = (
    Reply(
        _all(_status_is(400), _rest_check_says("broken_rule")),
        code_pb2.INVALID_ARGUMENT,
        "INVALID_FIELD",
        f"{_rest_check_said('field')}: {_rest_check_said('broken_rule')}",
        violation=(_rest_check_said("field"), _rest_check_said("broken_rule")),
    ),
    Reply(
        _all(_status_is(400), _rest_check_says("problem")),
        code_pb2.INVALID_ARGUMENT,
        "INVALID_FIELD",
        "The request is not well-formed.",
        explained=_rest_check_said("problem"),
    ),
    Reply(
        _all(_status_is(503), _path_is(HEALTH_PATH)),
        code_pb2.UNAVAILABLE,
        "UNAVAILABLE",
        f"Not every service is healthy: wait a moment. If it stays so, look for {', '.join(NAMES[:-1])} or {NAMES[-1]} "
        "in the logs, and start again what has stopped.",
        retry_after_seconds=1,
    ),
    # Before "too much": a service that dies amid many calls uses up what may be sent again, and is away all the same.
    replace(AWAY, when=_all(_status_is(503), {"response_flag_filter": {"flags": ["UF", "UC", "UR", "LR"]}})),
    OVERLOADED,
    replace(OVERLOADED, when=_status_is(shedding.REFUSED)),
    Reply(
        _status_is(404),
        code_pb2.NOT_FOUND,
        "METHOD_NOT_FOUND",
        "There is no such method: look at its path and verb.",
        grpc_code=code_pb2.UNIMPLEMENTED,
    ),
    Reply(
        _status_is(405),
        code_pb2.UNIMPLEMENTED,
        "VERB_NOT_ALLOWED",
        "This path does not take this verb: use one of those in the header Allow.",
    ),
    # What auth.py turns away: the filter that does so knows no other status.
    Reply(
        _status_is(403),
        code_pb2.UNAUTHENTICATED,
        "UNAUTHENTICATED",
        LOG_IN,
        http_status=401,
        challenge=True,
    ),
    Reply(
        _status_is(413),
        code_pb2.INVALID_ARGUMENT,
        "REQUEST_TOO_LARGE",
        "The body is larger than 256 KiB, or, where it is a file, than 8 MiB: send less at once.",
    ),
    Reply(
        _status_is(415),
        code_pb2.INVALID_ARGUMENT,
        "UNSUPPORTED_MEDIA_TYPE",
        "The body is of a kind that is not read here: send JSON, as application/json in UTF-8, not compressed.",
    ),
    Reply(
        _status_is(431),
        code_pb2.INVALID_ARGUMENT,
        "REQUEST_TOO_LARGE",
        "The headers are larger than 32 KiB, or more than 100: send fewer.",
    ),
    Reply(
        _status_is(408),
        code_pb2.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
        "The request was not received in time: send it again, faster.",
    ),
    Reply(
        _status_is(429),
        code_pb2.RESOURCE_EXHAUSTED,
        "RATE_LIMITED",
        "Too many requests: try again in a moment.",
        retry_after_seconds=1,
    ),
    OUT_OF_TIME,
    AWAY,
    Reply(
        _status_is(501),
        code_pb2.INVALID_ARGUMENT,
        "INVALID_FIELD",
        "The request is not well-formed. It has a transfer-encoding other than chunked.",
        http_status=400,
    ),
    WRONG,
    Reply(
        _status_is(400, "GE"),
        code_pb2.INVALID_ARGUMENT,
        "INVALID_FIELD",
        "The request is not well-formed. Its path, a header or its body breaks the rules of HTTP or JSON.",
    ),
)

# A request that came as REST looks like gRPC too once it is transcoded, but for the path that it had.
_SPEAKS_GRPC = (
    {"header_filter": {"header": {"name": "content-type", "string_match": {"safe_regex": {"regex": GRPC_TYPES}}}}},
    {"header_filter": {"header": {"name": "x-envoy-original-path", "present_match": True, "invert_match": True}}},
)


def mappers() -> list[dict[str, Any]]:
    """Return REPLIES, and pages for people before them, as Envoy's local_reply_config. The first that fits is used."""
    healthy = [_healthy(HEALTH_PATH), _healthy(LIVENESS_PATH)]
    return healthy + apologies.mappers() + [mapper for reply in REPLIES for mapper in (_grpc(reply), _json(reply))]


def _healthy(path: str) -> dict[str, Any]:
    return {
        "filter": _all(_status_is(200), _path_is(path)),
        "body_format_override": {"json_format": {"status": "SERVING"}},
    }


def _grpc(reply: Reply) -> dict[str, Any]:
    """All in the headers, with HTTP's 200: what gRPC and gRPC-Web call a response of trailers only."""
    status = reply.status(reply.grpc_code or reply.code)
    return {
        "filter": _all(reply.when, *_SPEAKS_GRPC),
        "status_code": 200,
        "headers_to_add": [
            _header("content-type", "application/grpc"),
            _header("grpc-status", str(status.code)),
            _header("grpc-message", status.message),
            _header("grpc-status-details-bin", base64.b64encode(status.SerializeToString()).decode()),
        ],
        "body_format_override": {"text_format_source": {"inline_string": ""}},
    }


def _json(reply: Reply) -> dict[str, Any]:
    status = reply.status(reply.code)
    body = json.loads(json_format.MessageToJson(status, always_print_fields_with_no_presence=True))
    if reply.explained:
        body["message"] += f" {reply.explained}"
    headers = {"grpc-status": str(reply.code)}  # for the access log; http.lua takes it off
    if reply.retry_after_seconds is not None:
        headers["retry-after"] = str(reply.retry_after_seconds)
    if reply.challenge:
        headers["www-authenticate"] = 'Bearer realm="boxoffice"'
    mapper: dict[str, Any] = {
        "filter": reply.when,
        "headers_to_add": [_header(name, value) for name, value in headers.items()],
        "body_format_override": {"json_format": body},
    }
    if reply.http_status is not None:
        mapper["status_code"] = reply.http_status
    return mapper


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
