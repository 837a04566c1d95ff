"""Services are forked from one process that has imported what they run, and share nothing else."""

import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from roster import SERVICES
from stack.errors import StackError
from stack.forks import ForkServer
from stack.processes import Child, Program, living_name, run_all, wait_healthy, wait_until
from stack.services import MIGRATES_BY
from stack.settings import ROOT
from tests.patience import patient

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a fork server")

SECONDS = patient(30)
CHILDREN, IDS = 8, 125_000

# Draws from everything that has a state, in the hostile case before the fork as well.
DRAWS = """
import os, random, secrets, ssl, sys, tempfile, time, uuid
from cryptography.hazmat.primitives.asymmetric import ec
from services.chassis.ids import new_id
def draw():
    key = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return [random.random(), random.SystemRandom().random(), secrets.token_hex(), ssl.RAND_bytes(16), os.urandom(16),
            uuid.uuid4(), key, next(tempfile._get_candidate_names())]
draw(), new_id()
if __name__ == "__main__":
    _, at, file, count = sys.argv
    while time.time() < float(at):
        pass
    ids = [new_id().bytes for _ in range(int(count))]
    drawn = draw()
    with open(file, "wb") as ids_file, open(file + ".drawn", "w") as drawn_file:
        ids_file.write(b"".join(ids))
        print(*drawn, sep="\\n", file=drawn_file)
"""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """A fork server as a stack has it."""
    server = ForkServer([service.module for service in SERVICES], tmp_path_factory.mktemp("logs"), SECONDS)
    server.spawn()
    wait_healthy([server])
    yield server
    server.kill()


@pytest.fixture
def package() -> Iterator[Path]:
    """A folder that modules can be imported from."""
    folder = ROOT / "tests" / "stack" / f"planted_{os.getpid()}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def module(package: Path, name: str, text: str) -> str:
    (package / f"{name}.py").write_text(text)
    return f"tests.stack.{package.name}.{name}"


def program(module: str, *arguments: object, **environment: str) -> Program:
    return Program("one", [Path(sys.executable), "-m", module, *map(str, arguments)], environment, folder=ROOT)


def handles(pid: int) -> list[str]:
    return sorted(str(handle.readlink()) for handle in Path(f"/proc/{pid}/fd").iterdir())


def test_before_it_forks_it_has_one_thread_and_no_socket(services: ForkServer, tmp_path: Path) -> None:
    with services.with_modules([MIGRATES_BY]):
        run_all([Child(program("tests.stack.said", ""), tmp_path, services.fork)])
    assert services.log.read_text() == ""
    assert services.pid is not None
    assert len(list(Path(f"/proc/{services.pid}/task").iterdir())) == 1
    kinds = [re.sub(r"\d+", "N", handle) for handle in handles(services.pid)]
    assert kinds == ["/dev/null", *[str(re.sub(r"\d+", "N", str(services.log)))] * 2, "pipe:[N]", "pipe:[N]"]


def test_what_it_forks_has_its_log_alone_and_is_as_if_it_had_been_executed(
    services: ForkServer, tmp_path: Path
) -> None:
    tells = (
        "import gc, os, signal, sys, threading\n"
        "print(sorted(os.environ.items()), os.getcwd(), os.getsid(0) == os.getpid(), sys.argv[1:], sys.orig_argv[1:],"
        " __name__, gc.isenabled(), threading.active_count(), [signal.getsignal(n) for n in sorted(signal.Signals)],"
        " sys.stdout.line_buffering, sys.stderr.line_buffering, sys.stdout.encoding, os.umask(0), os.nice(0))\n"
        "handles = map('/proc/self/fd/{}'.format, os.listdir('/proc/self/fd'))\n"
        "print(sorted(map(os.path.realpath, filter(os.path.exists, handles))))\n"
        "print(open('/proc/self/cmdline').read().rstrip('\\0').split('\\0'), flush=True)"
    )
    ways = {"executed": [], "forked": [services.fork]}
    # What Python asks the environment at its start, it has asked already.
    environment = {**os.environ, "LC_CTYPE": "C.UTF-8", "TELLS": tells}
    told = {}
    for way, start in ways.items():
        one = Child(
            program("tests.stack.said", "import os; exec(os.environ['TELLS'])", **environment), tmp_path, *start
        )
        run_all([one])
        told[way] = one.log.read_text()
        one.log.unlink()
    assert "('TELLS', " in told["executed"] and "one.log" in told["executed"] and "exec(" in told["executed"]
    assert told["forked"] == told["executed"]


