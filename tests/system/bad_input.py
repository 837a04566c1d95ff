"""Requests that are wrong in one way each, made from the contracts: for every method, every field, every kind of wrong.

What is right are the examples of the OpenAPI document, see `samples`; the rest follows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.openapi import examples
from stack.accounts import email
from tests.gateway.fakes import METHODS, Method
from tests.system.client import Json, Show
from tests.system.not_bodies import NOT_BODIES
from tests.system.not_values import (
    NOT_BOOLS,
    NOT_LISTS_OF_TEXTS,
    NOT_MESSAGES,
    NOT_NUMBERS,
    NOT_TEXTS,
    NOT_TIMES,
    NOT_UUIDS,
)
from tests.system.samples import (
    FILES,
    HAVE_BODIES,
    samples_of_account_mails,
    samples_of_messages,
    samples_of_organizations,
)

JSON = {"content-type": "application/json"}
TIMESTAMP = Timestamp.DESCRIPTOR.full_name
MANY, LARGEST = 10_000, 2**31 - 1
MAY_BE_EMPTY = ("SetShowFees", "SetShowKinds")  # whose list is one of nothing then

MAKE_WHAT_IS_UNKNOWN = ("SetSeller", "SetTaxRule")  # whose callers choose the id

NOT_FOUND = {
    "GetPaymentStatus": "PAYMENT_NOT_FOUND",
    "GetShowTax": "SHOW_TAX_NOT_FOUND",
    "GetShowCancellation": "CANCELLATION_NOT_FOUND",
    "ReturnFromRazorpay": "GATEWAY_NOT_CONFIGURED",
}
"""What a method says of an unknown id, where it is not named after the id."""


@dataclass(frozen=True)
class World:
    """What there is to name in a request that is right but for one thing."""

    show: Show
    event_id: str
    layout_seat_id: str
    user: str
    booking_id: str
    session_id: str
    payment_id: str
    coupon_id: str
    seller_id: str
    tax_number: str
    account_id: str
    organization_id: str
    endpoint_id: str
    password: str
    token: str
    """An admin's; accounts take one whether AUTH is on or off."""
    gate: str
    """The credential of a gate of the show."""


@dataclass(frozen=True)
class Case:
    """A request that must be refused. `at` is the field to blame, where the request is right JSON for its method."""

    name: str
    verb: str
    url: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    at: str | None = None
    reason: str | None = None


def samples(world: World) -> dict[str, tuple[Json, Json | None]]:
    """Return, by method, values for its paths' variables, and a body that would be accepted.

    They are the examples of the OpenAPI document, with what there is in `world`; but for those of `_special`.
    """
    ids = {
        **dict(event_id=world.event_id, movie_id=world.show.movie_id, venue_id=world.show.venue_id),
        **dict(screen_id=world.show.screen_id, show_id=world.show.id, booking_id=world.booking_id),
        **dict(session_id=world.session_id, payment_id=world.payment_id, user_id=world.user),
        **dict(coupon_id=world.coupon_id, seller_id=world.seller_id, organization_id=world.organization_id),
        **dict(tax_rule_id=examples.TAX_RULE, review_id=examples.REVIEW, notice_id=examples.NOTICE),
        **dict(image_id=examples.IMAGE, name=examples.IMAGE_FILE, ticket_id=examples.TICKET),
        **dict(endpoint_id=world.endpoint_id, gate_id=examples.GATE, token="A" * 44, offer_id=examples.OFFER),
    }
    methods = [method for method in METHODS.values() if method.bindings]
    derived = {
        method.descriptor.name: (
            {name: ids[name] for _, path in method.bindings for name in re.findall(r"{(\w+)}", path)},
            _example(method, world),
        )
        for method in methods
    }
    return derived | _special(world) | samples_of_account_mails(uuid4().hex)


def at_path(path: str, variables: Json, body: Json | None) -> tuple[Json, Json | None]:
    """Return a sample as it is asked for at one of the paths of its method: what that names is not among the rest."""
    named = re.findall(r"{(\w+)}", path)
    rest = {name: value for name, value in (body or {}).items() if name not in map(camel, named)}
    rest |= {camel(name): value for name, value in variables.items() if name not in named}
    return {name: variables[name] for name in named}, rest if rest or body is not None else None


def _example(method: Method, world: World) -> Json | None:
    """Return the body of a method's example, with what there is in `world`, and a key where it takes one."""
    body = examples.BODIES.get(method.descriptor.name)
    if body is None:
        return None
    text = json.dumps(body)
    real = {
        examples.USER: world.user,
        examples.EVENT: world.show.movie_id,
        examples.SCREEN: world.show.screen_id,
        examples.SHOW: world.show.id,
        examples.SEAT: world.show.seats[0],
        examples.BOOKING: world.booking_id,
        examples.SELLER: world.seller_id,
        examples.ORGANIZATION: world.organization_id,
    }
    for example, one in real.items():
        text = text.replace(example, one)
    right: Json = json.loads(text)
    if "idempotency_key" in method.descriptor.input_type.fields_by_name:
        right["idempotencyKey"] = world.show.id
    return right


