"""A stack of its own, started once, which is traced; and the collector that it tells."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.launcher import Stack, temporary_settings
from tests.operations.collector import Collector

HERE = Path(__file__).parent
GROUP = "operations"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Keep the tests that use the stack on one worker, so that one stack runs: see tests/system/conftest.py."""
    own = [item for item in items if HERE in item.path.parents]
    for item in own:
        item.add_marker(pytest.mark.xdist_group(GROUP))
    yield
    for item in own:
        suffix = f"@{GROUP}"
        if getattr(config.option, "loadgroup", False) and not item.nodeid.endswith(suffix):
            item._id = item._id.parse(item.nodeid + suffix)


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
