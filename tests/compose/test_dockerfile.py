"""The Dockerfile: small, pinned, of an ordinary user; and its lock is what the services need, no more."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.compose.support import ROOT, arguments, exec_form, locked, stages

LOCK = locked(ROOT / "requirements.runtime.lock")
# The gateway's configuration is rendered from a template in YAML while the image is made, and Swagger UI put beside it.
RENDERING = ("mkdocs-swagger-ui-tag", "pyyaml")


def test_stages_start_from_pinned_images() -> None:
    versions = arguments()
    outside = {stage.base for stage in stages().values()} - stages().keys()
    assert outside == {
        f"python:{versions['PYTHON_VERSION']}-slim-trixie",
        f"envoyproxy/envoy:v{versions['ENVOY_VERSION']}",
    }


@pytest.mark.parametrize("name", ["service", "gateway"])
def test_nothing_runs_as_root(name: str) -> None:
    user = stages()[name].last("USER")
    assert user is not None and re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "by number, so that an engine can tell"


@pytest.mark.parametrize(("name", "verb"), [("service", "CMD"), ("gateway", "ENTRYPOINT")])
def test_the_program_gets_the_signals_itself(name: str, verb: str) -> None:
    assert exec_form(stages()[name].last(verb))


def test_the_services_image_has_no_installer_and_no_sources_but_what_runs() -> None:
    service = stages()["service"]
    assert service.copies() == []
    assert service.all("COPY") == ["--from=build /opt /opt"]
    assert "--without-pip" in stages()["build"].all("RUN")[0]
    copied = {source for sources, _ in stages()["build"].copies() for source in sources}
    assert copied == {
        "requirements.runtime.lock",
        "protos/gen",
        "audit",
        "certificates",
        "clients/python",
        "databases",
        "gateway",
        "roster.py",
        "roster.toml",
        "services",
        "third_party/noto",
        "web",
        "docker/health.py",
        "docker/web_health.py",
    }


def test_what_runs_in_the_image_needs_no_folder_that_is_not_there() -> None:
    listing = (
        "import audit.__main__, certificates.__main__, databases.__main__, gateway.render, gateway.static, sys; "
        "print(*(name for name in sys.modules if '.' not in name))"
    )
    loaded = subprocess.run([sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True)
    ours = {name for name in loaded.stdout.split() if (ROOT / name).is_dir()}
    copied = {source for sources, _ in stages()["build"].copies() for source in sources}
    assert {"audit", "certificates", "databases", "gateway"} <= ours <= copied


def test_packages_are_installed_by_hash_as_wheels() -> None:
    (install, *_) = stages()["build"].all("RUN")
    for option in ("--require-hashes", "--only-binary :all:", "--no-cache-dir"):
        assert option in install
    assert all("--hash=sha256:" in entry for entry in LOCK.values())


def test_the_engine_gets_what_is_copied_and_nothing_else() -> None:
    copied = {source for stage in stages().values() for sources, _ in stage.copies() for source in sources}
    assert all((ROOT / source).exists() for source in copied)
    everything, *rest = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert everything == "*"
    shown = {line.removeprefix("!") for line in rest if line.startswith("!")}
    inside = {source for source in copied if not any(source.startswith(f"{folder}/") for folder in shown)}
    assert inside == shown
    assert "**/__pycache__" in rest


def test_the_images_lock_is_part_of_the_lock() -> None:
    whole = locked(ROOT / "requirements.lock")
    for name, entry in LOCK.items():
        version, *hashes = entry.split(" \\\n")
        version_there, *hashes_there = whole[name].split(" \\\n")
        assert version.partition(" ")[0] == version_there.partition(" ")[0]
        assert set(map(str.strip, hashes)) == set(map(str.strip, hashes_there)), name


def test_the_images_lock_is_what_the_services_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = _closure([*project["dependencies"], *RENDERING])
    assert needed <= LOCK.keys()
    # The rest is for systems that this is not.
    assert all(" ; " in LOCK[name].partition("\n")[0] for name in LOCK.keys() - needed)


def _closure(requirements: list[str]) -> set[str]:
    """Return the names of what `requirements` bring with them here, by what the installed packages say."""
    found: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, wanted_by = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": wanted_by}):
            continue
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) not in found:
                found.add((name, extra))
                waiting += [(Requirement(text), extra) for text in metadata.requires(name) or []]
    return {name for name, _ in found}
