"""The metrics that services declare, and those that a PromQL expression names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser

ROOT = Path(__file__).resolve().parent.parent.parent

# In a process of its own: this one may have metrics of other tests.
_LIST = """
import importlib, json
from pathlib import Path
from prometheus_client import REGISTRY
import services.chassis.sight.metrics
import web.measures
for path in sorted(path for path in Path("services").rglob("measures.py") if "chassis" not in path.parts):
    importlib.import_module(".".join(path.with_suffix("").parts))
own = REGISTRY._collector_to_names
print(json.dumps([
    [family.name, family.type, family.documentation, list(getattr(collector, "_labelnames", None) or
        (["pool"] if type(collector).__name__ == "_Pools" else []))]
    for collector in own for family in collector.collect()
]))
"""

NEGATIVE = (promql_parser.MatchOp.NotEqual, promql_parser.MatchOp.NotRe)
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


@dataclass(frozen=True)
class Metric:
    """A metric as a service declares it."""

    name: str
    kind: str
    about: str
    labels: frozenset[str]

    @property
    def samples(self) -> tuple[str, ...]:
        """The names that Prometheus knows it by."""
        return tuple(f"{self.name}{suffix}" for suffix in SUFFIXES.get(self.kind, ("",)))


@cache
def metrics() -> dict[str, Metric]:
    """Return every metric of every service, the libraries' included, by each name that Prometheus knows it by."""
    listed = subprocess.run([sys.executable, "-c", _LIST], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    declared = [Metric(name, kind, about, frozenset(labels)) for name, kind, about, labels in json.loads(listed)]
    return {sample: metric for metric in declared for sample in metric.samples}


def own() -> dict[str, Metric]:
    """Return the metrics that are Boxoffice's own, by the names they are declared with."""
    return {metric.name: metric for metric in metrics().values() if metric.name.startswith("boxoffice_")}


@dataclass(frozen=True)
class Selected:
    """A metric as an expression selects it: with conditions on its labels, each a regular expression."""

    name: str
    conditions: dict[str, str]
    excluded: frozenset[str] = frozenset()
    """The labels whose condition names what is not selected."""

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Tell whether it selects what has these labels."""
        return all(
            bool(re.fullmatch(value, labels.get(name, ""))) != (name in self.excluded)
            for name, value in self.conditions.items()
        )


def selected(expression: str) -> list[Selected]:
    """Return what an expression selects; raise ValueError where it is not PromQL."""
    return [
        Selected(
            found.name,
            {matcher.name: matcher.value for matcher in found.matchers.matchers},
            frozenset(matcher.name for matcher in found.matchers.matchers if matcher.op in NEGATIVE),
        )
        for found in _nodes(expression, promql_parser.VectorSelector)
    ]


def grouped(expression: str) -> set[str]:
    """Return the labels by which an expression groups."""
    return {
        label
        for found in _nodes(expression, promql_parser.AggregateExpr)
        if found.modifier is not None
        for label in found.modifier.labels
    }


def _nodes(expression: str, kind: type) -> Iterator[Any]:
    found: list[Any] = []

    def look(node: Any) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            look(node.vector_selector)
        elif isinstance(node, kind):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), look)
    yield from found
