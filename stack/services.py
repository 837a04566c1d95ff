"""The services of the roster: how each is run, and what each is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from databases.databases import DATABASES
from roster import SERVICES, Service, named
from stack import citus, mails, ports, postgres
from stack.credentials import Credentials
from stack.ports import LOOPBACK
from stack.processes import Program
from stack.settings import PORT_STEP, ROOT, Settings

API = "/api/v1"
COMMON = ("AUTH", "IDENTITY_ADDRESS")
"""What every service is told."""
TLS_FILES = {"TLS_CA_FILE": "ca.pem", "TLS_CERT_FILE": "cert.pem", "TLS_KEY_FILE": "key.pem"}
"""What a service is told where AUTH is on, and the names of these files in its folder."""
PROBE_SECONDS = 1.0
MIGRATION_SECONDS = 120
MIGRATES = "-migrate"
"""What follows the service's name in the name of the process that migrates its database."""
MIGRATES_BY = "services.chassis.store.migrate"
"""What takes longer to import than all of a service, and only migrations take."""
DRAIN_SECONDS = 2
"""How long a replica that is to end still takes calls. Envoy asks every second how it is, its peers are told."""


@dataclass(frozen=True)
class Replica:
    """One of a service's processes, counted from 0."""

    service: Service
    number: int

    @property
    def name(self) -> str:
        """What the process is called: `booking`, `booking-2` and so on."""
        return f"{self.service.name}-{self.number + 1}" if self.number else self.service.name

    def port(self, settings: Settings, kind: str = "PORT") -> int:
        """Return the port it serves at, or its METRICS_PORT."""
        return settings.ports()[f"{self.service.name.upper()}_{kind}"] + self.number * PORT_STEP

    def address(self, settings: Settings) -> str:
        """Return its host:port."""
        return f"{LOOPBACK}:{self.port(settings)}"


def replicas(settings: Settings) -> list[Replica]:
    """Return every process of the services: all first replicas, then all second ones, and so on."""
    return [Replica(service, number) for number in range(settings.replicas) for service in SERVICES]


def public_url(settings: Settings) -> str:
    """Return the gateway's address on this machine, without a path."""
    return f"http://{LOOPBACK}:{settings.gateway_port}"


def address(settings: Settings, name: str) -> str:
    """Return the host:port of a service's first replica."""
    return f"{LOOPBACK}:{settings.ports()[f'{name.upper()}_PORT']}"


def addresses(settings: Settings, name: str) -> str:
    """Return the host:port of each replica of a service, commas between them."""
    return ",".join(one.address(settings) for one in replicas(settings) if one.service.name == name)


def database_url(settings: Settings, credentials: Credentials, role: str) -> str:
    """Return the URL of a role's database."""
    return postgres.url(settings.postgres_port, DATABASES[role], role, credentials[role])


