"""Which methods can be reached through the gateway: the public ones, in all three ways, and no others."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.empty_pb2 import Empty
from google.rpc import code_pb2

from gateway.contracts import DESCRIPTOR
from tests.cases import all_cases
from tests.gateway.fakes import INTERNAL, METHODS, PUBLIC, Gateway, Services, call, call_web, status_of

HIDDEN = [method.path for method in INTERNAL] + [
    "/grpc.health.v1.Health/Check",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/boxoffice.inventory.v1.CatalogService/Nope",
    "/boxoffice.inventory.v1.CatalogService/GetShow/",
    "/nope",
]


def test_the_contracts_have_public_and_internal_methods() -> None:
    assert len(PUBLIC) > 20
    assert len(INTERNAL) > 10


def test_every_public_method_has_a_rest_path_but_those_of_which_another_has_the_json() -> None:
    without = {method.descriptor.name for method in PUBLIC if not method.bindings}
    assert without == {"GetSeatMap", "ListAvailableSeats"}


async def test_rest_reaches_each_public_method_at_each_of_its_paths(
    rest: httpx.AsyncClient, services: Services
) -> None:
    with all_cases() as case:
        for method, verb, path in [(one, *binding) for one in PUBLIC for binding in one.bindings]:
            services.forget()
            with case(f"{verb} {path}"):
                fields = re.findall(r"{(\w+)}", path)
                url = re.sub(r"{(\w+)}", r"my-\1", path)
                answer = await rest.request(verb, url, json={} if verb in ("POST", "PATCH") else None)
                assert answer.status_code == 200
                (arrived,) = services[method.cluster].calls
                assert arrived.path == method.path
                arrived_fields = {name: getattr(arrived.request, name) for name in fields}
                assert arrived_fields == {name: f"my-{name}" for name in fields}
                assert services.calls == [arrived]


async def test_grpc_reaches_each_public_method(channel: grpc.aio.Channel, services: Services) -> None:
    with all_cases() as case:
        for method in PUBLIC:
            services.forget()
            with case(method.path):
                await call(channel, method.path, method.request())
                (arrived,) = services.calls
                assert (arrived.path, arrived.request) == (method.path, method.request())


async def test_grpc_web_reaches_each_public_method(rest: httpx.AsyncClient, services: Services) -> None:
    with all_cases() as case:
        for method in PUBLIC:
            services.forget()
            with case(method.path):
                _, trailers = await call_web(rest, method.path, method.request())
                assert trailers["grpc-status"] == "0"
                assert [arrived.path for arrived in services.calls] == [method.path]


async def test_a_grpc_web_client_that_others_wrote_reaches_a_method_of_each_service_and_every_stream(
    gateway: Gateway, services: Services
) -> None:
    """To such a client, methods differ by their services and by how they answer; it takes long to start."""
    buf = Path(sys.executable).with_name("buf")
    first = {method.descriptor.containing_service.full_name: method for method in reversed(PUBLIC)}.values()
    tried = [method for method in PUBLIC if method in first or method.streams]
    for method in tried:
        url = f"http://{gateway.address}{method.path}"
        process = await asyncio.create_subprocess_exec(
            *(buf, "curl", "--schema", DESCRIPTOR, "--protocol", "grpcweb", "-d", "{}", url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
    assert [arrived.path for arrived in services.calls] == [method.path for method in tried]


async def test_grpc_reaches_nothing_else(channel: grpc.aio.Channel, services: Services) -> None:
    with all_cases() as case:
        for path in HIDDEN:
            with case(path):
                with pytest.raises(grpc.aio.AioRpcError) as failure:
                    await call(channel, path, Empty())
                assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED
                assert failure.value.details() == "There is no such method: look at its path and verb."
                assert status_of(failure.value).code == code_pb2.UNIMPLEMENTED
                assert services.calls == []


async def test_grpc_web_reaches_nothing_else(rest: httpx.AsyncClient, services: Services) -> None:
    with all_cases() as case:
        for path in HIDDEN:
            with case(path):
                message, trailers = await call_web(rest, path, Empty())
                assert (message, trailers["grpc-status"]) == (b"", "12")
                assert services.calls == []


@pytest.mark.parametrize("content_type", ["application/json", "application/proto", "application/connect+json"])
async def test_rest_reaches_no_method_by_its_grpc_path(
    content_type: str, rest: httpx.AsyncClient, services: Services
) -> None:
    with all_cases() as case:
        for method in METHODS.values():
            with case(method.path):
                answer = await rest.post(method.path, content=b"{}", headers={"content-type": content_type})
                assert answer.status_code == 404
                assert answer.json()["details"][0]["reason"] == "METHOD_NOT_FOUND"
                assert services.calls == []


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/v1/nope"),
        ("HEAD", "/api/v1/nope"),
        ("PUT", "/api/v1/shows/x/y"),
        ("OPTIONS", "/api/v1/payments"),
        ("GET", "/healthz/x"),
        ("POST", "/api/docs/nope.js"),
        ("GET", "/API/v1/shows"),
    ],
)
async def test_an_unknown_path_is_404_in_json(
    verb: str, path: str, rest: httpx.AsyncClient, services: Services
) -> None:
    answer = await rest.request(verb, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    if verb == "HEAD":
        assert answer.content == b""
        return
    expected: dict[str, Any] = {
        "code": 5,
        "message": "There is no such method: look at its path and verb.",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "METHOD_NOT_FOUND",
                "domain": "boxoffice",
                "metadata": {},
            }
        ],
    }
    assert answer.json() == expected
    assert services.calls == []
