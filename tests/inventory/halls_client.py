"""Both of inventory's services as clients see them: behind one channel with gRPC's own limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from boxoffice.inventory.v1 import catalog_pb2_grpc, inventory_pb2_grpc

from services.chassis.store.database import Database
from services.inventory.catalogue.rpc import CatalogServicer
from services.inventory.rpc import InventoryServicer
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.watching import Watching
from tests.inventory.catalogue_client import MAX_SEATS, Catalogue
from tests.inventory.sale import make_desk
from tests.servers import served


class Halls(Catalogue):
    """Both of inventory's services, behind one channel with gRPC's own limits."""

    def __init__(self, db: Database, channel: grpc.aio.Channel) -> None:
        super().__init__(db, channel)
        self.seats: Any = inventory_pb2_grpc.InventoryServiceStub(channel)


@asynccontextmanager
async def served_halls(db: Database) -> AsyncIterator[Halls]:
    """Serve both on a free port."""
    desk = make_desk(db)
    watching = Watching(db, Availability(db), heartbeat_seconds=15)
    catalog = CatalogServicer(db, db, desk, max_seats_per_user=MAX_SEATS)
    inventory = InventoryServicer(db, desk, Availability(db), watching)
    async with served(
        lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(catalog, server),
        lambda server: inventory_pb2_grpc.add_InventoryServiceServicer_to_server(inventory, server),
    ) as channel:
        yield Halls(db, channel)
    await desk.close()
