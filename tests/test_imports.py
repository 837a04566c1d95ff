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
    ("services", "services.payment.clients", "services.booking.bookings.domain"),
    ("services", "services.booking.clients", "services.bank.settings"),
    ("chassis", "services.chassis.ids", "services.inventory.settings"),
    ("chassis-rooms", "services.chassis.writes.desk", "services.chassis.wire.calls"),
    ("chassis-rooms", "services.chassis.wire.calls", "services.chassis.process.server"),
    ("chassis-rooms", "services.chassis.values.texts", "services.chassis.wire.rules"),
    ("chassis-rooms", "services.chassis.store.database", "services.chassis.writes.desk"),
    ("chassis-rooms", "services.chassis.sight.metrics", "services.chassis.store.database"),
    ("outside", "services.booking.messages", "stack"),
    ("outside", "services.chassis.process.server", "tests"),
    ("outside", "services.booking.clients", "boxoffice_client"),
    ("outside", "services.bank.rpc", "gateway"),
    ("outside", "services.identity.keys.signing", "certificates.files"),
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
    ("alone", "audit.invariants.seats", "services.inventory.seats.domain"),
    ("alone", "databases.databases", "services.booking.tables"),
    ("in-front", "gateway.render", "services.identity.settings"),
    ("in-front", "certificates.certificates", "services.bank.settings"),
    ("houses", "web.app", "gateway.render"),
    ("outside", "services.chassis.process.server", "web.settings"),
    ("shop", "web.choosing", "services.inventory.settings"),
    ("services", "services.payment.clients", "services.bank.domain.sessions"),
    ("services", "services.payment.checkout.steps", "services.bank.sessions.look"),
    ("services", "services.bank.webhooks.merchant", "services.payment.settings"),
    ("services", "services.bank.refunds.operation", "services.payment.refunds.operation"),
    ("domain", "services.booking.refunds.domain", "grpc"),
    ("domain", "services.inventory.seats.domain", "sqlalchemy"),
    ("domain", "services.payment.domain.payments", "google"),
    ("domain", "services.bank.domain.sessions", "psycopg"),
    ("domain", "services.inventory.seats.domain", "time"),
    ("driver", "services.payment.refunds.operation", "psycopg"),
    ("driver", "services.bank.sessions.look", "psycopg_pool"),
    ("inventory", "services.inventory.seats.rpc", "services.inventory.viewing.render"),
    ("inventory", "services.inventory.catalogue.shows", "services.inventory.viewing.availability"),
    ("inventory", "services.inventory.seats.operation", "services.inventory.catalogue.statements"),
    ("inventory-seats", "services.inventory.seats.statements", "services.inventory.seats.operation"),
    ("inventory-seats", "services.inventory.seats.operation", "services.inventory.seats.rpc"),
    ("inventory-viewing", "services.inventory.viewing.watching", "services.inventory.viewing.streams"),
    ("inventory-catalogue", "services.inventory.catalogue.shows", "services.inventory.catalogue.messages"),
    ("inventory-halls", "services.inventory.halls.statements", "services.inventory.halls.screens"),
    ("inventory-images", "services.inventory.images.store", "services.inventory.images.workshop"),
    ("worker", "services.inventory.images.worker", "services.chassis.ids"),
    ("pictures", "services.inventory.images.rpc", "PIL"),
    ("press", "services.booking.papers.worker", "services.chassis.ids"),
    ("inventory", "services.inventory.halls.screens", "services.inventory.catalogue.venues"),
    ("domain", "services.inventory.seats.commands", "psycopg"),
    ("domain", "services.booking.bookings.domain", "asyncio"),
    ("domain", "services.booking.captures.domain", "psycopg"),
    ("domain", "services.booking.errors", "grpc"),
    ("booking", "services.booking.clients", "services.booking.creating.operation"),
    ("booking", "services.booking.bookings.leases", "services.booking.clients"),
    ("booking", "services.booking.expiry.operation", "services.booking.saga"),
    ("booking", "services.booking.expiry.steps", "services.booking.declines.steps"),
    ("booking", "services.booking.captures.steps", "services.booking.refunds.steps"),
    ("booking", "services.booking.declines.steps", "services.booking.watching.changes"),
    ("booking", "services.booking.cancelling.operation", "services.booking.captures.messages"),
    ("booking", "services.booking.creating.operation", "services.booking.viewing.look"),
    ("booking", "services.booking.refunds.domain", "services.booking.settings"),
    ("booking-operations", "services.booking.creating.operation", "services.booking.clients"),
    ("booking-operations", "services.booking.refunds.operation", "services.booking.clients"),
    ("booking-bookings", "services.booking.bookings.statements", "services.booking.bookings.locked"),
    ("booking-bookings", "services.booking.bookings.leases", "services.booking.bookings.events"),
    ("booking-capabilities", "services.booking.captures.operation", "services.booking.captures.steps"),
    ("booking-capabilities", "services.booking.captures.statements", "services.booking.captures.messages"),
    ("booking-capabilities", "services.booking.creating.statements", "services.booking.creating.operation"),
    ("booking-refunds", "services.booking.refunds.domain", "services.booking.refunds.statements"),
    ("booking-viewing", "services.booking.viewing.statements", "services.booking.viewing.look"),
    ("booking", "services.booking.viewing.look", "services.booking.watching.changes"),
    ("booking-watching", "services.booking.watching.changes", "services.booking.watching.watching"),
    ("payment", "services.payment.checkout.steps", "services.payment.rpc"),
    ("payment", "services.payment.domain.payments", "services.payment.tables"),
    ("payment", "services.payment.checkout.record", "services.payment.refunds.operation"),
    ("payment-checkout", "services.payment.checkout.begin", "services.payment.checkout.steps"),
    ("payment-refunds", "services.payment.refunds.operation", "services.payment.refunds.steps"),
    ("payment-disputes", "services.payment.disputes.statements", "services.payment.disputes.operation"),
    ("payment-fees", "services.payment.fees.statements", "services.payment.fees.steps"),
    ("services", "services.identity.keys.keyring", "services.booking.settings"),
    ("domain", "services.identity.keys.domain", "time"),
    ("domain", "services.identity.attempts.domain", "psycopg"),
    ("identity", "services.identity.keys.renewal", "services.identity.tokens.statements"),
    ("identity", "services.identity.tokens.families", "services.identity.accounts.statements"),
    ("identity", "services.identity.tokens.families", "services.identity.attempts.operation"),
    ("identity", "services.identity.accounts.registration", "services.identity.roles.statements"),
    ("identity", "services.identity.roles.operation", "services.identity.settings"),
    ("identity-accounts", "services.identity.accounts.hashing", "services.identity.accounts.passwords"),
    ("identity-accounts", "services.identity.accounts.registration", "services.identity.accounts.profiles"),
    ("identity-attempts", "services.identity.attempts.addresses", "services.identity.attempts.operation"),
    ("identity-keys", "services.identity.keys.renewal", "services.identity.keys.keyring"),
    ("identity-organizations", "services.identity.organizations.members", "services.identity.organizations.rpc"),
    ("identity-roles", "services.identity.roles.statements", "services.identity.roles.operation"),
    ("identity-tokens", "services.identity.tokens.sealing", "services.identity.tokens.families"),
    ("bank", "services.bank.webhooks.deliveries", "services.bank.sessions.ends"),
    ("bank", "services.bank.sessions.close", "services.bank.refunds.operation"),
    ("bank-sessions", "services.bank.sessions.ends", "services.bank.sessions.pay"),
    ("bank-webhooks", "services.bank.webhooks.deliveries", "services.bank.webhooks.sender"),
    ("bank", "services.bank.tables", "services.bank.sessions.statements"),
]


def rooms(container: str, layer: str) -> list[str]:
    """Return what a layer has in a container, which may lack rooms in brackets."""
    names = [f"{container}.{name.strip(' ()')}" for name in layer.split("|")]
    paths = {name: ROOT.joinpath(*name.split(".")) for name in names}
    return [name for name, path in paths.items() if path.is_dir() or path.with_suffix(".py").exists()]


# And of every service and capability that what is at the bottom of its layers knows nothing of the top.
for name, options in CONTRACTS.items():
    for container in options.get("containers", ()):
        first, *_, last = [found for layer in options["layers"] if (found := rooms(container, layer))]
        VIOLATIONS.append((name, last[0], first[0]))


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


@pytest.fixture(scope="module")
def kept(graph: grimp.ImportGraph) -> set[str]:
    """The rules that hold of the imports as they are."""
    return {name for name in CONTRACTS if is_kept(name, graph)}


@pytest.mark.parametrize(("name", "importer", "imported"), VIOLATIONS)
def test_a_rule_is_broken_by_what_it_forbids(
    graph: grimp.ImportGraph, kept: set[str], name: str, importer: str, imported: str
) -> None:
    assert name in kept
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
