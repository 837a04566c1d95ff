"""Texts of requests, each brought into its one form: what a text stands for, its contract says (boxoffice/text/v1)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from boxoffice.text.v1 import text_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from services.chassis import currencies, languages
from services.chassis.errors import InvalidField

MAX_TOLD = 10
"""How many texts that are wrong are looked for in one request."""

Form = Callable[[str], str]
"""Returns the form in which a text is kept; raises ValueError, with words for people, if it has none."""


def _currency(text: str) -> str:
    if text not in currencies.SOLD:
        raise ValueError("must be the ISO 4217 code of a currency that people pay with, such as INR")
    return text


def _listed_currency(text: str) -> str:
    if text not in currencies.DIGITS:
        raise ValueError("must be an ISO 4217 code that has minor units, such as INR")
    return text


FORMS: dict[int, Form] = {
    text_pb2.Text.CURRENCY: _currency,
    text_pb2.Text.LISTED_CURRENCY: _listed_currency,
    text_pb2.Text.LANGUAGE: languages.canonical,
}


@dataclass(frozen=True, slots=True)
class _Field:
    """A field that is a text, or has texts within."""

    name: str
    json_name: str
    repeated: bool
    form: Form | None
    """None where texts are within."""


def settle(message: Message) -> None:
    """Bring the texts of `message` into their forms; raise InvalidField for those that have none."""
    if violations := tuple(islice(_settle(message, ""), MAX_TOLD)):
        raise InvalidField(*violations)


def _settle(message: Message, path: str) -> Iterator[tuple[str, str]]:
    """Settle texts; yield (field path in JSON's spelling, what is wrong) for each that has no form."""
    for field in _fields(message.DESCRIPTOR):
        value: Any = getattr(message, field.name)
        at = path + field.json_name
        if field.form is None:
            if field.repeated:
                for index, inner in enumerate(value):
                    yield from _settle(inner, f"{at}[{index}].")
            elif message.HasField(field.name):
                yield from _settle(value, f"{at}.")
            continue
        try:
            if field.repeated:
                for index, text in enumerate(value):
                    at = f"{path}{field.json_name}[{index}]"
                    value[index] = field.form(text) if text else text
            elif value:
                setattr(message, field.name, field.form(value))
        except ValueError as error:
            yield at, str(error)


@cache
def _fields(descriptor: Descriptor) -> tuple[_Field, ...]:
    """Return those fields of a kind of message that are texts or have texts within, which most have not."""
    found = []
    for field in descriptor.fields:
        kind = field.GetOptions().Extensions[text_pb2.text]
        within = field.message_type
        if kind or (within is not None and within is not descriptor and _fields(within)):
            found.append(_Field(field.name, field.json_name, bool(field.is_repeated), FORMS[kind] if kind else None))
    return tuple(found)
