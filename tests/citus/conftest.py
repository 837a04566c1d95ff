"""A Citus cluster, where PG_BIN names the programs of a PostgreSQL that has the extension: `make test-citus`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.chassis.store.database import Database
    from tests.citus.cluster import Cluster


def programs() -> Path:
    """Return the folder that PG_BIN names; skip the test where it has no Citus."""
    from stack import citus

    programs = Path(os.environ.get("PG_BIN") or "nowhere")
    if not citus.has_extension(programs):
        pytest.skip("PG_BIN names no folder of PostgreSQL's programs that has the extension Citus")
    return programs


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    from tests.citus.cluster import running

    with running(programs()) as cluster:
        yield cluster


@pytest.fixture
async def citus_db(cluster: Cluster) -> AsyncIterator[Database]:
    """Inventory's database on the coordinator, opened as inventory does there."""
    from tests.citus.opened import opened

    async with opened(cluster.url) as db:
        yield db
