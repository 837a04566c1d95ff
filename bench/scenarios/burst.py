"""An on-sale begins: thousands come in the same instant. Each is served, or refused in a way that says so at once.

What else anybody meets is an error of this case: a bare CANCELLED, a time-out, a part that is said to be away, a
connection that is closed without an answer.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from functools import partial
from uuid import uuid4

from bench import refusals
from bench.cases import Case
from bench.load import Load, Tally
from bench.measure import OK, Latencies, Result
from bench.shops import OVERLOADED, Shop
from bench.world import Purchase, World, purchases

REST_HOLDS = 4_000
GRPC_HOLDS = 5_000
CONNECTIONS = 5
WATCHERS = 2_150
BEFORE, BEFORE_PER_SECOND = 120, 60
"""What goes on before the on-sale begins: holds by few. A gateway that has just begun lets in few at first."""


def cases() -> list[Case]:
    """Return a case for each way in."""
    return [
        Case(f"burst.rest.{REST_HOLDS}", "holds", partial(hold_all, way="rest", count=REST_HOLDS), once=True),
        Case(f"burst.grpc.{GRPC_HOLDS}", "holds", partial(hold_all, way="gateway", count=GRPC_HOLDS), once=True),
        Case(f"burst.port.{GRPC_HOLDS}", "holds", partial(hold_all, way="port", count=GRPC_HOLDS), once=True),
        Case(f"burst.watch.grpc.{WATCHERS}", "watchers", partial(watch_all, rest=False), once=True),
        Case(f"burst.watch.rest.{WATCHERS}", "watchers", partial(watch_all, rest=True), once=True),
        Case("burst.all", "holds and watchers", come_all, once=True),
    ]


def hold_all(world: World, *, way: str, count: int) -> Result:
    """Have so many users hold two seats each of one show at once."""
    load = _holds(world, way, count)
    _go_on(world)
    return _result(world, load)


async def hold(shop: Shop, wanted: Purchase, figures: Counter[str]) -> None:
    """Hold two seats."""
    await shop.hold(wanted.user, wanted.show, wanted.seats, str(uuid4()))


def watch_all(world: World, *, rest: bool) -> Result:
    """Have so many begin to watch one show at once."""
    return _result(world, _watchers(world, rest))


def come_all(world: World) -> Result:
    """Have all of these who come by the gateway come in the same instant."""
    loads = _holds(world, "rest", REST_HOLDS), _holds(world, "gateway", GRPC_HOLDS), _watchers(world, rest=False)
    _go_on(world)
    return _result(world, *loads)


async def watch(shop: Shop, show: str, figures: Counter[str]) -> None:
    """Begin to watch a show, and stay until all the others have come."""
    await shop.watch(show)


def _holds(world: World, way: str, count: int) -> Load:
    target = world.target if way == "port" else world.target.gateway
    wanted = purchases(world.show(2 * count))
    return Load(hold, wanted, replace(target, connections=CONNECTIONS), clients=count, rest=way == "rest")


def _watchers(world: World, rest: bool) -> Load:
    target = replace(world.target.gateway, connections=CONNECTIONS)
    return Load(watch, [world.show(100).id] * WATCHERS, target, clients=WATCHERS, rest=rest)


def _go_on(world: World) -> None:
    """Have a few hold seats, as goes on before an on-sale begins."""
    world.run(Load(hold, purchases(world.show(2 * BEFORE)), world.target.gateway, rate=BEFORE_PER_SECOND))


def _result(world: World, *loads: Load) -> Result:
    began = time.time()
    tallies, usage = world.run(*loads)
    at_gateway = Latencies.from_seconds(refusals.gateway_seconds(world.stack.logs / "gateway.log", began))
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    refused = Latencies.from_seconds(whole.latencies.get(OVERLOADED, []))
    otherwise = sum(len(found) for outcome, found in whole.latencies.items() if outcome not in (OK, OVERLOADED))
    return whole.result(
        usage,
        otherwise=otherwise,
        refused_p50_ms=refused.p50,
        refused_p99_ms=refused.p99,
        refused_gateway_p99_ms=at_gateway.p99,
    )
