"""Coupons and sellers of organizations: for their own shows, and seen by nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2, coupon_pb2, taxes_pb2

from services.booking import owners
from services.booking.clients import InventoryClient
from services.chassis.errors import Failure
from services.chassis.wire.identity import Caller
from services.chassis.wire.owners import Shared
from tests.booking.house import ANN, BOB, House, refused
from tests.booking.sellers import seller_request
from tests.booking.test_coupons import terms

OURS, THEIRS = uuid4(), uuid4()
CAT = uuid4()


@contextmanager
def called_by(house: House, *roles: str, member_of: UUID | None = None, user: UUID = CAT) -> Iterator[None]:
    memberships = {member_of: "MANAGER"} if member_of else {}
    house.callers.append(Caller(user_id=user, roles=frozenset(roles), memberships=memberships))
    try:
        yield
    finally:
        house.callers.pop()


async def make(house: House, code: str, organization_id: UUID | None = None) -> coupon_pb2.Coupon:
    request = coupon_pb2.CreateCouponRequest(code=code, terms=terms(), organization_id=str(organization_id or ""))
    made: coupon_pb2.Coupon = await house.coupons.CreateCoupon(request)
    return made


async def is_for_the_show(house: House, code: str) -> bool:
    """Tell whether a code is good for the house's show: it is, or is not, in every way that it can be used."""
    seats = {"user_id": str(ANN), "show_id": house.show_id, "show_seat_ids": [house.seat_ids[0]], "coupon_code": code}
    asked = coupon_pb2.ValidateCouponRequest(code=code, user_id=str(ANN), show_id=house.show_id)
    is_valid = (await house.coupons.ValidateCoupon(asked)).valid
    quote, book = booking_pb2.QuoteBookingRequest(**seats), booking_pb2.CreateBookingRequest(**seats)
    if not is_valid:
        for call in (house.bookings.QuoteBooking(quote), house.bookings.CreateBooking(book)):
            info = await refused(call)
            assert (info.reason, info.metadata["why_not"]) == ("COUPON_NOT_USABLE", "NOT_VALID")
        return False
    quoted, booking = await house.bookings.QuoteBooking(quote), await house.bookings.CreateBooking(book)
    assert quoted.discount_amount == booking.discount_amount > 0
    await house.bookings.CancelBooking(booking_pb2.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    await house.relay()
    return True


@pytest.mark.parametrize("owner", [OURS, None], ids=["an organization's show", "Boxoffice's own show"])
async def test_a_coupon_is_for_the_shows_of_whose_it_is(house: House, owner: UUID | None) -> None:
    await house.inventory_db.execute("UPDATE shows SET organization_id = %(id)s", {"id": owner})
    with called_by(house, "USER", member_of=OURS):
        assert (await make(house, "ours", OURS)).organization_id == str(OURS)
    await make(house, "theirs", THEIRS)
    with called_by(house, "USER", "ORGANIZER"):
        assert (await make(house, "organizers")).own_shows_only
    with called_by(house, "USER", "ADMIN"):
        assert not (await make(house, "boxoffices")).own_shows_only
    assert await is_for_the_show(house, "ours") == (owner == OURS)
    assert not await is_for_the_show(house, "theirs")
    assert await is_for_the_show(house, "organizers") == (owner is None)
    assert await is_for_the_show(house, "boxoffices")


async def test_a_coupon_by_code_from_before_is_for_all_shows(house: House) -> None:
    await house.inventory_db.execute("UPDATE shows SET organization_id = %(id)s", {"id": OURS})
    with called_by(house, "USER", "ORGANIZER"):
        await make(house, "before")
    await house.db.execute("UPDATE coupons SET own_shows_only = DEFAULT, organization_id = DEFAULT")
    assert await is_for_the_show(house, "before")


async def test_members_list_the_coupons_of_their_organization_and_an_organizer_their_own_beside_them(
    house: House,
) -> None:
    with called_by(house, "USER", "ORGANIZER"):
        own = await make(house, "own")
    with called_by(house, "USER", "ORGANIZER", user=BOB):
        others = await make(house, "others")
    ours, theirs = await make(house, "ours", OURS), await make(house, "theirs", THEIRS)

    async def listed(organization_id: UUID | None) -> list[str]:
        request = coupon_pb2.ListCouponsRequest(organization_id=str(organization_id or ""))
        return [coupon.id for coupon in (await house.coupons.ListCoupons(request)).coupons]

    with called_by(house, "USER", "ORGANIZER", member_of=OURS):
        assert await listed(OURS) == [ours.id, own.id]
        assert await listed(None) == [own.id]
    with called_by(house, "USER", member_of=OURS, user=BOB):
        assert await listed(OURS) == [ours.id, others.id]
    for nobody_is_checked_or_admin in ([], ["USER", "ADMIN"]):
        house.callers[:] = [Caller(CAT, frozenset(nobody_is_checked_or_admin))] if nobody_is_checked_or_admin else []
        assert await listed(None) == [theirs.id, ours.id, others.id, own.id]
        assert await listed(THEIRS) == [theirs.id]


async def test_a_member_changes_what_another_member_of_the_organization_has_made(house: House) -> None:
    with called_by(house, "USER", member_of=OURS):
        made = await make(house, "ours", OURS)
    with called_by(house, "USER", member_of=OURS, user=BOB):
        update = coupon_pb2.UpdateCouponRequest(coupon_id=made.id, terms=terms(percentage=30))
        assert (await house.coupons.UpdateCoupon(update)).terms.percentage == 30
        end = coupon_pb2.DeactivateCouponRequest(coupon_id=made.id)
        assert (await house.coupons.DeactivateCoupon(end)).organization_id == str(OURS)


async def test_why_not_is_told_to_members_of_the_coupons_organization_only(house: House) -> None:
    await make(house, "ours", OURS)  # the show is Boxoffice's own
    asked = coupon_pb2.ValidateCouponRequest(code="ours", user_id=str(CAT), show_id=house.show_id)
    for member_of, why_not in ((OURS, "OTHER_SHOW"), (THEIRS, "NOT_VALID")):
        with called_by(house, "USER", member_of=member_of):
            answer = await house.coupons.ValidateCoupon(asked)
            assert coupon_pb2.ValidateCouponResponse.WhyNot.Name(answer.why_not) == why_not


async def test_a_seller_stays_its_organizations(house: House) -> None:
    ours = await house.taxes.SetSeller(seller_request(tax_number="", organization_id=str(OURS)))
    boxoffices = await house.taxes.SetSeller(seller_request(tax_number=""))
    renamed = seller_request(ours.id, tax_number="", legal_name="Regal Limited")
    assert (await house.taxes.SetSeller(renamed)).organization_id == str(OURS), "it need not be named again"
    for seller_id in (ours.id, boxoffices.id):
        other = seller_request(seller_id, tax_number="", organization_id=str(THEIRS))
        info = await refused(house.taxes.SetSeller(other))
        assert (info.reason, info.metadata["field"]) == ("SELLER_FIXED", "organization_id")
    for organization_id, sellers in ((str(OURS), {ours.id}), (str(THEIRS), set()), ("", {ours.id, boxoffices.id})):
        listed = await house.taxes.ListSellers(taxes_pb2.ListSellersRequest(organization_id=organization_id))
        assert {seller.id for seller in listed.sellers} == sellers


async def test_a_seller_is_used_by_its_organization_and_known_to_nobody_else(house: House) -> None:
    ours = await house.taxes.SetSeller(seller_request(tax_number="", organization_id=str(OURS)))
    boxoffices = await house.taxes.SetSeller(seller_request(tax_number=""))
    sellers = owners.things(house.db, InventoryClient(house.to_inventory))["seller_id"]
    assert await sellers.owner(UUID(ours.id)) == OURS
    assert await sellers.shared(UUID(ours.id)) == Shared(OURS, frozenset())
    assert not (await sellers.shared(UUID(boxoffices.id))).allows(OURS)
    assert (await sellers.shared(uuid4())).allows(OURS), "what there is not yet is anybody's to make"
    hidden = await sellers.hidden(UUID(ours.id))
    with pytest.raises(Failure) as absent:
        await sellers.owner(uuid4())
    assert hidden is not None
    assert (hidden.reason, str(hidden)) == ("SELLER_NOT_FOUND", str(absent.value))


async def test_a_coupon_of_an_organization_is_known_to_nobody_else(house: House) -> None:
    made = await make(house, "ours", OURS)
    coupons = owners.things(house.db, InventoryClient(house.to_inventory))["coupon_id"]
    assert await coupons.owner(UUID(made.id)) == OURS
    hidden = await coupons.hidden(UUID(made.id))
    with pytest.raises(Failure) as absent:
        await coupons.owner(uuid4())
    assert hidden is not None
    assert (hidden.reason, str(hidden)) == ("COUPON_NOT_FOUND", str(absent.value))
