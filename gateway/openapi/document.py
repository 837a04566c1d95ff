"""The document: an operation for each REST path of the contracts, and what is said of all of them.

There are two: of a system where calls take a token, and of one that runs without (AUTH=off).
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Literal

from boxoffice.policy.v1 import policy_pb2
from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor

from gateway.openapi import by_hand, failures
from gateway.openapi.comments import Comments
from gateway.openapi.examples import BODIES
from gateway.openapi.schemas import Schemas, needed
from roster import SERVICES

Json = dict[str, Any]

CONTRACTS = tuple(contract for service in SERVICES for contract in service.contracts)
"""The contracts, in the order in which people meet them."""

Auth = Literal["on", "off"]

HTTP_BODY = "google.api.HttpBody"
USER = "userId"
ALWAYS_KNOW = ("IdentityService", "OrganizationService", "AccountMailService")
"""The services that take tokens either way: whose account is shown is never a matter of what somebody says."""


def document(comments: Comments, auth: Auth) -> Json:
    """Return the document of all public methods, of a system that runs with this AUTH."""
    schemas = Schemas(comments)
    paths: Json = {}
    tags: list[Json] = []
    for service in _services():
        tag = service.name.removesuffix("Service")
        tags.append({"name": tag, "description": comments.paragraphs(service.full_name)[0]})
        for method in service.methods:
            if method.GetOptions().HasExtension(annotations_pb2.http):
                rule = method.GetOptions().Extensions[annotations_pb2.http]
                for number, binding in enumerate([rule, *rule.additional_bindings]):
                    operation = _Operation(method, binding, schemas, comments, auth)
                    name = method.name + ("Alias" if number else "") + (str(number) if number > 1 else "")
                    paths.setdefault(operation.path, {})[operation.verb] = operation.render(tag, name)
    for path, item in by_hand.PATHS.items():
        paths[path] = item
    return {
        "openapi": "3.1.0",
        "info": by_hand.info(auth),
        "servers": [{"url": "/"}],
        "tags": [*tags, by_hand.TAG],
        "paths": paths,
        "components": {
            "parameters": by_hand.PARAMETERS,
            "responses": failures.common_responses(),
            "securitySchemes": by_hand.SECURITY,
            "schemas": dict(sorted({**schemas.named, **failures.SCHEMAS, **by_hand.SCHEMAS}.items())),
        },
    }


def _services() -> list[ServiceDescriptor]:
    files = [import_module(f"boxoffice.{name}_pb2").DESCRIPTOR for name in CONTRACTS]
    return [service for file in files for service in file.services_by_name.values()]


class _Operation:
    """A method under one of its paths."""

    def __init__(
        self, method: MethodDescriptor, binding: http_pb2.HttpRule, schemas: Schemas, comments: Comments, auth: Auth
    ) -> None:
        self.verb: str = binding.WhichOneof("pattern") or ""
        self._has_body = binding.body == "*"
        self._file = "" if binding.body == "*" else binding.body
        self._method = method
        self._schemas = schemas
        self._comments = comments
        template: str = getattr(binding, self.verb)
        names = re.findall(r"{(\w+)}", template)
        fields = method.input_type.fields_by_name
        self._in_path = [fields[name] for name in names]
        for field in self._in_path:
            template = template.replace(f"{{{field.name}}}", f"{{{field.json_name}}}")
        self.path = template
        allowed = method.GetOptions().Extensions[policy_pb2.policy].allow
        is_known = auth == "on" or method.containing_service.name in ALWAYS_KNOW
        self._takes_token = is_known and policy_pb2.Policy.PUBLIC not in allowed
        self._is_gates = policy_pb2.Policy.GATE in allowed
        self._is_owners = self._takes_token and policy_pb2.Policy.OWNER in allowed

    def render(self, tag: str, name: str) -> Json:
        """Return the operation in OpenAPI's terms."""
        first, *rest = self._comments.paragraphs(self._method.full_name)
        summary, _, more = first.partition(". ")
        description = "\n\n".join(filter(None, [more, *rest]))
        operation: Json = {"operationId": name, "tags": [tag], "summary": summary.rstrip(".")}
        if description:
            operation["description"] = description
        if parameters := self._parameters():
            operation["parameters"] = parameters
        if self._has_body:
            operation["requestBody"] = self._body()
        elif self._file:
            operation["requestBody"] = by_hand.BODIES[self._method.name]
        streams = self._method.server_streaming
        # OpenAPI 3.1 has no word for a stream; the schema is that of one message.
        answer = {"description": "Done" if not streams else "One after the other", "content": self._content()}
        if streams:
            operation["x-server-streaming"] = True
        if self._takes_token:
            operation["security"] = [{"gateCredential" if self._is_gates else "accessToken": []}]
        reasons = list(self._comments.reasons(self._method.full_name))
        if self._takes_token and not self._is_owners:
            reasons.append(by_hand.ROLE_MISSING)
        failed = failures.responses(
            reasons, self._needed(), with_body=bool(self._has_body or self._file), takes_token=self._takes_token
        )
        return operation | {"responses": {by_hand.STATUSES.get(name, "200"): answer, **failed}}

    def _from_token(self) -> list[str]:
        """Return the fields that the token tells, so that a body may leave them out."""
        return [USER] if self._is_owners and self._has_body else []

    def _needed(self) -> dict[str, str]:
        """Return the fields that a request must have, and what is said of one without them."""
        optional = self._from_token()
        return {name: what for name, what in needed(self._method.input_type).items() if name not in optional}

    def _parameters(self) -> list[Json]:
        parameters = [self._parameter(field, "path") for field in self._in_path]
        if not self._has_body:
            known = [*self._in_path, *self._elsewhere()]
            asked = [field for field in self._method.input_type.fields if field not in known]
            parameters += [self._parameter(field, "query") for field in asked]
        if (self._has_body or self._file) and "idempotency_key" in self._method.input_type.fields_by_name:
            parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
        return parameters + by_hand.HEADERS.get(self._method.name, [])

    def _elsewhere(self) -> list[FieldDescriptor]:
        """Return the fields that are not in the query where the body is a file, but in the body or the header."""
        if not self._file:
            return []
        fields = self._method.input_type.fields_by_name
        return [fields[name] for name in (self._file, "idempotency_key") if name in fields]

    def _parameter(self, field: FieldDescriptor, place: str) -> Json:
        parameter: Json = {"name": field.json_name, "in": place}
        from_token = self._is_owners and field.json_name == USER
        if place == "path" or (field.json_name in self._needed() and not from_token):
            parameter["required"] = True
        description = self._schemas.described(field.full_name)
        return parameter | {"description": description, "schema": self._schemas.parameter(field)}

    def _body(self) -> Json:
        message: Descriptor = self._method.input_type
        if message.full_name == HTTP_BODY:
            return by_hand.BODIES[self._method.name]
        schema = self._schemas.body(message, [field.json_name for field in self._in_path], self._from_token())
        # A new method has no example at first; tests/test_methods.py says so.
        example = {"example": BODIES[self._method.name]} if self._method.name in BODIES else {}
        content = {"schema": schema} | example
        required = "required" in self._schemas.named[message.name]
        return {"required": required, "content": {"application/json": content}}

    def _content(self) -> Json:
        message: Descriptor = self._method.output_type
        if message.full_name == HTTP_BODY:
            if self._method.name not in by_hand.RENDERED:
                return by_hand.ANSWERS[self._method.name]
            message = by_hand.RENDERED[self._method.name]
        return {"application/json": {"schema": self._schemas.answer(message)}}
