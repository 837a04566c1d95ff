"""What the contracts do not say: the conventions, the gateway's own pages, and bodies that are not messages."""

from __future__ import annotations

from typing import Any, Literal

from boxoffice.inventory.v1 import inventory_pb2
from google.protobuf.descriptor import Descriptor

from gateway.openapi import failures
from gateway.openapi.comments import Reason
from gateway.replies import HEALTH_PATH, REPLIES

Json = dict[str, Any]

_INFO: Json = {
    "title": "Boxoffice",
    "version": "v1",
    "summary": "Seats that are never sold twice, money that is never kept without a ticket.",
    "description": """\
Find a show, look at its seats, hold some, book them, pay.

- **Errors** look alike everywhere: a status, a `message` for people, and an ErrorInfo whose `reason` programs match on.
  Each method lists its reasons. Where there is a RetryInfo, the same request may fare better after its delay.
- **Repeating** a request that changes something is safe with an `Idempotency-Key`: the same key and request give the
  same answer, the key with another request is refused. A request that got no answer, or 503 or 504, may have been
  carried out: repeat it with the same key.
WHO_CALLS
- **Amounts** are whole numbers of the currency's minor unit (paise, cents). **Times** are RFC 3339 in UTC. **Ids** are
  UUIDs; a checkout session's is `sess_` and a UUID.
- **Lists** come in pages: send `nextPageToken` as `pageToken` until it is empty.
- **Answers** have every field but those that say when they are absent. There may be new ones: ignore what is unknown.
- **Requests** may spell fields in camelCase or snake_case. Fields of a body and parameters of a query that are not
  known are refused; a `null` is a field that is absent, and none is in a list. A whole number is read from a text as
  well, a value of an enum in any case: what is told here is the form to send. A body is JSON in UTF-8, not compressed,
  and has 256 KiB at most; where the content type says another kind, it is refused (415).
- **Verbs** that a path does not take are refused with those that it takes (405, `Allow`). HEAD is answered as GET is,
  without the body; streams have none.
- Every answer has an `x-request-id`; send one of your own, or quote the one that you got when something went wrong.

The same methods can be called over gRPC and gRPC-Web on the same port.""",
    "license": {"name": "MIT", "identifier": "MIT"},
}

_WHO_CALLS = {
    "on": """\
- **Who calls** is told by an access token, `authorization: Bearer …`; /api/v1/auth/login gives one for 15 minutes, and
  /api/v1/auth/refresh the next. What takes one says so. A `userId` may be left out then: it is the caller's, and naming
  another user's is refused as USER_NOT_FOUND. An admin may name any, and has to name one.""",
    "off": """\
- **Who calls** is told by `userId`, and believed: this system runs without tokens (AUTH=off), for development. Only
  accounts (/api/v1/users) take an access token, `authorization: Bearer …`, which /api/v1/auth/login gives.""",
}


def info(auth: Literal["on", "off"]) -> Json:
    """Return what is said of the API as a whole."""
    return {**_INFO, "description": _INFO["description"].replace("WHO_CALLS", _WHO_CALLS[auth])}


SECURITY: Json = {
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token, which is good for 15 minutes.",
    },
    "gateCredential": {
        "type": "apiKey",
        "in": "header",
        "name": "gate-credential",
        "description": "The credential of a gate, which CreateGate shows once.",
    },
}

ROLE_MISSING = Reason("PERMISSION_DENIED", "PERMISSION_DENIED", "a role is missing.")
"""Of methods that take a role."""

TAG = {"name": "Gateway", "description": "What the gateway says of itself and of the API."}

PARAMETERS: Json = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes the request safe to repeat; the same as `idempotencyKey` in the body.",
        "schema": {"type": "string", "pattern": "^[!-~]{0,200}$"},
    }
}

_SIGNED = "As the Standard Webhooks specification says."

_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "description": "Chooses between English and Hindi where `language` is absent.",
    "schema": {"type": "string"},
}

HEADERS: dict[str, list[Json]] = {
    **{name: [_LANGUAGE] for name in ("RenderCalendar", "RenderInvoice", "RenderTickets")},
    "ReceiveRazorpayWebhook": [
        {
            "name": "X-Razorpay-Signature",
            "in": "header",
            "required": True,
            "description": "HMAC-SHA256 of the body, in hexadecimal.",
            "schema": {"type": "string"},
        }
    ],
    "ReceiveWebhook": [
        {"name": name, "in": "header", "required": True, "description": _SIGNED, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
    "StreamSeats": [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The number of the last change that came; EventSource sends it by itself.",
            "schema": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 2**31 - 1},
        }
    ],
}
"""Headers that methods take, by the methods' names."""

