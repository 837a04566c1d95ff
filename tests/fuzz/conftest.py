"""A stack for the tests of each file: what one makes up of captures and sessions would not stand another's audit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stack.launcher import Stack
from tests.stacks import started


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with started(auth="off") as stack:
        yield stack
