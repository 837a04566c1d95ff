"""docs/operations.md names every setting, metric and alert that there is, and no others."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from pydantic_core import PydanticUndefined

from services.chassis.process.settings import secrets
from tests.compose.test_compose_settings import FOR_TESTS
from tests.compose.test_compose_settings import KINDS as SERVICES
from tests.operations.declared import ROOT, own
from tests.operations.test_alerts import ALERTS
from web.settings import Settings

PAGE = (ROOT / "docs" / "operations.md").read_text()
KINDS = {**SERVICES, "web": Settings}


def table(heading: str) -> list[list[str]]:
    """Return the rows of the first table under a heading."""
    text = re.split(rf"^#+ {heading}$", PAGE, flags=re.MULTILINE)[1]
    rows = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert rows is not None
    return [[cell.strip() for cell in line.strip("|\n").split("|")] for line in rows.group().splitlines()[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_every_setting_is_told_with_whose_it_is() -> None:
    settings: dict[str, set[str]] = {}
    for service, kind in KINDS.items():
        for name in kind.model_fields:
            settings.setdefault(name.upper(), set()).add(service)
    defaults = {name: row[2] for row in table("Settings") for name in names(row[0])}
    assert defaults.keys() == settings.keys() - FOR_TESTS, "docs/operations.md, Settings"
    for name, services in defaults.items():
        # The shop, which has no database, has some of those that all services have; the page says which.
        told = settings[name] - {"web"} if services == "all" else settings[name]
        assert told == (set(SERVICES) if services == "all" else set(services.split(", "))), name
    shared = {name for name, services in settings.items() if services == set(KINDS)}
    [line] = re.findall(r"^The shop has of those of all services (.*)\.$", PAGE, re.MULTILINE)
    assert set(names(line)) == shared


def written(default: object) -> str:
    """Return a default as the page says it."""
    if default in (PydanticUndefined, None, ""):
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_every_default_that_is_told_is_that_of_the_code() -> None:
    for setting, default, services, _ in table("Settings"):
        if len(names(setting)) > 1 or setting == "`PORT`":
            continue  # told on another page, or different in each service
        [name] = names(setting)
        service = "inventory" if services == "all" else services.split(", ")[0]
        found = KINDS[service].model_fields[name.lower()].default
        assert default.strip("`") == written(found), name


def test_every_secret_is_told_that_may_lie_in_a_file() -> None:
    found = {name.upper() for kind in KINDS.values() for name in secrets(kind)}
    assert set(re.findall(r"`(\w+)_FILE`", PAGE)) - {"TLS_CA", "TLS_CERT", "TLS_KEY", "KEPT_KEYS"} == found


def test_every_metric_is_told_with_its_labels() -> None:
    documented = {name: set(filter(None, row[1].split(", "))) for row in table("Metrics") for name in names(row[0])}
    assert documented == {name: set(metric.labels) for name, metric in own().items()}, "docs/operations.md, Metrics"


def test_every_alert_is_told_with_what_to_do() -> None:
    documented = {names(row[0])[0]: row[1] for row in table("Alerts")}
    assert documented == {rule["alert"]: rule["labels"]["severity"] for rule in ALERTS}, "docs/operations.md, Alerts"
    assert all(row[2] and row[3] for row in table("Alerts"))


@pytest.mark.parametrize("heading", ["Replicas", "Rolling restarts", "Dead letters", "Stuck refunds", "Drills"])
def test_a_part_is_where_others_link_to(heading: str) -> None:
    assert PAGE.count(f"\n## {heading}\n") == 1


def test_what_the_page_leads_to_is_there() -> None:
    def anchors(text: str) -> Sequence[str]:
        return [line.lower().replace(" ", "-") for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]

    for place, anchor in re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]*))?\)", PAGE):
        page = ROOT / "docs" / place if place else ROOT / "docs" / "operations.md"
        assert page.exists(), place
        assert not anchor or anchor in anchors(page.read_text()), anchor
    for path in re.findall(r"`((?:docker|tests)/[\w/.]+)`", PAGE):
        assert (ROOT / path).exists(), path
    verbs = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", PAGE)) <= verbs
