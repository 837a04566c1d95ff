"""Inventory behind a real server, for tests of those who call it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from boxoffice.inventory.v1 import catalog_pb2_grpc, inventory_pb2_grpc

from services.chassis.store.database import Database
from services.inventory.catalogue.rpc import CatalogServicer
from services.inventory.rpc import InventoryServicer
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.watching import Watching
from tests.inventory.sale import make_desk
from tests.servers import served


@asynccontextmanager
async def served_inventory(db: Database) -> AsyncIterator[grpc.aio.Channel]:
    """Serve inventory and its catalogue; give a channel to them."""
    desk = make_desk(db)
    catalog = CatalogServicer(db, db, desk, max_seats_per_user=6)
    inventory = InventoryServicer(db, desk, Availability(db), Watching(db, Availability(db), heartbeat_seconds=15))
    async with served(
        lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(catalog, server),
        lambda server: inventory_pb2_grpc.add_InventoryServiceServicer_to_server(inventory, server),
    ) as to_inventory:
        yield to_inventory
        await desk.close()
