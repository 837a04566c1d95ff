"""What was measured, as tables, as JSON and as a chart."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

import roster
from bench import inside
from bench.claims import Shown, shown
from bench.measure import GENERATOR, Latencies, Result, Usage
from stack.settings import ROOT

PROCESSES = (GENERATOR, "gateway", *roster.NAMES, "postgres")
MEGABYTES = 1_000_000

BAR, ROW, LABEL, WIDTH = 14, 22, 230, 900
COLOURS = {"reference": "#9aa5b1", "create": "#2f6fde", "flow": "#1b9e77", "seats": "#b8860b"}
OTHER_COLOUR = "#7b5ea7"


@dataclass(frozen=True)
class Report:
    """All runs of all cases of a session."""

    began: datetime
    units: Mapping[str, str]
    """What each case counts."""
    runs: Mapping[str, Sequence[Result]]
    quick: bool = False
    inside: Mapping[str, Sequence[inside.Line]] = field(default_factory=dict)
    """What the services did in the last run of each case."""

    @property
    def medians(self) -> dict[str, Result]:
        return {name: middle(results) for name, results in self.runs.items()}

    @property
    def claims(self) -> list[Shown]:
        return shown(self.medians)


def middle(results: Sequence[Result]) -> Result:
    """Return the median of several runs, figure by figure; its rate is the median of the rates."""
    rate = _median(result.per_second for result in results)
    done = _median(result.done for result in results)
    names = {name for result in results for name in result.usage}
    reasons = {reason for result in results for reason in result.errors}
    figures = {name for result in results for name in result.figures}
    return Result(
        done=round(done),
        seconds=round(done) / rate if rate else _median(result.seconds for result in results),
        latencies=Latencies(
            *(_median(getattr(result.latencies, name) for result in results) for name in ("p50", "p95", "p99", "max"))
        ),
        errors={
            reason: round(_median(result.errors.get(reason, 0) for result in results)) for reason in sorted(reasons)
        },
        usage={
            name: Usage(
                _median(result.usage[name].cpu_seconds for result in results if name in result.usage),
                round(_median(result.usage[name].memory_bytes for result in results if name in result.usage)),
            )
            for name in sorted(names)
        },
        figures={
            name: _median(result.figures[name] for result in results if name in result.figures)
            for name in sorted(figures)
        },
        tool=results[-1].tool,
    )


def _median(values: Iterable[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return median(known) if known else math.nan


def text(report: Report) -> str:
    """Return the tables."""
    medians = report.medians
    speed: list[tuple[str, ...]] = [
        ("case", "per s", "p50 ms", "p95", "p99", "max", "CPU ms each", "tool", "errors and figures")
    ]
    cost: list[tuple[str, ...]] = [("case", *(f"{name} CPU s, MB" for name in PROCESSES))]
    for name, result in medians.items():
        latencies = result.latencies
        besides = [f"{reason} {count:,}" for reason, count in result.errors.items() if count]
        besides += [f"{key} {_number(value)}" for key, value in result.figures.items()]
        speed.append(
            (
                name,
                f"{_number(result.per_second)} {report.units[name]}",
                *(_number(value) for value in (latencies.p50, latencies.p95, latencies.p99, latencies.max)),
                _number(result.cpu_ms_each),
                result.tool,
                ", ".join(besides),
            )
        )
        used = (result.usage.get(process) for process in PROCESSES)
        cost.append(
            (name, *(f"{one.cpu_seconds:.2f}  {one.memory_bytes / MEGABYTES:.0f}" if one else "" for one in used))
        )
    parts = [_table(speed), _table(cost)]
    if report.inside:
        parts.append(_table(inside.rows(report.inside)))
    if claims := report.claims:
        rows = [("to show", "measured", "wanted", "")]
        for one in claims:
            bound = f"{'at most' if one.claim.at_most else 'at least'} {_number(one.claim.wanted)}"
            only_told = not one.claim.wanted and not one.claim.at_most
            verdict = "" if only_told else "yes" if one.holds else "NO"
            rows.append((one.claim.about, _number(one.value), "" if only_told else bound, verdict))
        parts.append(_table(rows))
    return "\n\n".join(parts)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def document(report: Report) -> dict[str, Any]:
    """Return all of it as JSON has it; what is not a number is null."""
    whole = {
        "began": report.began.isoformat(timespec="seconds"),
        "quick": report.quick,
        "commit": _commit(),
        "machine": machine(),
        "cases": {
            name: {
                "unit": report.units[name],
                "median": _result(result),
                "runs": [_result(run) for run in report.runs[name]],
                "inside": [asdict(line) for line in report.inside.get(name, [])],
            }
            for name, result in report.medians.items()
        },
        "claims": [
            {
                "about": one.claim.about,
                "value": one.value,
                "at_most" if one.claim.at_most else "at_least": one.claim.wanted,
                "holds": one.holds,
            }
            for one in report.claims
        ],
    }
    cleaned: dict[str, Any] = _clean(whole)
    return cleaned


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    for line in _lines(Path("/proc/cpuinfo")):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


def _commit() -> str:
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return found.stdout.strip()


def _result(result: Result) -> dict[str, Any]:
    return asdict(result) | {"per_second": result.per_second, "cpu_ms_each": result.cpu_ms_each}


def _clean(value: Any) -> Any:
    match value:
        case dict():
            return {key: _clean(inner) for key, inner in value.items()}
        case list():
            return [_clean(inner) for inner in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def chart(report: Report) -> str:
    """Draw the rates as bars, as SVG; each kind of unit has a scale of its own."""
    medians = report.medians
    groups: dict[str, list[str]] = {}
    for name in medians:
        groups.setdefault(report.units[name], []).append(name)
    parts: list[str] = []
    y = 30
    for unit, names in groups.items():
        most = max((medians[name].per_second for name in names), default=0) or 1
        parts.append(f'<text x="10" y="{y}" font-weight="bold">{escape(unit)} per second</text>')
        y += 10
        for name in names:
            parts += _bar(name, medians[name], most, y)
            y += ROW
        y += 30
    title = f"{report.began:%Y-%m-%d %H:%M}, {machine()['cores']} cores, medians"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" '
        'font-family="sans-serif" font-size="12">'
    )
    return "\n".join(
        [
            head,
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{y}" fill="white"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _bar(name: str, result: Result, most: float, y: int) -> list[str]:
    rate = 0 if math.isnan(result.per_second) else result.per_second
    length = (WIDTH - LABEL - 190) * rate / most
    colour = COLOURS.get(name.partition(".")[0], OTHER_COLOUR)
    rate_and_p99 = f"{_number(result.per_second)}  (p99 {_number(result.latencies.p99)} ms)"
    return [
        f'<text x="{LABEL - 8}" y="{y + BAR - 3}" text-anchor="end">{escape(name)}</text>',
        f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>',
        f'<text x="{LABEL + length + 6:.1f}" y="{y + BAR - 3}">{escape(rate_and_p99)}</text>',
    ]


def write(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write JSON and chart, named by the time when it began; return where."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / f"{report.began:%Y%m%d-%H%M%S}"
    files: dict[str, Callable[[], str]] = {
        ".json": lambda: json.dumps(document(report), indent=1, allow_nan=False) + "\n",
        ".svg": lambda: chart(report),
    }
    for suffix, make in files.items():
        base.with_suffix(suffix).write_text(make())
    return base.with_suffix(".json"), base.with_suffix(".svg")
