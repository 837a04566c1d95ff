"""What booking's messages are made of, and the topics of its outbox that they go by."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from boxoffice.inventory.v1 import inventory_pb2, seat_pb2
from boxoffice.payment.v1 import payment_pb2

from services.booking.bookings.seats import AreaPlaces
from services.chassis.writes.outbox import Message

RELEASES = "releases"
CLOSURES = "closures"
REFUNDS = "refunds"

Release = inventory_pb2.BatchReleaseReservationsRequest.Release
Refund = payment_pb2.BatchRefundPaymentsRequest.Refund
Part = payment_pb2.BatchRefundPartsRequest.Part


@dataclass(frozen=True, slots=True)
class Claim:
    """What a booking asks inventory for."""

    booking_id: UUID
    show_id: UUID
    user_id: UUID
    seat_ids: Sequence[UUID]
    ttl_seconds: int
    expected_total: int | None = None
    """What the seats cost by the list where the booking was priced before."""
    access_code: str = ""
    """By which blocked ones of the seats may be taken."""
    for_guest: bool = False
    """Whether the organizer books them for somebody."""
    areas: Sequence[AreaPlaces] = ()
    """How many places of areas, beside the seats."""
    tickets_from_others: int = 0
    """How many tickets of the show the user has accepted from others."""

    @property
    def seats(self) -> int:
        """How many seats and places it asks for."""
        return len(self.seat_ids) + sum(wanted.quantity for wanted in self.areas)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of what a user asks what it costs."""

    show_id: UUID
    user_id: UUID
    seat_ids: Sequence[UUID]
    areas: Sequence[AreaPlaces] = ()

    @property
    def seats(self) -> int:
        """How many seats and places it asks about."""
        return len(self.seat_ids) + sum(wanted.quantity for wanted in self.areas)


def area_places(areas: Sequence[AreaPlaces]) -> list[seat_pb2.AreaPlaces]:
    """Render places of areas."""
    return [seat_pb2.AreaPlaces(area_id=str(wanted.area_id), quantity=wanted.quantity) for wanted in areas]


def release_of(booking_id: UUID, show_id: UUID, cause: "Release.Cause.ValueType") -> Release:
    """Name a booking's claim that is to end: its time is up, or it is given up."""
    name = inventory_pb2.ReservationName(booking_id=str(booking_id), show_id=str(show_id))
    return Release(name=name, cause=cause)


def give_up(booking_id: UUID, show_id: UUID) -> Message:
    """Tell inventory that a booking's claim is given up for good."""
    return Message(RELEASES, release_of(booking_id, show_id, Release.ABANDONED).SerializeToString())
