"""A stack of its own, started once, which is traced; and the collector that it tells."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.launcher import Stack, temporary_settings
from tests.operations.collector import Collector


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="session")
def stack(collector: Collector) -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-operations-"))
    folder.chmod(0o711)
    settings = temporary_settings(folder, auth="off").model_copy(update={"otlp_endpoint": collector.endpoint})
    with Stack(settings) as stack:
        yield stack
    shutil.rmtree(folder)
