"""The contracts' comments: what they say of services, methods, messages and fields, and why methods may fail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

PACKAGE = "boxoffice."

_REASONS = re.compile(r"^([A-Z_]+) ([A-Z_]+): ", re.MULTILINE)
"""How a line begins that tells why a method may fail: NOT_FOUND SHOW_NOT_FOUND: there is …"""


@dataclass(frozen=True)
class Reason:
    """Why a method may fail."""

    code: str
    """The code in gRPC, such as NOT_FOUND."""
    reason: str
    """What programs match on, such as SHOW_NOT_FOUND."""
    text: str
    """When that is."""


class Comments:
    """The comments by the full name of what they stand at, with fields spelled as JSON spells them."""

    def __init__(self, texts: dict[str, str], fields: Iterable[str]) -> None:
        self._texts = texts
        self._spellings = {name: _camel(name) for name in fields if "_" in name}

    @classmethod
    def read(cls, descriptors: bytes) -> Comments:
        """Read a serialized FileDescriptorSet with source info; raise ValueError if it has none."""
        files = [file for file in FileDescriptorSet.FromString(descriptors).file if file.package.startswith(PACKAGE)]
        texts = {name: text for file in files for name, text in _texts(file)}
        if not texts:
            raise ValueError("the descriptor set has no comments: it was built without source info")
        return cls(texts, {field.name for file in files for message in file.message_type for field in _fields(message)})

    def paragraphs(self, name: str) -> list[str]:
        """Return what is said of something, each paragraph on one line, without the reasons."""
        return [
            self._spelled(" ".join(paragraph.split()))
            for paragraph in self._texts.get(name, "").split("\n\n")
            if not _REASONS.match(paragraph)
        ]

    def reasons(self, method: str) -> list[Reason]:
        """Return why a method may fail, in the order in which it is told."""
        found: list[Reason] = []
        for paragraph in self._texts[method].split("\n\n"):
            if _REASONS.match(paragraph):
                found += self._reasons(paragraph)
        return found

    def _reasons(self, paragraph: str) -> Iterator[Reason]:
        begins = list(_REASONS.finditer(paragraph))
        ends = [match.start() for match in begins[1:]] + [len(paragraph)]
        for match, end in zip(begins, ends, strict=True):
            text = self._spelled(" ".join(paragraph[match.end() : end].split()))
            yield Reason(match[1], match[2], text)

    def _spelled(self, text: str) -> str:
        return re.sub(r"`(\w+)`", lambda match: f"`{self._spellings.get(match[1], match[1])}`", text)


def _texts(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    names = dict(_names(file))
    for location in file.source_code_info.location:
        if location.leading_comments and (name := names.get(tuple(location.path))):
            lines = (line.strip() for line in location.leading_comments.splitlines())
            yield name, "\n".join(line for line in lines if not line.startswith("buf:lint:")).strip()


def _names(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield the path in source info and the full name of everything that has comments; see descriptor.proto."""
    for number, service in enumerate(file.service):
        name = f"{file.package}.{service.name}"
        yield (6, number), name
        for index, method in enumerate(service.method):
            yield (6, number, 2, index), f"{name}.{method.name}"
    for number, message in enumerate(file.message_type):
        yield from _names_of_message((4, number), f"{file.package}.{message.name}", message)
    for number, enum in enumerate(file.enum_type):
        yield from _names_of_enum((5, number), f"{file.package}.{enum.name}", enum)


def _names_of_message(
    path: tuple[int, ...], name: str, message: DescriptorProto
) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, name
    for number, field in enumerate(message.field):
        yield (*path, 2, number), f"{name}.{field.name}"
    for number, nested in enumerate(message.nested_type):
        yield from _names_of_message((*path, 3, number), f"{name}.{nested.name}", nested)
    for number, enum in enumerate(message.enum_type):
        yield from _names_of_enum((*path, 4, number), f"{name}.{enum.name}", enum)


def _names_of_enum(
    path: tuple[int, ...], name: str, enum: EnumDescriptorProto
) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, name
    for number, value in enumerate(enum.value):
        yield (*path, 2, number), f"{name}.{value.name}"


def _fields(message: DescriptorProto) -> Iterator[FieldDescriptorProto]:
    yield from message.field
    for nested in message.nested_type:
        yield from _fields(nested)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
