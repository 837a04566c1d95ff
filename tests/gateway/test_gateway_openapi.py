"""The OpenAPI document: valid, complete, and its examples are what they are examples of."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from jsonschema import ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator

import services
from gateway.openapi.examples import BODIES
from gateway.replies import HEALTH_PATH, REPLIES
from services.chassis.errors import Failure
from services.chassis.wire.rules import check as check_message
from tests.cases import all_cases
from tests.gateway.fakes import PUBLIC, Method, Services
from tests.gateway.openapi import DOCUMENT, FILE, WITHOUT_TOKENS, check, operations, resolved

for module in walk_packages(services.__path__, "services."):
    if module.name.endswith(".errors"):
        import_module(module.name)
import_module("services.inventory.catalogue.domain")

ROOT = Path(__file__).parents[2]

NOBODY = "0198c2a0-0000-7000-8000-000000000001"
OPERATIONS = {operation["operationId"]: operation for _, _, operation in operations()}
WITH_BODY = [method for method in PUBLIC if method.descriptor.name in BODIES]


@pytest.mark.parametrize("file", [FILE, WITHOUT_TOKENS], ids=["on", "off"])
def test_the_document_is_valid(file: Path) -> None:
    OpenAPIV31SpecValidator(json.loads(file.read_text())).validate()


SIGNED = {"ReceiveWebhook", "ReceiveRazorpayWebhook", "ReturnFromRazorpay"}
"""What is told by a signature."""


async def test_the_document_that_is_served_is_that_of_a_system_without_tokens(rest: httpx.AsyncClient) -> None:
    served = (await rest.get("/api/openapi.json")).json()
    assert served == json.loads(WITHOUT_TOKENS.read_text())
    takes_token = {
        operation["operationId"]
        for item in served["paths"].values()
        for operation in item.values()
        if "security" in operation
    }
    # Whose account is shown is never a matter of what somebody says.
    of_organizations = {
        method.descriptor.name
        for method in PUBLIC
        if method.descriptor.containing_service.name == "OrganizationService"
    }
    profiles = {
        f"{name}{alias}"
        for name in ("GetProfile", "UpdateProfile", "ExportAccount", "DeleteAccount")
        for alias in ("", "Alias")
    }
    of_accounts = profiles | {
        "ChangePassword",
        "ListUsers",
        "SetRoles",
        "SetEmailVerified",
        "RequestEmailVerification",
        "RequestEmailChange",
    }
    assert takes_token == of_accounts | of_organizations
    for item in served["paths"].values():
        for operation in item.values():
            has_401 = "401" in operation["responses"]
            assert has_401 == (operation["operationId"] in takes_token | {*SIGNED, "Login", "Refresh"})


@pytest.mark.parametrize("method", WITH_BODY, ids=lambda method: method.descriptor.name)
def test_who_calls_is_told_by_the_token_or_else_by_the_body(method: Method) -> None:
    name = method.descriptor.input_type.name
    schema, without = (json.loads(file.read_text())["components"]["schemas"][name] for file in (FILE, WITHOUT_TOKENS))
    assert "userId" not in schema.get("required", [])
    own = method.descriptor.containing_service.name != "IdentityService" and "userId" in schema["properties"]
    assert ("userId" in without.get("required", [])) == own


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_null_is_allowed_where_a_field_may_be_absent(name: str) -> None:
    body = OPERATIONS[name].get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body is None or name in SIGNED:
        return
    schema = resolved(body)
    for field, rules in schema["properties"].items():
        nulls = {"type": "null"} in rules.get("anyOf", []) or "null" in rules.get("type", [])
        assert nulls == (field not in schema.get("required", [])), field


async def test_a_null_is_a_field_that_is_absent(rest: httpx.AsyncClient, services: Services) -> None:
    for body in ({"name": "House", "city": "Pune", "address": None}, {"name": "House", "city": "Pune"}):
        check(OPERATIONS["CreateVenue"]["requestBody"]["content"]["application/json"]["schema"], body)
        assert (await rest.post("/api/v1/venues", json=body)).status_code == 200
    first, second = services.calls
    assert first.request == second.request


@pytest.mark.parametrize(
    ("operation", "body", "fits"),
    [
        ("SimulatePayment", {}, True),
        ("SimulatePayment", {"result": "SUCCESS"}, True),
        ("SimulatePayment", {"paymentMethod": "pm_late", "result": None}, True),
        ("SimulatePayment", {"paymentMethod": "", "result": "SUCCESS"}, True),
        ("SimulatePayment", {"paymentMethod": "pm_late", "result": "SUCCESS"}, False),
        ("CreateShow", {"eventId": NOBODY}, True),
        ("CreateShow", {"movieId": NOBODY, "eventId": ""}, True),
        ("CreateShow", {"movieId": NOBODY, "eventId": None}, True),
        ("CreateShow", {"movieId": NOBODY, "eventId": NOBODY}, False),
        ("CreateShow", {"movieId": ""}, False),
        ("CreateShow", {}, False),
    ],
)
def test_rules_between_fields_are_told(operation: str, body: dict[str, object], fits: bool) -> None:
    if operation == "CreateShow":
        prices = [{"tier": "VIP", "price": 1}]
        body |= {"screenId": NOBODY, "startTime": "2099-01-01T00:00:00Z", "prices": prices}
    schema = OPERATIONS[operation]["requestBody"]["content"]["application/json"]["schema"]
    if fits:
        check(schema, body)
    else:
        with pytest.raises(ValidationError):
            check(schema, body)


def test_the_id_of_the_last_event_is_a_number_as_it_is_anywhere() -> None:
    after, last = OPERATIONS["StreamSeats"]["parameters"][1:]
    assert (after["name"], last["name"]) == ("afterSequence", "Last-Event-ID")
    assert last["schema"] == after["schema"]


def test_every_public_method_is_in_the_document_under_each_of_its_paths() -> None:
    there = {(verb.upper(), re.sub(r"{\w+}", "{}", path)) for path, verb, _ in operations()}
    public = {(verb, re.sub(r"{\w+}", "{}", path)) for method in PUBLIC for verb, path in method.bindings}
    own = {("GET", HEALTH_PATH), ("GET", "/api/openapi.json"), ("GET", "/api/docs")}
    assert there == public | own
    assert len(OPERATIONS) == len(operations())


def test_an_operation_says_what_it_does_and_how_it_may_fail() -> None:
    with all_cases() as case:
        for name in OPERATIONS:
            with case(name):
                operation = OPERATIONS[name]
                assert operation["summary"] and operation["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}
                if operation["tags"] != ["Gateway"]:
                    done = {"ReturnFromRazorpay": "303"}.get(name, "200")
                    assert {done, "400", "429", "500", "503", "504"} <= operation["responses"].keys()
                for status, response in operation["responses"].items():
                    response = resolved(response)
                    for media in response.get("content", {}).values():
                        for reason, example in media.get("examples", {}).items():
                            check(media["schema"], example["value"])
                            assert f"`{reason}`" in response["description"]
                            assert int(status) >= 400


def test_a_schemas_own_examples_fit_it() -> None:
    with all_cases() as case:
        for name in DOCUMENT["components"]["schemas"]:
            with case(name):
                schema = DOCUMENT["components"]["schemas"][name]
                for field, value in schema.get("properties", {}).items():
                    assert value.get("description") or name in (
                        "ErrorInfo",
                        "BadRequest",
                        "RetryInfo",
                        "WebhookEvent",
                        "Health",
                    ), field
                    for example in value.get("examples", []):
                        check(value, example)


def with_body(method: Method) -> tuple[str, str, Any]:
    """Return verb and path of a method's first binding that has a body, and the schema of that."""
    verb, path = next(binding for binding in method.bindings if binding[0] in ("POST", "PUT", "PATCH"))
    name = method.descriptor.name + ("" if method.bindings[0] == (verb, path) else "Alias")
    return verb, path, OPERATIONS[name]["requestBody"]["content"]["application/json"]["schema"]


