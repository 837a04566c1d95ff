"""What seats cost under the rules of their show at an instant. No I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.booking.bookings.domain import Amounts, BookedSeat
from services.booking.coupons.domain import Coupon
from services.booking.errors import AmountTooLarge
from services.booking.pricing.domain import MAX_AMOUNT, NO_RULES, NO_TAX, Line, Rules, quote
from services.booking.tariffs.domain import ShowFees, fees_at
from services.booking.taxes.domain import Terms


@dataclass(frozen=True, slots=True)
class ShowTerms:
    """All that tells what the tickets of a show cost beside their list prices."""

    tax: Terms | None = None
    """How they are taxed; None where nobody sells them."""
    fees: Sequence[ShowFees] = ()
    """The fees, each time that they were set."""


NO_TERMS = ShowTerms()


@dataclass(frozen=True, slots=True)
class PricedSeats:
    """Seats with their lines, and what these come to."""

    seats: Sequence[BookedSeat]
    total_amount: int
    amounts: Amounts


def price(
    seats: Sequence[BookedSeat], terms: ShowTerms, currency: str, now: datetime, coupon: Coupon | None = None
) -> PricedSeats:
    """Put their lines to seats, as they are booked.

    Raises AmountTooLarge if what is paid cannot be counted, CouponNotUsable if the coupon is not for these seats.
    """
    rules = _rules(terms, currency, now)
    if coupon is not None:
        rules = replace(rules, discount=coupon.discount(seats, currency))
    quoted = quote(seats, rules)
    if max(quoted.final_amount, quoted.organizer_fee_amount) > MAX_AMOUNT:
        raise AmountTooLarge()
    amounts = Amounts(
        discount_amount=quoted.discount_amount,
        fee_amount=quoted.fee_amount,
        tax_amount=quoted.tax_amount,
        final_amount=quoted.final_amount,
        prices_include_tax=quoted.prices_include_tax,
        seller_id=terms.tax.seller.id if terms.tax else None,
        place_of_supply=terms.tax.show.place_of_supply if terms.tax else "",
    )
    return PricedSeats(list(map(_with_line, seats, quoted.lines)), quoted.total_amount, amounts)


def _rules(terms: ShowTerms, currency: str, now: datetime) -> Rules:
    """Return the rules of a booking's price."""
    if terms == NO_TERMS:
        return NO_RULES
    fees, tax = fees_at(terms.fees, now), terms.tax
    if tax is None:
        return Rules(fees=fees)
    return Rules(
        fees=fees,
        tax_rates=tax.rates(currency, now),
        tax_parts=tax.tax_parts,
        prices_include_tax=tax.show.prices_include_tax,
    )


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
        order_amount=line.order_amount,
        unrefundable_amount=line.unrefundable_amount,
        organizer_fee=line.organizer_fee,
    )
