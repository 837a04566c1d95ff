"""What keeps a stack from starting is told in one line. The whole stack is run in tests/system."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from stack.errors import StackError
from stack.launcher import Stack, temporary_settings
from stack.settings import ROOT
from tests.patience import patient


def run(folder: Path, **environment: object) -> subprocess.CompletedProcess[str]:
    settings = temporary_settings(folder)
    ports = {name: str(port) for name, port in settings.ports().items()}
    chosen = os.environ | ports | {"DATA_DIR": str(folder)} | {name: str(value) for name, value in environment.items()}
    return subprocess.run(
        [sys.executable, "-m", "stack", "run"],
        cwd=ROOT,
        env=chosen,
        capture_output=True,
        text=True,
        timeout=patient(60),
    )


def test_a_second_stack_on_the_same_folder_is_refused(folder: Path) -> None:
    holder = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    os.write(holder, b"4711\n")
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(StackError, match=r"a stack runs from .* already \(process 4711\)"):
        Stack(temporary_settings(folder)).start()
    os.close(holder)


def test_a_busy_port_is_named_with_its_variable_and_nothing_stays(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(folder, BOOKING_PORT=port)
    assert done.returncode == 1
    line = f"boxoffice: port {port} (BOOKING_PORT) is in use: end what uses it, or set that variable to another port, "
    assert done.stderr.startswith(f"{line}for example BOOKING_PORT=")
    assert done.stderr.endswith(" make run\n")
    assert not (folder / "postgres" / "postmaster.pid").exists()


def test_a_setting_that_is_wrong_is_one_line(folder: Path) -> None:
    done = run(folder, BOOKING_PORT="many")
    assert done.returncode == 1
    assert done.stderr.startswith("boxoffice: settings are wrong: BOOKING_PORT: ")
    assert done.stderr.count("\n") == 1


def test_a_data_folder_that_cannot_be_made_is_one_line(folder: Path) -> None:
    (folder / "file").write_text("")
    done = run(folder, DATA_DIR=folder / "file" / "data")
    assert done.returncode == 1
    assert done.stderr == (
        f"boxoffice: cannot use {folder / 'file' / 'data'}: Not a directory; set DATA_DIR to another folder\n"
    )
