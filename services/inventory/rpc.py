"""InventoryService: who has which seat. See boxoffice/inventory/v1/inventory.proto for what each method promises."""

from boxoffice.inventory.v1 import inventory_pb2_grpc

from services.chassis.store.database import Database
from services.inventory.seats.access_rpc import AccessCodeMethods
from services.inventory.seats.operation import SeatDesk
from services.inventory.seats.rpc import SeatMethods
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.rpc import ViewMethods
from services.inventory.viewing.watching import Watching


class InventoryServicer(SeatMethods, AccessCodeMethods, ViewMethods, inventory_pb2_grpc.InventoryServiceServicer):
    """One service: changing seats, the codes by which blocked ones are taken, and looking at seats."""

    def __init__(
        self,
        db: Database,
        desk: SeatDesk,
        availability: Availability,
        watching: Watching,
        *,
        max_seats_per_user: int = 6,
    ) -> None:
        SeatMethods.__init__(self, db, desk, max_seats_per_user=max_seats_per_user)
        ViewMethods.__init__(self, availability, watching)
