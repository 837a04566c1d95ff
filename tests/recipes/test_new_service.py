"""A new service is a few files edited by hand: whatever else knows all services follows the roster, or is named."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.recipes.recipe import check, differences, run
from tests.recipes.service import NAME, RECIPE

MOST = 10
"""How many files a new service may take that are edited by hand, beside its own folder and docs."""

CHECKS = (
    "tests/test_imports.py::test_every_service_is_named_by_the_rules_about_all_services",
    "tests/compose/test_compose_file.py::test_every_service_of_the_roster_is_in_the_file",
    "tests/compose/test_compose_file.py::test_five_replicas_of_each_leave_connections_over",
    "tests/operations/test_alerts.py::test_prometheus_finds_everything_that_is_told_and_the_files_that_it_is_given",
    "tests/operations/test_alerts.py::test_an_alert_misses_every_service_that_is_down",
)
"""The tests that name what is still to be edited."""

# What each part that knows all services knows of them, as JSON.
LOOK = """
import json
from pathlib import Path
import yaml
from audit import audit, snapshots
from bench import report
from certificates import certificates
from databases import databases
from gateway import render, replies
from stack import credentials, envoy, launcher, services
from stack.settings import Settings
settings = Settings.model_construct(auth="off")
secrets = credentials.Credentials(dict.fromkeys(credentials.NAMES, "secret"))
addresses = {name: services.addresses(settings, name) for name in render.CLUSTERS}
envoys = yaml.safe_load(render.render(addresses, port=1, admin_port=2))
print(json.dumps({
    "audit": audit.SOURCES,
    "bench": report.PROCESSES,
    "certificates": certificates.NAMES,
    "credentials": credentials.NAMES,
    "databases": databases.DATABASES,
    "audited": databases.AUDITED,
    "clusters": [cluster["name"] for cluster in envoys["static_resources"]["clusters"]],
    "unhealthy": [one.message for one in replies.REPLIES if "Not every service" in one.message],
    "ports": settings.ports(),
    "stopped": launcher.NAMES,
    "environments": services.environments(settings, secrets, {}),
}))
"""


def test_a_new_service_is_at_most_ten_files_edited_by_hand(tree: Path) -> None:
    RECIPE.plant(tree)
    edited = [file for file in differences(tree) if not file.startswith(f"services/{NAME}/")]
    assert sorted(edited) == sorted(RECIPE.edits)
    assert len(edited) <= MOST
    checked = check(tree, *CHECKS)
    assert checked.returncode == 0, checked.stdout


def test_each_file_that_is_not_edited_yet_is_named(tree: Path) -> None:
    RECIPE.plant(tree, "roster.toml")
    checked = check(tree, *CHECKS)
    assert f"{len(CHECKS)} failed" in checked.stdout, checked.stdout
    errors = "\n".join(line for line in checked.stdout.splitlines() if line.startswith("E "))
    assert [file for file in RECIPE.edits if file not in errors] == ["roster.toml"]


def test_everything_in_python_follows_the_roster(tree: Path) -> None:
    before, after = _known(tree), _known(tree, planted=True)
    assert before.keys() == after.keys()
    for what, known in after.items():
        assert NAME in json.dumps(known).lower() and NAME not in json.dumps(before[what]).lower(), what
    environment: Mapping[str, str] = after["environments"][NAME]
    assert (environment["PORT"], environment["METRICS_PORT"]) == ("16055", "16077")
    assert environment["DATABASE_URL"].startswith(f"postgresql://{NAME}:") and environment["DATABASE_URL"].endswith(
        f"/{NAME}"
    )


def _known(tree: Path, *, planted: bool = False) -> dict[str, Any]:
    if planted:
        RECIPE.plant(tree, "roster.toml")
    looked = run(tree, sys.executable, "-c", LOOK)
    assert looked.returncode == 0, looked.stderr
    known: dict[str, Any] = json.loads(looked.stdout)
    return known
