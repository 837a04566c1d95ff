"""Coupons: what they give, who may use them when and how often, and how many codes one user may try.

A use is a booking that has the coupon and is not over. So a use is taken with the row that is RESERVING, and given back
by the move that ends the booking, whichever it is. Uses are counted and taken under the coupon's lock.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.booking.bookings.domain import BookedSeat, BookedShow
from services.booking.errors import CouponNotUsable, CouponUsedMore, TooManyCodes
from services.booking.pricing.domain import Discount, share

TRIES = 20
WINDOW = timedelta(hours=1)
"""So many codes of which no more is told than that they are not valid may a user try in this time."""


class CouponKind(StrEnum):
    """How a discount is counted."""

    PERCENTAGE = "PERCENTAGE"
    FIXED = "FIXED"


class WhyNot(StrEnum):
    """Why a code cannot be used."""

    NOT_VALID = "NOT_VALID"
    """What most callers are told in the place of those below, up to OTHER_CURRENCY."""
    UNKNOWN = "UNKNOWN"
    DEACTIVATED = "DEACTIVATED"
    NOT_YET = "NOT_YET"
    EXPIRED = "EXPIRED"
    OTHER_SHOW = "OTHER_SHOW"
    OTHER_TIERS = "OTHER_TIERS"
    OTHER_CURRENCY = "OTHER_CURRENCY"
    USED_UP = "USED_UP"
    USED_BY_YOU = "USED_BY_YOU"
    BELOW_MINIMUM = "BELOW_MINIMUM"

    @property
    def is_told(self) -> bool:
        """Whether everybody is told: whoever hears it has a code that is good otherwise."""
        return self in (WhyNot.USED_UP, WhyNot.USED_BY_YOU, WhyNot.BELOW_MINIMUM)


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """What a coupon gives, and to whom; None and empty lists limit nothing."""

    kind: CouponKind
    percentage: int | None
    amount: int | None
    currency: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    minimum_amount: int | None
    maximum_discount: int | None
    max_uses: int | None
    max_uses_per_user: int | None
    show_ids: Sequence[UUID]
    tiers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon's row."""

    id: UUID
    organizer_id: UUID | None
    organization_id: UUID | None
    """Whose it is; None: none's."""
    own_shows_only: bool
    """Whether it is for shows of its organization only, or, where it is none's, for those of none; else for all."""
    code: str
    terms: CouponTerms
    created_at: datetime
    updated_at: datetime
    deactivated_at: datetime | None

    def why_not(self, show: BookedShow, now: datetime) -> WhyNot | None:
        """Return why nobody can use it for this show at `now`; None where somebody can."""
        terms = self.terms
        if self.deactivated_at is not None:
            return WhyNot.DEACTIVATED
        if terms.valid_from is not None and now < terms.valid_from:
            return WhyNot.NOT_YET
        if terms.valid_until is not None and terms.valid_until <= now:
            return WhyNot.EXPIRED
        if terms.show_ids and show.show_id not in terms.show_ids:
            return WhyNot.OTHER_SHOW
        if self.own_shows_only and show.organization_id != self.organization_id:
            return WhyNot.OTHER_SHOW
        return None

    def discount(self, seats: Sequence[BookedSeat], currency: str) -> Discount:
        """Return what it takes off these seats; raise CouponNotUsable where that is nothing."""
        terms = self.terms
        if terms.currency not in (None, currency):
            raise not_usable(WhyNot.OTHER_CURRENCY)
        if sum(seat.price for seat in seats) < (terms.minimum_amount or 0):
            raise not_usable(WhyNot.BELOW_MINIMUM)
        cheaper = [seat.price for seat in seats if not terms.tiers or seat.tier in terms.tiers]
        if not cheaper:
            raise not_usable(WhyNot.OTHER_TIERS)
        amount = terms.amount if terms.amount is not None else share(sum(cheaper), (terms.percentage or 0) * 100)
        if terms.maximum_discount is not None:
            amount = min(amount, terms.maximum_discount)
        return Discount(amount, frozenset(terms.tiers) or None)

    def updated(self, terms: CouponTerms, uses: int, uses_of_one: int, now: datetime) -> "Coupon":
        """Return the coupon with other terms; raise CouponUsedMore where its uses, or those of one user, are more."""
        if (terms.max_uses or uses) < uses or (terms.max_uses_per_user or uses_of_one) < uses_of_one:
            raise CouponUsedMore(uses=uses, uses_of_one=uses_of_one)
        return replace(self, terms=terms, updated_at=now)

    def deactivated(self, now: datetime) -> "Coupon":
        """Return the coupon, which nobody can use any more."""
        return self if self.deactivated_at is not None else replace(self, deactivated_at=now, updated_at=now)


def normalised(code: str) -> str:
    """Return a code as it is kept: large and small letters make no difference."""
    return code.upper()


@dataclass(frozen=True, slots=True)
class Uses:
    """How often coupons are used, in all and by each user, while nobody else takes a use of them."""

    in_all: Counter[str] = field(default_factory=Counter)
    """By code."""
    of_users: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    """By code and user."""

    def why_not(self, coupon: Coupon, user_id: UUID) -> WhyNot | None:
        """Return why the user cannot take another use; None where that is possible."""
        terms = coupon.terms
        if terms.max_uses is not None and self.in_all[coupon.code] >= terms.max_uses:
            return WhyNot.USED_UP
        if terms.max_uses_per_user is not None and self.of_users[coupon.code, user_id] >= terms.max_uses_per_user:
            return WhyNot.USED_BY_YOU
        return None

    def take(self, coupon: Coupon, user_id: UUID) -> None:
        """Count another use: those who come after see it."""
        self.in_all[coupon.code] += 1
        self.of_users[coupon.code, user_id] += 1


@dataclass(frozen=True, slots=True)
class Tries:
    """When a user has tried codes of which no more was told than that they are not valid; oldest first."""

    at: Sequence[datetime]

    def check(self, now: datetime) -> None:
        """Raise TooManyCodes where no other code may be tried at `now`."""
        recent = self._recent(now)
        if len(recent) >= TRIES:
            raise TooManyCodes((recent[-TRIES] + WINDOW - now).total_seconds())

    def another(self, now: datetime) -> "Tries":
        """Return the tries with one at `now`; those that count no more are left out."""
        return Tries([*self._recent(now), now])

    def _recent(self, now: datetime) -> list[datetime]:
        return sorted(at for at in self.at if now - WINDOW < at)


def not_usable(why_not: WhyNot) -> CouponNotUsable:
    """Return the refusal of a booking whose coupon cannot be used, as its user is told."""
    return CouponNotUsable(why_not=why_not if why_not.is_told else WhyNot.NOT_VALID)
