"""The services: how each is run, and what each is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from stack import postgres
from stack.credentials import Credentials
from stack.databases import DATABASES
from stack.ports import LOOPBACK
from stack.processes import Program
from stack.settings import ROOT, Settings

API = "/api/v1"
COMMON = ("AUTH", "IDENTITY_ADDRESS", "SERVICE_SECRET")
"""What every service is told."""
PROBE_SECONDS = 1.0
MIGRATION_SECONDS = 120


@dataclass(frozen=True)
class Service:
    """A service: its name, its module, and which of the shared facts it is told."""

    name: str
    module: str
    told: tuple[str, ...]

    @property
    def migrations(self) -> Path:
        """The folder of its migrations."""
        return ROOT / self.module.replace(".", "/") / "migrations" / "versions"


SERVICES = (
    Service("bank", "services.payment.bank", ("PAYMENT_WEBHOOK_SECRET", "WEBHOOK_URL", "PUBLIC_URL")),
    Service("identity", "services.identity", ("SIGNING_KEY_SECRET",)),
    Service("inventory", "services.inventory", ()),
    Service("booking", "services.booking", ("INVENTORY_ADDRESS", "PAYMENT_ADDRESS")),
    Service(
        "payment",
        "services.payment",
        ("BOOKING_ADDRESS", "PAYMENT_GATEWAY_URL", "PAYMENT_WEBHOOK_SECRET", "PUBLIC_URL"),
    ),
)


def public_url(settings: Settings) -> str:
    """Return the address that people use, without a path."""
    return f"http://{LOOPBACK}:{settings.gateway_port}"


def address(settings: Settings, name: str) -> str:
    """Return a service's host:port."""
    return f"{LOOPBACK}:{settings.ports()[f'{name.upper()}_PORT']}"


def database_url(settings: Settings, credentials: Credentials, role: str) -> str:
    """Return the URL of a role's database."""
    return postgres.url(settings.postgres_port, DATABASES[role], role, credentials[role])


def environments(
    settings: Settings, credentials: Credentials, overrides: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Return each service's environment: the launcher's own, what the service is told, then its overrides."""
    facts = {
        "INVENTORY_ADDRESS": address(settings, "inventory"),
        "BOOKING_ADDRESS": address(settings, "booking"),
        "PAYMENT_ADDRESS": address(settings, "payment"),
        "PAYMENT_GATEWAY_URL": f"grpc://{address(settings, 'bank')}",
        "PUBLIC_URL": public_url(settings),
        "WEBHOOK_URL": f"{public_url(settings)}{API}/payments/webhook",
        "PAYMENT_WEBHOOK_SECRET": credentials["webhook"],
        "AUTH": settings.auth,
        "IDENTITY_ADDRESS": address(settings, "identity"),
        "SERVICE_SECRET": credentials["service"],
        "SIGNING_KEY_SECRET": credentials["signing-key"],
    }
    own = {"DATABASE_URL", "HOST", "METRICS_PORT", "PORT"}
    # Inherited, so that for example SEAT_HOLD_MINUTES can be set for `make run`; but nobody gets another's facts.
    inherited = {name: value for name, value in os.environ.items() if name not in facts.keys() | own}
    inherited["no_grpc_proxy"] = LOOPBACK
    return {
        service.name: inherited
        | {"ENVIRONMENT": "development", "HOST": LOOPBACK, "PORT": address(settings, service.name).rpartition(":")[2]}
        | {"METRICS_PORT": str(settings.ports()[f"{service.name.upper()}_METRICS_PORT"])}
        | {"DATABASE_URL": database_url(settings, credentials, service.name)}
        | {name: facts[name] for name in (*COMMON, *service.told)}
        | dict(overrides.get(service.name, {}))
        for service in SERVICES
    }


def program(service: Service, settings: Settings, environment: Mapping[str, str]) -> Program:
    """Return how to run a service; it is healthy when it says SERVING."""
    target = address(settings, service.name)
    return Program(
        name=service.name,
        command=[Path(sys.executable), "-m", service.module],
        environment=environment,
        healthy=lambda: is_serving(target),
        start_seconds=settings.start_seconds,
        folder=ROOT,
    )


def migration(service: Service, environment: Mapping[str, str]) -> Program:
    """Return how to bring a service's database to its newest form."""
    return Program(
        name=f"{service.name}-migrate",
        command=[Path(sys.executable), "-m", service.module, "migrate"],
        environment=environment,
        folder=ROOT,
        start_seconds=MIGRATION_SECONDS,
    )


def make_admin(email: str, environment: Mapping[str, str]) -> Program:
    """Return how to make an admin of the account of an e-mail address."""
    return Program(
        name="identity-make-admin",
        command=[Path(sys.executable), "-m", "services.identity", "make-admin", email],
        environment=environment,
        folder=ROOT,
        start_seconds=MIGRATION_SECONDS,
    )


def is_serving(target: str) -> bool:
    """Ask a gRPC server for its health, once."""
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its published stubs know no methods
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=PROBE_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
