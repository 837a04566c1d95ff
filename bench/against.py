"""Two builds in turn: `python -m bench.against REVISION --only flow` measures a revision and this checkout by turns.

One machine is faster in one hour than in another, so that two figures of two runs say little. Here each round measures
both, in changing order, and what is told is the ratio of this build to the other: the median over the rounds, the
smallest and the largest. Each build makes its own load, with its own bench; a case that one of them lacks is left out.
The other build gets a worktree of git and an environment of its own in a temporary folder, which goes in the end.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import GENERATOR
from stack.errors import StackError
from stack.settings import ROOT

ROUNDS = 5
BANK = "bank"

Run = Mapping[str, Any]
"""A case as one run measured it, as bench.report writes it."""
Rounds = Sequence[tuple[Mapping[str, Run], Mapping[str, Run]]]
"""Of each round the cases of the other build and those of this one."""


def own_ms_each(run: Run) -> float:
    """Return the processor time of all processes but generator and bank for each that went well; NaN if unknown."""
    used = [usage["cpu_seconds"] for name, usage in run["usage"].items() if name not in (GENERATOR, BANK)]
    return sum(used) / run["done"] * 1000 if used and run["done"] else math.nan


FIGURES: Mapping[str, Callable[[Run], float]] = {
    "rate": lambda run: _number(run["per_second"]),
    "p50": lambda run: _number(run["latencies"]["p50"]),
    "p99": lambda run: _number(run["latencies"]["p99"]),
    "processor time": own_ms_each,
}
"""What is compared: rates the higher the better, all else the lower."""


def ratios(rounds: Rounds, case: str, figure: Callable[[Run], float]) -> list[float]:
    """Return this build's figure divided by the other's, for each round in which both have it."""
    found = []
    for other, this in rounds:
        if case in other and case in this:
            old, new = figure(other[case]), figure(this[case])
            if old > 0 and not math.isnan(new):
                found.append(new / old)
    return found


def table(rounds: Rounds) -> str:
    """Return a line for each case: the ratios, median first, smallest and largest behind it."""
    cases = dict.fromkeys(name for _, this in rounds for name in this)
    lines = [f"{'this build ÷ the other':32}" + "".join(f"{name:>24}" for name in FIGURES)]
    for case in cases:
        cells = [_cell(ratios(rounds, case, figure)) for figure in FIGURES.values()]
        lines.append(f"{case:32}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(lines)


def _cell(found: Sequence[float]) -> str:
    return f"{median(found):.2f} ({min(found):.2f} to {max(found):.2f})" if found else "-"


def _number(value: float | None) -> float:
    return math.nan if value is None else value


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Give a folder with a revision and an environment for it."""
    with tempfile.TemporaryDirectory(prefix="boxoffice-against-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # PostgreSQL, which refuses root, has to reach its binaries
        checkout = Path(folder) / "checkout"
        _run(["git", "worktree", "add", "--detach", str(checkout), revision], ROOT)
        try:
            _run([sys.executable, "-I", "stack/environment.py"], checkout)
            yield checkout
        finally:
            _run(["git", "worktree", "remove", "--force", str(checkout)], ROOT)


def measured(checkout: Path, options: Sequence[str]) -> Mapping[str, Run]:
    """Measure one round in a checkout; return its cases. Raise StackError if that or its audit fails."""
    _run([str(checkout / ".venv/bin/python"), "-m", "bench", "--rounds", "1", *options], checkout)
    newest = max((checkout / "build/bench").glob("*.json"), key=lambda file: file.stat().st_mtime)
    cases: Mapping[str, Any] = json.loads(newest.read_text())["cases"]
    return {name: case["runs"][0] for name, case in cases.items()}


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise StackError(f"{' '.join(command)} failed: {(done.stdout + done.stderr).strip()[-800:]}")


def compare(revision: str, rounds: int, options: Sequence[str]) -> Rounds:
    """Measure both builds by turns."""
    found: list[tuple[Mapping[str, Run], Mapping[str, Run]]] = []
    with checked_out(revision) as other:
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds}", flush=True)
            if number % 2:
                old = measured(other, options)
                new = measured(ROOT, options)
            else:
                new = measured(ROOT, options)
                old = measured(other, options)
            found.append((old, new))
            print(table(found[-1:]), flush=True)
    return found


def main() -> None:
    """Compare as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.against", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("revision", help="the other build: a commit, a tag or a branch")
    parser.add_argument("--only", default="create,flow", metavar="NAME,NAME", help="cases, or groups of them")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="(default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    arguments = parser.parse_args()
    options = ["--only", arguments.only, *(["--quick"] if arguments.quick else [])]
    try:
        found = compare(arguments.revision, arguments.rounds, options)
    except (StackError, OSError) as error:
        sys.exit(f"bench: {error}")
    print(
        f"\n{table(found)}\n\nmedian (smallest to largest) of {len(found)} rounds, {arguments.revision} the other build"
    )


if __name__ == "__main__":
    main()
