"""Who dies is started again. Children are real processes."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.errors import StackError
from stack.processes import Child, Program, wait_until
from stack.supervisor import Supervisor
from tests.patience import patient

SECONDS = patient(20)
# Writes its pid into the file it is given: healthy once that is its own.
WAITS = "import os, signal, sys; open(sys.argv[1], 'w').write(str(os.getpid())); signal.pause()"
# The same, but ends from the second start on: it leaves a line for each start in its log.
DIES = (
    "import os, signal, sys; again = os.path.exists(sys.argv[1]); print('start', flush=True)\n"
    "if again: sys.exit(1)\n"
    "open(sys.argv[1], 'w').write(str(os.getpid())); signal.pause()"
)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def supervisor(lines: list[str]) -> Iterator[Supervisor]:
    one = Supervisor(lines.append)
    yield one
    one.stop(["one", "other"])
    one.close()


def child(folder: Path, name: str = "one", code: str = WAITS) -> Child:
    file = folder / f"{name}.seen"

    def healthy() -> bool:
        return file.exists() and file.read_text() == str(made.pid)

    made = Child(Program(name, [sys.executable, "-c", code, str(file)], healthy=healthy), folder)
    return made


def test_a_killed_child_is_started_again_and_said_so(supervisor: Supervisor, lines: list[str], tmp_path: Path) -> None:
    one = child(tmp_path)
    supervisor.start([one])
    first = one.pid
    supervisor.kill("one")
    supervisor.wait_healthy("one", SECONDS)
    assert one.pid != first
    assert lines == [f"one was ended by SIGKILL; it is started again now (see {one.log})", "one is healthy again"]


def test_a_child_killed_from_outside_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    one = child(tmp_path)
    supervisor.start([one])
    first = one.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: one.pid != first, SECONDS)
    supervisor.wait_healthy("one", SECONDS)


def test_a_child_that_keeps_dying_is_started_at_growing_distances(
    supervisor: Supervisor, lines: list[str], tmp_path: Path
) -> None:
    one = child(tmp_path, code=DIES)
    supervisor.start([one])
    supervisor.kill("one")
    assert wait_until(lambda: len(lines) >= 4, SECONDS)
    delays = [line.partition("again ")[2].partition(" (")[0] for line in lines[:4]]
    assert delays == ["now", "in 0.25 s", "in 0.5 s", "in 1 s"]


def test_a_stopped_child_stays_down_until_it_is_started(
    supervisor: Supervisor, lines: list[str], tmp_path: Path
) -> None:
    one, other = child(tmp_path), child(tmp_path, "other")
    supervisor.start([one, other])
    supervisor.stop(["one"])
    # Its neighbour's death and return take the supervisor past the stopped one several times.
    supervisor.kill("other")
    supervisor.wait_healthy("other", SECONDS)
    assert not one.running
    assert not any(line.startswith("one ") for line in lines)
    with pytest.raises(StackError, match="one is not healthy"):
        supervisor.wait_healthy("one", 0)
    supervisor.start([one])
    supervisor.wait_healthy("one", 0)


def test_a_child_that_does_not_come_up_is_reported_and_not_started_again(
    supervisor: Supervisor, lines: list[str], tmp_path: Path
) -> None:
    one = child(tmp_path, code="import sys; sys.exit('bad settings')")
    with pytest.raises(StackError, match="one ended with exit code 1 while it started: bad settings"):
        supervisor.start([one])
    assert lines == []
