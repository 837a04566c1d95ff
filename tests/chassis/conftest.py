"""A database with the chassis' own tables and some to play with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import psycopg

    from services.chassis.store.database import Database
    from services.chassis.writes.outbox import Outbox
    from stack.postgres import Server

TEMPLATE = "template_chassis"
_numbers = count()


@pytest.fixture(scope="session")
def chassis_template(postgres: Server) -> str:
    from tests.chassis.playground import make_schema

    make_schema(postgres.create_database(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def chassis_url(postgres: Server, chassis_template: str) -> Iterator[str]:
    """The URL of a fresh database."""
    name = f"chassis_{next(_numbers)}"
    yield postgres.create_database(name, template=chassis_template)
    postgres.drop_database(name)


@pytest.fixture
async def db(chassis_url: str) -> AsyncIterator[Database]:
    """A fresh database, as a service opens it."""
    from tests.databases import opened

    async with opened(chassis_url) as database:
        yield database


@pytest.fixture
async def single(chassis_url: str) -> AsyncIterator[Database]:
    """A fresh database with a pool of a single connection."""
    from tests.databases import opened

    async with opened(chassis_url, pool_size=1) as database:
        yield database


@pytest.fixture
async def observer(chassis_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A session of the test's own, around the chassis."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(chassis_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def outbox(db: Database) -> Outbox:
    from services.chassis.writes.outbox import Outbox

    return Outbox(db)
