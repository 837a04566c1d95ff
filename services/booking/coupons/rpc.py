"""CouponService: parse, call, render."""

from collections.abc import Callable
from uuid import UUID

from boxoffice.booking.v1 import coupon_pb2 as pb
from boxoffice.booking.v1 import coupon_pb2_grpc

from services.booking.clients import InventoryClient
from services.booking.coupons import messages
from services.booking.coupons.domain import Coupon, normalised
from services.booking.coupons.operation import (
    ChangeCoupon,
    ChangeCoupons,
    CreateCoupon,
    CreateCoupons,
    get_coupon,
    list_coupons,
)
from services.booking.coupons.validating import ValidateCode, ValidateCodes
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.wire import pages
from services.chassis.wire.identity import Caller, caller
from services.chassis.wire.incoming import Context
from services.chassis.writes.idempotency import NOBODY, Once, key_of


class CouponServicer(coupon_pb2_grpc.CouponServiceServicer):
    """Coupons. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, inventory: InventoryClient) -> None:
        self._db = db
        self._inventory = inventory
        self._create = CreateCoupons(db)
        self._change = ChangeCoupons(db)
        self._validate = ValidateCodes(db)

    async def CreateCoupon(self, request: pb.CreateCouponRequest, context: Context) -> pb.Coupon:
        creator = _caller_id()
        once = Once(key_of(request, "CreateCoupon", creator or NOBODY), pb.Coupon, messages.coupon)
        organization_id = UUID(request.organization_id) if request.organization_id else None
        wish = CreateCoupon(
            id=new_id(),
            organizer_id=creator,
            organization_id=organization_id,
            own_shows_only=organization_id is not None or _organizer_id() is not None,
            code=normalised(request.code),
            terms=messages.terms(request.terms),
            once=once,
        )
        created: pb.Coupon = await self._create.alone(wish)
        return created

    async def GetCoupon(self, request: pb.GetCouponRequest, context: Context) -> pb.Coupon:
        return messages.coupon(await get_coupon(self._db, UUID(request.coupon_id), _organizer_id()))

    async def ListCoupons(self, request: pb.ListCouponsRequest, context: Context) -> pb.ListCouponsResponse:
        page = pages.PageRequest(request, pages.BY_ID)
        organization_id = UUID(request.organization_id) if request.organization_id else None
        found = await list_coupons(
            self._db,
            organization_id=organization_id,
            organizer_id=_organizer_id(),
            after=page.after,
            limit=page.limit,
        )
        coupons, token = page.render(found, lambda used: used.coupon.id, messages.coupon)
        return pb.ListCouponsResponse(coupons=coupons, next_page_token=token)

    async def UpdateCoupon(self, request: pb.UpdateCouponRequest, context: Context) -> pb.Coupon:
        change = ChangeCoupon(UUID(request.coupon_id), _organizer_id(), messages.terms(request.terms))
        return messages.coupon(await self._change.alone(change))

    async def DeactivateCoupon(self, request: pb.DeactivateCouponRequest, context: Context) -> pb.Coupon:
        end = ChangeCoupon(UUID(request.coupon_id), _organizer_id(), None)
        return messages.coupon(await self._change.alone(end))

    async def ValidateCoupon(self, request: pb.ValidateCouponRequest, context: Context) -> pb.ValidateCouponResponse:
        show = await self._inventory.show(UUID(request.show_id))
        who = caller.get()
        is_admin = who is not None and "ADMIN" in who.roles
        user_id = UUID(request.user_id)
        question = ValidateCode(normalised(request.code), user_id, show, _runs(user_id, who), is_told_all=is_admin)
        return messages.validated(await self._validate.alone(question))


def _runs(user_id: UUID, who: Caller | None) -> Callable[[Coupon], bool]:
    """Return what tells whether a coupon is one that the caller has to do with as who makes it, not who uses it."""

    def is_own(coupon: Coupon) -> bool:
        if coupon.organization_id is not None:
            return who is not None and coupon.organization_id in who.memberships
        return coupon.organizer_id == user_id

    return is_own


def _caller_id() -> UUID | None:
    """Return who calls; None where calls carry no tokens."""
    who = caller.get()
    return who.user_id if who is not None else None


def _organizer_id() -> UUID | None:
    """Return whose coupons the caller may see and change; None: everybody's."""
    who = caller.get()
    return None if who is None or "ADMIN" in who.roles else who.user_id
