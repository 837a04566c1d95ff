"""How many calls are under way at once. What is more is refused at once, before it costs a service anything.

Sales have a circuit of Envoy's to each service: it holds what a burst may put upon it. Holds are bounded besides by a
controller (adaptive_concurrency) that follows how long they take, and lets fewer in while that is too long. A purchase
begins with a hold: where that is refused, nothing was done in vain, and nobody was sent away in the middle.

Searches have a cluster with a small circuit: under load they are refused first, and never keep sales from a connection.

Methods that take files have one, too: the gateway and the service keep what comes until it is whole.

Money has a circuit and connections of its own, and so has what waits or watches. Envoy knows two priorities for each
cluster: where a service has money and streams, those who watch or wait have a cluster of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.contracts import PublicMethod
from gateway.edge import Edge

SALES_AT_ONCE = 1_000
"""To each replica of a service: what it answers within two or three seconds, also on a slow machine."""

MONEY_AT_ONCE = 512
"""As many as a service lets in, see services/chassis/wire/doors.py."""

STREAMS_AT_ONCE = 16_384

REFUSED = 507
"""The status by which `replies` knows what the controller refused, as nothing else has it."""

HOLD_SEATS = "/boxoffice.inventory.v1.InventoryService/HoldSeats"

SEARCHES = frozenset({"/boxoffice.inventory.v1.CatalogService/ListEvents"})
SEARCHES_AT_ONCE = 32
"""To each replica: what it answers in a fraction of a second, so that searches take little from those who buy."""

UPLOADS_AT_ONCE = 8
"""To each replica: so many files may lie in the gateway and the service, until they have come whole."""

FEWEST_HOLDS = 3
"""So many are let in at once, to each replica, however long they take: also where the database is far away."""


def clusters(name: str, replicas: int, methods: Iterable[PublicMethod]) -> dict[str, dict[str, int]]:
    """Return the clusters of a service by their names, with the bounds of each."""
    own = [method for method in methods if method.cluster == name]
    sales, money = SALES_AT_ONCE * replicas, MONEY_AT_ONCE * replicas
    found = {name: {"sales_at_once": sales, "others_at_once": money}}
    if any(method.path in SEARCHES for method in own):
        bound = SEARCHES_AT_ONCE * replicas
        found[f"{name}-searches"] = {"sales_at_once": bound, "others_at_once": bound}
    if any(method.uploads for method in own):
        bound = UPLOADS_AT_ONCE * replicas
        found[f"{name}-uploads"] = {"sales_at_once": bound, "others_at_once": bound}
    if any(method.streams for method in own):
        found[cluster_of_streams(name, own)] = {"sales_at_once": sales, "others_at_once": STREAMS_AT_ONCE}
    return found


def cluster_of(method: PublicMethod) -> str:
    """Return the cluster that a method's ordinary calls go to."""
    if method.uploads:
        return f"{method.cluster}-uploads"
    return f"{method.cluster}-searches" if method.path in SEARCHES else method.cluster


def cluster_of_streams(name: str, methods: Iterable[PublicMethod]) -> str:
    """Return the cluster in which a service's streams have a priority to themselves."""
    has_money = any(method.is_money and method.cluster == name for method in methods)
    return f"{name}-watching" if has_money else name


def of_holds(replicas: int, edge: Edge) -> dict[str, Any]:
    """Return what the template's part `holds` is filled with.

    The pace is a setting, as it depends on the machine and on how far the database is: where holds take longer than
    that, all that comes after them takes seconds.
    """
    return {
        "path": HOLD_SEATS,
        "pace": f"{edge.hold_pace_milliseconds / 1000:.3f}s",
        "fewest": FEWEST_HOLDS * replicas,
        "most": SALES_AT_ONCE * replicas,
        "refused": REFUSED,
    }
