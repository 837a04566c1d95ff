"""What came of a storm, for people and for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stack.postgres import Server
from stack.supervisor import Recovery
from storm.comparison import Violation

SAGAS_SECONDS = 60.0
EXAMPLES = 10


@dataclass(frozen=True)
class Spread:
    """How a number of durations are spread, in seconds."""

    count: int
    p50: float
    p99: float
    max: float

    @classmethod
    def from_seconds(cls, seconds: Sequence[float]) -> Spread:
        ordered = sorted(seconds)
        return cls(len(ordered), _rank(ordered, 0.50), _rank(ordered, 0.99), _rank(ordered, 1.0))

    def __str__(self) -> str:
        if not self.count:
            return "none"
        return f"{self.count} times, p50 {self.p50:.2f} s, p99 {self.p99:.2f} s, max {self.max:.2f} s"


@dataclass(frozen=True)
class SalesCount:
    """What the databases say was sold, and what came of it. Late captures are counted as `comparison` says."""

    bookings: int
    confirmed: int
    """Bookings that became tickets, given back since or not."""
    refunds: int
    """Tickets that were given back, their money returned."""
    stuck: int
    late: int
    late_kept: int
    late_returned: int


@dataclass(frozen=True)
class DoorCount:
    """What came of the gates' scans."""

    scans: int
    came_in: int
    """People who did."""
    offline: int
    """Those of them who did at gates without a connection."""
    conflicts: int
    """Those who did on a ticket that did not let in, at gates that could not know: all are listed."""
    double_online: int
    """Tickets that let in twice at gates with a connection: there must be none."""
    most: int
    """How often one ticket let in at most."""

    def __str__(self) -> str:
        return (
            f"{self.scans:,} scans, {self.came_in:,} came in, {self.offline:,} of them without a connection; "
            f"double admissions with a connection {self.double_online}, "
            f"without one {self.conflicts}, all listed; one ticket at most {self.most} times"
        )


@dataclass
class Report:
    """A storm, in numbers."""

    seed: str
    seconds: float
    interrupted: bool = False
    stories: int = 0
    requests: int = 0
    acknowledged: int = 0
    given_up: int = 0
    """Requests that were never answered, however often they were repeated."""
    sold: SalesCount = SalesCount(0, 0, 0, 0, 0, 0, 0)
    faults: int = 0
    faults_by_kind: Mapping[str, int] = field(default_factory=dict)
    refusals: Mapping[str, int] = field(default_factory=dict)
    recoveries: Mapping[str, Spread] = field(default_factory=dict)
    """From the start of a process to when it serves, by process; only starts while PostgreSQL was there."""
    recoveries_without_database: Mapping[str, Spread] = field(default_factory=dict)
    """Those of which PostgreSQL was killed or frozen meanwhile."""
    returns: Mapping[str, Spread] = field(default_factory=dict)
    """From PostgreSQL's taking connections again to when each service answers, by what was asked of it."""
    restarted_by_returns: Sequence[str] = ()
    sagas_seconds: float = math.inf
    """From the last fault until no booking, payment, refund or message was under way."""
    rest_seconds: float = math.inf
    """The same, for the bank's webhooks too."""
    left: Mapping[str, int] = field(default_factory=dict)
    doors: DoorCount | None = None
    audit: str = "not done"
    violations: Sequence[str] = ()

    @property
    def is_well(self) -> bool:
        return not self.violations and self.sagas_seconds <= SAGAS_SECONDS and not self.left

    def write(self, file: Path) -> None:
        """Write all of it as JSON; what never came about is null there."""
        file.parent.mkdir(parents=True, exist_ok=True)
        fields = asdict(self) | {"is_well": self.is_well}
        file.write_text(json.dumps(_finite(fields), indent=2) + "\n")

    def __str__(self) -> str:
        sold = self.sold
        lines = [
            f"storm of {self.seconds:.0f} s, seed {self.seed}{', interrupted' if self.interrupted else ''}",
            f"  faults         {self.faults:,}: {_counts(self.faults_by_kind)}",
            f"  attempts       {self.stories:,} stories, {self.requests:,} requests, "
            f"{self.acknowledged:,} acknowledged, {self.given_up:,} never answered, {sold.bookings:,} bookings",
            f"  confirmed      {sold.confirmed:,}",
            f"  late captures  {sold.late:,}: {sold.late_kept:,} became tickets, {sold.late_returned:,} went back",
            f"  refunds        {sold.refunds:,}, and {sold.stuck:,} that the bank declined for good",
            f"  refusals       {_counts(self.refusals)}",
            f"  doors          {self.doors or 'none'}",
            "  served again after the start of its process",
            *(f"    {name:<12} {spread}" for name, spread in self.recoveries.items()),
            "  the same, where PostgreSQL was away meanwhile",
            *(f"    {name:<12} {spread}" for name, spread in self.recoveries_without_database.items()),
            "  answered again after PostgreSQL's return",
            *(f"    {name:<12} {spread}" for name, spread in self.returns.items()),
            f"    restarted for it: {', '.join(self.restarted_by_returns) or 'none'}",
            f"  at rest        {self.sagas_seconds:.1f} s after the last fault, webhooks too {self.rest_seconds:.1f} s",
            *([f"    left: {_counts(self.left)}"] if self.left else []),
            f"  audit          {self.audit}",
            f"  violations     {len(self.violations)}",
            *(f"    {violation}" for violation in self.violations[:EXAMPLES]),
        ]
        return "\n".join(lines)


