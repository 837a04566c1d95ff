"""Keeps the tests that share the one stack of test_smoke.py together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

SMOKE = Path(__file__).with_name("test_smoke.py")
GROUP = "bench"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Keep these tests on one worker, so that one stack runs: see tests/system/conftest.py."""
    own = [item for item in items if item.path == SMOKE]
    for item in own:
        item.add_marker(pytest.mark.xdist_group(GROUP))
    yield
    for item in own:
        suffix = f"@{GROUP}"
        if getattr(config.option, "loadgroup", False) and not item.nodeid.endswith(suffix):
            item._id = item._id.parse(item.nodeid + suffix)