SCHEMAS: Json = {
    "WebhookEvent": {
        "type": "object",
        "description": "What the bank tells. What it knows more is ignored.",
        "properties": {
            "type": {
                "type": "string",
                "enum": ["payment.captured", "payment.declined", "payment.expired", "refund.succeeded"],
            },
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {
                "type": "object",
                "properties": {
                    "payment_id": {"type": "string", "format": "uuid"},
                    "session_id": {"type": "string", "maxLength": 100},
                    "amount": {"type": "integer", "format": "int32", "minimum": 1},
                    "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                    "refund_id": {
                        "type": "string",
                        "format": "uuid",
                        "description": "With refund.succeeded only.",
                    },
                },
                "required": ["payment_id", "session_id", "amount", "currency"],
            },
        },
        "required": ["type", "timestamp", "data"],
    },
    "RazorpayEvent": {
        "type": "object",
        "description": "What Razorpay tells, as its documentation of webhooks says.",
        "properties": {
            "event": {"type": "string", "description": "Its type, such as `payment_link.paid`."},
            "payload": {"type": "object", "description": "What it is about: entities by their kinds."},
        },
        "required": ["event", "payload"],
    },
    "Health": {
        "type": "object",
        "description": "Every service is healthy.",
        "properties": {"status": {"const": "SERVING"}},
        "required": ["status"],
    },
}

BODIES: dict[str, Json] = {
    "Unsubscribe": {
        "required": True,
        "description": "The form that mail programs post; nothing of it is read.",
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
    },
    "UploadImage": {
        "required": True,
        "description": "The picture; 8 MiB at most.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/jpeg", "image/png", "image/webp")
        },
    },
    "UploadHall": {
        "required": True,
        "description": "The file, as it is; 8 MiB at most.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    "SubmitAccountForm": {
        "required": True,
        "description": "The form of the page; 4 KiB at most.",
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {"token": {"type": "string"}, "password": {"type": "string"}},
                    "required": ["token"],
                }
            }
        },
    },
    "ReceiveRazorpayWebhook": {
        "required": True,
        "description": "The event, byte for byte as it was signed; 256 KiB at most.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RazorpayEvent"}}},
    },
    "ReceiveWebhook": {
        "required": True,
        "description": "The event, byte for byte as it was signed; 64 KiB at most.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WebhookEvent"}}},
    },
}
"""Bodies of requests that are not messages of the contracts, by the methods' names."""

ANSWERS: dict[str, Json] = {
    "ExportAccount": {"application/json": {"schema": {"type": "object"}}},
    "ExportHall": {"application/json": {"schema": {"type": "object"}}},
    "ExportBookings": {"text/csv": {"schema": {"type": "string"}}},
    "GetImageFile": {"image/webp": {"schema": {"type": "string", "format": "binary"}}},
    "ExportInvoices": {"text/csv": {"schema": {"type": "string"}}},
    "GetAccountPage": {"text/html": {"schema": {"type": "string"}}},
    "SubmitAccountForm": {"text/html": {"schema": {"type": "string"}}},
    "GetPaymentResultPage": {"text/html": {"schema": {"type": "string"}}},
    "ReturnFromRazorpay": {"text/html": {"schema": {"type": "string"}}},
    "GetCheckoutPage": {"text/html": {"schema": {"type": "string"}}},
    "GetUnsubscribePage": {"text/html": {"schema": {"type": "string"}}},
    "Unsubscribe": {"text/html": {"schema": {"type": "string"}}},
    "GetJwks": {"application/jwk-set+json": {"schema": {"type": "object"}}},
    "GetTicketKeys": {"application/jwk-set+json": {"schema": {"type": "object"}}},
    "RenderCalendar": {"text/calendar": {"schema": {"type": "string"}}},
    "RenderInvoice": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    "RenderTickets": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    "RenderTicketCode": {
        "image/png": {"schema": {"type": "string", "format": "binary"}},
        "image/svg+xml": {"schema": {"type": "string"}},
    },
    "StreamBooking": {"text/event-stream": {"schema": {"type": "string"}}},
    "StreamSeats": {"text/event-stream": {"schema": {"type": "string"}}},
}
"""Answers that are not messages of the contracts."""

STATUSES = {"ReturnFromRazorpay": "303"}
"""The statuses of answers that are not 200."""

_MESSAGES = inventory_pb2.DESCRIPTOR.message_types_by_name

RENDERED: dict[str, Descriptor] = {
    "RenderSeatMap": _MESSAGES["SeatMap"],
    "RenderAvailableSeats": _MESSAGES["ListAvailableSeatsResponse"],
}
"""Messages of the contracts that the service renders as JSON by itself."""


def _page(operation: str, summary: str, kind: str, schema: Json) -> Json:
    headers = {"etag": {"description": "The tag of what is answered.", "schema": {"type": "string"}}}
    return {
        "get": {
            "operationId": operation,
            "tags": [TAG["name"]],
            "summary": summary,
            "responses": {
                "200": {"description": "Done", "headers": headers, "content": {kind: {"schema": schema}}},
                "304": {"description": "It is what `if-none-match` names."},
            },
        }
    }


def _health() -> Json:
    away = next(reply for reply in REPLIES if HEALTH_PATH in str(reply.when))
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}}
    return {
        "get": {
            "operationId": "GetHealth",
            "tags": [TAG["name"]],
            "summary": "Tells whether every service is healthy",
            "responses": {
                "200": {"description": "Every service is healthy.", "content": content},
                str(failures.http_status(away)): failures.response_of(away),
            },
        }
    }


PATHS: Json = {
    HEALTH_PATH: _health(),
    "/api/openapi.json": _page("GetDescription", "Returns this document", "application/json", {"type": "object"}),
    "/api/docs": _page("GetDocs", "Returns a page that shows this document", "text/html", {"type": "string"}),
}
"""The gateway's own pages."""
