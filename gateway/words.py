"""What each field of a request must be, in plain words: one sentence a field, whichever of its rules is broken.

`python -m gateway.words ALL.binpb` writes the sentences down as a module, boxoffice.words, from which the services take
them; rest.lua has the same ones. So whoever refuses a value, over REST or gRPC, says the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from boxoffice.text.v1 import text_pb2
from buf.validate import validate_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet
from google.protobuf.timestamp_pb2 import Timestamp

LONGEST_LIST = 180
"""How long a list of values is told in full: an error over gRPC has no room for more."""

ITEM = "[]"
"""Behind a list's name: what each of its items must be."""

ID = "019aa4c8-5d5c-7b1e-9f6e-3b1f0c2d4e5a"
TIME = "2026-11-21T18:00:00Z"

PATTERNS = {
    "^[^\\x00]*$": "{text} without NUL characters",
    "^[A-Z]{3}$": "the code of a currency in three capital letters, such as INR",
    "^([0-9]{2})?$": "the code of a state of India in two digits, such as 27",
    "^([0-9A-Z]{1,30})?$": "the number of a taxpayer, up to 30 capital letters and digits, such as 27AAPFU0939F1ZV",
    "^([A-Za-z][A-Za-z0-9_+/-]{0,63})?$": "a time zone of the IANA database, such as Asia/Kolkata",
    "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$": "a day, such as 2027-03-28",
    "^[A-Z][A-Z_]{0,29}$": "up to 30 capital letters and low lines, such as TICKETS",
    "^([0-9]{4,8})?$": "the code of a service, 4 to 8 digits, such as 999614",
    "^[!-~]{0,200}$": "a key of up to 200 letters, digits and signs of ASCII, without spaces",
    "^[A-Za-z0-9_=-]{0,200}$": "a nextPageToken that this list gave with these filters: begin again without one",
    "^(en|hi)?$": "a language that there are mails in, en or hi",
    "^[A-Za-z0-9_-]{44}$": "the end of a link as it came in a mail",
    "^[0-9a-f]{64}$": "the name of a file as a picture's url has it, 64 letters and digits",
    "^([0-9a-f]{32})?$": "the token of a preview, as it was given",
    "^[A-Za-z0-9_-]{3,32}$": "a code of 3 to 32 letters and digits of ASCII, - and _",
    "^[A-Za-z0-9-]{6,32}$": "a code of 6 to 32 letters and digits of ASCII, and -",
    "^[A-Za-z0-9_-]{0,100}$": "a refresh token as it was given",
    "^[A-Za-z0-9_-]{1,100}$": "the token of a link as it was sent",
    "^[ -~]{0,200}$": "up to 200 characters of ASCII",
    "^(\\+[1-9][0-9]{6,14})?$": "a telephone number with its country's code, such as +919876543210",
    "^([0-9]{6})?$": "a code of six digits, such as 123456",
    "^https?://[!-~]{1,400}$": "a URL of up to 400 signs after https://, such as https://example.com/hooks",
    "^sess_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$": f"the id of a session, such as sess_{ID}",
}
"""What the patterns of the contracts mean to people. A new pattern needs words here, or `make protos` fails."""

TEXTS = {
    text_pb2.Text.CURRENCY: "the ISO 4217 code of a currency that people pay with, such as INR",
    text_pb2.Text.LISTED_CURRENCY: "an ISO 4217 code that has minor units, such as INR",
    text_pb2.Text.LANGUAGE: "a language tag with parts that IANA's registry has, such as hi or en-IN",
    text_pb2.Text.COUNTRY: "the ISO 3166 code of a country in two capital letters, such as IN",
    text_pb2.Text.LINE: "a text of {length} in one line, without invisible ones",
    text_pb2.Text.PARAGRAPHS: "a text of {length} without invisible ones but tabs and line feeds",
    text_pb2.Text.EMAIL: "an e-mail address of {length}, such as alice@example.com",
}
"""What the kinds of texts of the contracts mean to people."""

SAID = {
    "",
    "^[^\\x00-\\x1f\\x7f]*$",
    "^[^\\x00-\\x08\\x0b-\\x1f\\x7f]*$",
    "^[\\t\\n\\f\\r ]*[^ @\\x00-\\x1f\\x7f]+@[^ @\\x00-\\x1f\\x7f]+[\\t\\n\\f\\r ]*$",
    "^[A-Z]{3}$",
    "^([A-Z]{3})?$",
    "^([A-Z]{2})?$",
    "^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3})?$",
}
"""The patterns of such texts: what their kinds mean says it all."""

_Rules = validate_pb2.FieldRules
_KNOWN = {
    "string": {"min_len", "max_len", "pattern", "uuid"},
    "int32": {"gte", "lte"},
    "int64": {"gte", "lte"},
    "enum": {"defined_only", "not_in"},
    "repeated": {"min_items", "max_items", "unique", "items"},
    "timestamp": {"gt", "lt"},
}
"""The rules that there are words for."""


