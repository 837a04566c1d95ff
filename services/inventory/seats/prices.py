"""What lists and halls say of seats: prices, by how much a seat multiplies what is said for its tier, and places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WHOLE = 1_000
"""A price itself, in thousandths."""


def multiplied(price: int, multiplier: int | None) -> int:
    """Return so many thousandths of a price, rounded to the minor unit; half of one is rounded up."""
    return price if multiplier is None else (2 * price * multiplier + WHOLE) // (2 * WHOLE)


def dearest(multipliers: Mapping[str, int], tier: str, highest: int) -> int:
    """Return the price of a tier at which its dearest seat costs no more than `highest`."""
    return highest * WHOLE // max(multipliers.get(tier, WHOLE), WHOLE)


@dataclass(frozen=True, slots=True)
class Price:
    """What a seat of a tier costs, in minor units."""

    tier: str
    price: int


@dataclass(frozen=True, slots=True)
class PriceList:
    """One of the lists that a show has had, from 1 on, with a price for each tier."""

    version: int
    prices: Sequence[Price]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a seat is in the plan of its hall, to the right and downwards."""

    x: int
    y: int
