"""The import rules hold, and each of them can be broken: `make lint` would see it."""

import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.domain.contract import Contract

from roster import SERVICES

ROOT = Path(__file__).parent.parent
CONFIGURATION = read_configuration(str(ROOT / "pyproject.toml"))
KINDS: dict[str, type[Contract]] = {
    "forbidden": ForbiddenContract,
    "independence": IndependenceContract,
    "layers": LayersContract,
}
CONTRACTS = {options["id"]: options for options in CONFIGURATION["contracts_options"]}

# What each rule is there to forbid.
VIOLATIONS = [
    ("services", "services.inventory.jobs", "services.booking.settings"),
    ("services", "services.payment.clients", "services.booking.domain.bookings"),
    ("services", "services.booking.clients", "services.bank.settings"),
    ("chassis", "services.chassis.ids", "services.inventory.settings"),
    ("outside", "services.booking.messages", "stack"),
    ("outside", "services.chassis.server", "tests"),
    ("outside", "services.booking.clients", "boxoffice_client"),
    ("outside", "services.bank.rpc.service", "gateway"),
    ("outside", "services.identity.signing", "certificates.files"),
    ("outside", "services.booking.settings", "roster"),
    ("houses", "stack.control", "storm.storm"),
    ("houses", "stack.launcher", "bench.load"),
    ("houses", "storm.report", "bench.report"),
    ("houses", "audit.audit", "stack.errors"),
    ("houses", "audit.snapshots", "certificates.errors"),
    ("houses", "certificates.certificates", "stack.credentials"),
    ("houses", "databases.databases", "stack.postgres"),
    ("houses", "gateway.render", "stack.settings"),
    ("houses", "services.booking.settings", "audit.snapshots"),
    ("alone", "audit.invariants.seats", "services.inventory.domain.seats"),
    ("alone", "databases.databases", "services.booking.tables"),
    ("in-front", "gateway.render", "services.identity.settings"),
    ("in-front", "certificates.certificates", "services.bank.settings"),
    ("services", "services.payment.clients", "services.bank.domain.sessions"),
    ("services", "services.payment.saga.checkout", "services.bank.operations.sessions"),
    ("services", "services.bank.clients", "services.payment.settings"),
    ("services", "services.bank.operations.refunds", "services.payment.operations.refunds"),
    ("domain", "services.booking.domain.refunds", "grpc"),
    ("domain", "services.inventory.domain.seats", "sqlalchemy"),
    ("domain", "services.payment.domain.payments", "google"),
    ("domain", "services.bank.domain.sessions", "psycopg"),
    ("domain", "services.inventory.domain.seats", "time"),
    ("driver", "services.payment.operations.refunds", "psycopg"),
    ("driver", "services.bank.operations.sessions", "psycopg_pool"),
    ("inventory", "services.inventory.queries.seats", "services.inventory.operations.seats"),
    ("inventory", "services.inventory.jobs", "services.inventory.rpc.inventory"),
    ("inventory", "services.inventory.domain.seats", "services.inventory.settings"),
    ("booking", "services.booking.operations.create", "services.booking.clients"),
    ("booking", "services.booking.clients", "services.booking.operations.create"),
    ("booking", "services.booking.operations.expire", "services.booking.saga"),
    ("payment", "services.payment.saga.checkout", "services.payment.rpc.service"),
    ("payment", "services.payment.domain.payments", "services.payment.tables"),
    ("services", "services.identity.operations.keys", "services.booking.settings"),
    ("domain", "services.identity.domain.keys", "time"),
    ("identity", "services.identity.hashing", "services.identity.operations.accounts"),
    ("identity", "services.identity.signing", "services.identity.queries.tokens"),
    ("bank", "services.bank.operations.sessions", "services.bank.jobs"),
    ("bank", "services.bank.tables", "services.bank.queries.sessions"),
]


# And of every service that the rooms at the bottom of its layers know none above.
VIOLATIONS += [
    (name, f"{container}.{options['layers'][-1]}", f"{container}.__main__")
    for name, options in CONTRACTS.items()
    for container in options.get("containers", ())
]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    packages = CONFIGURATION["session_options"]["root_packages"]
    return grimp.build_graph(*packages, include_external_packages=True, cache_dir=None)


def is_kept(name: str, graph: grimp.ImportGraph) -> bool:
    options = {key: value for key, value in CONTRACTS[name].items() if key not in ("id", "name", "type")}
    contract = KINDS[CONTRACTS[name]["type"]](name, CONFIGURATION["session_options"], options)
    return bool(contract.check(graph, verbose=False).kept)


def test_the_rules_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "importer", "imported"), VIOLATIONS)
def test_a_rule_is_broken_by_what_it_forbids(graph: grimp.ImportGraph, name: str, importer: str, imported: str) -> None:
    assert is_kept(name, graph)
    worse = deepcopy(graph)
    assert importer in worse.modules
    if imported not in worse.modules:
        assert "." not in imported
        worse.add_module(imported, is_squashed=True)
    worse.add_import(importer=importer, imported=imported)
    assert not is_kept(name, worse)


@pytest.mark.parametrize("module", [service.module for service in SERVICES])
def test_a_new_room_of_a_service_needs_a_place_among_the_layers(graph: grimp.ImportGraph, module: str) -> None:
    worse = deepcopy(graph)
    worse.add_module(f"{module}.helpers")
    [layers] = [name for name, options in CONTRACTS.items() if options.get("containers") == [module]]
    assert not is_kept(layers, worse)


def test_every_service_is_named_by_the_rules_about_all_services() -> None:
    named = {service.module for service in SERVICES}
    for name, field in (
        ("services", "modules"),
        ("chassis", "forbidden_modules"),
        ("in-front", "forbidden_modules"),
        ("driver", "source_modules"),
    ):
        missing = {
            module for module in named if not any(f"{module}.".startswith(f"{one}.") for one in CONTRACTS[name][field])
        }
        assert not missing, f"pyproject.toml: the rule {name} does not name {missing}"


def test_every_rule_was_tried() -> None:
    assert {name for name, _, _ in VIOLATIONS} == set(CONTRACTS)
