"""Errors in the document: the one shape that they have, and the answers that a method may give instead of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from google.protobuf import json_format
from google.rpc import code_pb2

from gateway.openapi.comments import Reason
from gateway.replies import DOMAIN, HEALTH_PATH, REPLIES, Reply

STATUSES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""The HTTP status that Envoy makes of a code in gRPC."""

OF_BODIES = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
"""What only requests with a body are told."""

ERROR = "Error"
TYPES = "type.googleapis.com/google.rpc."

Json = dict[str, Any]
Described = tuple[str, Json]
"""When a failure is, and its body."""


def _detail(name: str, description: str, properties: Json) -> Json:
    type_ = {"const": TYPES + name}
    return {
        "type": "object",
        "description": description,
        "properties": {"@type": type_, **properties},
        "required": ["@type", *properties],
    }


_TEXT = {"type": "string"}

SCHEMAS: Json = {
    ERROR: {
        "type": "object",
        "description": "Why a request failed: a google.rpc.Status. Programs match on the reason in its ErrorInfo.",
        "properties": {
            "code": {"type": "integer", "format": "int32", "description": "The code of google.rpc.Code."},
            "message": {"type": "string", "description": "What happened, and what to do next, for people."},
            "details": {
                "type": "array",
                "description": "An ErrorInfo always; the others where they say more.",
                "minItems": 1,
                "items": {
                    "oneOf": [
                        {"$ref": f"#/components/schemas/{name}"} for name in ("ErrorInfo", "BadRequest", "RetryInfo")
                    ]
                },
            },
        },
        "required": ["code", "message", "details"],
    },
    "ErrorInfo": _detail(
        "ErrorInfo",
        "Why, for programs.",
        {
            "reason": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]+$"},
            "domain": {"const": DOMAIN},
            "metadata": {
                "type": "object",
                "description": "What the reason is about, such as `seat_ids`, which has commas between ids.",
                "additionalProperties": _TEXT,
            },
        },
    ),
    "BadRequest": _detail(
        "BadRequest",
        "Which fields break which rules.",
        {
            "fieldViolations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": {
                            "type": "string",
                            "description": "The field, such as `sections[0].rows[2].seatCount`.",
                        },
                        "description": {"type": "string", "description": "What is wrong with it."},
                        "reason": {"type": "string", "description": "Empty: no rule has a name."},
                    },
                    "required": ["field", "description", "reason"],
                },
            }
        },
    ),
    "RetryInfo": _detail(
        "RetryInfo",
        "When the same request may fare better.",
        {"retryDelay": {"type": "string", "pattern": r"^\d+(\.\d+)?s$", "examples": ["1s"]}},
    ),
}


def responses(reasons: Iterable[Reason], broken: Mapping[str, str], *, with_body: bool, takes_token: bool) -> Json:
    """Return a method's failures by HTTP status: those that its contract names, and those that any may have.

    `broken` are the fields that are missing in an empty request, and what is said of them.
    """
    own: dict[int, dict[str, Described]] = {}
    for reason in reasons:
        own.setdefault(STATUSES[reason.code], {})[reason.reason] = (reason.text, _example(reason, broken))
    found: Json = {}
    common = _common()
    if not takes_token:
        common.pop(HTTPStatus.UNAUTHORIZED, None)
    for status in sorted(own.keys() | common.keys()):
        if status in own:
            found[str(status)] = _response(status, {**common.get(status, {}), **own[status]})
        elif with_body or status not in OF_BODIES:
            found[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return found


def common_responses() -> Json:
    """Return the failures that any method may have, by HTTP status."""
    return {str(status): _response(status, failures) for status, failures in sorted(_common().items())}


def response_of(reply: Reply) -> Json:
    """Return the answer that one of the gateway's own replies is."""
    return _response(http_status(reply), {reply.reason: (reply.message, reply_example(reply))})


def http_status(reply: Reply) -> int:
    """Return the HTTP status of one of the gateway's own replies: what it says, what it asks for, or its code's."""
    if reply.http_status is not None:
        return reply.http_status
    asked = re.search(r"'op': 'EQ', 'value': {'default_value': (\d+)", str(reply.when))
    return int(asked[1]) if asked else STATUSES[code_pb2.Code.Name(reply.code)]


def reply_example(reply: Reply) -> Json:
    """Return the body of one of the gateway's own replies."""
    body: Json = json_format.MessageToDict(reply.status(reply.code), always_print_fields_with_no_presence=True)
    return body


def _common() -> dict[int, dict[str, Described]]:
    """Return the gateway's replies to calls of methods that there are, by HTTP status and reason."""
    found: dict[int, dict[str, Described]] = {}
    for reply in REPLIES:
        status = http_status(reply)
        # What any server says to garbage is left out, what only the health page says, and what has places to fill.
        if status not in (404, 405, 408, 431) and HEALTH_PATH not in str(reply.when) and reply.violation is None:
            found.setdefault(status, {}).setdefault(reply.reason, (reply.message, reply_example(reply)))
    return found


def _example(reason: Reason, broken: Mapping[str, str]) -> Json:
    """Return the body of a failure, as far as its contract tells it."""
    message = reason.text[:1].upper() + reason.text[1:]
    details: list[Json] = [
        {"@type": f"{TYPES}ErrorInfo", "reason": reason.reason, "domain": DOMAIN, "metadata": {}},
    ]
    if reason.reason == "INVALID_FIELD" and broken:
        message = "; ".join(f"{field}: {what}" for field, what in broken.items())
        violations = [{"field": field, "description": what, "reason": ""} for field, what in broken.items()]
        details.append({"@type": f"{TYPES}BadRequest", "fieldViolations": violations})
    if "RetryInfo" in reason.text:
        details.append({"@type": f"{TYPES}RetryInfo", "retryDelay": "1s"})
    return {"code": code_pb2.Code.Value(reason.code), "message": message, "details": details}


def _response(status: int, failures: dict[str, Described]) -> Json:
    """Return a response whose description lists its reasons and which has an example of each."""
    listed = "\n".join(f"- `{reason}`: {text}" for reason, (text, _) in failures.items())
    examples = {reason: {"value": example} for reason, (_, example) in failures.items()}
    content = {"schema": {"$ref": f"#/components/schemas/{ERROR}"}, "examples": examples}
    return {"description": f"{HTTPStatus(status).phrase}\n\n{listed}", "content": {"application/json": content}}
