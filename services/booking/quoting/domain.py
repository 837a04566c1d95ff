"""What seats cost under the rules of their show at an instant. No I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.booking.bookings.domain import Amounts, BookedSeat
from services.booking.coupons.domain import Coupon
from services.booking.errors import AmountTooLarge
from services.booking.pricing.domain import MAX_AMOUNT, NO_RULES, NO_TAX, Fee, Line, Rules, quote, version_at
from services.booking.tariffs.domain import ShowFees, ShowKinds, fees_at, priced_by_kind
from services.booking.taxes.domain import TaxTerms


@dataclass(frozen=True, slots=True)
class ShowTerms:
    """All that tells what the tickets of a show cost beside their list prices."""

    taxes: Sequence[TaxTerms] = ()
    """How they are taxed, each time that it was said; empty where nobody sells them."""
    fees: Sequence[ShowFees] = ()
    """The fees, each time that they were set."""
    kinds: Sequence[ShowKinds] = ()
    """What kinds of tickets cost, each time that it was set."""


NO_TERMS = ShowTerms()


@dataclass(frozen=True, slots=True)
class PricedSeats:
    """Seats with their lines, and what these come to."""

    seats: Sequence[BookedSeat]
    total_amount: int
    amounts: Amounts


def price(
    seats: Sequence[BookedSeat],
    terms: ShowTerms,
    currency: str,
    *,
    held_at: datetime | None,
    now: datetime,
    coupon: Coupon | None = None,
) -> PricedSeats:
    """Put their lines to seats, as they are booked: by what counted when the first of them was held, or counts now.

    Raises AmountTooLarge if what is paid cannot be counted, CouponNotUsable if the coupon is not for these seats,
    KindNotOffered or KindLimitExceeded if tickets of their kinds cannot be had.
    """
    seats = priced_by_kind(seats, terms.kinds, held_at)
    tax = version_at(terms.taxes, held_at)
    rules = _rules(fees_at(terms.fees, held_at), tax, currency, held_at or now)
    if coupon is not None:
        rules = replace(rules, discount=coupon.discount(seats, currency))
    quoted = quote(seats, rules)
    total_amount, final_amount = quoted.total_amount, quoted.final_amount
    if max(total_amount, final_amount, quoted.organizer_fee_amount) > MAX_AMOUNT:
        raise AmountTooLarge()
    amounts = Amounts(
        discount_amount=quoted.discount_amount,
        fee_amount=quoted.fee_amount,
        tax_amount=quoted.tax_amount,
        final_amount=final_amount,
        prices_include_tax=quoted.prices_include_tax,
        seller_id=tax.seller.id if tax else None,
        place_of_supply=tax.show.place_of_supply if tax else "",
    )
    if rules != NO_RULES:
        seats = list(map(with_line, seats, quoted.lines))
    return PricedSeats(seats, total_amount, amounts)


def _rules(fees: Sequence[Fee], tax: TaxTerms | None, currency: str, at: datetime) -> Rules:
    """Return the rules of a booking's price."""
    if tax is None:
        return Rules(fees=fees) if fees else NO_RULES
    return Rules(
        fees=fees,
        tax_rates=tax.rates(currency, at),
        tax_parts=tax.tax_parts,
        prices_include_tax=tax.show.prices_include_tax,
    )


def with_line(seat: BookedSeat, line: Line) -> BookedSeat:
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
