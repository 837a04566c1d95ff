"""Starts and memory of two builds in turn: `python -m bench.start REVISION` measures a revision and this checkout.

A start is that of `make run`, from the command to the line that says it runs: the first, which makes the databases, and
another in the same folder. Processor time is that of all processes, with the stop that follows. Memory is what all
processes of the services have together, shared memory once, after some seconds of customers who buy tickets.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.against import checked_out
from stack.errors import StackError
from stack.launcher import temporary_settings
from stack.settings import ROOT

ROUNDS = 5
RUNS = "Boxoffice is running"
LOAD_SECONDS, CLIENTS, SEATS = 30, 64, 20_000

# Run by each build's own Python, with its own bench.
LOADED = f"""
from pathlib import Path
from bench.load import Load
from bench.stories import buy
from bench.world import purchases, started
with started() as world:
    wanted = purchases(world.show({SEATS}))
    world.run(Load(buy, wanted, world.target, {CLIENTS}, seconds={LOAD_SECONDS}))
    pids = [world.stack.pid(name) for name in world.stack.names if name not in ("gateway", "postgres")]
    lines = [line for pid in pids for line in Path(f"/proc/{{pid}}/smaps_rollup").read_text().splitlines()]
    print(sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")))
"""

Figures = Mapping[str, float]


def measured(checkout: Path) -> Figures:
    """Measure one build once: seconds, and megabytes."""
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-start-", dir="/var/tmp"))
    folder.chmod(0o711)  # root's PostgreSQL runs as another user
    try:
        found = {}
        for start in ("first start", "again"):
            found[f"{start}: wall"], found[f"{start}: processor"] = _started(checkout, folder)
    finally:
        for link in folder.glob("postgres"):
            shutil.rmtree(link.resolve().parent, ignore_errors=True)  # root's data may lie elsewhere, see stack.places
        shutil.rmtree(folder, ignore_errors=True)
    output = _run([checkout / ".venv/bin/python", "-c", LOADED], checkout)
    return found | {"memory": int(output.split()[-1]) / 1000}


def _started(checkout: Path, folder: Path) -> tuple[float, float]:
    """Run a stack until it says that it runs; return the seconds that this took, and those of processors."""
    ports = {name: str(port) for name, port in temporary_settings(folder).ports().items()}
    began = time.monotonic()
    stack = subprocess.Popen(
        [checkout / ".venv/bin/python", "-m", "stack", "run"],
        cwd=checkout,
        env={**os.environ, **ports, "DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert stack.stdout is not None
    lines = []
    with stack.stdout:
        for line in stack.stdout:
            lines.append(line)
            if line.startswith(RUNS):
                break
        seconds = time.monotonic() - began
        stack.send_signal(signal.SIGINT)
        stack.stdout.read()
    _, status, used = os.wait4(stack.pid, 0)
    stack.returncode = os.waitstatus_to_exitcode(status)
    if stack.returncode:
        raise StackError(f"{checkout} does not start: {''.join(lines)[-800:]}")
    return seconds, used.ru_utime + used.ru_stime


def _run(command: Sequence[str | Path], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise StackError(f"{command[0]} failed: {(done.stdout + done.stderr).strip()[-800:]}")
    return done.stdout


def table(rounds: Sequence[tuple[Figures, Figures]]) -> str:
    """Return a line for each figure: medians of both builds, and the ratio with its smallest and largest."""
    lines = [f"{'':24}{'the other':>12}{'this':>12}   this ÷ the other"]
    for name in rounds[0][0]:
        other, this = ([one[name] for one in builds] for builds in zip(*rounds, strict=True))
        ratios = [new / old for old, new in zip(other, this, strict=True)]
        lines.append(
            f"{name:24}{median(other):12.1f}{median(this):12.1f}"
            f"   {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    return "\n".join(lines)


def main() -> None:
    """Compare as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.start", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("revision", help="the other build: a commit, a tag or a branch")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="(default: %(default)s)")
    arguments = parser.parse_args()
    rounds: list[tuple[Figures, Figures]] = []
    try:
        with checked_out(arguments.revision) as other:
            for number in range(arguments.rounds):
                builds = (other, ROOT) if number % 2 == 0 else (ROOT, other)
                figures = {build: measured(build) for build in builds}
                rounds.append((figures[other], figures[ROOT]))
                print(f"{table(rounds)}\n", flush=True)
    except (StackError, OSError) as error:
        sys.exit(f"bench: {error}")


if __name__ == "__main__":
    main()
