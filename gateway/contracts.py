"""What the contracts say about the edge: which methods are public, who may call them, with what they are refused where
too much is going on, and which service answers them.

`python -m gateway.contracts` fails where a method does not say who may call it, which services, or from which budget.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from boxoffice.policy.v1 import policy_pb2
from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto

Policy = policy_pb2.Policy
Membership = policy_pb2.Membership

WAIT = "wait_seconds"
"""The field of requests that may wait for something to change."""

HTTP_BODY = ".google.api.HttpBody"

LARGEST_FILE_BYTES = 8 * 1024 * 1024
"""What the gateway and the services have room for."""

DESCRIPTOR = Path(__file__).with_name("descriptor.binpb")


@dataclass(frozen=True)
class PublicMethod:
    """A method that outsiders may call: one that is not for services alone, says its policy."""

    service: str
    name: str
    cluster: str
    reads_only: bool
    """Whether it changes nothing: it is a GET, or a standard method Get or List (AIP-131, 132)."""
    takes_token: bool
    """Whether its policy asks who calls."""
    is_gates: bool
    """Whether gates call it, with their credentials."""
    streams: bool
    """Whether it answers with a stream, which may go on for ever."""
    waits: bool
    """Whether its answer may wait for something to change: its request says for how many seconds."""
    is_money: bool
    """Whether it is never refused with sales."""
    uploads: tuple[tuple[str, str], ...] = ()
    """The verbs and paths in REST by which it takes a file as the body."""
    largest_file_bytes: int = 0
    """Where it takes a file: how large it may be."""

    @property
    def path(self) -> str:
        """Its path in gRPC, such as /boxoffice.inventory.v1.CatalogService/GetShow."""
        return f"/{self.service}/{self.name}"


def faults(descriptor: bytes) -> list[str]:
    """Return what is wrong with the policies of a serialized FileDescriptorSet: a line for each method.

    Every method says who may call it; where a service may, which, and they are services of the contracts; and from
    which budget its calls are.
    """
    files = FileDescriptorSet.FromString(descriptor).file
    requests = {
        f".{file.package}.{message.name}": {field.name for field in message.field}
        for file in files
        for message in file.message_type
    }
    with_file = {
        f".{file.package}.{message.name}"
        for file in files
        for message in file.message_type
        if any(field.type_name == HTTP_BODY for field in message.field)
    }
    methods = [
        (
            file.package.split(".")[1],
            f"{file.package}.{service.name}.{method.name}",
            _policy(method),
            requests.get(method.input_type, set()),
            method.input_type in with_file,
        )
        for file in files
        for service in file.service
        for method in service.method
    ]
    known = {name for name, *_ in methods}
    found: list[str] = []
    for own, method, policy, fields, has_file in methods:
        if not policy.allow or Policy.CALLER_UNSPECIFIED in policy.allow:
            found.append(f"{method} does not say who may call it")
        elif (Policy.SERVICE in policy.allow) != bool(policy.services):
            found.append(f"{method} has to name services where it allows SERVICE, and only there")
        elif wrong := sorted(set(policy.services) - (known - {own})):
            found.append(f"{method} names what is no other service: {', '.join(wrong)}")
        elif Policy.GATE in policy.allow and len(policy.allow) > 1:
            found.append(f"{method} has to allow GATE alone: a gate does what nobody else does")
        if not policy.budget:
            found.append(f"{method} does not say from which budget its calls are")
        if has_file != (0 < policy.largest_file_bytes <= LARGEST_FILE_BYTES):
            found.append(
                f"{method} has to say how large its file may be, {LARGEST_FILE_BYTES} bytes at most, if it takes one"
            )
        found += _faults_of_members(method, policy, fields)
    return found


def _faults_of_members(method: str, policy: Policy, fields: set[str]) -> list[str]:
    """Return what is wrong with what a policy says of members; `fields` are those of the request."""
    if Policy.MEMBER not in policy.allow:
        wrong = policy.member_roles or policy.organization_of or policy.uses
        return [f"{method} has to allow MEMBER where it says something of members"] if wrong else []
    if Policy.PUBLIC in policy.allow:
        return [f"{method} cannot allow MEMBER beside PUBLIC: which rule holds could not be told"]
    if Policy.OWNER in policy.allow and (policy.organization_of == "organization_id" or policy.uses):
        return [f"{method} has to name a thing of its user's in organization_of where it allows MEMBER beside OWNER"]
    if not policy.member_roles or Membership.ROLE_UNSPECIFIED in policy.member_roles:
        return [f"{method} has to name member_roles where it allows MEMBER"]
    if policy.organization_of not in fields:
        return [f"{method} has to name in organization_of a field of its request where it allows MEMBER"]
    if not set(policy.uses) <= fields:
        return [f"{method} has to name in uses fields of its request"]
    return []


def _uploads(rule: http_pb2.HttpRule) -> Iterator[tuple[str, str]]:
    """Yield the verbs and paths of a method's bindings whose body is a field of its request."""
    for binding in (rule, *rule.additional_bindings):
        if binding.body not in ("", "*"):
            verb = binding.WhichOneof("pattern") or ""
            yield verb.upper(), getattr(binding, verb)


def _policy(method: MethodDescriptorProto) -> Policy:
    return method.options.Extensions[policy_pb2.policy]


def public_methods(descriptor: bytes) -> list[PublicMethod]:
    """Return the methods of a serialized FileDescriptorSet that others than services may call, in the contracts' order.

    The cluster is the second word of the package: boxoffice.inventory.v1 is answered by inventory.
    """
    files = FileDescriptorSet.FromString(descriptor).file
    waiting = {
        f".{file.package}.{message.name}"
        for file in files
        for message in file.message_type
        if any(field.name == WAIT for field in message.field)
    }
    return [
        PublicMethod(
            service=f"{file.package}.{service.name}",
            name=method.name,
            cluster=file.package.split(".")[1],
            reads_only=method.options.Extensions[annotations_pb2.http].HasField("get")
            or method.name.startswith(("Get", "List")),
            takes_token=Policy.PUBLIC not in allowed,
            is_gates=Policy.GATE in allowed,
            streams=method.server_streaming,
            waits=method.input_type in waiting,
            is_money=_policy(method).budget == Policy.MONEY,
            uploads=tuple(_uploads(method.options.Extensions[annotations_pb2.http])),
            largest_file_bytes=_policy(method).largest_file_bytes,
        )
        for file in files
        for service in file.service
        for method in service.method
        if (allowed := set(_policy(method).allow)) - {Policy.SERVICE}
    ]


if __name__ == "__main__":
    if wrong := faults(DESCRIPTOR.read_bytes()):
        sys.exit(f"boxoffice: {'; '.join(wrong)}: see docs/security.md and docs/adr/0025-overload.md")
