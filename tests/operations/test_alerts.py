"""Alerts and dashboards name what there is: metrics, labels and outcomes of the code, and metrics of a real Envoy."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

import roster
import services
from gateway.edge import Edge
from gateway.render import render
from gateway.tls import Files
from services.chassis.errors import Failure
from stack.launcher import Stack
from tests.cases import all_cases
from tests.compose.support import SECRETS, compose
from tests.operations.declared import ROOT, Selected, grouped, metrics, own, selected
from tests.patience import patient

ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "docker/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARDS = {path.name: json.loads(path.read_text()) for path in (ROOT / "docker/grafana/dashboards").glob("*.json")}
SCRAPES = yaml.safe_load((ROOT / "docker/prometheus/prometheus.yml").read_text())
FILE = compose(SECRETS)["services"]
# Prometheus' own, and the label that it gives to what a target calls `job` itself.
TARGETS = {"job", "instance", "exported_job"}


def shown() -> Iterator[tuple[str, str]]:
    for name, dashboard in DASHBOARDS.items():
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", target["expr"]


EXPRESSIONS = [(rule["alert"], rule["expr"]) for rule in ALERTS] + list(shown())


def is_envoys(one: Selected) -> bool:
    return one.name.startswith("envoy_")


def test_every_metric_that_is_named_is_one_that_is_told() -> None:
    with all_cases() as case:
        for where, expression in EXPRESSIONS:
            with case(where):
                known = metrics().keys() | {"up"} | {"process_cpu_seconds_total", "process_resident_memory_bytes"}
                assert {one.name for one in selected(expression) if not is_envoys(one)} <= known
                assert selected(expression)


def test_every_label_that_is_named_is_one_that_its_metrics_have() -> None:
    with all_cases() as case:
        for where, expression in EXPRESSIONS:
            with case(where):
                had = set(TARGETS)
                for one in selected(expression):
                    if one.name in metrics():
                        labels = metrics()[one.name].labels | ({"le"} if one.name.endswith("_bucket") else set())
                        assert one.conditions.keys() <= labels | TARGETS, where
                        had |= labels
                    elif is_envoys(one):
                        had |= {"envoy_response_code_class", "envoy_cluster_name", "envoy_http_conn_manager_prefix"}
                assert grouped(expression) <= had, where


def test_every_outcome_that_is_named_is_a_reason_of_some_failure() -> None:
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name.endswith(".errors"):
            importlib.import_module(module.name)
    reasons = {"OK", *(failure.reason for failure in kinds(Failure))}
    named = {
        outcome
        for _, expression in EXPRESSIONS
        for one in selected(expression)
        for outcome in one.conditions.get("outcome", "").split("|")
        if outcome
    }
    assert named and named <= reasons


def kinds(failure: type[Failure]) -> Iterator[type[Failure]]:
    yield failure
    for kind in failure.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_urgent_it_is_and_what_is_wrong(rule: dict[str, Any]) -> None:
    assert rule.keys() - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert rule["labels"].keys() == {"severity"} and rule["labels"]["severity"] in ("page", "ticket")
    assert re.fullmatch(r"\d+[sm]", rule.get("for", "0s"))
    # An aggregate has only the labels it groups by: others would be empty in the text.
    labels = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert labels <= grouped(rule["expr"]) | ({"job"} if "up" in rule["expr"] else set())


def test_alerts_have_names_of_their_own() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)


def test_whatever_waits_or_is_given_up_has_an_alert() -> None:
    """A gauge that only a database knows is there because somebody has to look when it grows."""
    watched = {one.name for rule in ALERTS for one in selected(rule["expr"])}
    wants = {name for name in own() if re.search(r"_(lag|age|overdue)_seconds$|stuck$|_dead(_letters)?$", name)}
    assert wants and wants <= watched


def test_prometheus_finds_everything_that_is_told_and_the_files_that_it_is_given() -> None:
    jobs = {job["job_name"]: job["dns_sd_configs"] for job in SCRAPES["scrape_configs"]}
    assert jobs.keys() == {*roster.NAMES, "web", "gateway"}, "docker/prometheus/prometheus.yml"
    for name, [found] in jobs.items():
        assert found["names"] == [name] and found["type"] == "A"
        assert str(found["port"]) == FILE["inventory"]["environment"]["METRICS_PORT"]
        assert set(FILE[name]["networks"]) & set(FILE["prometheus"]["networks"])
    [folder, _] = FILE["prometheus"]["volumes"]
    assert folder == "./docker/prometheus:/etc/prometheus:ro"
    assert SCRAPES["rule_files"] == ["/etc/prometheus/alerts.yml"]


def test_an_alert_misses_every_service_that_is_down() -> None:
    [alert] = [rule for rule in ALERTS if rule["alert"] == "ServiceDown"]
    asked = {one.conditions["job"] for one in selected(alert["expr"])}
    jobs = (*roster.NAMES, "gateway")
    assert asked == {*jobs, "|".join(jobs)}, "docker/prometheus/alerts.yml: ServiceDown asks for each job"


def test_every_service_has_its_line_among_the_healthy() -> None:
    """It is drawn for all clusters of the gateway but those that are no service."""
    expressions = [one for _, expression in shown() for one in selected(expression)]
    [healthy] = [one for one in expressions if one.name == "envoy_cluster_membership_healthy"]
    addresses = {name: "127.0.0.1:1" for name in roster.NAMES}
    files = Files("ca.pem", "cert.pem", "key.pem")
    rendered = render(
        addresses,
        port=1,
        admin_port=2,
        metrics_port=3,
        edge=Edge(auth="on"),
        otlp_endpoint="http://127.0.0.1:4317",
        tls_files=files,
    )
    clusters = [cluster["name"] for cluster in yaml.safe_load(rendered)["static_resources"]["clusters"]]
    drawn = [name for name in clusters if healthy.takes({"envoy_cluster_name": name})]
    assert drawn == list(roster.NAMES)
    assert len(clusters) > len(drawn)


def test_grafana_finds_its_dashboards_and_where_to_ask() -> None:
    provisioning = ROOT / "docker/grafana/provisioning"
    sources = yaml.safe_load((provisioning / "datasources/sources.yml").read_text())["datasources"]
    assert {source["uid"]: source["url"] for source in sources} == {
        "prometheus": "http://prometheus:9090",
        "jaeger": "http://jaeger:16686",
    }
    [provider] = yaml.safe_load((provisioning / "dashboards/boxoffice.yml").read_text())["providers"]
    mounted = dict(mount.split(":")[:2] for mount in FILE["grafana"]["volumes"])
    assert mounted["./docker/grafana/dashboards"] == provider["options"]["path"]
    home = FILE["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.rpartition("/")[0] == provider["options"]["path"] and home.rpartition("/")[2] in DASHBOARDS
    assert set(FILE["grafana"]["networks"]) <= set(FILE["prometheus"]["networks"]) & set(FILE["jaeger"]["networks"])


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_has_panels_side_by_side_that_ask_prometheus(name: str) -> None:
    dashboard = DASHBOARDS[name]
    assert dashboard["uid"] and dashboard["title"].startswith("Boxoffice: ") and dashboard["editable"] is False
    places = set()
    for panel in dashboard["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}
        assert panel["fieldConfig"]["defaults"]["unit"]
        place = panel["gridPos"]
        places |= {(place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        for target in panel["targets"]:
            labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert labels <= grouped(target["expr"]) or " - " in target["expr"]
    assert len(places) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in dashboard["panels"])


def test_the_gateway_tells_prometheus_its_metrics_and_nobody_more(stack: Stack) -> None:
    metrics_url = f"http://127.0.0.1:{stack.settings.gateway_metrics_port}"
    with httpx.Client(base_url=metrics_url, trust_env=False, timeout=patient(10)) as http:
        page = http.get("/metrics")
        assert page.status_code == 200
        samples = {
            (sample.name, frozenset(sample.labels.items()))
            for family in text_string_to_metric_families(page.text)
            for sample in family.samples
        }
        # What else is on the admin port, some of which changes things.
        for path in ("/", "/stats", "/clusters", "/config_dump", "/quitquitquit", "/metrics/../quitquitquit"):
            assert http.get(path).status_code == http.post(path).status_code == 404, path
        assert http.post("/metrics").status_code == 404
    wanted = [one for _, expression in EXPRESSIONS for one in selected(expression) if is_envoys(one)]
    assert wanted
    for one in wanted:
        assert any(
            # The parser calls every counter so, and Envoy none.
            name.removesuffix("_total") == one.name and one.takes(dict(labels))
            for name, labels in samples
        ), (one, sorted(name for name in samples if name[0].startswith(one.name)))


def test_services_tell_theirs(stack: Stack) -> None:
    others = ("GATEWAY", "WEB")  # Envoy's own, and the shop's, which there is none of here
    for name, port in stack.settings.ports().items():
        if name.endswith("_METRICS_PORT") and not name.startswith(others):
            page = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
            found = {family.name for family in text_string_to_metric_families(page)}
            assert {"boxoffice_call_seconds", "boxoffice_pool_size", "process_resident_memory_bytes"} <= found
            assert {one for one in found if re.match(r"boxoffice_.*(?<!_created)$", one)} <= own().keys()


def test_files_are_where_compose_says() -> None:
    for service in FILE.values():
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            assert not source.startswith("./") or Path(ROOT / source).exists()
