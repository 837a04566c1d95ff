"""What becomes of money in a run: calls of its budget that were refused, and how soon a capture is a ticket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from gateway.contracts import DESCRIPTOR, public_methods
from services.chassis.wire.doors import budget_of
from stack.launcher import Stack
from stack.ports import LOOPBACK
from stack.running import LOGS
from stack.services import replicas

SECONDS = 5.0
REFUSALS = ("OVERLOADED", "UNAVAILABLE", "DEADLINE_EXCEEDED")
AT_THE_GATEWAY = (429, 503, 504)

CAPTURED = """
    SELECT s.payment_id, l.created_at FROM bank.ledger l JOIN bank.sessions s ON s.id = l.session_id
    WHERE l.kind = 'CAPTURE' AND l.created_at >= to_timestamp(%s)
"""
CONFIRMED = """
    SELECT payment_id, updated_at FROM bookings WHERE state = 'CONFIRMED' AND updated_at >= to_timestamp(%s)
"""


def refused(stack: Stack) -> int:
    """Return how many calls of money's budget were refused until now, at the gateway or by a service, for whatever is
    not their own fault."""
    return sum(_at_services(stack)) + sum(_at_the_gateway(stack))


def settling_seconds(stack: Stack, since: float) -> list[float]:
    """Return for each payment captured since then how long after that its booking was CONFIRMED, if it is."""
    with stack.server.connect("payment") as payment, stack.server.connect("booking") as booking:
        captured: dict[Any, Any] = dict(payment.execute(CAPTURED, [since]).fetchall())
        confirmed: dict[Any, Any] = dict(booking.execute(CONFIRMED, [since]).fetchall())
    return [(confirmed[one] - captured[one]).total_seconds() for one in captured.keys() & confirmed.keys()]


def _at_services(stack: Stack) -> Iterator[int]:
    for one in replicas(stack.settings):
        port = one.port(stack.settings, "METRICS_PORT")
        with urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=SECONDS) as answer:
            text = answer.read().decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "boxoffice_call_seconds_count" and sample.labels["outcome"] in REFUSALS:
                    yield int(sample.value) * (budget_of(sample.labels["method"]) == "MONEY")


def _at_the_gateway(stack: Stack) -> Iterator[int]:
    methods = {method.path for method in public_methods(DESCRIPTOR.read_bytes()) if method.is_money}
    with (stack.settings.data_dir / LOGS / "gateway.log").open() as log:
        for line in log:
            if not line.startswith("{"):
                continue
            entry = json.loads(line)
            # Refused by the gateway itself, as its flags say: what a service refused is counted there.
            yield entry["rpc"] in methods and entry["status"] in AT_THE_GATEWAY and entry["flags"] not in (None, "-")
