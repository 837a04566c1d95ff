"""Ways to break the start. Each ends with one clear line, a non-zero exit code and no traceback, and leaves no process.

 1-7  a port that is in use, and all of them at once  20  PostgreSQL is not installed
 8    not a port number                               21  a migration that fails
 9    a port that there cannot be                     22  a service that dies at once; a setting of its own
10    two ports that are equal                        23  a service that never gets healthy
11    a data folder that may not be written           24  a full disk
12    a data folder that is a file                    25  no python3
13    a data folder under a file                      26  a Python that is too old
14    logs that are a file                            27  a Python without venv
15    a half-made database folder                     28  no package index, on a fresh clone
16    another version's database folder               29  no package index, in a folder that was moved
17    somebody else's database folder                 30  a checkout that may not be written
18    damaged credentials                             31  a link to databases that are gone
19    Envoy is not installed                          32  a folder that a running stack uses
A PostgreSQL's pid file that is left over from a crash of the machine (33) is no reason not to start.
"""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from stack import places
from stack.launcher import temporary_settings
from stack.postgres import Server
from stack.processes import wait_until
from stack.settings import ROOT
from tests.patience import patient
from tests.stack.commands import environment
from tests.stacks import begin_with_databases

PORTS = list(temporary_settings(Path("/")).ports())
IS_ROOT = os.geteuid() == 0
SECONDS = patient(60)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a fork server")
CLOSED = "http://127.0.0.1:9/simple"
"""A package index that cannot be reached."""


def left_behind(folder: Path) -> list[str]:
    """Return the commands of processes that have to do with `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            shown = command + (process / "environ").read_bytes()
            if str(folder).encode() in shown and int(process.name) != os.getpid():
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def fails(folder: Path, line: str, command: list[str | Path] | None = None, **more: object) -> str:
    """See a start fail as it should, with a line that holds `line`; return all that was said."""
    options = {"cwd": ROOT, "env": environment(folder), "timeout": SECONDS} | more
    done = subprocess.run(
        command or [sys.executable, "-m", "stack", "run"],
        capture_output=True,
        text=True,
        **options,  # type: ignore[call-overload]
    )
    output = done.stdout + done.stderr
    assert done.returncode not in (0, -signal.SIGKILL), output
    assert "Traceback" not in output, output
    complaints = [each for each in done.stderr.splitlines() if each.startswith("boxoffice: ") and line in each]
    assert len(complaints) == 1, output
    if command is None:
        assert done.stderr.splitlines() == complaints
    assert wait_until(lambda: not left_behind(folder), patient(5)), left_behind(folder)
    return output


@contextmanager
def overlaid(folder: Path, **modules: str) -> Iterator[dict[str, str]]:
    """Put modules before those that are installed; give the environment for it."""
    over = folder / "over"
    for name, text in modules.items():
        (over / name).mkdir(parents=True)
        (over / name / "__init__.py").write_text(text)
    yield environment(folder, PYTHONPATH=over, START_SECONDS=patient(10))


def test_a_busy_port(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = f"port {port} (BANK_PORT) is in use: end what uses it, or set that variable to another port, for example"
        fails(folder, f"{line} BANK_PORT=", env=environment(folder, BANK_PORT=port))


def test_every_port_that_is_busy_is_named(folder: Path) -> None:
    with ExitStack() as held:
        taken = {name: held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for name in PORTS}
        output = fails(folder, "are in use: end what uses them, or set other", env=environment(folder, **taken))
    assert [name for name, port in taken.items() if f"{port} ({name})" not in output] == []


@pytest.mark.skipif(IS_ROOT, reason="root may")
def test_a_port_that_only_root_may_use(folder: Path) -> None:
    fails(
        folder, "only root may listen on port 80 (GATEWAY_PORT): set another", env=environment(folder, GATEWAY_PORT=80)
    )


@pytest.mark.parametrize(("value", "line"), [("many", "BOOKING_PORT: Input should be a valid integer"), ("0", "than")])
def test_no_port(folder: Path, value: str, line: str) -> None:
    fails(folder, line, env=environment(folder, BOOKING_PORT=value))


def test_two_equal_ports(folder: Path) -> None:
    line = "BANK_PORT and POSTGRES_PORT are both 4711"
    fails(folder, line, env=environment(folder, BANK_PORT=4711, POSTGRES_PORT=4711))


def test_a_data_folder_that_may_not_be_written(folder: Path) -> None:
    closed = Path("/proc/boxoffice") if IS_ROOT else folder / "closed"
    if not IS_ROOT:
        closed.mkdir(mode=0o500)
    fails(folder, f"cannot use {closed}: ", env=environment(folder, DATA_DIR=closed))


@pytest.mark.parametrize("name", ["file", "file/data"])
def test_a_data_folder_that_is_a_file_or_under_one(folder: Path, name: str) -> None:
    (folder / "file").write_text("mine")
    fails(folder, f"cannot use {folder / name}: ", env=environment(folder, DATA_DIR=folder / name))
    assert (folder / "file").read_text() == "mine"


def test_logs_that_are_a_file(folder: Path) -> None:
    (folder / "logs").write_text("")
    fails(folder, f"cannot use {folder}: File exists; set DATA_DIR to another folder")


def test_a_half_made_database_folder(folder: Path) -> None:
    (folder / "postgres" / "base").mkdir(parents=True)
    fails(folder, f"{folder / 'postgres'} is not PostgreSQL's: move it away, or set DATA_DIR to another folder")


def test_another_versions_database_folder(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("14\n")
    fails(folder, f"{folder / 'postgres'} was made by PostgreSQL 14, this is {places.VERSION}: set DATA_DIR")


def test_somebody_elses_database_folder(folder: Path) -> None:
    Server(folder, 1, "another password", durable=False).prepare()
    fails(folder, f"the password in {folder / 'credentials.json'} is not that of {folder / 'postgres'}")


def test_damaged_credentials(folder: Path) -> None:
    (folder / "credentials.json").write_text("{")
    fails(folder, f"{folder / 'credentials.json'} is damaged: ")


def test_a_link_to_databases_that_are_gone(folder: Path) -> None:
    (folder / "postgres").symlink_to(folder / "gone" / "postgres")
    fails(folder, f"{folder / 'postgres'} leads to {folder / 'gone' / 'postgres'}, which is gone: put it back")


def test_a_folder_that_a_running_stack_uses(folder: Path) -> None:
    with (folder / "lock").open("w") as lock:
        lock.write("4711\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        fails(folder, f"a stack runs from {folder} already (process 4711): `make status` shows it, `make stop` stops")


@pytest.mark.parametrize(("package", "name"), [("envoy", "Envoy"), (places.PACKAGE, "PostgreSQL")])
def test_a_program_that_is_not_installed(folder: Path, package: str, name: str) -> None:
    with overlaid(folder, **{package: ""}) as env:
        fails(folder, f"{name} is not installed: run `make clean env`", env=env)


def test_a_migration_that_fails(folder: Path) -> None:
    with overlaid(folder, alembic="raise SystemExit('no such revision')") as env:
        fails(folder, "-migrate ended with exit code 1: no such revision (see ", env=env)


def test_a_setting_of_a_service_that_is_wrong(folder: Path) -> None:
    begin_with_databases(folder)
    fails(folder, "inventory: SHOWS_PER_TRANSACTION is wrong: ", env=environment(folder, SHOWS_PER_TRANSACTION="some"))


WHEN_IT_BEGINS = """
import os, runpy, sys, time
def run(*arguments, really=runpy.run_module, **options):
    if arguments == ({service!r},) and options["run_name"] == "__main__" and not sys.argv[1:]:
        {what}
    return really(*arguments, **options)
