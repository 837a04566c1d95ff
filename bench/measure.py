"""What a run costs: latencies as percentiles, and of every process its CPU and memory, as /proc tells them."""

from __future__ import annotations

import math
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from stack.errors import StackError

OK = "OK"
"""The outcome of what went well."""

PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_RESET_PEAK = "5"


@dataclass(frozen=True)
class Usage:
    """What the processes of one name used in a run."""

    cpu_seconds: float
    memory_bytes: int
    """The most that one had at a time; PostgreSQL's many: what all have together in the end, shared memory once."""


@dataclass(frozen=True)
class Latencies:
    """How long answers took, in milliseconds."""

    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def from_seconds(cls, seconds: Sequence[float]) -> Latencies:
        """Sum latencies up; those of nothing are NaN."""
        ordered = sorted(seconds)
        values = (percentile(ordered, share) * 1000 for share in (0.50, 0.95, 0.99, 1.0))
        return cls(*values)


@dataclass(frozen=True)
class Result:
    """What came of one run of a case."""

    done: int
    """What went well."""
    seconds: float
    latencies: Latencies
    """Of what went well."""
    errors: Mapping[str, int] = field(default_factory=dict)
    """How many did not, by reason."""
    usage: Mapping[str, Usage] = field(default_factory=dict)
    """By process; `generator` is the load itself."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """What the case measures besides."""
    tool: str = "python"
    """What made the load."""

    @property
    def per_second(self) -> float:
        return self.done / self.seconds if self.seconds else math.nan

    @property
    def cpu_ms_each(self) -> float:
        """CPU time of all processes but the generator's, for each that went well, in milliseconds; NaN if unknown."""
        spent = [used.cpu_seconds for name, used in self.usage.items() if name != GENERATOR]
        return sum(spent) / self.done * 1000 if self.done and spent else math.nan


GENERATOR = "generator"


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest of `ordered` values that at least `share` of them do not exceed; NaN if there is none."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class Meter:
    """Measures the processes of a stack from `start` to `stop`. Where there is no /proc, it measures nothing.

    `processes` gives by name the process to look at, `trees` those to look at with all of their children.
    """

    def __init__(self, processes: Mapping[str, Callable[[], int]], trees: Mapping[str, Callable[[], int]]) -> None:
        self._processes = processes
        self._trees = trees
        self._before: dict[str, float] = {}

    def start(self) -> None:
        if not PROC.joinpath("self/stat").exists():
            return
        for pid in self._processes.values():
            # Else the peak were that of the whole life; where it may not be reset, it is.
            with suppress(OSError):
                (PROC / str(pid()) / "clear_refs").write_text(_RESET_PEAK)
        self._before = self._cpu()

    def stop(self) -> dict[str, Usage]:
        if not self._before:
            return {}
        after = self._cpu()
        memory = {name: _peak(pid()) for name, pid in self._processes.items()}
        memory |= {name: sum(map(_share, tree(pid()))) for name, pid in self._trees.items()}
        return by_service({name: Usage(after[name] - self._before[name], memory[name]) for name in after})

    def _cpu(self) -> dict[str, float]:
        cpu = {name: sum(_times(pid())[:2]) / _TICKS for name, pid in self._processes.items()}
        for name, pid in self._trees.items():
            root, *children = tree(pid())
            # The root's own time holds that of children that have ended.
            cpu[name] = (sum(_times(root)) + sum(sum(_times(child)[:2]) for child in children)) / _TICKS
        return cpu


def by_service(used: Mapping[str, Usage]) -> dict[str, Usage]:
    """Return what was used by services: of replicas, `booking` and `booking-2`, all CPU time, the largest's memory."""
    together: dict[str, Usage] = {}
    for name, usage in used.items():
        service = name.partition("-")[0]
        other = together.get(service, Usage(0.0, 0))
        together[service] = Usage(other.cpu_seconds + usage.cpu_seconds, max(other.memory_bytes, usage.memory_bytes))
    return together


def ran(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> tuple[str, Usage]:
    """Run a program that makes load; return what it printed and used. Raise StackError if it fails."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
        # Not from all children's sum, in which the peak is that of the largest ever.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        output = out.read()
    if process.returncode:
        raise StackError(f"{Path(command[0]).name} failed: {output.strip()[-800:]}")
    return output, Usage(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def tree(pid: int) -> list[int]:
    """Return a process and its children."""
    children = Counter[int]()
    for task in (PROC / str(pid) / "task").iterdir():
        with suppress(OSError):
            children.update(map(int, (task / "children").read_text().split()))
    return [pid, *children]


def _times(pid: int) -> tuple[int, int, int, int]:
    """Return a process's user and system time, and those of its ended children, in ticks; zeros if it has ended."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return (0, 0, 0, 0)
    user, system, ended_user, ended_system = map(int, fields[11:15])
    return (user, system, ended_user, ended_system)


def _peak(pid: int) -> int:
    return _kilobytes(PROC / str(pid) / "status", "VmHWM:")


def resident_bytes(pid: int) -> int:
    """Return the memory that a process has now; 0 where there is no /proc."""
    return _kilobytes(PROC / str(pid) / "status", "VmRSS:")


def _share(pid: int) -> int:
    """Return a process's memory, of what it shares with others its share."""
    return _kilobytes(PROC / str(pid) / "smaps_rollup", "Pss:")


def _kilobytes(file: Path, name: str) -> int:
    with suppress(OSError):
        for line in file.read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0