def environments(
    settings: Settings, credentials: Credentials, overrides: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Return each process's environment by its name: the launcher's own, what its service is told, then overrides.

    `overrides` go by the service's name.
    """
    facts = _facts(settings, credentials)
    own = {"DATABASE_URL", "HOST", "KEPT_KEYS_FILE", "METRICS_PORT", "PORT"}
    own |= {name.removesuffix("_FILE") for name in TLS_FILES}
    # Inherited, so that for example SEAT_HOLD_MINUTES can be set for `make run`; but nobody gets another's facts, nor
    # another's secrets.
    secrets = {name for service in SERVICES for name in service.secrets}
    inherited = _given(os.environ.keys() - _either(facts.keys() | own | secrets))
    inherited["no_grpc_proxy"] = LOOPBACK
    if settings.replicas > 1:  # a single one has nobody to leave its calls to
        inherited.setdefault("DRAIN_SECONDS", str(DRAIN_SECONDS))
    return {
        one.name: (dict(citus.ENVIRONMENT) if settings.nodes and one.service.name == citus.DATABASE else {})
        | inherited
        | {"ENVIRONMENT": "development", "HOST": LOOPBACK, "PORT": str(one.port(settings))}
        | {"METRICS_PORT": str(one.port(settings, "METRICS_PORT"))}
        | {"OTLP_ENDPOINT": settings.otlp_endpoint}
        | {"DATABASE_URL": database_url(settings, credentials, one.service.name)}
        | {name: facts[name] for name in setting_names(one.service)}
        | _given(_either(one.service.secrets))
        | tls_files(settings, one.service.name)
        | kept_keys(settings, one.service)
        | dict(overrides.get(one.service.name, {}))
        for one in replicas(settings)
    }


def _facts(settings: Settings, credentials: Credentials) -> dict[str, str]:
    """Return what services are told by the stack, each what it asks for."""
    return {
        **{_address_of(service.name): addresses(settings, service.name) for service in SERVICES},
        "PAYMENT_GATEWAY_URL": f"grpc://{addresses(settings, 'bank')}",
        "PUBLIC_URL": settings.public_url or public_url(settings),
        "RETURN_URL": _return_url(settings),
        "WEBHOOK_URL": f"{public_url(settings)}{API}/payments/webhook",
        "PAYMENT_WEBHOOK_SECRET": credentials["webhook"],
        **mails.facts(settings),
        "AUTH": settings.auth,
        "IMAGES_FOLDER": str(settings.data_dir / "images"),
        "SIGNING_KEY_SECRET": credentials["signing-key"],
        "TICKET_KEY_SECRET": credentials["ticket-key"],
        "WEBHOOK_KEY_SECRET": credentials["webhook-key"],
        "WEBHOOK_LOOPBACK": "true",
        "UNSUBSCRIBE_SECRET": credentials["unsubscribe"],
        "TRUSTED_PROXIES": str(settings.trusted_proxies),
    }


def _return_url(settings: Settings) -> str:
    """Return where the bank sends customers back to: a page of the shop; empty where there is none."""
    pages = settings.public_url or public_url(settings)
    return f"{pages}/payment/{{order_id}}?back=1" if settings.web == "on" else ""


def _either(names: Iterable[str]) -> set[str]:
    """Return the names under which settings may be given: by themselves, or by a file."""
    return {given for name in names for given in (name, f"{name}_FILE")}


def _given(names: Iterable[str]) -> dict[str, str]:
    """Return those of the launcher's own variables that are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def setting_names(service: Service) -> tuple[str, ...]:
    """Return which facts a service is told."""
    return (*COMMON, *map(_address_of, service.calls), *service.settings)


def _address_of(name: str) -> str:
    return f"{name.upper()}_ADDRESS"


def kept_keys(settings: Settings, service: Service) -> dict[str, str]:
    """Return where a service keeps identity's public keys: its replicas share a file, services do not."""
    return {"KEPT_KEYS_FILE": str(settings.data_dir / "keys" / f"{service.name}.json")}


def tls_files(settings: Settings, name: str) -> dict[str, str]:
    """Return where the certificate of a service, or of the gateway, lies, as it is told; nothing where AUTH is off."""
    folder = settings.tls()
    return {} if folder is None else {variable: str(folder / name / file) for variable, file in TLS_FILES.items()}


def program(replica: Replica, settings: Settings, environment: Mapping[str, str]) -> Program:
    """Return how to run a process of a service; it is healthy when it says SERVING."""
    target, tls = replica.address(settings), settings.tls()
    return Program(
        name=replica.name,
        command=[Path(sys.executable), "-m", replica.service.module],
        environment=environment,
        # Asked for again and again while it starts: a channel for nothing costs a hundred times what a look costs.
        healthy=lambda: ports.listens(replica.port(settings)) and is_serving(target, replica.service.name, tls),
        start_seconds=settings.start_seconds,
        folder=ROOT,
    )


def migration(
    service: Service, settings: Settings, credentials: Credentials, environment: Mapping[str, str]
) -> Program:
    """Return how to bring a service's database to its newest form."""
    environment = {**environment, "DATABASE_URL": database_url(settings, credentials, service.owner)}
    return Program(
        name=f"{service.name}{MIGRATES}",
        command=[Path(sys.executable), "-m", service.module, "migrate"],
        environment=environment,
        folder=ROOT,
        start_seconds=max(settings.start_seconds, MIGRATION_SECONDS),
    )


def make_admin(email: str, settings: Settings, environment: Mapping[str, str]) -> Program:
    """Return how to make an admin of the account of an e-mail address."""
    return Program(
        name="identity-make-admin",
        command=[Path(sys.executable), "-m", named("identity").module, "make-admin", email],
        environment=environment,
        folder=ROOT,
        start_seconds=max(settings.start_seconds, MIGRATION_SECONDS),
    )


def opened(target: str, service: str = "", tls: Path | None = None) -> grpc.Channel:
    """Open a channel to a service at host:port, as the operator where `tls` is the folder of certificates."""
    options: list[tuple[str, str | int]] = [("grpc.enable_http_proxy", 0)]
    if tls is None:
        return grpc.insecure_channel(target, options=options)
    from certificates import certificates  # only here: it takes long to import, and where AUTH is off nobody needs it

    options.append(("grpc.ssl_target_name_override", f"{service}{certificates.SUFFIX}"))
    return grpc.secure_channel(target, certificates.channel_credentials(tls), options=options)


def is_serving(target: str, service: str = "", tls: Path | None = None) -> bool:
    """Ask a service at host:port for its health, once; see `opened`."""
    with opened(target, service, tls) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its published stubs know no methods
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=PROBE_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
