"""Texts of requests, each brought into its one form: what a text stands for, its contract says (boxoffice/text/v1)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from boxoffice.text.v1 import text_pb2
from boxoffice.words import MUST
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from services.chassis.values import countries, currencies, languages, writing

Form = Callable[[str], str]
"""Returns the form in which a text is kept; raises ValueError if it has none. The error has words for people where the
sentence of its field does not say it all."""


def _currency(text: str) -> str:
    if text not in currencies.SOLD:
        raise ValueError
    return text


def _listed_currency(text: str) -> str:
    if text not in currencies.DIGITS:
        raise ValueError
    return text


def _country(text: str) -> str:
    if text not in countries.COUNTRIES:
        raise ValueError
    return text


FORMS: dict[int, Form] = {
    # VERBATIM has none.
    text_pb2.Text.CURRENCY: _currency,
    text_pb2.Text.LISTED_CURRENCY: _listed_currency,
    text_pb2.Text.LANGUAGE: languages.canonical,
    text_pb2.Text.COUNTRY: _country,
    text_pb2.Text.LINE: writing.line,
    text_pb2.Text.PARAGRAPHS: writing.paragraphs,
    text_pb2.Text.EMAIL: writing.seen,
}


@dataclass(frozen=True, slots=True)
class _Field:
    """A field that is a text, or has texts within."""

    name: str
    words: str
    """What it must be: a name in boxoffice.words."""
    json_name: str
    repeated: bool
    form: Form | None
    """None where texts are within."""


def settle(message: Message, path: str = "") -> Iterator[tuple[str, str]]:
    """Bring the texts of `message` into their forms; yield the path, as JSON spells it, of each that has none, and what
    it must be."""
    for field in _fields(message.DESCRIPTOR):
        value: Any = getattr(message, field.name)
        at = path + field.json_name
        if field.form is None:
            if field.repeated:
                for index, inner in enumerate(value):
                    yield from settle(inner, f"{at}[{index}].")
            elif message.HasField(field.name):
                yield from settle(value, f"{at}.")
            continue
        try:
            if field.repeated:
                for index, text in enumerate(value):
                    at = f"{path}{field.json_name}[{index}]"
                    value[index] = field.form(text) if text else text
            elif value:
                setattr(message, field.name, field.form(value))
        except ValueError as error:
            yield at, str(error) or MUST[field.words]


@cache
def _fields(descriptor: Descriptor) -> tuple[_Field, ...]:
    """Return those fields of a kind of message that are texts or have texts within, which most have not."""
    found = []
    for field in descriptor.fields:
        form = FORMS.get(field.GetOptions().Extensions[text_pb2.text])
        within = field.message_type
        if form or (within is not None and within is not descriptor and _fields(within)):
            words = field.full_name + ("[]" if field.is_repeated else "")
            found.append(_Field(field.name, words, field.json_name, bool(field.is_repeated), form))
    return tuple(found)
