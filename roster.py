"""The roster: which services there are, as roster.toml has them. It says there what each field means.

It imports nothing of ours and no library, so that everything may read it: gateway, stack, audit, bench and tests.
Services do not: what one has to know of another, it is told by its environment.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
FILE = ROOT / "roster.toml"


@dataclass(frozen=True)
class Service:
    """A service, as its table in roster.toml describes it."""

    name: str
    module: str
    contracts: tuple[str, ...]
    port: int
    metrics_port: int
    database: str
    calls: tuple[str, ...]
    settings: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    schema: str = "public"
    owner: str = ""
    audited: str = ""
    ends_last: bool = False

    @property
    def folder(self) -> Path:
        """The folder of its package."""
        return ROOT / self.module.replace(".", "/")

    @property
    def migrations(self) -> Path:
        """The folder of its migrations."""
        return self.folder / "migrations" / "versions"


def read(text: str) -> tuple[Service, ...]:
    """Return the services that a roster names; raise ValueError where one is not described as it has to be."""
    services = tuple(_service(name, table) for name, table in tomllib.loads(text).items())
    names = {service.name for service in services}
    for service in services:
        if unknown := sorted(set(service.calls) - names):
            raise ValueError(f"roster.toml: {service.name} calls {', '.join(unknown)}, which is not in the roster")
    return services


def _service(name: str, table: Mapping[str, Any]) -> Service:
    known = {field.name for field in fields(Service)} - {"name"}
    if unknown := sorted(table.keys() - known):
        raise ValueError(f"roster.toml: {name} has {', '.join(unknown)}, which no service has")
    optional = {"settings", "secrets", "schema", "owner", "audited", "ends_last"}
    if missing := sorted(known - optional - table.keys()):
        raise ValueError(f"roster.toml: {name} does not say its {', '.join(missing)}")
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    defaults = {"owner": name, "audited": table.get("schema", "public")}
    return Service(name=name, **(defaults | given))


SERVICES = read(FILE.read_text(encoding="utf-8"))
NAMES = tuple(service.name for service in SERVICES)
ROLES = {role: service.database for service in SERVICES for role in (service.owner, service.name)}
"""The database of each role that migrates or serves."""
DATABASES = tuple(dict.fromkeys(service.database for service in SERVICES))


def named(name: str) -> Service:
    """Return the service of that name; raise KeyError if there is none."""
    return {service.name: service for service in SERVICES}[name]
