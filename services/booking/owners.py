"""Whose things are, for the policies of booking's methods: inventory knows of shows and events, booking of the rest."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from services.booking.bookings.rows import find_owner
from services.booking.clients import InventoryClient
from services.booking.coupons.operation import owner_of_coupon
from services.booking.errors import BookingNotFound, CouponNotFound, SellerNotFound
from services.booking.taxes.operation import find_seller
from services.chassis.errors import Code, Failure, NotFound
from services.chassis.store.database import Database
from services.chassis.wire.owners import Shared, Things


def things(db: Database, inventory: InventoryClient) -> dict[str, Things]:
    """Return whose what is that requests name, by the field that names it."""
    return {
        "show_id": Things(inventory.owner_of_show, partial(_draft, inventory.show)),
        "event_id": Things(inventory.owner_of_event, partial(_draft, inventory.check_event)),
        "booking_id": Things(partial(_owner_of_booking, db, inventory), partial(_private, BookingNotFound)),
        "coupon_id": Things(partial(owner_of_coupon, db), partial(_private, CouponNotFound)),
        "seller_id": Things(
            partial(_owner_of_seller, db), partial(_private, SellerNotFound), partial(_shared_seller, db)
        ),
    }


async def _draft(see: Callable[[UUID], Awaitable[Any]], id_: UUID) -> Failure | None:
    """Return what inventory tells of a draft, which no service sees by itself."""
    try:
        await see(id_)
    except Failure as failure:
        if failure.code != Code.NOT_FOUND:
            raise
        return failure
    return None


async def _private(absent: type[NotFound], _: UUID) -> Failure:
    return absent()


async def _owner_of_booking(db: Database, inventory: InventoryClient, id_: UUID) -> UUID | None:
    """Return whose a booking's show is. Where the row names nobody, code from before may have written it."""
    found = await find_owner(db, id_)
    if found is None:
        raise BookingNotFound()
    organization_id, show_id = found
    return organization_id or await inventory.owner_of_show(show_id)


async def _owner_of_seller(db: Database, id_: UUID) -> UUID | None:
    return (await find_seller(db, id_)).organization_id


async def _shared_seller(db: Database, id_: UUID) -> Shared:
    """Return who may use a seller: its organization. One that there is not yet is anybody's to make."""
    try:
        return Shared(await _owner_of_seller(db, id_), frozenset())
    except SellerNotFound:
        return Shared(None, None)
