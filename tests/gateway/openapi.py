"""The OpenAPI document, and whether what was asked and answered is as it says."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema

Json = dict[str, Any]

FILE = Path(__file__).parents[2] / "gateway" / "openapi.json"
WITHOUT_TOKENS = FILE.with_name("openapi-without-tokens.json")
DOCUMENT: Json = json.loads(FILE.read_text())


def operations() -> list[tuple[str, str, Json]]:
    """Return path, verb and operation of everything that can be called."""
    return [(path, verb, operation) for path, item in DOCUMENT["paths"].items() for verb, operation in item.items()]


def resolved(node: Json) -> Json:
    """Return what a reference refers to, or the node itself."""
    if "$ref" not in node:
        return node
    found: Json = DOCUMENT
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def check(schema: Json, value: object) -> None:
    """Hold a value against a schema of the document. A field that the document does not know is a fault here."""
    _validator(json.dumps(schema)).validate(value)


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    whole = {**_closed(json.loads(schema)), "components": _closed_components()}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(whole, format_checker=checker)


@cache
def _closed_components() -> Any:
    """Once: to copy them for each schema keeps the services behind the gateway, which tests run, from answering."""
    return _closed(DOCUMENT["components"])


def _closed(node: Any) -> Any:
    """Return a copy of a schema in which no object may have more fields than are told."""
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _closed(value) for key, value in node.items()}
    if copy.get("type") == "object" and "properties" in copy:
        copy.setdefault("additionalProperties", False)
    return copy


def operation_of(request: httpx.Request) -> Json:
    """Return the operation that a request calls; of two that fit, the one whose path is plainer."""
    fitting = [
        (path.count("{"), operation)
        for path, verb, operation in operations()
        if verb == request.method.lower() and re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), request.url.path)
    ]
    assert fitting, f"the document has no {request.method} {request.url.path}"
    return min(fitting, key=lambda each: each[0])[1]


def hold(answer: httpx.Response) -> Json:
    """Hold an answer, and the request where it succeeded, against the document; return the operation."""
    operation = operation_of(answer.request)
    responses = operation["responses"]
    about = f"{operation['operationId']}: {answer.status_code} {answer.text[:300]}"
    assert str(answer.status_code) in responses, about
    content = resolved(responses[str(answer.status_code)])["content"]
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in content, about
    if kind != "application/json":
        return operation
    check(content[kind]["schema"], answer.json())
    if answer.status_code == 200:
        _hold_request(answer.request, operation)
    else:
        assert answer.json()["details"][0]["reason"] in content[kind]["examples"], about
    return operation


def _hold_request(request: httpx.Request, operation: Json) -> None:
    parameters = [resolved(parameter) for parameter in operation.get("parameters", [])]
    in_query = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
    assert set(request.url.params) <= in_query, (request.url, in_query)
    if request.content:
        check(operation["requestBody"]["content"]["application/json"]["schema"], json.loads(request.content))
    else:
        assert not operation.get("requestBody", {}).get("required")
