"""Messages of the contracts as JSON schemas, as the gateway writes and reads them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import protovalidate
from boxoffice.text.v1 import text_pb2
from boxoffice.words import MUST
from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from gateway.openapi.comments import Comments
from gateway.openapi.examples import example_of
from services.chassis.values.currencies import SOLD

Schema = dict[str, Any]
Nested = Callable[[Descriptor], Schema]
"""Makes the schema of a message within another: `Schemas.body` or `Schemas.answer`."""

SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    # JSON has no number for all of these: protobuf writes them as texts.
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64"},
}
"""The kinds of fields that public messages have; another one has to be thought about first."""

HTTP_BODY = "google.api.HttpBody"
TIMESTAMP = "google.protobuf.Timestamp"
UUID_OR_EMPTY = "^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$"
"""What an id may look like where it may be absent: empty is absent."""

KEYWORDS = {
    "string": {"min_len": "minLength", "max_len": "maxLength", "pattern": "pattern"},
    "int32": {"gte": "minimum", "lte": "maximum"},
    "repeated": {"min_items": "minItems", "max_items": "maxItems", "unique": "uniqueItems"},
}
"""The rules of the contracts that JSON schemas have a word for."""


def _given(name: str) -> Schema:
    """Return a schema of objects that have this field, and something in it."""
    return {"required": [name], "properties": {name: {"type": "string", "minLength": 1}}}


def _is(name: str, value: str) -> Schema:
    """Return a schema of objects whose field is this."""
    return {"required": [name], "properties": {name: {"const": value}}}


BETWEEN_FIELDS: dict[str, Schema] = {
    "CreateShowRequest": {"oneOf": [_given("eventId"), _given("movieId")]},
    "SimulatePaymentRequest": {
        "not": {
            "anyOf": [
                {"allOf": [_given("result"), _given("paymentMethod")]},
                {"allOf": [_given("code"), {"not": _is("paymentMethod", "card_3ds")}]},
            ]
        }
    },
}
"""Rules between fields of bodies, which the contracts tell in their comments."""

PAYMENT_METHODS = (
    *("pm_succeed", "pm_decline", "pm_decline_then_succeed", "pm_never_answer", "pm_duplicate", "pm_reorder"),
    *("pm_delay", "pm_late", "pm_tamper_amount", "pm_tamper_payment", "pm_fail_refund_1", "pm_fail_refund_3"),
    *("pm_refund_declined", "card_succeed", "card_3ds", "card_decline", "upi_succeed", "upi_decline", "upi_silent"),
    *("netbanking_succeed", "netbanking_decline", "netbanking_late"),
)
"""What the bank knows (docs/sandbox.md)."""
VALUES = {
    "SimulatePaymentRequest.payment_method": f"^({'|'.join(PAYMENT_METHODS)})?$",
    "SimulatePaymentRequest.code": "^(123456)?$",
}
"""Patterns of fields that the contracts leave to the services."""


class Schemas:
    """Makes schemas, and keeps those that have a name."""

    def __init__(self, comments: Comments) -> None:
        self.named: dict[str, Schema] = {}
        self._comments = comments

    def answer(self, message: Descriptor) -> Schema:
        """Return a reference to what the gateway writes for a message.

        Single values and lists are always there, even if they are empty. Messages are where no comment says otherwise,
        and so is what is marked optional.
        """
        required = [
            field.json_name
            for field in message.fields
            if not field.has_presence or "absent" not in self.described(field.full_name).lower()
        ]
        return self._keep(message.full_name, self._object(message, required, self.answer))

    def body(self, message: Descriptor, but: Collection[str] = (), optional: Collection[str] = ()) -> Schema:
        """Return a reference to what may be sent for a message, without the fields that stand elsewhere.

        The gateway takes no others. What answers have too is something else there, as it may get more. What the token
        tells may be left out. A null is a field that is absent.
        """
        required = [name for name in needed(message) if name not in but and name not in optional]
        schema = self._object(message, required, self.body, but) | {"additionalProperties": False}
        for name, field in schema["properties"].items():
            if name not in required:
                schema["properties"][name] = _or_null(field)
        schema |= BETWEEN_FIELDS.get(message.name, {})
        return self._keep(message.full_name + ("" if "Request" in message.full_name else "Input"), schema)

    def parameter(self, field: FieldDescriptor) -> Schema:
        """Return the schema of a field that is sent in the path or the query."""
        schema = self._field(field, self.body)
        if schema.get("pattern") == UUID_OR_EMPTY:
            del schema["pattern"]
            schema["format"] = "uuid"  # the gateway refuses an id that is sent and empty
        return schema

    def described(self, full_name: str) -> str:
        """Return what the comments say of something."""
        return "\n\n".join(self._comments.paragraphs(full_name))

    def _object(self, message: Descriptor, required: list[str], nested: Nested, but: Collection[str] = ()) -> Schema:
        properties = {
            field.json_name: self._field(field, nested) | {"description": self.described(field.full_name)}
            for field in message.fields
            # A file is a body by itself.
            if field.json_name not in but and not (field.message_type and field.message_type.full_name == HTTP_BODY)
        }
        schema: Schema = {"type": "object", "description": self.described(message.full_name), "properties": properties}
        return schema | {"required": required} if required else schema

    def _field(self, field: FieldDescriptor, nested: Nested) -> Schema:
        rules = field.GetOptions().Extensions[validate_pb2.field]
        if field.is_repeated:
            items = self._value(field, rules.repeated.items, nested)
            return {"type": "array", "items": items} | _keywords("repeated", rules.repeated)
        return self._value(field, rules, nested)

    def _value(self, field: FieldDescriptor, rules: validate_pb2.FieldRules, nested: Nested) -> Schema:
        if field.message_type is not None:
            if field.message_type.full_name == TIMESTAMP:
                return {"type": "string", "format": "date-time"}
            return nested(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type, rules.enum.not_in)
        schema = dict(SCALARS[field.type])
        if kind := rules.WhichOneof("type"):
            schema |= _keywords(kind, getattr(rules, kind))
        # Answers have no rules, but comments that say the same.
        if rules.string.uuid and rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE:
            schema["pattern"] = UUID_OR_EMPTY
        elif rules.string.uuid or "(UUID)" in self.described(field.full_name):
            schema["format"] = "uuid"
        if field.GetOptions().Extensions[text_pb2.text] == text_pb2.Text.CURRENCY:
            schema = {"type": "string", "enum": ["", *sorted(SOLD)]}
        *_, message, name = field.full_name.split(".")
        if pattern := VALUES.get(f"{message}.{name}"):
            schema["pattern"] = pattern
        example = example_of(message, field.json_name)
        return schema if example is None else schema | {"examples": [example]}

    def _enum(self, enum: EnumDescriptor, but: Collection[int]) -> Schema:
        """Refer to the values of an enum by name. The zero value stands for none: it is never written."""
        # Of two names of a value, the first is the one that answers have.
        first = {value.number: value for value in reversed(enum.values)}
        values = [first[number] for number in sorted(first) if number]
        if any(but):
            return {"type": "string", "enum": [value.name for value in values if value.number not in but]}
        descriptions = {value.name: self.described(f"{enum.full_name}.{value.name}") for value in values}
        listed = "\n".join(f"- `{name}`: {text}" for name, text in descriptions.items() if text)
        description = "\n\n".join(filter(None, [self.described(enum.full_name), listed]))
        return self._keep(enum.full_name, {"type": "string", "description": description, "enum": list(descriptions)})

    def _keep(self, full_name: str, schema: Schema) -> Schema:
        """Keep a schema under a short name; raise ValueError where that name means something else already."""
        name = full_name.partition(".v1.")[2]
        if self.named.setdefault(name, schema) != schema:
            raise ValueError(f"{name} would be two schemas: give one of its messages another name")
        return {"$ref": f"#/components/schemas/{name}"}


def needed(message: Descriptor) -> dict[str, str]:
    """Return the fields, as JSON spells them, that a message must have, and what is said of one without them.

    They are those whose rules an empty message breaks.
    """
    broken: dict[str, str] = {}
    for violation in protovalidate.collect_violations(GetMessageClass(message)()):
        if violation.proto.field is not None:
            name = violation.proto.field.elements[0].field_name
            field = message.fields_by_name[name]
            broken.setdefault(field.json_name, MUST[field.full_name])
    return broken


def _or_null(schema: Schema) -> Schema:
    if "type" in schema:
        null = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
        return schema | {"type": [schema["type"], "null"]} | null
    described = {"description": schema["description"]}
    return {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]} | described


def _keywords(kind: str, rules: Any) -> Schema:
    """Return the rules of one kind as keywords; raise KeyError for a rule that has none."""
    return {
        KEYWORDS[kind][rule.name]: value for rule, value in rules.ListFields() if rule.name not in ("items", "uuid")
    }