def test_a_million_ids_of_processes_forked_at_one_instant_are_all_different(package: Path, tmp_path: Path) -> None:
    draws = module(package, "draws", DRAWS)
    server = ForkServer([draws], tmp_path, SECONDS)
    server.spawn()
    wait_healthy([server])
    instant = time.time() + 2
    files = [tmp_path / str(number) for number in range(CHILDREN)]
    programs = [program(draws, instant, file, IDS) for file in files]
    run_all([Child(one, tmp_path, server.fork) for one in programs], CHILDREN)
    server.kill()
    made = b"".join(file.read_bytes() for file in files)
    ids = [made[at : at + 16] for at in range(0, len(made), 16)]
    assert len(set(ids)) == CHILDREN * IDS
    assert len({one[8:] for one in ids}) == CHILDREN * IDS, "also without the time and what counts within it"
    drawn = [line for file in files for line in (tmp_path / f"{file.name}.drawn").read_text().splitlines()]
    assert len(set(drawn)) == CHILDREN * 8


def test_a_new_one_has_new_code(package: Path, tmp_path: Path) -> None:
    for number in ("one", "other"):
        name = module(package, "says", f"import sys\nsays = print\nif __name__ == '__main__': says({number!r})")
        module(package, "imported", f"value = {number!r}")
        server = ForkServer([name], tmp_path / number, SECONDS)
        (tmp_path / number).mkdir()
        server.spawn()
        one = Child(program(name), tmp_path / number, server.fork)
        run_all([one])
        server.kill()
        assert one.log.read_text() == f"{number}\n"


def test_what_cannot_be_imported_says_so_in_its_own_log(package: Path, tmp_path: Path) -> None:
    broken, whole = module(package, "broken", "1/0"), module(package, "whole", "print('fine', __name__)")
    server = ForkServer([broken, whole], tmp_path, SECONDS)
    server.spawn()
    run_all([Child(program(whole), tmp_path, server.fork)])
    with pytest.raises(StackError, match="one ended with exit code 1: ZeroDivisionError: division by zero"):
        run_all([Child(program(broken), tmp_path, server.fork)])
    server.kill()
    assert "fine __main__\n" in (tmp_path / "one.log").read_text()


def test_what_it_has_forked_outlives_it_and_is_the_launchers(tmp_path: Path) -> None:
    server = ForkServer([], tmp_path, SECONDS)
    server.spawn()
    one = Child(program("tests.stack.said", "import signal; signal.pause()"), tmp_path, server.fork)
    one.spawn()
    server.kill()
    assert one.running
    with pytest.raises(StackError, match="fork-server has ended"):
        Child(one.program, tmp_path, server.fork).spawn()
    one.signal(signal.SIGTERM)
    assert wait_until(lambda: not one.running, SECONDS)
    assert one.ending == "was ended by SIGTERM"
    assert one.pid is not None and living_name(one.pid) is None


def test_nobody_else_is_adopted(services: ForkServer, tmp_path: Path) -> None:
    run_all([Child(program("tests.stack.said", ""), tmp_path, services.fork)])
    leaves = "import os, time; child = os.fork(); print(child, flush=True) if child else time.sleep(1000)"
    one = Child(program("tests.stack.said", leaves), tmp_path)
    run_all([one])
    left = int(one.log.read_text())
    try:
        assert f"PPid:\t{os.getpid()}\n" not in Path(f"/proc/{left}/status").read_text()
    finally:
        os.kill(left, signal.SIGKILL)
