"""`make up`, `make down` and `make secrets`: one clear line where they cannot do their work."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import services.payment.settings
from tests.compose.support import COMPOSE, ROOT, SECRETS, compose, environment_of
from tests.patience import patient

DOCKER = r"""#!/bin/sh
# Stands in for docker: writes down what it was asked, and answers as the test says.
echo "$*" >> "$ASKED"
case "$*" in
"compose version") exit "${NO_COMPOSE:-0}" ;;
"compose config --quiet")
  test -n "$BANK_PASSWORD" && exit 0
  exec >&2
  echo "error while interpolating x-bank-environment.DATABASE_URL:" \
    "required variable BANK_PASSWORD is missing a value: it has no default"
  exit 1 ;;
"info") exit "${NO_ENGINE:-0}" ;;
esac
"""


class Trial:
    """A copy of the files that the verbs use, and a docker that only writes down what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "docker", folder / "docker")
        for file in (COMPOSE, ROOT / "Makefile"):
            shutil.copy(file, folder)
        tools = folder / "tools"
        tools.mkdir()
        for name in ("sh", "make", "dirname", "sed", "chmod", "awk"):
            (tools / name).symlink_to(shutil.which(name) or name)
        self.docker = tools / "docker"
        self.docker.write_text(DOCKER)
        self.docker.chmod(0o755)
        self.environment = {"PATH": str(tools), "ASKED": str(folder / "asked")} | SECRETS

    def make(self, verb: str, **changed: str) -> tuple[int, str]:
        """Return the exit code and what was said, without make's own line."""
        done = subprocess.run(
            ["make", verb, f"PYTHON={sys.executable}"],
            cwd=self.folder,
            env=self.environment | changed,
            capture_output=True,
            text=True,
            timeout=patient(30),
        )
        return done.returncode, "".join(line for line in done.stderr.splitlines(True) if not line.startswith("make: "))

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path)


@pytest.mark.parametrize("verb", ["up", "down"])
def test_no_docker_is_said_in_one_line(trial: Trial, verb: str) -> None:
    trial.docker.unlink()
    code, output = trial.make(verb)
    assert code != 0
    assert (
        output == "boxoffice: docker is not here: install Docker with Compose, or use make run, which needs neither\n"
    )


@pytest.mark.parametrize("verb", ["up", "down"])
@pytest.mark.parametrize(("lack", "named"), [("NO_COMPOSE", "no Compose"), ("NO_ENGINE", "no Docker engine answers")])
def test_what_docker_lacks_is_said_in_one_line(trial: Trial, verb: str, lack: str, named: str) -> None:
    code, output = trial.make(verb, **{lack: "1"})
    assert code != 0
    assert output.startswith("boxoffice: ") and named in output and output.count("\n") == 1


def test_a_missing_secret_is_said_in_one_line_before_the_engine_is_asked(trial: Trial) -> None:
    code, output = trial.make("up", BANK_PASSWORD="", NO_ENGINE="1")
    assert code != 0
    assert output == "boxoffice: BANK_PASSWORD is not set: it has no default\n"


def test_up_waits_until_all_is_healthy(trial: Trial) -> None:
    assert trial.make("up") == (0, "")
    assert trial.asked[-1] == "compose up --build --detach --wait --remove-orphans"


def test_down_needs_no_secret_and_keeps_the_data(trial: Trial) -> None:
    assert trial.make("down", **dict.fromkeys(SECRETS, "")) == (0, "")
    assert trial.asked[-1] == "compose --profile observe down --remove-orphans"


def test_secrets_are_made_for_the_owner_only_and_good_for_all(trial: Trial) -> None:
    assert trial.make("secrets") == (0, "boxoffice: made .env\n")
    file = trial.folder / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = dict(line.split("=", 1) for line in file.read_text().splitlines() if not line.startswith("#"))
    assert made.keys() == SECRETS.keys() | {"ENVIRONMENT"}
    assert len(set(made.values())) == len(made)
    environment = environment_of(compose(made)["services"]["payment"], made) | {"ENVIRONMENT": "production"}
    services.payment.settings.Settings(**{name.lower(): value for name, value in environment.items()})


def test_secrets_that_are_there_stay(trial: Trial) -> None:
    (trial.folder / ".env").write_text("MINE=1\n")
    code, output = trial.make("secrets")
    assert code != 0 and output.startswith("boxoffice: .env is there already")
    assert (trial.folder / ".env").read_text() == "MINE=1\n"
    assert os.listdir(trial.folder).count(".env") == 1
    assert not [name for name in os.listdir(trial.folder) if name.startswith(".env.")]


def test_git_does_not_see_the_secrets() -> None:
    assert "/.env" in (ROOT / ".gitignore").read_text().splitlines()
