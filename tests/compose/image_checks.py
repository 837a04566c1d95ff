"""What needs the package index: `make test-image`. Linters over the files, and the image's steps without an engine.

The steps: the files that the Dockerfile copies, in a folder of their own, read-only; an environment from the image's
lock, by hash; from there, as an ordinary user, the services' commands against a PostgreSQL of their own.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.static import DOCUMENTS, files
from roster import SERVICES
from stack.ports import choose
from stack.postgres import Server
from stack.services import is_serving
from tests.compose.support import (
    ROOT,
    WANTED,
    compose,
    environment_of,
    exec_form,
    gateway_copying,
    gateway_rendering,
    stages,
)
from tests.compose.test_databases_container import server  # noqa: F401  # a fixture
from tests.patience import patient

FILE = compose(WANTED)["services"]
UV = Path(sys.executable).with_name("uv")
INSTALL = [UV, "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:"]


@pytest.fixture(scope="module")
def linters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linters") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    subprocess.run([*INSTALL, "--python", folder / "bin" / "python", "-r", ROOT / "docker" / "lint.lock"], check=True)
    return folder / "bin"


def test_hadolint_finds_nothing(linters: Path) -> None:
    subprocess.run([linters / "hadolint", "--failure-threshold", "style", ROOT / "Dockerfile"], check=True)


def test_the_compose_file_is_as_its_specification_says(linters: Path) -> None:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    subprocess.run([linters / "check-jsonschema", *schema, ROOT / "docker-compose.yml"], check=True)


def user() -> dict[str, Any]:
    """Return how to run something as an ordinary user."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def python() -> str:
    """Return a Python of this version that an ordinary user can run: one in root's home is out of reach."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys._base_executable, f"/usr/local/bin/{version}", f"/usr/bin/{version}"):  # type: ignore[attr-defined]  # undocumented, as old as venv
        try:
            subprocess.run([candidate, "-c", "import venv"], cwd="/", check=True, capture_output=True, **user())
        except (OSError, subprocess.CalledProcessError):
            continue
        return str(candidate)
    pytest.fail(f"no {version} that an ordinary user can run: start this as one")


class Image:
    """The services' image, as far as it goes without an engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = folder / "opt" / "boxoffice"
        self.python = folder / "opt" / "venv" / "bin" / "python"
        build = stages()["build"]
        workdir = build.last("WORKDIR")
        assert workdir == "/opt/boxoffice"
        for source, target in ((source, target) for sources, target in build.copies() for source in sources):
            # Before WORKDIR there is one copy, to the root, by an absolute path.
            place = folder / target[1:] / source if target.startswith("/") else self.code / target
            if target == f"{Path(source).parent}/":
                place = self.code / source
            place.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place)
        subprocess.run([python(), "-m", "venv", "--without-pip", self.python.parent.parent], check=True)
        lock = folder / "requirements.runtime.lock"
        # Copies: a link into a cache under root's home is out of the user's reach.
        subprocess.run([*INSTALL, "--link-mode", "copy", "--python", self.python, "-r", lock], check=True)
        subprocess.run(
            [self.python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "."],
            cwd=self.code,
            check=True,
        )
        subprocess.run(["chmod", "-R", "a+rX,a-w", folder], check=True)

    def start(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        """Run a command as the image's user, with the image's variables and no others."""
        assert command[0] == "python"
        return subprocess.Popen(
            [self.python, *command[1:]],
            cwd=self.code,
            env={"PATH": os.defpath, "PYTHONPATH": f"{self.code}:{self.code / 'protos/gen'}"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **user(),
        )

    def run(self, command: list[str], environment: dict[str, str] | None = None) -> str:
        """Run a command to its end and return what it said."""
        process = self.start(command, environment or {})
        output, _ = process.communicate(timeout=patient(60))
        assert process.returncode == 0, output
        return output


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-image-"))
    folder.chmod(0o711)
    yield Image(folder)
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def tls(image: Image) -> Iterator[Path]:
    """Certificates, made by the image as its container does."""
    # Not under tmp_path, which the image's user cannot reach.
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-tls-"))
    folder.chmod(0o777)
    image.run([*FILE["certificates"]["command"][:-1], str(folder)])
    yield folder
    shutil.rmtree(folder)


def test_the_image_is_small(image: Image) -> None:
    size = sum(path.lstat().st_size for path in image.folder.rglob("*") if not path.is_dir())
    print(f"code and packages: {size / 1e6:.0f} MB")
    # typst, which sets papers, is 84 MB, the languages of Babel are 33, the decoders of Pillow 22, cryptography is 16.
    assert size < 300e6


def test_its_user_cannot_change_it(image: Image) -> None:
    code = (
        "import pathlib, sys\ntry: pathlib.Path('services/x').touch()\nexcept PermissionError: sys.exit(0)\nsys.exit(1)"
    )
    image.run(["python", "-c", code])


def test_it_has_all_that_the_audit_needs(image: Image) -> None:
    assert "--server" in image.run([*FILE["audit"]["entrypoint"][:3], "--help"])


def test_it_renders_the_gateways_configuration(image: Image) -> None:
    command = [sys.executable, "-m", *gateway_rendering()]
    here = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert image.run(["python", "-m", *gateway_rendering()]) == here


def test_it_has_the_files_that_the_gateway_serves(image: Image) -> None:
    # Not under tmp_path, which the image's user cannot reach.
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-static-"))
    folder.chmod(0o777)
    *copying, _ = gateway_copying()
    image.run(["python", "-m", *copying, str(folder)])
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        file.source.name: file.source.read_bytes() for auth in DOCUMENTS for file in files(auth)
    }
    shutil.rmtree(folder)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_tells_its_settings(image: Image, service: Any) -> None:
    assert "DATABASE_URL" in image.run([*FILE[service.name]["command"], "--help"])


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_migrates_serves_tells_its_health_and_stops(
    image: Image,
    server: Server,  # noqa: F811  # the fixture
    tls: Path,
    service: Any,
) -> None:
    environment = environment_of(FILE[service.name], WANTED)
    database = environment["DATABASE_URL"].replace("postgres:5432", f"127.0.0.1:{server.port}")
    environment |= {"DATABASE_URL": database, "PORT": str(choose(1)[0]), "DRAIN_SECONDS": "0"}
    environment |= {
        name: path.replace("/tls/", f"{tls}/{service.name}/")
        for name, path in environment.items()
        if name.startswith("TLS_")
    }
    health = exec_form((stages()["service"].last("HEALTHCHECK") or "").partition("CMD ")[2])

    migration = environment_of(FILE[f"{service.name}-migrate"], WANTED)["DATABASE_URL"]
    own = {"DATABASE_URL": migration.replace("postgres:5432", f"127.0.0.1:{server.port}")}
    image.run(FILE[f"{service.name}-migrate"]["command"], environment | own)
    process = image.start(FILE[service.name]["command"], environment)
    try:
        end = time.monotonic() + patient(30)
        while not is_serving(f"127.0.0.1:{environment['PORT']}", service.name, tls):
            assert process.poll() is None and time.monotonic() < end, process.communicate(timeout=patient(5))[0]
        image.run(health, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=patient(20))
    assert process.returncode == 0, output
    with pytest.raises(AssertionError, match="UNAVAILABLE"):
        image.run(health, environment)
