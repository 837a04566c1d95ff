"""What REST requests may be and carry, as tables for http.lua and rest.lua, which hold each request against them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from boxoffice.policy.v1 import policy_pb2
from buf.validate import validate_pb2
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import code_pb2

from gateway.contracts import HTTP_BODY
from gateway.words import Words

SCRIPTS = (Path(__file__).with_name("rest.lua"), Path(__file__).with_name("http.lua"))

STATUSES = {str(code.number): code.name for code in code_pb2.Code.DESCRIPTOR.values}
"""The names of gRPC's statuses by what stands in its headers."""

_SCALARS = {
    FieldDescriptorProto.TYPE_STRING: "string",
    FieldDescriptorProto.TYPE_INT32: "int32",
    FieldDescriptorProto.TYPE_BOOL: "bool",
}


def script(descriptor: bytes, pages: Iterable[str]) -> str:
    """Return the Lua program that checks the REST requests to the methods of a serialized FileDescriptorSet.

    `pages` are the paths of what is there besides, to be read.

    Raises NotImplementedError where a request has a field of a type that rest.lua does not know.
    """
    contracts = _Contracts(FileDescriptorSet.FromString(descriptor))
    tables = {
        "METHODS": contracts.methods(),
        "WRITTEN_OUT": contracts.written_out(),
        "FIELDS": contracts.fields(),
        "PAGES": set(pages),
        "STATUSES": STATUSES,
    }
    written = [f"local {name} = {lua(table)}" for name, table in tables.items()]
    return "\n".join(written + [script.read_text(encoding="utf-8") for script in SCRIPTS])


class _Contracts:
    """What is asked of the contracts."""

    def __init__(self, files: FileDescriptorSet) -> None:
        self._files = files
        self._words = Words(files)
        self._messages: dict[str, DescriptorProto] = {}
        self._enums: dict[str, EnumDescriptorProto] = {}
        self._needed: dict[str, None] = {}
        for file in files.file:
            self._take(file.package, file.message_type, file.enum_type)

    def _take(self, scope: str, messages: Iterable[DescriptorProto], enums: Iterable[EnumDescriptorProto]) -> None:
        for enum in enums:
            self._enums[f".{scope}.{enum.name}"] = enum
        for message in messages:
            self._messages[f".{scope}.{message.name}"] = message
            self._take(f"{scope}.{message.name}", message.nested_type, message.enum_type)

    def methods(self) -> dict[str, list[dict[str, Any]]]:
        """Return the methods by verb; of each its path as a pattern of Lua, what the path names, its request."""
        found: dict[str, list[dict[str, Any]]] = {}
        # Of two that fit a path, the transcoder takes the one that names the segment.
        for verb, path, method, body in sorted(self._bindings(), key=lambda each: _variables(each[1])):
            variables = re.findall(r"{(\w+)}", path)
            if len(variables) > 1:
                raise NotImplementedError(f"{path}: rest.lua knows paths with one variable")
            pattern = re.sub(r"{\w+}", "([^/]+)", path.replace("-", "%-"))
            message = method.input_type
            entry = {
                "path": f"^{pattern}$",
                "message": message,
                "body": body == "*",
                "streams": method.server_streaming,
            }
            if body not in ("", "*"):
                entry["file"] = method.options.Extensions[policy_pb2.policy].largest_file_bytes
            if variables:
                entry["variable"] = _json_name(self._messages[message], variables[0])
            found.setdefault(verb, []).append(entry)
            if message != HTTP_BODY:
                self._needed[message] = None
        return found

    def written_out(self) -> set[str]:
        """Return the paths that have no variable."""
        return {path for _, path, _, _ in self._bindings() if "{" not in path}

    def _bindings(self) -> Iterator[tuple[str, str, MethodDescriptorProto, str]]:
        for file in self._files.file:
            for service in file.service:
                for method in service.method:
                    if method.options.HasExtension(annotations_pb2.http):
                        rule = method.options.Extensions[annotations_pb2.http]
                        for binding in (rule, *rule.additional_bindings):
                            verb = binding.WhichOneof("pattern")
                            yield verb.upper(), getattr(binding, verb), method, binding.body

    def fields(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the fields of all requests and of what is in them, by both of their spellings."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        needed = list(self._needed)
        while needed:
            name = needed.pop()
            if name in found:
                continue
            found[name] = {}
            # A file is a body by itself, and never in JSON or a query.
            for field in (each for each in self._messages[name].field if each.type_name != HTTP_BODY):
                rule = self._field(field)
                found[name] |= {field.json_name: rule, field.name: rule}
                if "message" in rule:
                    needed.append(rule["message"])
        return found

    def _field(self, field: FieldDescriptorProto) -> dict[str, Any]:
        rule: dict[str, Any] = {"name": field.json_name, "expected": self._words.of_value(field)}
        if field.label == FieldDescriptorProto.LABEL_REPEATED:
            rule["list"] = self._words.of_list(field)
        if field.options.Extensions[validate_pb2.field].string.uuid:
            rule["id"] = True
        if field.type in _SCALARS:
            rule["kind"] = _SCALARS[field.type]
        elif field.type == FieldDescriptorProto.TYPE_ENUM:
            names = [value.name for value in self._enums[field.type_name].value]
            rule |= {"kind": "enum", "names": set(names)}
        elif field.type_name == f".{Timestamp.DESCRIPTOR.full_name}":
            rule["kind"] = "time"
        elif field.type == FieldDescriptorProto.TYPE_MESSAGE:
            rule |= {"kind": "message", "message": field.type_name}
        else:
            raise NotImplementedError(f"{field.name}: rest.lua does not know fields of this type")
        return rule


def _variables(path: str) -> list[bool]:
    return [segment.startswith("{") for segment in path.split("/")]


def _json_name(message: DescriptorProto, name: str) -> str:
    return next(field.json_name for field in message.field if field.name == name)


def lua(value: Any) -> str:
    """Write a value as Lua does."""
    match value:
        case dict():
            return "{" + ",".join(f"[{lua(key)}]={lua(each)}" for key, each in value.items()) + "}"
        case list():
            return "{" + ",".join(map(lua, value)) + "}"
        case set():
            return lua(dict.fromkeys(sorted(value), True))
        case bool():
            return "true" if value else "false"
        case _:
            return json.dumps(value)
