"""What bookings of the model cost and give back, as the rules of prices say it, by fractions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Final

PRICES: Final = (25_001, 30_002, 0)
"""What the show's list may say; at first it says the first."""
TICKET_FEE, ORDER_FEE = 250, 499
"""Of a show with fees: that of a ticket stays, that of an order comes back with its last seat."""
CHILD = 60
"""The share that a child's ticket costs of the list's price, in per cent."""
COUPONS: Final = {"FREE": (100, 2), "TENTH": (10, 1)}
"""How many per cent they take off, and how often they may be used."""


@dataclass(frozen=True)
class Line:
    """A seat of a booking: its price, what is taken off, and its fees."""

    price: int
    discount: int = 0
    fee: int = 0
    of_order: int = 0
    """What of the fee is its part of the order's."""

    @property
    def paid(self) -> int:
        return self.price - self.discount + self.fee

    @property
    def stays(self) -> int:
        """What of the fee never comes back."""
        return self.fee - self.of_order

    def base(self, *, everything: bool) -> int:
        """Return what comes back with the seat, if all of it does."""
        return self.paid - self.of_order - (0 if everything else self.stays)


@dataclass(frozen=True)
class Refund:
    seats: frozenset[int]
    amount: int
    per_cent: int
    everything: bool = False
    """Whether also what stays comes back, as the show is cancelled."""
    unbooked: bool = False
    """Whether inventory has put the seats on sale again."""
    done: bool = False


def lines_of(prices: Sequence[int], *, child: bool, coupon: str, has_fees: bool) -> tuple[Line, ...]:
    """Return the lines of seats that the list has for `prices`; the first one's ticket is for a child or not."""
    costs = [rounded(Fraction(prices[0] * CHILD, 100)), *prices[1:]] if child else prices
    per_cent, _ = COUPONS.get(coupon, (0, 0))
    discounts = split(rounded(Fraction(sum(costs) * per_cent, 100)), costs)
    lines = [Line(*pair) for pair in zip(costs, discounts, strict=True)]
    if has_fees:
        of_order = split(ORDER_FEE, [line.paid for line in lines])
        lines = [
            replace(line, fee=TICKET_FEE + part, of_order=part) for line, part in zip(lines, of_order, strict=True)
        ]
    return tuple(lines)


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights, by largest remainder; among equal ones the earlier is first."""
    weights = weights if any(weights) else [1] * len(weights)
    exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
    parts = [floor(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: exact[place] - parts[place], reverse=True)
    for place in by_remainder[: amount - sum(parts)]:
        parts[place] += 1
    return parts


def rounded(amount: Fraction) -> int:
    """Round to the minor unit, half of one up."""
    return floor(amount + Fraction(1, 2))