@pytest.mark.parametrize("method", WITH_BODY, ids=lambda method: method.descriptor.name)
async def test_an_example_of_a_body_arrives_and_keeps_the_rules(
    method: Method, rest: httpx.AsyncClient, services: Services
) -> None:
    body = BODIES[method.descriptor.name]
    verb, path, schema = with_body(method)
    check(schema, body)
    in_path = {"session_id": "sess_0198c2a0-0000-7000-8000-000000000009"}
    path = re.sub(r"{(\w+)}", lambda name: in_path.get(name[1], "0198c2a0-0000-7000-8000-000000000007"), path)
    assert (await rest.request(verb, path, json=body)).status_code == 200
    (arrived,) = services.calls
    check_message(arrived.request)
    sent = json_format.MessageToDict(arrived.request)
    assert {name: sent[name] for name in body} == body


@pytest.mark.parametrize("method", WITH_BODY, ids=lambda method: method.descriptor.name)
async def test_a_field_that_is_not_known_is_refused_as_the_document_says(
    method: Method, rest: httpx.AsyncClient, services: Services
) -> None:
    verb, path, schema = with_body(method)
    assert resolved(schema)["additionalProperties"] is False
    answer = await rest.request(verb, re.sub(r"{\w+}", "x", path), json={"unheardOf": 1})
    assert answer.status_code == 400
    assert answer.json()["details"][1]["fieldViolations"][0]["field"] == "unheardOf"
    assert services.calls == []


def test_the_reasons_that_contracts_name_are_those_of_the_services() -> None:
    kinds = list(_subclasses(Failure))
    reasons = {(kind.reason, int(kind.code)) for kind in kinds if kind.__module__.startswith("services.")}
    reasons |= {(reply.reason, reply.code) for reply in REPLIES}
    named = {
        (reason, example["value"]["code"])
        for operation in OPERATIONS.values()
        for response in operation["responses"].values()
        if "$ref" not in response and operation["tags"] != ["Gateway"]
        for media in response.get("content", {}).values()
        for reason, example in media.get("examples", {}).items()
    }
    assert len(named) > 20
    assert named <= reasons


def _subclasses(kind: type[Failure]) -> Iterator[type[Failure]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


@pytest.mark.parametrize(("file", "auth"), [(FILE, "on"), (WITHOUT_TOKENS, "off")])
def test_the_document_is_what_the_contracts_give(tmp_path: Path, file: Path, auth: str) -> None:
    descriptor = tmp_path / "all.binpb"
    buf = Path(sys.executable).with_name("buf")
    subprocess.run([buf, "build", ".", "-o", descriptor, "--as-file-descriptor-set"], cwd=ROOT, check=True)
    made = subprocess.run(
        [sys.executable, "-m", "gateway.openapi", descriptor, "--auth", auth],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert made.stdout == file.read_text(), "run make protos"
