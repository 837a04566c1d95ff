"""InventoryService: parse, hand to the desk, render."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2_grpc, seat_pb2
from google.rpc import status_pb2

from services.chassis import idempotency
from services.chassis.calls import Context
from services.chassis.database import Database
from services.chassis.desk import Desk
from services.chassis.errors import Failure, InvalidField
from services.chassis.status import to_status
from services.chassis.times import to_timestamp
from services.inventory.domain.commands import (
    Cause,
    Command,
    Confirm,
    Extend,
    Held,
    Hold,
    Release,
    ReleaseHolds,
    Reserve,
    Reserved,
    Unbook,
)
from services.inventory.domain.seats import Seat, Status
from services.inventory.operations.availability import SeatMap, seat_map
from services.inventory.queries import seats as sql

MAX_SHOWS_OF_RELEASE = 1_000
"""Shows in which one request releases a user's holds."""

_CAUSES = {
    pb.BatchReleaseReservationsRequest.Release.EXPIRED: Cause.EXPIRED,
    pb.BatchReleaseReservationsRequest.Release.ABANDONED: Cause.ABANDONED,
}
_TIERS = dict(seat_pb2.Seat.Tier.items())


class InventoryServicer(inventory_pb2_grpc.InventoryServiceServicer):
    """Who has which seat."""

    def __init__(self, db: Database, desk: Desk[Command, Any]) -> None:
        self._db = db
        self._desk = desk

    async def GetSeatMap(self, request: pb.GetSeatMapRequest, context: Context) -> pb.SeatMap:
        seats = await seat_map(self._db, UUID(request.show_id), request.section)
        return _seat_map(seats, UUID(request.user_id) if request.user_id else None)

    async def ListAvailableSeats(
        self, request: pb.ListAvailableSeatsRequest, context: Context
    ) -> pb.ListAvailableSeatsResponse:
        seats = await seat_map(self._db, UUID(request.show_id), request.section)
        return pb.ListAvailableSeatsResponse(
            show_id=str(seats.show_id),
            sequence=seats.sequence,
            as_of=to_timestamp(seats.now),
            currency=seats.currency,
            seats=[_show_seat(seat, None, seats.now) for seat in seats.seats if seat.is_free(seats.now)],
        )

    async def HoldSeats(self, request: pb.HoldSeatsRequest, context: Context) -> pb.HoldSeatsResponse:
        user_id = UUID(request.user_id)
        answer = await self._desk.submit(
            Hold(
                show_id=UUID(request.show_id),
                user_id=user_id,
                seat_ids=_seat_ids(request.show_seat_ids, "showSeatIds"),
                idempotency=idempotency.key_of(request, "HoldSeats", user_id),
            )
        )
        return pb.HoldSeatsResponse.FromString(answer) if isinstance(answer, bytes) else held(answer)

    async def ReleaseHolds(self, request: pb.ReleaseHoldsRequest, context: Context) -> pb.ReleaseHoldsResponse:
        user_id = UUID(request.user_id)
        if request.show_id:
            shows = [UUID(request.show_id)]
        else:
            rows = await self._db.fetch(sql.SHOWS_HELD_BY_USER, (user_id, MAX_SHOWS_OF_RELEASE))
            shows = [row.show_id for row in rows]
        answers = await self._desk.submit_all([ReleaseHolds(show_id=show, user_id=user_id) for show in shows])
        released = 0
        for answer in answers:
            if isinstance(answer, Failure):
                raise answer
            released += answer
        return pb.ReleaseHoldsResponse(released=released)

    async def BatchReserveSeats(
        self, request: pb.BatchReserveSeatsRequest, context: Context
    ) -> pb.BatchReserveSeatsResponse:
        answers = await self._desk.submit_all(
            [
                Reserve(
                    show_id=UUID(claim.show_id),
                    user_id=UUID(claim.user_id),
                    booking_id=UUID(claim.booking_id),
                    seat_ids=_seat_ids(claim.show_seat_ids, f"claims[{index}].showSeatIds"),
                    ttl=timedelta(seconds=claim.ttl_seconds),
                )
                for index, claim in enumerate(request.claims)
            ]
        )
        result = pb.BatchReserveSeatsResponse.Result
        return pb.BatchReserveSeatsResponse(
            results=[
                result(refusal=to_status(answer))
                if isinstance(answer, Failure)
                else result(reservation=_reservation(answer))
                for answer in answers
            ]
        )

    async def BatchExtendReservations(
        self, request: pb.BatchExtendReservationsRequest, context: Context
    ) -> pb.BatchExtendReservationsResponse:
        answers = await self._desk.submit_all(
            [
                Extend(
                    show_id=UUID(extension.name.show_id),
                    booking_id=UUID(extension.name.booking_id),
                    ttl=timedelta(seconds=extension.ttl_seconds),
                )
                for extension in request.extensions
            ]
        )
        result = pb.BatchExtendReservationsResponse.Result
        return pb.BatchExtendReservationsResponse(
            results=[
                result(refusal=to_status(answer))
                if isinstance(answer, Failure)
                else result(expires_at=to_timestamp(answer))
                for answer in answers
            ]
        )

    async def BatchConfirmReservations(
        self, request: pb.BatchConfirmReservationsRequest, context: Context
    ) -> pb.BatchConfirmReservationsResponse:
        refusals = await self._refusals(
            Confirm(show_id=UUID(name.show_id), booking_id=UUID(name.booking_id)) for name in request.names
        )
        result = pb.BatchConfirmReservationsResponse.Result
        return pb.BatchConfirmReservationsResponse(results=[result(refusal=refusal) for refusal in refusals])

    async def BatchReleaseReservations(
        self, request: pb.BatchReleaseReservationsRequest, context: Context
    ) -> pb.BatchReleaseReservationsResponse:
        refusals = await self._refusals(
            Release(
                show_id=UUID(release.name.show_id),
                booking_id=UUID(release.name.booking_id),
                cause=_CAUSES[release.cause],
            )
            for release in request.releases
        )
        result = pb.BatchReleaseReservationsResponse.Result
        return pb.BatchReleaseReservationsResponse(results=[result(refusal=refusal) for refusal in refusals])

    async def BatchUnbookReservations(
        self, request: pb.BatchUnbookReservationsRequest, context: Context
    ) -> pb.BatchUnbookReservationsResponse:
        refusals = await self._refusals(
            Unbook(show_id=UUID(name.show_id), booking_id=UUID(name.booking_id)) for name in request.names
        )
        result = pb.BatchUnbookReservationsResponse.Result
        return pb.BatchUnbookReservationsResponse(results=[result(refusal=refusal) for refusal in refusals])

    async def _refusals(self, commands: Iterable[Command]) -> list[status_pb2.Status | None]:
        """Carry out commands whose only news is that they were refused, raised or answered."""
        answers = await self._desk.submit_all(list(commands))
        return [to_status(answer) if isinstance(answer, Failure) else None for answer in answers]


