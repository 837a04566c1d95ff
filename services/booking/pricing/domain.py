"""Quotes: what seats cost under the rules of prices, as a line for each seat.

    list prices ──► discount off them ──► fees on what is left ──► tax on both

Each amount is rounded once, for the whole booking, and split over the seats by largest remainder, so that lines add up
to the booking's amounts to the minor unit. Fees of a ticket alone are rounded by the ticket.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

MAX_AMOUNT = 2**31 - 1
"""The largest amount that contract and tables hold."""

WHOLE = 10_000
"""Basis points of the whole: 18 per cent are 1,800."""


class ListedSeat(Protocol):
    """A seat, as a quote has to know it."""

    @property
    def tier(self) -> str:
        """Its tier."""

    @property
    def price(self) -> int:
        """Its list price."""


class Version(Protocol):
    """What was set for a show at an instant."""

    @property
    def valid_from(self) -> datetime:
        """From when on it counts, until what was set next does."""


V = TypeVar("V", bound=Version)


class Per(StrEnum):
    """What a fee is for."""

    TICKET = "TICKET"
    """Each seat bears it."""
    ORDER = "ORDER"
    """It is added once, and split over the seats by what they cost after the discount."""


class Payer(StrEnum):
    """Who pays a fee."""

    BUYER = "BUYER"
    ORGANIZER = "ORGANIZER"
    """It is not in what the buyer pays; it is known for each seat, for what is settled with the organizer."""


@dataclass(frozen=True, slots=True)
class Discount:
    """An amount off the seats of some tiers, or of all; never more than these cost."""

    amount: int
    tiers: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Fee:
    """What is added to the price: a fixed amount, or a share of what is left after the discount, or both."""

    per: Per
    amount: int = 0
    basis_points: int = 0
    payer: Payer = Payer.BUYER
    refundable: bool = True
    """Whether it goes back: a fee of a ticket with its seat, one of the order with the last seat."""


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate of tax for seats that cost, after discount and without tax, `up_to` at most; any where that is None."""

    basis_points: int
    up_to: int | None = None
    sac_code: str = ""
    """The code of the service, as documents show it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes what is paid another amount than the seats' list prices."""

    discount: Discount | None = None
    fees: Sequence[Fee] = ()
    tax_rates: Sequence[TaxRate] = ()
    """The first that fits a seat counts; where none does, there is no tax on it."""
    prices_include_tax: bool = False
    """Whether prices and fees have the tax in them."""
    tax_parts: int = 1
    """In how many equal parts the tax is taken, each rounded by itself: two where it is CGST and SGST."""


NO_RULES = Rules()
NO_TAX = TaxRate(0)


@dataclass(frozen=True, slots=True)
class Line:
    """What a seat costs: its list price, what is taken off and added, and the tax on it or in it."""

    price: int
    discount: int = 0
    fee: int = 0
    tax: int = 0
    tax_rate: TaxRate | None = None
    """By which the tax was computed; None where there is none."""
    order_amount: int = 0
    """Its part of the order's fees, with their tax: it comes back with the last seat, not with this one."""
    unrefundable_amount: int = 0
    """Its fees, with their tax, that never come back."""
    organizer_fee: int = 0
    """The fees that the organizer pays for it."""


@dataclass(frozen=True, slots=True)
class SeatFees:
    """The fees of a seat."""

    paid: int = 0
    """By the buyer, the two below with it."""
    of_order: int = 0
    """What of that comes back with the last seat alone."""
    unrefundable: int = 0
    """What of that never comes back."""
    organizers: int = 0
    """By the organizer."""

    def plus(self, amount: int, fee: Fee) -> "SeatFees":
        """Return the fees with a part of another one."""
        if fee.payer == Payer.ORGANIZER:
            return SeatFees(self.paid, self.of_order, self.unrefundable, self.organizers + amount)
        of_order = amount if fee.refundable and fee.per == Per.ORDER else 0
        unrefundable = 0 if fee.refundable else amount
        return SeatFees(self.paid + amount, self.of_order + of_order, self.unrefundable + unrefundable, self.organizers)


@dataclass(frozen=True, slots=True)
class Quote:
    """What seats cost: a line for each, in their order. The amounts are the lines' sums."""

    lines: Sequence[Line]
    prices_include_tax: bool

    @property
    def total_amount(self) -> int:
        """What the seats cost by the list."""
        return sum([line.price for line in self.lines])

    @property
    def discount_amount(self) -> int:
        """What is taken off."""
        return sum([line.discount for line in self.lines])

    @property
    def fee_amount(self) -> int:
        """What is added."""
        return sum([line.fee for line in self.lines])

    @property
    def organizer_fee_amount(self) -> int:
        """The fees that the organizer pays."""
        return sum([line.organizer_fee for line in self.lines])

    @property
    def tax_amount(self) -> int:
        """The tax on it or in it."""
        return sum([line.tax for line in self.lines])

    @property
    def final_amount(self) -> int:
        """What is paid."""
        added_tax = 0 if self.prices_include_tax else self.tax_amount
        return self.total_amount - self.discount_amount + self.fee_amount + added_tax