def _special(world: World) -> dict[str, tuple[Json, Json | None]]:
    """Return what is not as its example is: bodies with more in them to get wrong, and what must not succeed."""
    january = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    show, unknown = world.show, str(uuid4())
    prices = [{"tier": tier, "price": 100} for tier in ("REGULAR", "PREMIUM", "VIP")]
    return {
        # The venue may have several screens by now; the key has it added once.
        "AddSection": (
            {"venue_id": show.venue_id},
            examples.BODIES["AddSection"] | {"screenId": show.screen_id, "idempotencyKey": show.id},
        ),
        "UploadHall": ({"venue_id": show.venue_id}, {"name": unknown}),
        "UploadImage": ({"event_id": world.event_id}, {"altText": "A poster"}),
        # The venue has a screen of the example's name.
        "CreateScreen": ({"venue_id": show.venue_id}, examples.BODIES["CreateScreen"] | {"name": "Another"}),
        "CreateShow": (
            {},
            {
                "movieId": show.movie_id,
                "screenId": show.screen_id,
                "startTime": "2031-01-01T00:00:00Z",
                "currency": "INR",
                "prices": prices,
                "blockedSeatIds": [world.layout_seat_id],
            },
        ),
        # A show needs a price for each of its tiers.
        "SetShowPrices": ({"show_id": show.id}, {"prices": prices}),
        "CreateCoupon": ({}, examples.BODIES["CreateCoupon"] | {"code": unknown[:8], "idempotencyKey": unknown}),
        # Only the name and the address of a seller can change.
        "SetSeller": ({"seller_id": world.seller_id}, examples.BODIES["SetSeller"] | {"taxNumber": world.tax_number}),
        "ExportInvoices": ({"seller_id": world.seller_id}, january),
        # Nothing at all may be said of the result, so only an unknown session keeps this from doing something.
        "SimulatePayment": ({"session_id": f"sess_{unknown}"}, {"result": "SUCCESS"}),
        "Register": ({}, {"email": f"{unknown}@example.com", "password": "correct horse", "name": "N"}),
        "Login": ({}, {"email": email("user"), "password": world.password}),
        "Refresh": ({}, {"refreshToken": "unknown"}),
        "ChangePassword": ({}, {"currentPassword": "not the password", "newPassword": "correct horse"}),
        "DeleteAccount": ({}, {"password": "not the password"}),
        "SetRoles": ({"user_id": world.account_id}, {"roles": ["ORGANIZER"]}),
        "SetEmailVerified": ({"user_id": world.account_id}, {"emailVerified": True}),
        "DeactivateCoupon": ({"coupon_id": world.coupon_id}, None),
        **samples_of_messages(world.user),
        "DownloadDoorList": ({}, {"showId": show.id}),
        "GetEventSeats": ({"event_id": show.movie_id}, {"showId": show.id}),
        "DeleteReview": ({"event_id": world.event_id}, {"userId": world.user}),
        "PreviewRefund": ({"booking_id": world.booking_id}, {"userId": world.user}),
        **samples_of_organizations(world.organization_id, world.account_id, world.endpoint_id),
        **dict.fromkeys(("Logout", "UpdateProfile"), ({}, None)),
    }


def cases(verb: str, path: str, method: Method, world: World) -> Iterator[Case]:
    """Make all requests to a method at one of its paths that must be refused."""
    variables, body = at_path(path, *samples(world)[method.descriptor.name])
    query: Json = {}
    if verb in ("GET", "DELETE") or method.descriptor.name in FILES:
        query, body = body or {}, None
    url = re.sub(r"{(\w+)}", lambda name: variables[name[1]], path)
    yield from _bad_paths(verb, path, method, variables, query, body)
    yield from _bad_queries(verb, url, method, variables, query, body)
    if body is not None:
        yield from _bad_bodies(verb, url, method)
        for at, wrong, blamed in _bad_fields(method.descriptor.input_type, body, variables):
            shown = json.dumps(wrong)[:60]
            yield Case(
                f"{at} = {shown}", verb, url, _encoded(wrong_body(body, at, wrong)), JSON, at if blamed else None
            )


def _content(method: Method, body: Json | None) -> bytes | None:
    return FILES.get(method.descriptor.name) or (None if body is None else _encoded(body))


