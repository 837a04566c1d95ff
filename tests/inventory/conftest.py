"""A show on sale, and the desk that sells it; the catalogue, served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.chassis.store.database import Database
    from tests.inventory.catalogue_client import Catalogue
    from tests.inventory.halls_client import Halls
    from tests.inventory.sale import OnSale


@pytest.fixture
async def on_sale(inventory_db: Database) -> AsyncIterator[OnSale]:
    from tests.inventory.sale import opened_sale

    async with opened_sale(inventory_db) as on_sale:
        yield on_sale


@pytest.fixture
async def catalogue(inventory_db: Database) -> AsyncIterator[Catalogue]:
    from tests.inventory.catalogue_client import served_catalogue

    async with served_catalogue(inventory_db) as catalogue:
        yield catalogue


@pytest.fixture
async def halls(inventory_db: Database) -> AsyncIterator[Halls]:
    from tests.inventory.halls_client import served_halls

    async with served_halls(inventory_db) as halls:
        yield halls
