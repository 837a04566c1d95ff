"""The contracts bound every field that somebody sends: no text, list or number without an end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boxoffice.text.v1 import text_pb2
from buf.validate import validate_pb2
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from tests.cases import all_cases
from tests.gateway.fakes import METHODS

OPEN_END = re.compile(r"(?<!\\)[*+](?![^\[]*\])|\{\d+,\}")
"""In a class of characters, `*` and `+` are characters."""


def messages() -> Iterator[Descriptor]:
    """Yield every message that can be sent, and those within."""
    waiting = [method.descriptor.input_type for method in METHODS.values()]
    seen = set()
    while waiting:
        message = waiting.pop()
        if message.full_name in seen or not message.full_name.startswith("boxoffice."):
            continue
        seen.add(message.full_name)
        yield message
        waiting += [field.message_type for field in message.fields if field.message_type is not None]


FIELDS = [field for message in messages() for field in message.fields]


def rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    return field.GetOptions().Extensions[validate_pb2.field]


def what_is_unbounded(field: FieldDescriptor, rule: validate_pb2.FieldRules) -> str | None:
    """Return what has no end in a field, or in an item of a list, or None."""
    if field.type == field.TYPE_STRING:
        text = rule.string
        ends = text.HasField("max_len") or text.HasField("len") or text.HasField("max_bytes") or text.uuid
        pattern_ends = bool(text.pattern) and OPEN_END.search(text.pattern) is None
        return None if ends or pattern_ends else "length"
    if field.type == field.TYPE_BYTES:
        return None if rule.bytes.HasField("max_len") else "length"
    if field.type == field.TYPE_ENUM:
        return None if rule.enum.defined_only else "values"
    if field.type in (field.TYPE_INT32, field.TYPE_INT64):
        number = rule.int32 if field.type == field.TYPE_INT32 else rule.int64
        lowest = number.HasField("gte") or number.HasField("gt")
        highest = number.HasField("lte") or number.HasField("lt")
        return None if lowest and highest else "value"
    if field.type == field.TYPE_BOOL:
        return None
    if field.type == field.TYPE_MESSAGE:
        # A time is bounded by its own format, a file by its method's policy; other messages by their fields.
        own = field.message_type.full_name
        bounded = {Timestamp.DESCRIPTOR.full_name, HttpBody.DESCRIPTOR.full_name}
        return None if own in bounded or own.startswith("boxoffice.") else "content"
    return "type"


def test_every_field_of_a_request_is_bounded() -> None:
    with all_cases() as case:
        for field in FIELDS:
            with case(field.full_name):
                rule = rules(field)
                if field.is_repeated:
                    assert rule.repeated.HasField("max_items"), "the list has no end: max_items"
                    rule = rule.repeated.items
                assert (what := what_is_unbounded(field, rule)) is None, f"its {what} has no end"


ENDLESS = {
    "/boxoffice.inventory.v1.InventoryService/WatchSeats",
    "/boxoffice.inventory.v1.InventoryService/StreamSeats",
    "/boxoffice.booking.v1.BookingService/WatchBooking",
    "/boxoffice.booking.v1.BookingService/StreamBooking",
}
"""Streams that are never whole. Of seats, they end when somebody ends them, and the numbers of their changes have no
gaps; of a booking, each message says all that there is to know, and the last one by its status that it is the last."""


FILES = {"/boxoffice.booking.v1.OfficeService/ExportBookings"}
"""Streams that are files: their last line tells that they are whole (tests/booking/test_exports.py)."""


def test_a_stream_that_can_be_whole_has_an_end_mark() -> None:
    """Over HTTP/1.1, a stream that broke off looks like one that ended."""
    streams = {path: method for path, method in METHODS.items() if method.streams}
    assert streams.keys() >= ENDLESS
    for path in streams.keys() - ENDLESS - FILES:
        mark = streams[path].descriptor.output_type.fields_by_name.get("end")
        assert mark is not None, f"{path}: its last message alone has to have a field `end`"


def test_no_request_names_an_address_to_call() -> None:
    named = [field.full_name for field in FIELDS if re.search(r"(^|_)(ur[il]|host|address|callback)($|_)", field.name)]
    # Where a house or a seller is stands there for people. The URL of a webhook's endpoint is the one that is called,
    # by services/notifications/webhooks/posting.py alone, which calls public addresses only (docs/security.md).
    assert {name.removeprefix("boxoffice.") for name in named} == {
        "booking.v1.SetSellerRequest.address",
        "inventory.v1.UpdateVenueRequest.address",
        "inventory.v1.CreateVenueRequest.address",
        "notifications.v1.CreateWebhookEndpointRequest.url",
        "notifications.v1.UpdateWebhookEndpointRequest.url",
    }


def test_every_text_says_what_it_stands_for_or_is_of_ascii_alone() -> None:
    """So no text of people's can be forgotten: each is brought into its one form, or says that it is not to be."""
    silent = []
    for field in FIELDS:
        rule = rules(field).repeated.items.string if field.is_repeated else rules(field).string
        ascii_alone = rule.uuid or not any(re.search(rule.pattern, text) for text in ("é", "a\u00a0b", "क", "\u200b"))
        if field.type == field.TYPE_STRING and not field.GetOptions().Extensions[text_pb2.text] and not ascii_alone:
            silent.append(field.full_name)
    assert not silent, "give them a kind: [(boxoffice.text.v1.text) = LINE]"