class Words:
    """The sentences for the fields of contracts."""

    def __init__(self, files: FileDescriptorSet) -> None:
        self._enums: dict[str, EnumDescriptorProto] = {}
        self._messages: dict[str, DescriptorProto] = {}
        self._requests = [
            method.input_type for file in files.file for service in file.service for method in service.method
        ]
        for file in files.file:
            self._take(f".{file.package}", file.message_type, file.enum_type)

    def _take(self, scope: str, messages: Iterable[DescriptorProto], enums: Iterable[EnumDescriptorProto]) -> None:
        self._enums |= {f"{scope}.{enum.name}": enum for enum in enums}
        for message in messages:
            self._messages[f"{scope}.{message.name}"] = message
            self._take(f"{scope}.{message.name}", message.nested_type, message.enum_type)

    def sentences(self) -> dict[str, str]:
        """Return the sentences by full name, for all that can be sent; of a list's items under its name and ITEM."""
        return dict(sorted(self._sentences()))

    def _sentences(self) -> Iterator[tuple[str, str]]:
        waiting, seen = list(self._requests), set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen or not name.startswith(".boxoffice."):
                continue
            seen.add(name)
            for field in self._messages[name].field:
                full_name = f"{name[1:]}.{field.name}"
                if field.label == FieldDescriptorProto.LABEL_REPEATED:
                    yield full_name, self.of_list(field)
                    full_name += ITEM
                yield full_name, self.of_value(field)
                if field.type == FieldDescriptorProto.TYPE_MESSAGE:
                    waiting.append(field.type_name)

    def of_list(self, field: FieldDescriptorProto) -> str:
        """Say what a list must be."""
        rules = _rules(field, "repeated").repeated
        count = _span(rules.min_items, rules.max_items, "item")
        return f"must be a list{f' of {count}' if count else ''}{', none twice' if rules.unique else ''}"

    def of_value(self, field: FieldDescriptorProto) -> str:
        """Say what a field's value, or each item of its list, must be."""
        listed = field.label == FieldDescriptorProto.LABEL_REPEATED
        if (kind := field.options.Extensions[text_pb2.text]) in TEXTS:
            rules = _rules(field, "string", listed).string
            if rules.pattern not in SAID:
                raise NotImplementedError(f"gateway/words.py has no words for the pattern {rules.pattern}")
            return f"must be {TEXTS[kind].format(length=_span(rules.min_len, rules.max_len, 'character'))}"
        types = FieldDescriptorProto
        match field.type:
            case types.TYPE_STRING:
                words = _text(_rules(field, "string", listed).string)
            case types.TYPE_INT32:
                bounds = _rules(field, "int32", listed).int32
                low = bounds.gte if bounds.HasField("gte") else -(2**31)
                high = bounds.lte if bounds.HasField("lte") else 2**31 - 1
                words = f"a whole number from {low} to {high}"
            case types.TYPE_INT64:
                limits = _rules(field, "int64", listed).int64
                words = f"a whole number from {limits.gte} to {limits.lte}"
            case types.TYPE_BOOL:
                words = "true or false"
            case types.TYPE_ENUM:
                without = {0, *_rules(field, "enum", listed).enum.not_in}
                # Of two names of a value, the first is told; both may be sent.
                values = {value.number: value.name for value in reversed(self._enums[field.type_name].value)}
                names = [values[number] for number in sorted(values.keys() - without)]
                words = f"one of {', '.join(names)}"
                if len(words) > LONGEST_LIST:
                    words = f"one of the {len(names)} values that the API's description lists, such as {names[0]}"
            case types.TYPE_MESSAGE if field.type_name == f".{Timestamp.DESCRIPTOR.full_name}":
                words = _time(_rules(field, "timestamp", listed).timestamp)
            case types.TYPE_MESSAGE if field.type_name == ".google.api.HttpBody":
                words = "a file"
            case types.TYPE_MESSAGE:
                words = "an object"
            case _:
                raise NotImplementedError(f"{field.name}: there are no words for fields of this type")
        return f"must be {words}"


def _rules(field: FieldDescriptorProto, kind: str, listed: bool = False) -> validate_pb2.FieldRules:
    """Return the rules of a field, or of a list's items; raise NotImplementedError for one that has no words."""
    rules: _Rules = field.options.Extensions[validate_pb2.field]
    if listed:
        rules = rules.repeated.items
    used = {rule.name for rule, _ in getattr(rules, kind).ListFields()}
    if rules.cel or rules.cel_expression or rules.WhichOneof("type") not in (None, kind) or used - _KNOWN[kind]:
        raise NotImplementedError(f"{field.name}: there are no words for a rule of it")
    return rules


def _text(rules: validate_pb2.StringRules) -> str:
    if rules.uuid:
        return f"a UUID, such as {ID}"
    length = _span(rules.min_len, rules.max_len, "character")
    length = f" of {length}" if length else ""
    if not rules.pattern:
        return f"a text{length}"
    if rules.pattern not in PATTERNS:
        raise NotImplementedError(f"gateway/words.py has no words for the pattern {rules.pattern}")
    return PATTERNS[rules.pattern].format(text=f"a text{length}")


def _span(least: int, most: int, what: str) -> str:
    if not most:
        return f"{least} {what}s or more" if least else ""
    return f"{least} to {most} {what}s" if least else f"up to {most} {what}s"


def _time(rules: validate_pb2.TimestampRules) -> str:
    if not rules.HasField("gt"):
        return f"a time that the calendar has, such as {TIME}"
    after, before = (f"{datetime.fromtimestamp(end.seconds, UTC):%Y-%m-%d}" for end in (rules.gt, rules.lt))
    return f"a time that the calendar has, after {after} and before {before}, such as {TIME}"


def module(descriptor: bytes) -> str:
    """Return the module boxoffice.words for a serialized FileDescriptorSet."""
    sentences = Words(FileDescriptorSet.FromString(descriptor)).sentences()
    return (
        '"""What each field of a request must be, by its full name; `[]` behind it: each item of the list."""\n\n'
        "MUST: dict[str, str] = {\n"
        + "".join(f"    {name!r}: {words!r},\n" for name, words in sentences.items())
        + "}\n"
    )


if __name__ == "__main__":
    print(module(Path(sys.argv[1]).read_bytes()), end="")
