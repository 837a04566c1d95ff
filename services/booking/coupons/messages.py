"""Coupons as messages: terms parsed, coupons rendered."""

from collections.abc import Iterator
from datetime import UTC
from uuid import UUID

from boxoffice.booking.v1 import coupon_pb2 as pb
from boxoffice.inventory.v1 import seat_pb2

from services.booking.coupons.domain import Coupon, CouponKind, CouponTerms, WhyNot
from services.booking.coupons.operation import UsedCoupon
from services.chassis.errors import InvalidField
from services.chassis.wire.times import to_timestamp

_TIERS = seat_pb2.Seat.Tier


def terms(given: pb.CouponTerms) -> CouponTerms:
    """Parse terms; raise InvalidField where they do not fit together."""
    wrong = [(f"terms.{field}", what) for field, what in _wrong(given)]
    if wrong:
        raise InvalidField(*wrong)
    return CouponTerms(
        kind=CouponKind(pb.CouponTerms.Kind.Name(given.kind)),
        percentage=given.percentage or None,
        amount=given.amount or None,
        currency=given.currency or None,
        valid_from=given.valid_from.ToDatetime(UTC) if given.HasField("valid_from") else None,
        valid_until=given.valid_until.ToDatetime(UTC) if given.HasField("valid_until") else None,
        minimum_amount=given.minimum_amount or None,
        maximum_discount=given.maximum_discount or None,
        max_uses=given.max_uses or None,
        max_uses_per_user=given.max_uses_per_user or None,
        show_ids=[UUID(show_id) for show_id in given.show_ids],
        tiers=[_TIERS.Name(tier) for tier in given.tiers],
    )


def _wrong(given: pb.CouponTerms) -> Iterator[tuple[str, str]]:
    """Yield the fields that do not fit to others, and what they must be."""
    if given.kind == pb.CouponTerms.PERCENTAGE:
        if not given.percentage:
            yield "percentage", "must be 1 to 100 where the kind is PERCENTAGE"
        if given.amount:
            yield "amount", "must be absent where the kind is PERCENTAGE"
    else:
        if not given.amount:
            yield "amount", "must be 1 or more where the kind is FIXED"
        if given.percentage:
            yield "percentage", "must be absent where the kind is FIXED"
        if given.maximum_discount:
            yield "maximumDiscount", "must be absent where the kind is FIXED"
    if (given.amount or given.minimum_amount or given.maximum_discount) and not given.currency:
        yield "currency", "must be there where there is an amount"
    bounds = given.HasField("valid_from") and given.HasField("valid_until")
    if bounds and given.valid_until.ToDatetime() <= given.valid_from.ToDatetime():
        yield "validUntil", "must be after validFrom"
    if len(set(map(UUID, given.show_ids))) < len(given.show_ids):
        yield "showIds", "names a show twice"


def coupon(used: UsedCoupon) -> pb.Coupon:
    """Render a coupon for its organizer."""
    one = used.coupon
    rendered = _terms(one.terms)
    rendered.max_uses = one.terms.max_uses or 0
    rendered.max_uses_per_user = one.terms.max_uses_per_user or 0
    rendered.show_ids.extend(map(str, one.terms.show_ids))
    return pb.Coupon(
        id=str(one.id),
        organizer_id=str(one.organizer_id) if one.organizer_id else "",
        code=one.code,
        terms=rendered,
        uses=used.uses,
        created_at=to_timestamp(one.created_at),
        updated_at=to_timestamp(one.updated_at),
        deactivated_at=to_timestamp(one.deactivated_at) if one.deactivated_at else None,
        organization_id=str(one.organization_id or ""),
        own_shows_only=one.own_shows_only,
    )


def validated(found: Coupon | WhyNot) -> pb.ValidateCouponResponse:
    """Render whether a code can be used, and what it gives."""
    if isinstance(found, Coupon):
        return pb.ValidateCouponResponse(valid=True, terms=_terms(found.terms))
    return pb.ValidateCouponResponse(why_not=pb.ValidateCouponResponse.WhyNot.Value(found))


def _terms(given: CouponTerms) -> pb.CouponTerms:
    """Render what everybody is told of terms."""
    return pb.CouponTerms(
        kind=pb.CouponTerms.Kind.Value(given.kind),
        percentage=given.percentage or 0,
        amount=given.amount or 0,
        currency=given.currency or "",
        valid_from=to_timestamp(given.valid_from) if given.valid_from else None,
        valid_until=to_timestamp(given.valid_until) if given.valid_until else None,
        minimum_amount=given.minimum_amount or 0,
        maximum_discount=given.maximum_discount or 0,
        tiers=map(_TIERS.Value, given.tiers),
    )