def test_what_is_taken_as_it_is_is_no_text_of_peoples_or_a_secret() -> None:
    verbatim = [field for field in FIELDS if field.GetOptions().Extensions[text_pb2.text] == text_pb2.Text.VERBATIM]
    assert {field.full_name.removeprefix("boxoffice.") for field in verbatim} == {
        "identity.v1.RegisterRequest.password",
        "identity.v1.LoginRequest.password",
        "identity.v1.ChangePasswordRequest.current_password",
        "identity.v1.ChangePasswordRequest.new_password",
        "identity.v1.DeleteAccountRequest.password",
        "identity.v1.ResetPasswordRequest.new_password",
        # Whatever a gate reads; what is no code is told so.
        "booking.v1.CheckInTicketRequest.code",
        "identity.v1.RequestEmailChangeRequest.password",
        # What payment says; the page shows it as it is, and a payment must not fail by it.
        "bank.v1.CreateSessionRequest.description",
        "bank.v1.CreateSessionRequest.items",
        "bank.v1.CreateSessionRequest.order_id",
        # One of a list, and one that a page for people is given for, whatever it says.
        "bank.v1.SimulatePaymentRequest.payment_method",
        "bank.v1.GetCheckoutPageRequest.session_id",
        # JSON, whose texts are brought into their form when it is read.
        "inventory.v1.ImportHallRequest.file",
        # What Razorpay has signed, as it sent it.
        "payment.v1.ReturnFromRazorpayRequest.razorpay_payment_id",
        "payment.v1.ReturnFromRazorpayRequest.razorpay_payment_link_id",
        "payment.v1.ReturnFromRazorpayRequest.razorpay_payment_link_reference_id",
        "payment.v1.ReturnFromRazorpayRequest.razorpay_payment_link_status",
        "payment.v1.ReturnFromRazorpayRequest.razorpay_signature",
    }


def test_there_are_fields_to_look_at() -> None:
    assert len(FIELDS) > 80
    assert {field.type for field in FIELDS} >= {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_INT32}


def test_what_has_no_end_is_found() -> None:
    text = next(field for field in FIELDS if field.type == FieldDescriptor.TYPE_STRING)
    number = next(field for field in FIELDS if field.type == FieldDescriptor.TYPE_INT32)
    assert what_is_unbounded(text, validate_pb2.FieldRules()) == "length"
    assert what_is_unbounded(text, validate_pb2.FieldRules(string={"pattern": "^[a-z]+$"})) == "length"
    assert what_is_unbounded(text, validate_pb2.FieldRules(string={"pattern": "^[a-z]{3}$"})) is None
    assert what_is_unbounded(text, validate_pb2.FieldRules(string={"pattern": "^[a-z+]+$"})) == "length"
    assert what_is_unbounded(text, validate_pb2.FieldRules(string={"pattern": "^[a-z+]{3}$"})) is None
    assert what_is_unbounded(number, validate_pb2.FieldRules(int32={"gte": 1})) == "value"
    assert what_is_unbounded(number, validate_pb2.FieldRules(int32={"gte": 1, "lte": 2})) is None
