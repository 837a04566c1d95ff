"""Children are real processes: small Python programs."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack.errors import StackError
from stack.forks import ForkServer
from stack.processes import (
    LAST_WORDS_BYTES,
    Child,
    Process,
    Program,
    execute,
    living_name,
    run_all,
    stop,
    wait_healthy,
    wait_until,
)
from stack.settings import ROOT
from tests.patience import patient

SECONDS = patient(10)
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
Start = Callable[[Program, Path], Process]
Make = Callable[..., Child]
WAITS = "import signal; print('ready', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    server = ForkServer([], tmp_path_factory.mktemp("logs"), SECONDS)
    server.spawn()
    yield server
    server.kill()


@pytest.fixture(params=["executed", pytest.param("forked", marks=ON_LINUX)])
def start(request: pytest.FixtureRequest) -> Start:
    """How a child is started, which makes no difference to anybody."""
    if request.param == "executed":
        return execute
    server: ForkServer = request.getfixturevalue("fork_server")
    return server.fork


@pytest.fixture
def child(start: Start) -> Make:
    def make(code: str, logs: Path, name: str = "child", **more: object) -> Child:
        log = logs / f"{name}.log"
        options = {"healthy": lambda: log.exists() and "ready" in log.read_text(), "grace_seconds": SECONDS} | more
        program = Program(name, [sys.executable, "-m", "tests.stack.said", code], **options)  # type: ignore[arg-type]
        return Child(program, logs, start)

    return make


def test_a_child_is_asked_to_end_and_ends(child: Make, tmp_path: Path) -> None:
    one = child(WAITS, tmp_path)
    one.spawn()
    wait_healthy([one])
    assert stop([one]) == []
    assert not one.running
    assert one.ending == "was ended by SIGTERM"


def test_a_child_that_will_not_end_is_killed_after_its_grace(child: Make, tmp_path: Path) -> None:
    one, other = child(STUBBORN, tmp_path, "stubborn", grace_seconds=0.2), child(WAITS, tmp_path, "willing")
    for each in (one, other):
        each.spawn()
    wait_healthy([one, other])
    assert stop([one, other]) == ["stubborn"]
    assert not one.running
    assert not other.running


def test_a_child_that_dies_while_it_starts_is_named_with_its_last_words(child: Make, tmp_path: Path) -> None:
    one = child("import sys; sys.exit('no such table: seats')", tmp_path, "inventory")
    one.spawn()
    with pytest.raises(StackError, match=r"inventory ended with exit code 1 while it started: no such table: seats"):
        wait_healthy([one])


def test_a_death_is_told_at_once_though_others_still_start(child: Make, tmp_path: Path) -> None:
    slow, dying = (
        child(WAITS, tmp_path, "slow", healthy=lambda: False),
        child("import sys; sys.exit(3)", tmp_path, "dying"),
    )
    for each in (slow, dying):
        each.spawn()
    with pytest.raises(StackError, match="dying ended with exit code 3"):
        wait_healthy([slow, dying])
    slow.kill()


def test_a_child_that_never_gets_healthy_is_named(child: Make, tmp_path: Path) -> None:
    one = child("import signal; signal.pause()", tmp_path, "booking", start_seconds=0.1)
    one.spawn()
    with pytest.raises(StackError, match=r"booking is not healthy after 0.1 s \(START_SECONDS gives it longer\)"):
        wait_healthy([one])
    one.kill()


def test_a_program_that_is_not_done_in_time_is_named_and_ended(child: Make, tmp_path: Path) -> None:
    one = child(WAITS, tmp_path, "bank-migrate", start_seconds=0.1)
    with pytest.raises(StackError, match=r"bank-migrate is not done after 0.1 s \(START_SECONDS gives it longer\)"):
        run_all([one])
    assert not one.running


@pytest.mark.parametrize("earlier", ["an error of last week\n", "x" * LAST_WORDS_BYTES + "\n"])
@pytest.mark.parametrize(("says", "quoted"), [("print('no such table')", ": no such table"), ("", "")])
def test_only_what_this_start_has_logged_is_quoted(
    child: Make, tmp_path: Path, earlier: str, says: str, quoted: str
) -> None:
    (tmp_path / "booking.log").write_text(earlier)
    expected = re.escape(f"{quoted} (see {tmp_path / 'booking.log'})") + r"\Z"
    dying = child(f"{says}\nimport sys; sys.exit(3)", tmp_path, "booking")
    with pytest.raises(StackError, match="booking ended with exit code 3" + expected):
        run_all([dying])
    dying.spawn()
    with pytest.raises(StackError, match="booking ended with exit code 3 while it started" + expected):
        wait_healthy([dying])
    logged = dying.log.read_text().removeprefix(earlier)
    slow = child(f"{says}\n{WAITS.replace('ready', '')}", tmp_path, "booking", healthy=lambda: False, start_seconds=0.1)
    slow.spawn()
    assert wait_until(lambda: slow.log.read_text() != earlier + logged, SECONDS)
    with pytest.raises(StackError, match="gives it longer" + r"\)" + expected):
        wait_healthy([slow])
    slow.kill()


def test_programs_are_run_some_at_once_and_told_of_as_they_end(child: Make, tmp_path: Path) -> None:
    # The second ends first, and then the third begins.
    first = child(
        f"import pathlib, time\nwhile not pathlib.Path({str(tmp_path / 'third.log')!r}).exists(): time.sleep(0.01)",
        tmp_path,
        "first",
    )
    done: list[str] = []
    run_all(
        [first, child("", tmp_path, "second"), child("", tmp_path, "third")], 2, done=lambda one: done.append(one.name)
    )
    assert done[0] == "second"
    assert sorted(done) == ["first", "second", "third"]


def test_of_programs_that_run_together_one_that_fails_ends_all(child: Make, tmp_path: Path) -> None:
    waits, fails, never = child(WAITS, tmp_path, "waits"), child("1/0", tmp_path, "fails"), child("", tmp_path, "never")
    with pytest.raises(StackError, match="fails ended with exit code 1: ZeroDivisionError"):
        run_all([waits, fails, never], 2)
    assert not waits.running
    assert never.pid is None


def test_a_program_that_is_not_there_says_so(tmp_path: Path) -> None:
    one = Child(Program("gone", ["/no/such/program"]), tmp_path)
    with pytest.raises(StackError, match="cannot run /no/such/program: No such file"):
        run_all([one])


def test_a_child_hears_no_ctrl_c_from_the_terminal(child: Make, tmp_path: Path) -> None:
    one = child(WAITS, tmp_path)
    one.spawn()
    wait_healthy([one])
    assert one.pid is not None
    assert os.getsid(one.pid) == one.pid
    stop([one])


def test_output_is_added_to_the_log_of_earlier_starts(child: Make, tmp_path: Path) -> None:
    one = child("print('ready')", tmp_path)
    for _ in range(2):
        run_all([one])
    assert one.log.read_text() == "ready\nready\n"


LAUNCHER = """
import signal, sys
from pathlib import Path
from stack.forks import ForkServer
from stack.processes import Child, Program
folder, code = Path(sys.argv[1]), sys.argv[2]
program = Program("one", [sys.executable, "-m", "tests.stack.said", code])
server = ForkServer([], folder, 60)
server.spawn()
children = [Child(program, folder), Child(program, folder, server.fork), server]
for child in children[:2]:
    child.spawn()
print(*(child.pid for child in children), flush=True)
signal.pause()
"""


@ON_LINUX
def test_a_killed_launcher_leaves_no_child(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LAUNCHER, tmp_path, STUBBORN]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = list(map(int, process.stdout.readline().split()))
        assert wait_until(lambda: (tmp_path / "one.log").read_text().count("ready") == 2, SECONDS)
        assert all(map(living_name, pids))
        process.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not any(map(living_name, pids)), SECONDS)
