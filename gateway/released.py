"""What clients of the last release use has to be there still: methods, REST paths, words of enums, who may call.

`python -m gateway.released RELEASED.binpb` fails where the contracts have broken one. `buf breaking` sees neither a
changed REST path nor a policy that shuts callers out.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from boxoffice.policy.v1 import policy_pb2
from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

from gateway.contracts import DESCRIPTOR

OWN = "boxoffice."

Policy = policy_pb2.Policy

MOVED = {
    "boxoffice.inventory.v1.InventoryService.GetSeatMap": "boxoffice.inventory.v1.InventoryService.RenderSeatMap",
    "boxoffice.inventory.v1.InventoryService.ListAvailableSeats": (
        "boxoffice.inventory.v1.InventoryService.RenderAvailableSeats"
    ),
}
"""Methods whose REST paths another method has now, which takes and answers the same JSON (docs/adr/0015)."""


@dataclass(frozen=True, order=True)
class Binding:
    """A way to a method over REST."""

    verb: str
    path: str
    body: str
    response_body: str

    def __str__(self) -> str:
        parts = [("body", self.body), ("response_body", self.response_body)]
        return " ".join([self.verb, self.path, *(f"{name}={value}" for name, value in parts if value)])

    @property
    def place(self) -> str:
        """The requests that it takes: whatever its variables are called."""
        steps = ("{}" if step.startswith("{") else step for step in self.path.split("/"))
        return f"{self.verb} {'/'.join(steps)}"


def broken(released: bytes, now: bytes) -> list[str]:
    """Return what clients of the `released` contracts would miss in those of `now`: a line for each."""
    before, after = (FileDescriptorSet.FromString(each) for each in (released, now))
    return [*_broken_methods(_methods(before), _methods(after)), *_broken_enums(_enums(before), _enums(after))]


def contested(now: bytes) -> list[str]:
    """Return the REST paths that two methods claim: a line for each."""
    claims: defaultdict[str, list[str]] = defaultdict(list)
    for name, method in _methods(FileDescriptorSet.FromString(now)).items():
        for binding in _bindings(method):
            claims[binding.place].append(name)
    return [f"{place} is claimed by {' and '.join(names)}" for place, names in claims.items() if len(names) > 1]


def _broken_methods(before: dict[str, MethodDescriptorProto], after: dict[str, MethodDescriptorProto]) -> Iterator[str]:
    for name, old in before.items():
        if name not in after:
            yield f"{name} is gone"
            continue
        new = after[name]
        if (shape := _shape(old)) != _shape(new):
            yield f"{name} is no longer {shape}"
        at = _bindings(new) | _bindings(after.get(MOVED.get(name, ""), new))
        for binding in sorted(_bindings(old) - at):
            yield f"{name} is no longer {binding}"
        for caller in _shut_out(_policy(old), _policy(new)):
            yield f"{name} shuts {caller} out"


def _broken_enums(before: dict[str, EnumDescriptorProto], after: dict[str, EnumDescriptorProto]) -> Iterator[str]:
    for name, old in before.items():
        numbers = {value.name: value.number for value in after[name].value} if name in after else {}
        for value in old.value:
            if numbers.get(value.name) != value.number:
                yield f"{name}.{value.name} is no longer {value.number}"


def _shape(method: MethodDescriptorProto) -> str:
    takes, gives = (
        f"{'a stream of ' if streams else ''}{type_[1:]}"
        for streams, type_ in (
            (method.client_streaming, method.input_type),
            (method.server_streaming, method.output_type),
        )
    )
    return f"from {takes} to {gives}"


def _bindings(method: MethodDescriptorProto) -> set[Binding]:
    if not method.options.HasExtension(annotations_pb2.http):
        return set()
    rule = method.options.Extensions[annotations_pb2.http]
    return {_binding(each) for each in (rule, *rule.additional_bindings)}


def _binding(rule: http_pb2.HttpRule) -> Binding:
    kind = rule.WhichOneof("pattern")
    assert kind is not None, "a binding has a verb"
    verb, path = (rule.custom.kind, rule.custom.path) if kind == "custom" else (kind.upper(), str(getattr(rule, kind)))
    return Binding(verb, path, rule.body, rule.response_body)


def _policy(method: MethodDescriptorProto) -> Policy:
    return method.options.Extensions[policy_pb2.policy]


def _shut_out(old: Policy, new: Policy) -> list[str]:
    """Return the callers that the old policy lets in and the new one does not. PUBLIC is everybody but services."""
    still = set(new.allow)
    people = set() if Policy.PUBLIC in still else set(old.allow) - still - {Policy.SERVICE}
    services = set(old.services) - set(new.services)
    members = set() if Policy.PUBLIC in still else set(old.member_roles) - set(new.member_roles)
    return [
        *sorted(map(Policy.Caller.Name, people)),
        *(f"the service {name}" for name in sorted(services)),
        *(f"members as {name}" for name in sorted(map(policy_pb2.Membership.Role.Name, members))),
    ]


def _methods(files: FileDescriptorSet) -> dict[str, MethodDescriptorProto]:
    return {
        f"{file.package}.{service.name}.{method.name}": method
        for file in files.file
        if file.package.startswith(OWN)
        for service in file.service
        for method in service.method
    }


def _enums(files: FileDescriptorSet) -> dict[str, EnumDescriptorProto]:
    return {
        name: enum
        for file in files.file
        if file.package.startswith(OWN)
        for name, enum in _enums_within(file.package, file.message_type, file.enum_type)
    }


def _enums_within(
    scope: str, messages: Iterable[DescriptorProto], enums: Iterable[EnumDescriptorProto]
) -> Iterator[tuple[str, EnumDescriptorProto]]:
    for enum in enums:
        yield f"{scope}.{enum.name}", enum
    for message in messages:
        yield from _enums_within(f"{scope}.{message.name}", message.nested_type, message.enum_type)


if __name__ == "__main__":
    contracts = DESCRIPTOR.read_bytes()
    if wrong := broken(Path(sys.argv[1]).read_bytes(), contracts) + contested(contracts):
        sys.exit(f"boxoffice: this breaks clients of the last release: {'; '.join(wrong)}: see docs/versioning.md")
