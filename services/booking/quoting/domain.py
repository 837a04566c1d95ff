"""What seats cost under the rules of their show at an instant. No I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.booking.bookings.domain import Amounts, BookedSeat
from services.booking.coupons.domain import Coupon, WhyNot, not_usable
from services.booking.errors import AmountTooLarge
from services.booking.pricing.domain import MAX_AMOUNT, NO_RULES, NO_TAX, Line, Rules, quote
from services.booking.taxes.domain import Terms


@dataclass(frozen=True, slots=True)
class PricedSeats:
    """Seats with their lines, and what these come to."""

    seats: Sequence[BookedSeat]
    total_amount: int
    amounts: Amounts


def price(
    seats: Sequence[BookedSeat], terms: Terms | None, currency: str, now: datetime, coupon: Coupon | None = None
) -> PricedSeats:
    """Put their lines to seats, as they are booked.

    Raises AmountTooLarge if what is paid cannot be counted, CouponNotUsable if the coupon is not for these seats.
    """
    rules = _rules(terms, currency, now)
    if coupon is not None:
        rules = replace(rules, discount=coupon.discount(seats, currency))
    quoted = quote(seats, rules)
    if quoted.final_amount == 0:
        raise not_usable(WhyNot.NOTHING_TO_PAY)
    if quoted.final_amount > MAX_AMOUNT:
        raise AmountTooLarge()
    amounts = Amounts(
        discount_amount=quoted.discount_amount,
        fee_amount=quoted.fee_amount,
        tax_amount=quoted.tax_amount,
        final_amount=quoted.final_amount,
        prices_include_tax=quoted.prices_include_tax,
        seller_id=terms.seller.id if terms else None,
        place_of_supply=terms.show.place_of_supply if terms else "",
    )
    return PricedSeats(list(map(_with_line, seats, quoted.lines)), quoted.total_amount, amounts)


def _rules(terms: Terms | None, currency: str, now: datetime) -> Rules:
    """Return the rules of a booking's price."""
    if terms is None:
        return NO_RULES
    included = terms.show.prices_include_tax
    return Rules(tax_rates=terms.rates(currency, now), tax_parts=terms.tax_parts, prices_include_tax=included)


def _with_line(seat: BookedSeat, line: Line) -> BookedSeat:
    """Return a seat with its line frozen."""
    rate = line.tax_rate or NO_TAX
    return replace(
        seat,
        discount=line.discount,
        fee=line.fee,
        tax=line.tax,
        tax_basis_points=rate.basis_points,
        sac_code=rate.sac_code,
    )
