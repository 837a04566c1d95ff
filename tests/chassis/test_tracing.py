"""Tracing by itself: what it costs where it is off, whom it believes, and a collector that is not there.

What is seen of a whole request is in tests/operations.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.chassis.sight import tracing
from services.chassis.store.database import Database
from stack.ports import choose
from tests.patience import patient

ROOT = Path(__file__).resolve().parent.parent.parent
ABOVE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}"
SAMPLED, NOT_SAMPLED = ABOVE.format(flags="01"), ABOVE.format(flags="00")


@pytest.fixture(scope="module")
def traces() -> Iterator[tracing.Traces]:
    """Tracing, for a collector that is away."""
    [port] = choose(1)
    tracing.start("test", f"http://127.0.0.1:{port}")
    assert tracing.on is not None
    yield tracing.on
    tracing.stop()
    assert tracing.on is None


def test_where_it_is_off_it_is_not_even_imported() -> None:
    code = "import sys, services.booking.__main__; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=patient(60)).returncode == 0


def test_a_call_goes_on_with_its_callers_trace(traces: tracing.Traces) -> None:
    span = traces.call_in("/a.B/C", {"traceparent": SAMPLED})
    assert traces.trace_id() == SAMPLED.split("-")[1]
    inner = traces.call_out("D")
    parent = inner.headers()["traceparent"].split("-")
    assert (parent[1], parent[3]) == (SAMPLED.split("-")[1], "01") and parent[2] != SAMPLED.split("-")[2]
    inner.end()
    span.end("OK", "an-id")
    assert traces.trace_id() == ""


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "00",
        "x" * 5000,
        "00-" + "0" * 32 + "-" + "0" * 16 + "-01",
        "ff" + SAMPLED[2:],
        SAMPLED + "-more",
        "\x00-é-ß-01",
    ],
)
def test_a_traceparent_that_is_none_begins_a_new_trace(traces: tracing.Traces, traceparent: str) -> None:
    span = traces.call_in("/a.B/C", {"traceparent": traceparent, "tracestate": "=,=;" * 200})
    assert len(traces.trace_id()) == 32 and set(traces.trace_id()) != {"0"}
    span.end()


def test_a_batch_belongs_to_the_first_that_is_sampled(traces: tracing.Traces) -> None:
    came = []
    for above in (NOT_SAMPLED, SAMPLED, SAMPLED.replace("0af7", "1af7")):
        span = traces.call_in("/a.B/C", {"traceparent": above})
        came.append(traces.here())
        span.end()
    batch = traces.batch("desk", [None, *came, *came])
    assert batch is not None
    assert traces.trace_id() == SAMPLED.split("-")[1]
    batch.end()


async def test_what_is_done_for_nobody_has_no_span(traces: tracing.Traces, db: Database) -> None:
    unasked = traces.call_in("/a.B/C", {"traceparent": NOT_SAMPLED})
    nobodys = traces.here()
    unasked.end()
    assert traces.batch("desk", [None, nobodys]) is None
    assert traces.transaction("pool") is None
    assert await db.fetch("SELECT 1") == [(1,)]


async def test_statements_are_noted_and_do_what_they_did(traces: tracing.Traces, chassis_url: str) -> None:
    db = Database(chassis_url, pool_size=2, name="traced")
    await db.open()
    span = traces.call_in("/a.B/C", {"traceparent": SAMPLED})
    async with db.transaction() as tx:
        await tx.send("INSERT INTO things (amount) VALUES (%s)", (7,))
        assert await tx.fetch("SELECT amount FROM things") == [(7,)]
    span.end()
    assert await db.fetch("SELECT amount FROM things") == [(7,)]
    await db.close()
