"""A gateway with AUTH on, before services that have certificates."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from google.api import httpbody_pb2
from grpc_status import rpc_status

from certificates import certificates
from gateway.edge import Edge
from gateway.render import CLUSTERS, render
from gateway.tls import Files
from services.chassis.errors import Unavailable
from services.chassis.wire import identity as chassis
from services.chassis.wire.status import to_status
from services.chassis.wire.tls import Certificate
from services.identity.keys.signing import SigningKey
from stack import ports
from tests.gateway.fakes import PUBLIC, FakeService, Method, Services
from tests.identity import forge

USER = "018f0000-0000-7000-8000-000000000000"
KEY = SigningKey("one", ec.generate_private_key(ec.SECP256R1()))
GET_JWKS = "/boxoffice.identity.v1.IdentityService/GetJwks"
EVERYBODYS = [method for method in PUBLIC if "PUBLIC" in chassis.policy(method.path).allowed]
GUARDED = [method for method in PUBLIC if method not in EVERYBODYS]
GET_BOOKING = "/api/v1/bookings/x"


def publish(services: Services, *keys: SigningKey) -> None:
    async def answer(request: Any, context: Any) -> Any:
        content = json.dumps({"keys": [key.public_jwk() for key in keys]}).encode()
        return httpbody_pb2.HttpBody(content_type="application/jwk-set+json", data=content)

    services["identity"].answers[GET_JWKS] = answer


def made(folder: Path) -> Path:
    """Make certificates for all."""
    certificates.make(folder / "tls")
    return folder / "tls"


def own_certificate(folder: Path, name: str) -> Certificate:
    own = folder / name
    return Certificate.read(own / "ca.pem", own / "cert.pem", own / "key.pem")


def guarded_services(folder: Path) -> Services:
    """Return services behind TLS, each with its certificate."""
    return Services(
        {name: FakeService(name, credentials=own_certificate(folder, name).server_credentials()) for name in CLUSTERS}
    )


def configuration(services: Services, folder: Path) -> str:
    [port] = ports.choose(1)
    own = folder / "gateway"
    files = Files(*(str(own / name) for name in ("ca.pem", "cert.pem", "key.pem")))
    return render(services.addresses, port=port, admin_port=0, edge=Edge(auth="on"), tls_files=files)


async def unavailable(request: Any, context: Any) -> Any:
    await context.abort_with_status(rpc_status.to_status(to_status(Unavailable())))


async def accepts(rest: httpx.AsyncClient, key: SigningKey) -> bool:
    return (await rest.get(GET_BOOKING, headers=bearer(key.sign(forge.right(USER))))).status_code == 200


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def arrived(services: Services) -> list[str]:
    """Return what reached a service, but for Envoy's own questions."""
    return [call.path for call in services.calls if call.path != GET_JWKS]


async def ask(rest: httpx.AsyncClient, method: Method, headers: dict[str, str] | None = None) -> httpx.Response:
    verb, path = method.bindings[0]
    body = {} if verb in ("POST", "PATCH", "PUT") else None
    return await rest.request(verb, re.sub(r"{(\w+)}", "x", path), json=body, headers=headers)


def check_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == 'Bearer realm="boxoffice"'
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["code"] == 16
    assert body["message"].startswith("It is not known who calls: log in")
    assert [(detail["reason"], detail["domain"]) for detail in body["details"]] == [("UNAUTHENTICATED", "boxoffice")]