def quote(seats: Sequence[ListedSeat], rules: Rules) -> Quote:
    """Return what the seats cost under the rules."""
    prices = [seat.price for seat in seats]
    if rules == NO_RULES:
        return Quote([Line(price) for price in prices], prices_include_tax=False)
    discounts = _discounts(seats, rules.discount)
    left = [price - discount for price, discount in zip(prices, discounts, strict=True)]
    fees = _fees(left, rules.fees)
    rates = [_rate(amount, rules) for amount in left]
    taxes = _taxes([amount + fee.paid for amount, fee in zip(left, fees, strict=True)], rates, rules)
    parts = zip(prices, discounts, fees, taxes, rates, strict=True)
    return Quote([_line(*part, rules.prices_include_tax) for part in parts], rules.prices_include_tax)


def version_at(versions: Sequence[V], held_at: datetime | None) -> V | None:
    """Return what counts for seats that were held then, of all that was set for a show; None before anything was.

    For seats that nobody held it is what was set last, whatever the clock says that may have been set back since.
    """
    if not versions:
        return None
    begun = (one for one in versions if held_at is None or one.valid_from <= held_at)
    return max(begun, key=lambda one: one.valid_from, default=None)


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights so that the parts add up: by largest remainder, the earlier of equal ones first.

    Where all weights are 0, they count alike. No part is larger than its weight where the amount is at most their sum.
    """
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    parts = [amount * weight // whole for weight in weights]
    left = amount - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda position: -(amount * weights[position] % whole))
    for position in by_remainder[:left]:
        parts[position] += 1
    return parts


def share(amount: int, basis_points: int, of: int = WHOLE) -> int:
    """Return `basis_points` of an amount, rounded to the minor unit; half of one is rounded up."""
    return (2 * amount * basis_points + of) // (2 * of)


def _discounts(seats: Sequence[ListedSeat], discount: Discount | None) -> list[int]:
    if discount is None:
        return [0] * len(seats)
    weights = [seat.price if discount.tiers is None or seat.tier in discount.tiers else 0 for seat in seats]
    return split(min(discount.amount, sum(weights)), weights)


def _fees(left: Sequence[int], fees: Sequence[Fee]) -> list[SeatFees]:
    """Return the fees of each seat: those of a ticket are rounded by the ticket, those of an order once."""
    sums = [SeatFees()] * len(left)
    for fee in fees:
        if fee.per == Per.TICKET:
            parts = [fee.amount + share(amount, fee.basis_points) for amount in left]
        else:
            parts = split(fee.amount + share(sum(left), fee.basis_points), left)
        sums = [before.plus(part, fee) for before, part in zip(sums, parts, strict=True)]
    return sums


def _line(price: int, discount: int, fees: SeatFees, tax: int, rate: TaxRate | None, tax_included: bool) -> Line:
    """Return a line. A tax that is added is split over what it is on, so that each fee goes or stays with its tax."""
    order, unrefundable = fees.of_order, fees.unrefundable
    if (order or unrefundable) and not tax_included:
        others = price - discount + fees.paid - order - unrefundable
        _, on_order, on_unrefundable = split(tax, [others, order, unrefundable])
        order, unrefundable = order + on_order, unrefundable + on_unrefundable
    return Line(price, discount, fees.paid, tax, rate, order, unrefundable, fees.organizers)


def _rate(amount: int, rules: Rules) -> TaxRate | None:
    """Return the rate for a seat that costs so much."""
    for rate in rules.tax_rates:
        if rate.up_to is None or amount - (_tax(amount, rate, rules) if rules.prices_include_tax else 0) <= rate.up_to:
            return rate
    return None


def _tax(amount: int, rate: TaxRate, rules: Rules) -> int:
    """Return the tax on an amount, or in it."""
    return rules.tax_parts * _tax_part(amount, rate, rules)


def _tax_part(amount: int, rate: TaxRate, rules: Rules) -> int:
    of = WHOLE + rate.basis_points if rules.prices_include_tax else WHOLE
    return share(amount, rate.basis_points, of * rules.tax_parts)


def _taxes(taxable: Sequence[int], rates: Sequence[TaxRate | None], rules: Rules) -> list[int]:
    """Return the tax of each seat and its fees: computed for all seats of a rate at once, then split over them.

    Each part of the tax is split in the same way, so the parts of a line are equal.
    """
    taxes = [0] * len(taxable)
    for rate in dict.fromkeys(rate for rate in rates if rate is not None):
        positions = [position for position, one in enumerate(rates) if one == rate]
        weights = [taxable[position] for position in positions]
        for position, part in zip(positions, split(_tax_part(sum(weights), rate, rules), weights), strict=True):
            taxes[position] = rules.tax_parts * part
    return taxes