runpy.run_module = run
"""
"""Python that does something when the fork server has forked a service."""


@LINUX
def test_a_service_that_dies_at_once(folder: Path) -> None:
    begin_with_databases(folder)
    dies = WHEN_IT_BEGINS.format(service="services.payment", what="print('no luck', flush=True); os._exit(7)")
    with overlaid(folder, sitecustomize=dies) as env:
        fails(folder, "payment ended with exit code 7 while it started: no luck (see ", env=env)


@LINUX
def test_a_service_that_never_gets_healthy(folder: Path) -> None:
    begin_with_databases(folder)
    sleeps = WHEN_IT_BEGINS.format(service="services.booking", what="time.sleep(1000)")
    with overlaid(folder, sitecustomize=sleeps) as env:
        fails(folder, f"booking is not healthy after {patient(10):g} s (START_SECONDS gives it longer) (see ", env=env)


@pytest.mark.parametrize("bytes_", [0, 4_000_000])
def test_a_full_disk(folder: Path, bytes_: int) -> None:
    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))

    fails(folder, "File too large", preexec_fn=small)


def test_no_python(folder: Path) -> None:
    fails(folder, "/no/python is not here: install Python 3.11", ["make", "-s", "env", "PYTHON=/no/python"])


def test_a_python_that_is_too_old(folder: Path) -> None:
    old = folder / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)
    line = f"needs Python 3.11 or newer, {old} is older (Python 3.9.2): name another"
    fails(folder, line, ["make", "-s", "env", f"PYTHON={old}"])


def checkout(folder: Path) -> Path:
    """Copy what an environment is made with into a folder of its own."""
    made = folder / "checkout"
    (made / "stack").mkdir(parents=True)
    shutil.copy(ROOT / "stack" / "environment.py", made / "stack")
    for lock in ROOT.glob("requirements*.lock"):
        shutil.copy(lock, made)
    return made


def make(folder: Path, before: str = "pass") -> dict[str, object]:
    """Return how to make the environment of `checkout(folder)` without a package index."""
    program = folder / "checkout" / "stack" / "environment.py"
    code = f"import runpy, sys; {before}; runpy.run_path({str(program)!r}, run_name='__main__')"
    base = Path(getattr(sys, "_base_executable", sys.executable))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    offline = {"PIP_INDEX_URL": CLOSED, "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    return {"command": [base, "-I", "-c", code], "env": env | offline}


def test_a_python_without_venv(folder: Path) -> None:
    checkout(folder)
    fails(folder, "this Python has no venv: install it (on Debian", **make(folder, "sys.modules['ensurepip'] = None"))


@pytest.mark.parametrize("moved", [False, True])
def test_no_package_index(folder: Path, moved: bool) -> None:
    made = checkout(folder)
    if moved:
        (made / ".venv" / "bin").mkdir(parents=True)
        (made / ".venv" / "bin" / "python").symlink_to(sys.executable)
        (made / ".venv" / "boxoffice.stamp").write_text("3.11.2 /usr /where/it/was\n0\n")
    output = fails(folder, "cannot install uv: see above; is the package index within reach?", **make(folder))
    assert "boxoffice: making .venv with Python" in output


def test_a_checkout_that_may_not_be_written(folder: Path) -> None:
    made = checkout(folder)
    if IS_ROOT:
        (made / ".venv").write_text("")  # root may write everywhere; this it can not
    else:
        made.chmod(0o555)
    fails(folder, "cannot make the virtual environment .venv", **make(folder))
    made.chmod(0o755)


def test_a_pid_file_that_is_left_over_is_no_reason_not_to_start(folder: Path) -> None:
    server = Server(folder, 1, "a password", durable=False)
    server.prepare()
    stale = server.cluster / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{server.cluster}\n")
    server.end_orphan()
    assert not stale.exists()