def _seat_ids(texts: Sequence[str], field: str) -> list[UUID]:
    """Parse seat ids. The contract refuses equal texts; here the same id spelled in two ways is refused too."""
    ids = [UUID(text) for text in texts]
    if len(set(ids)) != len(ids):
        raise InvalidField((field, "names a seat twice"))
    return ids


def held_bytes(answer: Held) -> bytes:
    """Render holds as they are stored under an idempotency key."""
    return held(answer).SerializeToString()


def held(answer: Held) -> pb.HoldSeatsResponse:
    """Render holds."""
    first = min(seat.expires_at for seat in answer.seats if seat.expires_at is not None)
    return pb.HoldSeatsResponse(
        show_id=str(answer.show_id),
        user_id=str(answer.user_id),
        seats=[_show_seat(seat, answer.user_id, answer.now) for seat in answer.seats],
        expires_at=to_timestamp(first),
        expires_in=ceil((first - answer.now).total_seconds()),
        total_amount=sum(seat.price for seat in answer.seats),
        currency=answer.currency,
    )


def _seat_map(seats: SeatMap, user_id: UUID | None) -> pb.SeatMap:
    rendered = [_show_seat(seat, user_id, seats.now) for seat in seats.seats]
    count = Counter(seat.status for seat in rendered)
    return pb.SeatMap(
        show_id=str(seats.show_id),
        sequence=seats.sequence,
        as_of=to_timestamp(seats.now),
        currency=seats.currency,
        summary=pb.SeatMap.Summary(
            total=len(rendered),
            available=count[seat_pb2.ShowSeat.AVAILABLE],
            booked=count[seat_pb2.ShowSeat.BOOKED],
            held=count[seat_pb2.ShowSeat.HELD],
            held_by_me=count[seat_pb2.ShowSeat.HELD_BY_ME],
            blocked=count[seat_pb2.ShowSeat.BLOCKED],
        ),
        seats=rendered,
    )


def _show_seat(seat: Seat, user_id: UUID | None, now: datetime) -> seat_pb2.ShowSeat:
    claimed = seat.is_claimed(now)
    return seat_pb2.ShowSeat(
        id=str(seat.id),
        section=seat.section,
        row=seat.row,
        number=seat.number,
        tier=_TIERS[seat.tier],
        price=seat.price,
        status=_public_status(seat, user_id, claimed=claimed),
        expires_at=to_timestamp(seat.expires_at) if claimed and seat.expires_at is not None else None,
    )


def _public_status(seat: Seat, user_id: UUID | None, *, claimed: bool) -> seat_pb2.ShowSeat.Status.ValueType:
    """Say what may be done with a seat. A seat of a PENDING booking is BOOKED to everyone."""
    if seat.status == Status.BLOCKED:
        return seat_pb2.ShowSeat.BLOCKED
    if not claimed:
        return seat_pb2.ShowSeat.AVAILABLE
    if seat.status != Status.HELD:
        return seat_pb2.ShowSeat.BOOKED
    return seat_pb2.ShowSeat.HELD_BY_ME if seat.holder_id == user_id else seat_pb2.ShowSeat.HELD


def _reservation(answer: Reserved) -> pb.Reservation:
    return pb.Reservation(
        booking_id=str(answer.reservation.booking_id),
        show_id=str(answer.show_id),
        seats=[
            pb.ReservedSeat(
                id=str(seat.id),
                section=seat.section,
                row=seat.row,
                number=seat.number,
                tier=_TIERS[seat.tier],
                price=seat.price,
            )
            for seat in answer.seats
        ],
        total_amount=sum(seat.price for seat in answer.seats),
        currency=answer.currency,
        expires_at=to_timestamp(answer.reservation.expires_at),
    )
