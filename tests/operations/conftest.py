"""A stack of its own, started once, which is traced; and the collector that it tells."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stack.launcher import Stack
from tests.operations.collector import Collector
from tests.stacks import started


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="package")
def stack(collector: Collector) -> Iterator[Stack]:
    with started(auth="off", otlp_endpoint=collector.endpoint) as stack:
        yield stack
