"""Seats of bookings: with their lines, and as inventory tells of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

ADULT = "ADULT"
"""The kind of ticket that costs what the list says; what is booked where nobody chooses."""


@dataclass(frozen=True, slots=True)
class BookedSeat:
    """A seat of a booking with its frozen line: its list price, what is taken off and added, and the tax."""

    id: UUID
    section: str
    row: str
    number: int
    tier: str
    price: int
    """By the list, for its kind of ticket."""
    discount: int = 0
    fee: int = 0
    tax: int = 0
    tax_basis_points: int = 0
    sac_code: str = ""
    order_amount: int = 0
    """Of what is paid for it: fees of the order with their tax, which come back with the last seat."""
    unrefundable_amount: int = 0
    """Of what is paid for it: fees with their tax that never come back."""
    organizer_fee: int = 0
    """What the organizer pays for it; the buyer does not."""
    kind: str = ADULT
    """Of the ticket."""
    refund_id: UUID | None = None
    """The refund by which it was given back; None while it is left."""
    refund_amount: int | None = None
    """What comes back of it by that refund."""
    label: str | None = None
    """What people read on it; None: its number."""
    features: str | None = None
    """What is special about it, commas between; None: nothing."""

    @property
    def shown_label(self) -> str:
        """What people read on it; nothing on a place of an area, whose number is 0 here."""
        return self.label or str(self.number or "")

    @property
    def words(self) -> str:
        """The seat in words; a place of an area is called by that alone."""
        return f"{self.section} {self.row}{self.shown_label}" if self.row else self.section


@dataclass(frozen=True, slots=True)
class AreaPlaces:
    """So many places of an area, which have neither rows nor numbers."""

    area_id: UUID
    quantity: int


def with_kinds(seats: Sequence[BookedSeat], kinds: Sequence[str]) -> Sequence[BookedSeat]:
    """Return seats with the kinds that were chosen for them, in their order; without a choice as they are."""
    return [replace(seat, kind=kind) for seat, kind in zip(seats, kinds, strict=True)] if kinds else seats


@dataclass(frozen=True, slots=True)
class ListedSeats:
    """Seats at their list prices."""

    seats: Sequence[BookedSeat]
    currency: str
    held_at: datetime | None = None
    """When their user held the first of those that he holds: the rules of then count."""


@dataclass(frozen=True, slots=True)
class ReservedSeats:
    """Seats that inventory has reserved for a booking, and what they cost."""

    seats: Sequence[BookedSeat]
    total_amount: int
    currency: str
    expires_at: datetime
    sales_end_at: datetime | None
    """None from an inventory that does not know of it yet."""
    held_at: datetime | None = None
    """When their user had held the first of those that he held: the rules of then count."""
    show_revision: int = 0
    """The show's, as it was then; 0 from an inventory that does not tell."""

    def sales_end(self, known: datetime, revision: int) -> datetime:
        """Return when sales end, which is `known` of a revision that is not older than the reservation."""
        is_older = 0 < self.show_revision < revision
        return known if is_older or self.sales_end_at is None else self.sales_end_at


@dataclass(frozen=True, slots=True)
class ExtendedClaim:
    """A claim that inventory has extended."""

    expires_at: datetime
    sales_end_at: datetime | None
    """None from an inventory that does not tell."""
    show_revision: int = 0


@dataclass(frozen=True, slots=True)
class ConfirmedClaim:
    """A claim that inventory has confirmed."""

    show_revision: int
    """The show's, as it was then; 0 from an inventory that does not tell."""
    seat_ids: Sequence[UUID] = ()
    """The seats in their order, where places of areas are among them: these may be others than were reserved."""
