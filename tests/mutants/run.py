"""`make mutants`: plants every bug by itself into a copy of the repository, and runs tests until one fails.

Each worker has a copy of its own, with the environment linked into it. Before a suite is believed to have caught a
bug it has to pass without one, in a copy that stays as it is.
"""

import argparse
import asyncio
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import Mutant, Promise
from tests.mutants.mutants import MUTANTS

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 300.0
TEST_SECONDS = 60
"""How long one test may take. A bug by which it hangs is caught as well."""
STOP_SECONDS = 20.0
PASSED, FAILED = 0, 1  # pytest's


class Unfit(Exception):
    """The check cannot be made."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant."""

    mutant: Mutant
    caught_by: str | None
    seconds: float
    unfit: str = ""
    """Why it could not be checked; empty where it was."""

    @property
    def is_unexplained(self) -> bool:
        """Whether it survived, and should not have."""
        return self.caught_by is None and not self.mutant.equivalent and not self.unfit

    def __str__(self) -> str:
        line = f"{self.mutant.breaks:<8} {self.mutant.name}: "
        if self.unfit:
            line += f"NOT CHECKED: {self.unfit}"
        elif self.caught_by is None:
            line += f"equivalent: {self.mutant.equivalent}" if self.mutant.equivalent else "SURVIVED"
        else:
            line += f"caught by {self.caught_by}"
            if self.mutant.equivalent:
                line += ", though it is said to be equivalent"
        return f"{line} ({self.seconds:.0f} s)"


class Clean:
    """The copy without a bug: each suite passes there once before it counts."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._passed: set[str] = set()
        self._turn = asyncio.Lock()

    async def check(self, suite: str) -> None:
        """Raise Unfit unless `suite` passes."""
        async with self._turn:
            if suite in self._passed:
                return
            if failed := await run_suite(self._tree, suite):
                raise Unfit(f"{suite} fails without any bug: {failed}. Repair it first.")
            self._passed.add(suite)


def make_trees(folder: Path, number: int) -> list[Path]:
    """Make copies of the repository in `folder`."""
    # Root's PostgreSQL runs as another user, who must be able to pass through.
    folder.chmod(0o711)
    trees = [folder / str(index) for index in range(number)]
    for tree in trees:
        copy_repository(tree)
    return trees


def copy_repository(to: Path) -> None:
    """Copy what git knows or would add, as it stands now, and link the environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    (to / ".venv").symlink_to(ROOT / ".venv")


@contextmanager
def planted(mutant: Mutant, tree: Path) -> Iterator[None]:
    """Have a bug in `tree` for a while."""
    place, with_bug = mutant.find(tree)
    compiled = Path(importlib.util.cache_from_source(str(place.path)))
    place.path.write_text(with_bug)
    try:
        # What was compiled in the same second, to the same size, would be taken for what is there now.
        compiled.unlink(missing_ok=True)
        yield
    finally:
        place.path.write_text(place.text)
        compiled.unlink(missing_ok=True)


async def run_suite(tree: Path, suite: str) -> str | None:
    """Run tests in `tree` until one fails; return its name, or None. Raises Unfit if they cannot be run."""
    python = tree / ".venv/bin/python"
    options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=no", "-rfE", f"--timeout={TEST_SECONDS}"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = await asyncio.create_subprocess_exec(
        python, "-m", "pytest", *options, suite,
        cwd=tree, env=environment, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        return f"{suite}, which did not end in {LIMIT_SECONDS:.0f} s"
    finally:
        await _stop(process)
    if process.returncode == PASSED:
        return None
    text = output.decode(errors="replace")
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", text, re.MULTILINE)
    if process.returncode != FAILED or failed is None:
        raise Unfit(f"{suite} cannot be run:\n{text}")
    return failed[1]


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End a run that is under way; politely first, so that what its tests have started ends as well."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.communicate()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def check(mutant: Mutant, tree: Path, clean: Clean) -> Result:
    """Plant one bug and look for a test that catches it."""
    started = time.monotonic()
    caught_by, unfit = None, ""
    try:
        for suite in mutant.suites:
            await clean.check(suite)
            with planted(mutant, tree):
                caught_by = await run_suite(tree, suite)
            if caught_by is not None:
                break
    except Unfit as reason:
        unfit = str(reason)
    return Result(mutant, caught_by, time.monotonic() - started, unfit)


async def check_all(mutants: Sequence[Mutant], workers: int) -> list[Result]:
    """Check mutants, several at once, and tell of each; return the results."""
    results: list[Result] = []
    waiting = list(reversed(mutants))

    async def work(tree: Path, clean: Clean) -> None:
        while waiting:
            result = await check(waiting.pop(), tree, clean)
            results.append(result)
            print(f"{len(results):3}/{len(mutants)} {result}", flush=True)

    with tempfile.TemporaryDirectory(prefix="boxoffice-mutants-", ignore_cleanup_errors=True) as folder:
        first, *others = make_trees(Path(folder), workers + 1)
        clean = Clean(first)
        async with asyncio.TaskGroup() as group:
            for tree in others:
                group.create_task(work(tree, clean))
    return results


def summary(results: Sequence[Result]) -> str:
    """Say how many of which were caught, and name the survivors."""
    checked = [result for result in results if not result.unfit]
    live = [result for result in checked if not (result.caught_by is None and result.mutant.equivalent)]
    caught = [result for result in live if result.caught_by]
    lines = [
        f"\n{len(checked)} bugs planted, {len(checked) - len(live)} of them equivalent; {_share(caught, live)} caught"
    ]
    for promise in Promise:
        about = [result for result in live if result.mutant.breaks == promise]
        lines.append(f"  {promise}: {_share([result for result in about if result.caught_by], about)}")
    lines += [str(result) for result in results if result.is_unexplained or result.unfit]
    return "\n".join(lines)


def _share(some: Sequence[Result], of: Sequence[Result]) -> str:
    return f"{len(some)} of {len(of)}" + (f" ({100 * len(some) / len(of):.1f} %)" if of else "")


def _file(mutant: Mutant) -> str:
    place, _ = mutant.find(ROOT)
    return str(place.path.relative_to(ROOT))


def main() -> None:
    """Check the bugs that are asked for; exit 1 if one survives unexplained, 2 if one cannot be checked."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("--only", default="", help="bugs whose name, place or promise has this word in it")
    parser.add_argument("--workers", type=int, default=2, help="copies to work in at once")
    parser.add_argument("--json", type=Path, help="a file for the results")
    arguments = parser.parse_args()
    chosen = [m for m in MUTANTS if any(arguments.only in text for text in (m.name, m.where, _file(m), m.breaks))]
    if not chosen:
        sys.exit(f"boxoffice: no bug has {arguments.only!r} in its name, place or promise: see tests/mutants")
    results = asyncio.run(check_all(chosen, arguments.workers))
    print(summary(results))
    if arguments.json:
        rows = [
            {
                "name": result.mutant.name,
                "where": result.mutant.where,
                "file": _file(result.mutant),
                "breaks": result.mutant.breaks,
                "caught_by": result.caught_by,
                "equivalent": result.mutant.equivalent,
                "unfit": result.unfit,
                "seconds": round(result.seconds, 1),
            }
            for result in results
        ]
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    sys.exit(2 if any(result.unfit for result in results) else any(result.is_unexplained for result in results))


if __name__ == "__main__":
    main()