def _bad_paths(verb: str, path: str, method: Method, variables: Json, query: Json, body: Json | None) -> Iterator[Case]:
    content = _content(method, body)
    headers = {} if body is None else JSON
    asked = f"?{urlencode(query)}" if query else ""
    for name in variables:
        is_page = method.descriptor.name == "GetCheckoutPage"
        # The page is for people: whatever they ask for, they are told in words.
        wrongs = ("x" * 5_000,) if is_page else NOT_UUIDS
        for wrong in (*wrongs, "\0"):
            url = re.sub(
                r"{(\w+)}", lambda it, name=name, wrong=wrong: wrong if it[1] == name else variables[it[1]], path
            )
            # A NUL in a path is not let in at all.
            at = None if "\0" in wrong else camel(name)
            yield Case(f"{name} = {wrong[:60]!r}", verb, quote(url) + asked, content, headers, at)
        for raw in ("%FF%FE", "%00", "%ED%A0%80"):
            url = re.sub(r"{(\w+)}", lambda it, name=name, raw=raw: raw if it[1] == name else variables[it[1]], path)
            yield Case(f"{name} = {raw}", verb, url + asked, content, headers)
        if (
            name not in ("user_id", "name", "token")
            and not is_page
            and method.descriptor.name not in MAKE_WHAT_IS_UNKNOWN
        ):
            unknown = f"sess_{uuid4()}" if name == "session_id" else str(uuid4())
            url = re.sub(r"{(\w+)}", lambda it, name=name, to=unknown: to if it[1] == name else variables[it[1]], path)
            reason = NOT_FOUND.get(method.descriptor.name) or _not_found(name)
            yield Case(f"{name} = unknown", verb, url + asked, content, headers, reason=reason)


def _bad_queries(
    verb: str, url: str, method: Method, variables: Json, query: Json, body: Json | None
) -> Iterator[Case]:
    content = _content(method, body)
    headers = {} if body is None else JSON
    yield Case("an unknown query parameter", verb, f"{url}?{urlencode(query | {'nope': 1})}", content, headers, "nope")
    yield Case("a NUL for a query parameter", verb, f"{url}?{urlencode(query | {chr(0): 1})}", content, headers)
    if body is not None or method.descriptor.name in HAVE_BODIES:
        return
    for each in method.descriptor.input_type.fields:
        if each.name in variables:
            continue
        right = {name: value for name, value in query.items() if name != each.json_name}
        others = "".join(f"&{one}" for one in urlencode(right).split("&") if one)
        # Whatever Razorpay is said to have added is judged by its signature alone.
        is_razorpays = method.descriptor.name == "ReturnFromRazorpay"
        for wrong, blamed in _bad_values(each):
            if isinstance(wrong, (str, int, float)) and not isinstance(wrong, bool):
                if wrong == "" or (
                    wrong in NOT_TEXTS and each.type == FieldDescriptor.TYPE_STRING and not _is_uuid(each)
                ):
                    continue  # a number in a query is a text, and an empty one is none
                at = camel(each.name) if blamed and not is_razorpays else None
                asked = f"{url}?{each.json_name}={quote(str(wrong))}{others}"
                yield Case(f"?{each.name} = {str(wrong)[:60]!r}", verb, asked, at=at)
        yield Case(f"?{each.name} = %FF", verb, f"{url}?{each.json_name}=%FF%FE{others}")
        if each.name == "page_token":
            for token in ("AAAA", "not a token", "=", "A" * 200):
                asked = f"{url}?pageToken={quote(token)}{others}"
                yield Case(f"?page_token = {token[:20]}", verb, asked, at="pageToken")


def _bad_bodies(verb: str, url: str, method: Method) -> Iterator[Case]:
    for name in ("nope", "UserId", "__proto__"):
        yield Case(f"an unknown field {name}", verb, url, _encoded({name: 1}), JSON, name)
    empty = [("no body", None, {}), ("an empty body", b"", JSON), ("an empty object", b"{}", JSON)]
    for name, nothing, headers in [] if method.descriptor.name in (*MAY_BE_EMPTY, *HAVE_BODIES) else empty:
        yield Case(name, verb, url, nothing, headers)
    for name, content in NOT_BODIES.items():
        yield Case(name, verb, url, content, JSON)
    yield Case("XML", verb, url, b"<a><b/></a>", {"content-type": "application/xml"})
    yield Case("a form", verb, url, b"userId=a", {"content-type": "application/x-www-form-urlencoded"})
    yield Case("plain text", verb, url, b"hello", {"content-type": "text/plain"})
    yield Case("compressed", verb, url, b"\x1f\x8b\x08\0\0\0", JSON | {"content-encoding": "gzip"})


