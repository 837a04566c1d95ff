"""Tariffs: the fees of shows, and what kinds of tickets cost. No I/O, no clock; what fees come to, pricing computes.

What is set for a show counts from that instant on, until it is set anew. So the tariff at any instant is known, and who
holds seats pays what was shown when they were held.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.booking.bookings.domain import ADULT, BookedSeat
from services.booking.errors import KindLimitExceeded, KindNotOffered
from services.booking.pricing.domain import Fee, share, version_at


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


@dataclass(frozen=True, slots=True)
class KindPrice:
    """What a ticket of a kind costs: a fixed price, or a share of the list's."""

    kind: str
    """Such as CHILD. An ADULT pays the list's price, and is not among them."""
    tier: str | None
    """For seats of this tier; None: of all for which there is no other price."""
    price: int | None
    basis_points: int | None
    at_most: int | None
    """How many seats of a booking may have this price; None: any number."""

    def of(self, list_price: int) -> int:
        """Return the price in the place of the list's."""
        return share(list_price, self.basis_points or 0) if self.price is None else self.price


@dataclass(frozen=True, slots=True)
class ShowKinds:
    """The kinds of tickets of a show, from an instant on until others were set."""

    valid_from: datetime
    kinds: Sequence[KindPrice]


def fees_at(versions: Sequence[ShowFees], held_at: datetime | None) -> Sequence[Fee]:
    """Return the fees of a show for seats that were held then, of all that were set for it."""
    version = version_at(versions, held_at)
    return [named.fee for named in version.fees] if version else ()


def priced_by_kind(
    seats: Sequence[BookedSeat], versions: Sequence[ShowKinds], held_at: datetime | None
) -> Sequence[BookedSeat]:
    """Return seats that were held then with what their kinds cost; raise KindNotOffered or KindLimitExceeded."""
    if all(seat.kind == ADULT for seat in seats):
        return seats
    version = version_at(versions, held_at)
    offered = {(one.kind, one.tier): one for one in version.kinds} if version else {}
    used: Counter[KindPrice] = Counter()
    priced = []
    for seat in seats:
        if seat.kind == ADULT:
            priced.append(seat)
            continue
        kind = offered.get((seat.kind, seat.tier)) or offered.get((seat.kind, None))
        if kind is None:
            raise KindNotOffered(kind=seat.kind, seat_id=seat.id)
        used[kind] += 1
        if kind.at_most is not None and used[kind] > kind.at_most:
            raise KindLimitExceeded(kind=seat.kind, limit=kind.at_most)
        priced.append(replace(seat, price=kind.of(seat.price)))
    return priced
