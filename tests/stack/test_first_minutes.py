"""What somebody meets who has just cloned this: the verbs, a table that comes at once, ports that are taken."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from stack import ports
from stack.errors import StackError
from stack.settings import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
DAILY = ["run", "demo", "status", "logs", "audit", "stop", "reset"]
HEAVY = ("aiohttp", "cryptography", "gateway.render", "httpx", "jwt", "sqlalchemy", "stack.launcher", "uvloop", "yaml")


def test_help_lists_every_verb_once_in_groups_with_the_daily_ones_first() -> None:
    output = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    groups = [group.splitlines() for group in output.strip().split("\n\n")]
    assert len(groups) > 3
    assert all(re.fullmatch(r"[A-Z][a-z, ]+", heading) for heading, *_ in groups)
    verbs = [[re.match(r"  make (\S+) +\S", line)[1] for line in lines] for _, *lines in groups]  # type: ignore[index]
    assert verbs[0] == DAILY
    listed = [verb for group in verbs for verb in group]
    assert sorted(listed) == sorted(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("verb", ["status", "stop", "logs", "roll"])
def test_a_verb_that_only_looks_imports_little(verb: str, tmp_path: Path) -> None:
    code = (
        f"import sys, runpy, atexit; sys.argv[1:] = [{verb!r}];"
        f"atexit.register(lambda: print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr));"
        "runpy.run_module('stack', run_name='__main__', alter_sys=True)"
    )
    env = {"DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "", done.stderr


def test_another_port_is_offered_that_is_free_and_nobodys() -> None:
    [port] = ports.choose(1, replicas=2, step=1)
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(StackError, match=r"GATEWAY_PORT=(\d+) make run") as refused,
    ):
        ports.require_free({"GATEWAY_PORT": port, "BANK_PORT": port + 1})
    offered = int(str(refused.value).rpartition("=")[2].partition(" ")[0])
    assert offered > port + 1
    assert ports.is_free(offered)