def spreads(recoveries: Sequence[Recovery]) -> dict[str, Spread]:
    """Return how soon processes served again, each by itself, and all services together."""
    by_name: dict[str, list[float]] = {}
    for recovery in recoveries:
        by_name.setdefault(recovery.name, []).append(recovery.seconds)
    services = [seconds for name, some in by_name.items() if name not in ("postgres", "gateway") for seconds in some]
    return {name: Spread.from_seconds(by_name[name]) for name in sorted(by_name)} | {
        "all services": Spread.from_seconds(services)
    }


def met(recovery: Recovery, away: Sequence[tuple[float, float]]) -> bool:
    """Tell whether a process was started while PostgreSQL was away, or PostgreSQL went away meanwhile."""
    return any(since < recovery.started + recovery.seconds and until > recovery.started for since, until in away)


def sold(server: Server) -> SalesCount:
    """Count what was sold."""
    with server.connect("booking") as connection:
        [row] = connection.execute(SOLD).fetchall()
    return SalesCount(*row)


SOLD = """
    SELECT count(*), count(*) FILTER (WHERE state IN ('CONFIRMED', 'REFUNDING', 'REFUNDED')),
        count(*) FILTER (WHERE state = 'REFUNDED'), count(*) FILTER (
            WHERE refund_stuck OR EXISTS (SELECT FROM booking_refunds r WHERE r.booking_id = b.id AND r.stuck)
        ),
        count(late.booking_id), count(*) FILTER (WHERE late.settlement = 'KEPT'),
        count(*) FILTER (WHERE late.settlement = 'NO_TICKET')
    FROM bookings b LEFT JOIN LATERAL (
        SELECT c.booking_id, c.settlement FROM captures c
        WHERE c.booking_id = b.id AND c.recorded_at >= b.expires_at ORDER BY c.settlement LIMIT 1
    ) AS late ON true
    WHERE b.state <> 'RESERVING'
"""
"""A capture is late if booking heard of it after the booking's time."""


def broken(violations: Sequence[Violation], audit: Sequence[object]) -> list[str]:
    """Return what was broken, of the histories and of the books, in words."""
    return [*map(str, violations), *(f"audit: {result}" for result in audit)]


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _finite(value: Any) -> Any:
    match value:
        case float():
            return round(value, 3) if math.isfinite(value) else None
        case dict():
            return {name: _finite(one) for name, one in value.items()}
        case list() | tuple():
            return [_finite(one) for one in value]
    return value
