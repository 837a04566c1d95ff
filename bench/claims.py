"""What the figures have to show: ratios to references of the same session first, absolute figures where those count."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.measure import GENERATOR, Result

Results = Mapping[str, Result]
"""The median result of each case, by name."""

SERVICES = ("inventory", "booking", "payment", "bank")
BURSTS = (
    "burst.rest.4000",
    "burst.grpc.5000",
    "burst.port.5000",
    "burst.watch.grpc.2150",
    "burst.watch.rest.2150",
    "burst.all",
)
MEGABYTES = 1_000_000


@dataclass(frozen=True)
class Claim:
    """One thing to show. `value` raises KeyError where what it needs was not measured."""

    about: str
    value: Callable[[Results], float]
    wanted: float
    at_most: bool = False
    """Whether `wanted` is a ceiling; else a floor."""

    def holds(self, value: float) -> bool:
        return value <= self.wanted if self.at_most else value >= self.wanted


@dataclass(frozen=True)
class Shown:
    """What came of a claim."""

    claim: Claim
    value: float

    @property
    def holds(self) -> bool:
        return not math.isnan(self.value) and self.claim.holds(self.value)


def shown(results: Results) -> list[Shown]:
    """Return what came of every claim for which enough was measured."""
    found = []
    for claim in CLAIMS:
        try:
            found.append(Shown(claim, claim.value(results)))
        except KeyError:
            continue
    return found


def rate(name: str) -> Callable[[Results], float]:
    """The rate of a case."""
    return lambda results: results[name].per_second


def ratio(name: str, to: str) -> Callable[[Results], float]:
    """The rate of a case by that of another."""
    return lambda results: _by(results[name].per_second, results[to].per_second)


def figure(name: str, of: str) -> Callable[[Results], float]:
    """A figure that a case measures besides."""
    return lambda results: results[of].figures[name]


def _cost(results: Results) -> float:
    return _by(results["scale.1e7"].cpu_ms_each, results["scale.1e5"].cpu_ms_each)


def _by(value: float, other: float) -> float:
    return value / other if other else math.nan


def _memory(results: Results) -> float:
    peaks = [
        used.memory_bytes
        for result in results.values()
        for name, used in result.usage.items()
        if name in SERVICES and name != GENERATOR
    ]
    if not peaks:
        raise KeyError("memory")
    return max(peaks) / MEGABYTES


def _hot(results: Results) -> float:
    """How many of a thousand were not answered as they should be."""
    result = results["hot.1000"]
    return abs(result.done - 1) + abs(result.errors.get("SEATS_UNAVAILABLE", 0) - 999)


def _of_overload(case: str) -> list[Claim]:
    return [
        Claim(f"{case}: tickets in time ÷ peak", figure("goodput_of_peak", case), 0.9),
        Claim(f"{case}: p50 of refusals in ms", figure("refused_p50_ms", case), 100, at_most=True),
        Claim(f"{case}: p99 of refusals in ms", figure("refused_p99_ms", case), 1_000, at_most=True),
        Claim(f"{case}: p99 of refusals at the gateway", figure("refused_gateway_p99_ms", case), 50, at_most=True),
        Claim(f"{case}: captured to CONFIRMED, p99 in ms", figure("confirmed_p99_ms", case), 5_000, at_most=True),
        Claim(f"{case}: money refused", figure("money_refused", case), 0, at_most=True),
        Claim(f"{case}: seconds to recover", figure("recovery_seconds", case), 10, at_most=True),
    ]


def _of_burst(case: str) -> list[Claim]:
    return [
        Claim(f"{case}: neither served nor told OVERLOADED", figure("otherwise", case), 0, at_most=True),
        Claim(f"{case}: p99 of refusals in ms", figure("refused_p99_ms", case), 0),
    ]


BIG, SPREAD = "create.grpc.big.64", "create.grpc.spread.64"

CLAIMS = (
    Claim("create, big show, 64 clients ÷ the seeds' transaction", ratio(BIG, "reference.seeds.64"), 1.0),
    Claim("create, big show, 64 clients: p99 in ms", lambda r: r[BIG].latencies.p99, 40, at_most=True),
    Claim("create, 1 client: p50 in ms", lambda r: r["create.grpc.big.1"].latencies.p50, 5, at_most=True),
    Claim("create, 1,000 shows ÷ big show", ratio(SPREAD, BIG), 0.7),
    Claim("create, labels and multipliers ÷ none, big show", ratio("create.grpc.said.64", BIG), 0.95),
    Claim("create, places of an area ÷ seats, big show", ratio("create.grpc.area.64", BIG), 0.95),
    Claim("create over REST ÷ over gRPC, big show", ratio("create.rest.big.64", BIG), 0.5),
    Claim("create ÷ our statements alone, batches of 64", ratio(BIG, "reference.own.64"), 0),
    Claim("create ÷ the hops alone", ratio(BIG, "reference.echo.grpc"), 0),
    Claim("create over REST ÷ the hops alone", ratio("create.rest.big.64", "reference.echo.rest"), 0),
    Claim("create with AUTH on ÷ off, 64 clients", figure("on_by_off", "security"), 0.85),
    Claim("tickets per second", rate("flow.grpc.64"), 500),
    Claim("tickets per second with notifications ÷ without", ratio("flow.grpc.64", "flow.untold.grpc.64"), 0.95),
    Claim("tickets per second over REST", rate("flow.rest.64"), 0),
    Claim("maps of 500 seats per second, selling", rate("seats.grpc.500.selling"), 2_000),
    Claim("maps of 500 seats per second, selling, REST", rate("seats.rest.500.selling"), 700),
    Claim("maps of 100 seats per second, selling", rate("seats.grpc.100.selling"), 4_000),
    Claim("maps of 100 seats per second, selling, REST", rate("seats.rest.100.selling"), 2_000),
    Claim("hot seat, 1,000 clients: wrong answers", _hot, 0, at_most=True),
    Claim("hot seat, 1,000 clients: last answer in ms", figure("last_answer_ms", "hot.1000"), 1_000, at_most=True),
    Claim("on-sale: paid seats per second", figure("seats_per_second", "onsale"), 1_000),
    Claim("on-sale: seats not paid", figure("unpaid", "onsale"), 0, at_most=True),
    Claim("on-sale: seats sold twice", figure("oversold", "onsale"), 0, at_most=True),
    Claim("expiry: seconds to release all", figure("release_seconds", "expiry"), 60, at_most=True),
    Claim("expiry: p99 of new bookings in ms", lambda r: r["expiry"].latencies.p99, 100, at_most=True),
    Claim("cancel: bookings swept ÷ tickets of the flow", figure("sweep_by_flow", "cancel"), 0.5),
    Claim("cancel: goodput that other shows keep", figure("goodput", "cancel"), 0.8),
    Claim("cost of a booking, 10⁷ seats ÷ 10⁵ seats", _cost, 1.2, at_most=True),
    *(claim for way in ("rest", "grpc") for claim in _of_overload(f"overload.{way}")),
    *(claim for case in BURSTS for claim in _of_burst(case)),
    Claim("20 logins a second: p99 of bookings in ms", lambda r: r["logins"].latencies.p99, 100, at_most=True),
    Claim("peak memory of a service in MB", _memory, 200, at_most=True),
)
"""Every claim. One that wants at least 0 only tells."""
