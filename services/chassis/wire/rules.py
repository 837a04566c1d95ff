"""The rules that contracts state for requests, held at the door and told in plain words (boxoffice.words)."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

from boxoffice.words import MUST
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from protovalidate import Validator

from services.chassis.errors import InvalidField
from services.chassis.values.texts import settle

THOROUGH_BYTES = 2048
"""The largest message in which every broken rule is looked for. In larger ones the first is told: a message of a
megabyte can break a rule 300,000 times, and to find all of that takes eight seconds in which nothing else runs."""

MAX_TOLD = 10
"""How much of what is wrong is told."""

FIRST_SECOND = -62_135_596_800
LAST_SECOND = 253_402_300_799
"""Of the years 1 to 9999."""

_validator = Validator()


def check(message: Message) -> None:
    """Bring the texts of `message` into their forms; raise InvalidField unless it keeps its contract's rules."""
    broken = list(islice(settle(message), MAX_TOLD))
    violations = _validator.collect_violations(message, fail_fast=True)
    if violations and message.ByteSize() <= THOROUGH_BYTES:
        violations = _validator.collect_violations(message)
    broken += [
        _path_and_words(message.DESCRIPTOR, _steps(violation.proto.field)) for violation in violations[:MAX_TOLD]
    ]
    broken += [_path_and_words(message.DESCRIPTOR, [(name, None)]) for name in _no_times(message)]
    if broken:
        raise InvalidField(*dict.fromkeys(broken))


def must(message: Message, field: str) -> InvalidField:
    """Return the refusal of a field whose value is wrong in a way that rules cannot say."""
    return InvalidField(_path_and_words(message.DESCRIPTOR, [(field, None)]))


def _path_and_words(message: Any, steps: Iterable[tuple[str, int | None]]) -> tuple[str, str]:
    """Return a field's path as JSON spells it, such as `sections[0].rows[2].seatCount`, and what it must be."""
    path, words = "", ""
    for name, index in steps:
        field = message.fields_by_name[name]
        listed = "" if index is None else f"[{index}]"
        path += f"{'.' if path else ''}{field.json_name}{listed}"
        words = MUST[field.full_name + ("[]" if listed else "")]
        message = field.message_type
    return path, words


def _steps(path: Any) -> Iterator[tuple[str, int | None]]:
    for element in path.elements:
        yield element.field_name, None if element.subscript is None else element.subscript.value


def _no_times(message: Message) -> Iterator[str]:
    """Yield the fields whose times are outside of the years 1 to 9999, or whose nanoseconds are no part of a second."""
    for name in _times(message.DESCRIPTOR):
        time: Timestamp = getattr(message, name)
        if not (FIRST_SECOND <= time.seconds <= LAST_SECOND and 0 <= time.nanos < 1_000_000_000):
            yield name


@cache
def _times(message: Any) -> Sequence[str]:
    return [field.name for field in message.fields if field.message_type is Timestamp.DESCRIPTOR]
