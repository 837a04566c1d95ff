"""Where time goes inside of the services, as their metrics tell: batches, what waited for them, and calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

import roster
from stack.ports import LOOPBACK
from stack.services import replicas
from stack.settings import Settings

SECONDS = 5.0

Counted = Mapping[tuple[str, str, str], float]
"""What has been counted, by service, sample and label."""

SAMPLES = {
    "boxoffice_desk_batch_commands_count": "desk",
    "boxoffice_desk_batch_commands_sum": "desk",
    "boxoffice_desk_wait_seconds_sum": "desk",
    "boxoffice_desk_run_seconds_sum": "desk",
    "boxoffice_call_seconds_count": "method",
    "boxoffice_call_seconds_sum": "method",
}


@dataclass(frozen=True)
class Line:
    """What one desk or one method did in a run. Milliseconds are means."""

    service: str
    name: str
    times: int
    """Batches, or calls."""
    commands_each: float | None = None
    """Commands in a batch; None for a method."""
    waited_ms: float | None = None
    """How long the first command of a batch waited for it."""
    took_ms: float = 0.0


def look(settings: Settings) -> Counted:
    """Fetch what all services have counted until now."""
    counted: dict[tuple[str, str, str], float] = {}
    for one in replicas(settings):
        port = one.port(settings, "METRICS_PORT")
        with urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=SECONDS) as answer:
            text = answer.read().decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if label := SAMPLES.get(sample.name):
                    key = (one.service.name, sample.name, sample.labels[label])
                    counted[key] = counted.get(key, 0.0) + sample.value
    return counted


def lines(before: Counted, after: Counted) -> list[Line]:
    """Return what was done between two looks, the busiest of each service first."""

    def grown(service: str, sample: str, name: str) -> float:
        key = (service, f"boxoffice_{sample}", name)
        return after.get(key, 0.0) - before.get(key, 0.0)

    found: list[Line] = []
    for service, sample, name in after:
        if sample == "boxoffice_desk_batch_commands_count":
            times = grown(service, "desk_batch_commands_count", name)
            if times:
                commands = grown(service, "desk_batch_commands_sum", name) / times
                waited = grown(service, "desk_wait_seconds_sum", name) / times * 1000
                took = grown(service, "desk_run_seconds_sum", name) / times * 1000
                found.append(Line(service, name, round(times), commands, waited, took))
        elif sample == "boxoffice_call_seconds_count" and (times := grown(service, "call_seconds_count", name)):
            took = grown(service, "call_seconds_sum", name) / times * 1000
            found.append(Line(service, name.rpartition("/")[2], round(times), took_ms=took))
    order = list(roster.NAMES)
    return sorted(found, key=lambda line: (order.index(line.service), line.commands_each is None, -line.times))


def rows(cases: Mapping[str, Sequence[Line]]) -> list[tuple[str, ...]]:
    """Return a table of what was done in each case."""
    table: list[tuple[str, ...]] = [("case", "service", "desk or method", "times", "commands", "waited ms", "took ms")]
    for case, done in cases.items():
        for line in done:
            each = f"{line.commands_each:.1f}" if line.commands_each is not None else ""
            waited = f"{line.waited_ms:.1f}" if line.waited_ms is not None else ""
            table.append((case, line.service, line.name, f"{line.times:,}", each, waited, f"{line.took_ms:.1f}"))
    return table
