"""Messages for any method, drawn by chance: right ones, ones that break a rule, and bytes that are none."""

from __future__ import annotations

import random
from collections import defaultdict
from uuid import UUID

from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

LARGE_BYTES = 6 << 20
"""Beyond what any service reads; larger messages would only keep the sender busy."""

STRANGE_TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\x1b[31m",
    "\u202etxt",
    "e\u0301" * 50,
    "\U0001f3ab" * 300,
    "\ufffe",
    "%s%n{0}${x}",
    "'; DROP TABLE show_seats; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "x" * 70_000,
    "00000000-0000-0000-0000-00000000000g",
    "00000000-0000-0000-0000-000000000000",
    "sess_",
    "NaN",
)
STRANGE_NUMBERS = (0, -1, 1, 256, 257, 2**31 - 1, -(2**31))
STRANGE_SECONDS = (0, -1, 2**63 - 1, -(2**63), -62135596801, -62135596800, 253402300799, 253402300800, 4102444799)
STRANGE_NANOS = (0, -1, 999_999_999, 1_000_000_000, 2**31 - 1, -(2**31))


class Dice:
    """Draws messages. What is learnt of real ids is used where `known` is wanted; the rest are of nothing."""

    def __init__(self, seed: str) -> None:
        self.chance = random.Random(seed)
        self.ids: dict[str, list[str]] = defaultdict(list)

    def uuid(self) -> str:
        return str(UUID(int=self.chance.getrandbits(128), version=4))

    def learn(self, name: str, value: str) -> None:
        """Keep an id under the name of the fields that ask for it."""
        if len(self.ids[name]) < 200:
            self.ids[name].append(value)

    def right(self, kind: type[Message], *, known: bool) -> Message:
        """Draw a message that keeps the rules of its contract, but for those that tie fields together."""
        message = kind()
        for field in message.DESCRIPTOR.fields:
            self._fill(message, field, known)
        return message

    def wrong(self, kind: type[Message], *, known: bool) -> Message:
        """Draw a message with something strange in up to three places."""
        message = self.right(kind, known=known)
        for _ in range(self.chance.randint(1, 3)):
            self._spoil(message)
        return message

    def broken(self, data: bytes) -> bytes:
        """Break a message's bytes; what comes of it may be a message all the same."""
        chance = self.chance
        match chance.randrange(8):
            case 0:
                return chance.randbytes(chance.randrange(200))
            case 1:
                return data[: chance.randrange(len(data) + 1)]
            case 2:
                at = chance.randrange(len(data) + 1)
                return data[:at] + chance.randbytes(chance.randint(1, 8)) + data[at:]
            case 3:
                return data * chance.randint(2, 20)
            case 4:
                # Groups within groups, which nobody uses any more.
                return bytes([chance.randint(1, 15) << 3 | 3]) * chance.randint(1, 2_000) + data
            case 5:
                # A field with a length that is not there, or that no 64 bits hold.
                return data + b"\x0a" + chance.choice((b"\x7f", b"\xff" * 10, b"\xff\xff\xff\xff\x0f", b"\x80"))
            case 6 if chance.random() < 0.03:
                return b"\x0a" + b"\x80\x80\x80\x01" + bytes(chance.choice((2, 5)) << 20)
            case _:
                spoilt = bytearray(data or b"\0")
                for _ in range(chance.randint(1, 5)):
                    spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
                return bytes(spoilt)

    def _fill(self, message: Message, field: FieldDescriptor, known: bool) -> None:
        rule = field.GetOptions().Extensions[validate_pb2.field]
        if field.is_repeated:
            least, most = rule.repeated.min_items, max(rule.repeated.min_items, min(rule.repeated.max_items, 4))
            into = getattr(message, field.name)
            for _ in range(self.chance.randint(least, most)):
                if field.message_type is not None:
                    for inner in (made := into.add()).DESCRIPTOR.fields:
                        self._fill(made, inner, known)
                else:
                    into.append(self._scalar(field, rule.repeated.items, known))
            return
        optional = rule.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE or field.containing_oneof is not None
        if optional and self.chance.random() < 0.5:
            return
        if field.message_type is None:
            setattr(message, field.name, self._scalar(field, rule, known))
        elif field.message_type.full_name == Timestamp.DESCRIPTOR.full_name:
            getattr(message, field.name).seconds = self.chance.randint(1_800_000_000, 4_000_000_000)
        elif field.message_type.full_name.startswith("boxoffice."):
            inner_message = getattr(message, field.name)
            inner_message.SetInParent()
            for inner in inner_message.DESCRIPTOR.fields:
                self._fill(inner_message, inner, known)

    def _scalar(self, field: FieldDescriptor, rule: validate_pb2.FieldRules, known: bool) -> object:
        match field.type:
            case FieldDescriptor.TYPE_STRING:
                return self._text(field, rule.string, known)
            case FieldDescriptor.TYPE_BYTES:
                return self.chance.randbytes(self.chance.randrange(300))
            case FieldDescriptor.TYPE_BOOL:
                return self.chance.random() < 0.5
            case FieldDescriptor.TYPE_ENUM:
                return self.chance.choice([value.number for value in field.enum_type.values if value.number])
            case FieldDescriptor.TYPE_INT32:
                return self.chance.randint(rule.int32.gte, min(rule.int32.lte or 2**31 - 1, 10_000_000))
            case FieldDescriptor.TYPE_INT64:
                return self.chance.randint(rule.int64.gte, min(rule.int64.lte, 10_000_000))
        raise NotImplementedError(f"{field.full_name}: say how a field of this type is drawn")

    def _text(self, field: FieldDescriptor, rule: validate_pb2.StringRules, known: bool) -> str:
        if known and (ids := self.ids[field.name]) and self.chance.random() < 0.8:
            return self.chance.choice(ids)
        if rule.uuid:
            return self.uuid()
        if rule.pattern.startswith("^sess_"):
            return f"sess_{self.uuid()}"
        if "[A-Z]{3}" in rule.pattern:
            return "INR"
        if field.name == "language":
            return self.chance.choice(("", "hi", "en-IN"))
        if rule.pattern == "^[!-~]{0,200}$":
            return self.chance.choice(("", self.uuid()))
        most = min(rule.max_len or 20, 20)
        letters = "abc XYZ 019 äß₹漢"
        text = "".join(self.chance.choice(letters) for _ in range(self.chance.randint(max(rule.min_len, 1), most)))
        return text.strip() or "x"

    def _spoil(self, message: Message) -> None:
        chance = self.chance
        if not message.DESCRIPTOR.fields:
            return
        field = chance.choice(list(message.DESCRIPTOR.fields))
        if field.is_repeated:
            into = getattr(message, field.name)
            match chance.randrange(3):
                case 0:
                    del into[:]
                case 1 if len(into):
                    times = min(chance.choice((1, 40, 400)), LARGE_BYTES // max(message.ByteSize(), 1))
                    into.extend(list(into) * times)
                case _ if field.message_type is not None:
                    self._spoil(chance.choice(list(into)) if len(into) else into.add())
                case _:
                    into.append(self._strange(field))
        elif isinstance(inner := getattr(message, field.name), Timestamp):
            inner.seconds, inner.nanos = chance.choice(STRANGE_SECONDS), chance.choice(STRANGE_NANOS)
        elif field.message_type is not None:
            if chance.random() < 0.3:
                message.ClearField(field.name)
            else:
                self._spoil(inner)
        else:
            setattr(message, field.name, self._strange(field))

    def _strange(self, field: FieldDescriptor) -> object:
        if field.type == FieldDescriptor.TYPE_STRING:
            return self.chance.choice(STRANGE_TEXTS)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self.chance.randbytes(self.chance.choice((0, 100_000)))
        if field.type == FieldDescriptor.TYPE_BOOL:
            return True
        return self.chance.choice(STRANGE_NUMBERS)
