"""Tariffs: the fees of shows. No I/O, no clock; what fees come to, pricing computes.

What is set for a show counts from that instant on, until it is set anew. So the fees at any instant are known, and who
holds seats pays what was shown when they were held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.booking.pricing.domain import Fee


@dataclass(frozen=True, slots=True)
class NamedFee:
    """A fee, as people read of it."""

    name: str
    fee: Fee


@dataclass(frozen=True, slots=True)
class ShowFees:
    """The fees of a show, from an instant on until others were set."""

    valid_from: datetime
    fees: Sequence[NamedFee]


def fees_at(versions: Sequence[ShowFees], at: datetime) -> Sequence[Fee]:
    """Return the fees of a show at an instant, of all that were set for it."""
    begun = [one for one in versions if one.valid_from <= at]
    return [named.fee for named in max(begun, key=lambda one: one.valid_from).fees] if begun else ()