def _bad_fields(message: Descriptor, body: Json, variables: Json) -> Iterator[tuple[str, Any, bool]]:
    """Yield (where in the body, what is wrong there, whether the field is to be blamed)."""
    for each in message.fields:
        if each.name in variables:
            continue
        name = camel(each.name)
        for wrong, blamed in _bad_values(each, body.get(name)):
            yield name, wrong, blamed
        nested = body.get(name)
        if each.type == FieldDescriptor.TYPE_MESSAGE and nested and each.message_type.full_name != TIMESTAMP:
            one, place = (nested[0], f"{name}[0]") if each.is_repeated else (nested, name)
            for at, wrong, blamed in _bad_fields(each.message_type, one, {}):
                yield f"{place}.{at}", wrong, blamed


def _bad_values(each: FieldDescriptor, right: Any = None) -> Iterator[tuple[Any, bool]]:
    """Yield values that a field must not have, and whether a refusal names the field: Envoy's own do not."""
    if each.is_repeated and each.type == FieldDescriptor.TYPE_STRING and not rules(each).repeated.items.string.uuid:
        yield from ((wrong, True) for wrong in NOT_LISTS_OF_TEXTS)
    elif each.is_repeated and each.type == FieldDescriptor.TYPE_ENUM:
        known = each.enum_type.values[1].name
        yield from ((wrong, True) for wrong in ({"a": 1}, [["a"]], True, ["NOPE"], ["\0"], [1.5], [{"a": 1}]))
        yield from ((wrong, True) for wrong in ([0], [99], [-1], [known, known]))
        if rules(each).repeated.min_items:
            yield [], True
    elif each.is_repeated:
        yield from ((wrong, True) for wrong in ({"a": 1}, [{"a": {"b": 1}}], [[["a"]]], True))
        if each.type != FieldDescriptor.TYPE_MESSAGE:
            yield from (([wrong], True) for wrong in (*NOT_UUIDS, *NOT_TEXTS[:3], ""))
            one = str(uuid4())
            yield from (([one, again], True) for again in (one, one.upper()))
            yield [str(uuid4()) for _ in range(5_000)], True
            # More than the gateway lets in.
            yield [str(uuid4()) for _ in range(MANY)], False
        else:
            yield from (([wrong], True) for wrong in (7, "x", True))
            yield [right[0] if right else {}] * MANY, False
            yield [right[0] if right else {}] * 101, True
        if rules(each).repeated.min_items:
            yield [], True
    elif each.type == FieldDescriptor.TYPE_STRING:
        yield from ((wrong, True) for wrong in NOT_TEXTS)
        if _is_uuid(each):
            yield from ((wrong, True) for wrong in NOT_UUIDS)
        else:
            yield from ((wrong, True) for wrong in ("\0", "a\0b", "x" * 5_000))
        is_needed = rules(each).ignore != validate_pb2.IGNORE_IF_ZERO_VALUE
        if is_needed and (_is_uuid(each) or rules(each).string.min_len):
            yield "", True
    elif each.type == FieldDescriptor.TYPE_ENUM:
        yield from ((wrong, True) for wrong in ("NOPE", {"a": 1}, ["A"], 1.5, "\0", 99, -1))
    elif each.type == FieldDescriptor.TYPE_INT32:
        yield from ((wrong, True) for wrong in NOT_NUMBERS)
        yield from ((wrong, True) for wrong in (-1, -(2**31)))
        # No number of a change is too large to come.
        if each.name != "after_sequence" and rules(each).int32.lte != LARGEST:
            yield LARGEST, True
    elif each.type == FieldDescriptor.TYPE_BOOL:
        yield from ((wrong, True) for wrong in NOT_BOOLS)
    elif each.type == FieldDescriptor.TYPE_MESSAGE and each.message_type.full_name == TIMESTAMP:
        yield from ((wrong, True) for wrong in NOT_TIMES)
    elif each.type == FieldDescriptor.TYPE_MESSAGE:
        yield from ((wrong, True) for wrong in NOT_MESSAGES)
    else:
        raise NotImplementedError(f"{each.full_name}: say what is wrong for a field of this type")


def wrong_body(body: Json, at: str, wrong: Any) -> Json:
    """Return a copy of a body with something wrong at a place such as `sections[0].rows[0].label`."""
    copy: Json = json.loads(json.dumps(body))
    place: Any = copy
    *way, last = [int(part) if part.isdigit() else part for part in re.findall(r"\w+", at)]
    for part in way:
        place = place[part]
    place[last] = wrong
    return copy


def rules(each: FieldDescriptor) -> validate_pb2.FieldRules:
    """Return what the contract says of a field."""
    return each.GetOptions().Extensions[validate_pb2.field]


def camel(name: str) -> str:
    """Spell a field as JSON does."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _is_uuid(each: FieldDescriptor) -> bool:
    return rules(each).string.uuid


def _not_found(variable: str) -> str:
    name = variable.removesuffix("_id").upper()
    return f"{'WEBHOOK_' if name == 'ENDPOINT' else ''}{name}_NOT_FOUND"


def _encoded(body: Json) -> bytes:
    return json.dumps(body).encode()
