"""The methods of InventoryService that change seats: parse, hand to the desk, render."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import chain, repeat
from uuid import UUID

from boxoffice.inventory.v1 import inventory_pb2 as pb
from google.rpc import status_pb2

from services.chassis.errors import Failure, InvalidField
from services.chassis.store.database import Database
from services.chassis.wire.identity import caller
from services.chassis.wire.incoming import Context
from services.chassis.wire.pages import BY_ID, PageRequest
from services.chassis.wire.status import to_status
from services.chassis.wire.times import to_timestamp
from services.chassis.writes.idempotency import NOBODY, Once, key_of
from services.inventory.errors import ShowNotFound
from services.inventory.seats import statements as sql
from services.inventory.seats.asking import AskedSeats, holds_of, price_seats
from services.inventory.seats.blocking import BlockSeats, UnblockSeats
from services.inventory.seats.commands import (
    Cause,
    Confirm,
    Extend,
    Hold,
    Release,
    Reserve,
    SeatCommand,
    ShowKey,
    Unbook,
)
from services.inventory.seats.holds import ExtendHolds, ReleaseHolds
from services.inventory.seats.messages import (
    area_places,
    extended,
    held,
    prices,
    reservation,
    seat_ids,
    show_holds,
    show_times,
)
from services.inventory.seats.operation import SeatDesk
from services.inventory.seats.rights import normalised

MAX_SHOWS_OF_RELEASE = 1_000
"""Shows in which one request releases a user's holds."""

MAX_SEATS_OF_BATCH = 10_000
"""Seats that one batch may reserve: what is told of these is less than 4 MiB, however long their names are."""

MAX_SEATS_OF_BLOCK = 1_000
"""Seats and places that one request blocks or unblocks."""

_CAUSES = {
    pb.BatchReleaseReservationsRequest.Release.EXPIRED: Cause.EXPIRED,
    pb.BatchReleaseReservationsRequest.Release.ABANDONED: Cause.ABANDONED,
}


class SeatMethods:
    """The methods of InventoryService that change seats."""

    def __init__(self, db: Database, desk: SeatDesk, *, max_seats_per_user: int) -> None:
        self._db = db
        self._desk = desk
        self._max_seats_per_user = max_seats_per_user

    async def HoldSeats(self, request: pb.HoldSeatsRequest, context: Context) -> pb.HoldSeatsResponse:
        show_id, user_id = UUID(request.show_id), UUID(request.user_id)
        key = key_of(request, "HoldSeats", user_id)
        hold: Hold[pb.HoldSeatsResponse] = Hold(
            show_id=show_id,
            user_id=user_id,
            seat_ids=seat_ids(request.show_seat_ids, "showSeatIds"),
            areas=area_places(request.areas, "areas", len(request.show_seat_ids)),
            expected_total=request.expected_total if request.HasField("expected_total") else None,
            access_code=normalised(request.access_code),
            once=Once(key and ShowKey.of(key, show_id), pb.HoldSeatsResponse, held),
        )
        return _with_fields_of_the_seeds(await self._desk.submit(hold))

    async def ExtendHolds(self, request: pb.ExtendHoldsRequest, context: Context) -> pb.ExtendHoldsResponse:
        extend = ExtendHolds(
            show_id=UUID(request.show_id),
            user_id=UUID(request.user_id),
            seat_ids=seat_ids(request.show_seat_ids, "showSeatIds"),
        )
        return extended(await self._desk.submit(extend))

    async def ListHolds(self, request: pb.ListHoldsRequest, context: Context) -> pb.ListHoldsResponse:
        page = PageRequest(request, BY_ID)
        shows = await holds_of(
            self._db,
            UUID(request.user_id),
            UUID(request.show_id) if request.show_id else None,
            after=page.after,
            limit=page.limit,
        )
        messages, token = page.render(shows, lambda show: show.show_id, show_holds)
        return pb.ListHoldsResponse(holds=messages, next_page_token=token)

    async def ReleaseHolds(self, request: pb.ReleaseHoldsRequest, context: Context) -> pb.ReleaseHoldsResponse:
        user_id = UUID(request.user_id)
        ids = seat_ids(request.show_seat_ids, "showSeatIds")
        if ids and not request.show_id:
            raise InvalidField(("showId", "must name the show of showSeatIds"))
        if request.show_id:
            shows = [UUID(request.show_id)]
        else:
            rows = await self._db.fetch(sql.SHOWS_HELD_BY_USER, {"user_id": user_id, "most": MAX_SHOWS_OF_RELEASE})
            shows = [row.show_id for row in rows]
        answers = await self._desk.submit_all(
            [ReleaseHolds(show_id=show, user_id=user_id, seat_ids=ids, some=bool(ids)) for show in shows]
        )
        released = 0
        for answer in answers:
            if isinstance(answer, Failure):
                raise answer
            released += answer
        return pb.ReleaseHoldsResponse(released=released)

    async def BlockSeats(self, request: pb.BlockSeatsRequest, context: Context) -> pb.BlockSeatsResponse:
        ids = seat_ids(request.show_seat_ids, "showSeatIds")
        areas = area_places(request.areas, "areas", len(ids), MAX_SEATS_OF_BLOCK)
        block = BlockSeats(show_id=UUID(request.show_id), seat_ids=ids, areas=areas, reason=request.reason)
        return pb.BlockSeatsResponse(blocked=await self._desk.submit(block))

    async def UnblockSeats(self, request: pb.UnblockSeatsRequest, context: Context) -> pb.UnblockSeatsResponse:
        ids = seat_ids(request.show_seat_ids, "showSeatIds")
        areas = area_places(request.areas, "areas", len(ids), MAX_SEATS_OF_BLOCK)
        show_id, who = UUID(request.show_id), caller.get()
        key = key_of(request, "UnblockSeats", (who and who.user_id) or NOBODY)
        once = Once(key and ShowKey.of(key, show_id), pb.UnblockSeatsResponse, _unblocked)
        unblock: UnblockSeats[pb.UnblockSeatsResponse] = UnblockSeats(
            show_id=show_id, seat_ids=ids, areas=areas, once=once
        )
        return await self._desk.submit(unblock)

    async def BatchReserveSeats(
        self, request: pb.BatchReserveSeatsRequest, context: Context
    ) -> pb.BatchReserveSeatsResponse:
        if sum(map(_seats_named, request.claims)) > MAX_SEATS_OF_BATCH:
            raise InvalidField(("claims", f"must name {MAX_SEATS_OF_BATCH} seats in all at most"))
        answers = await self._desk.submit_all(
            [
                Reserve(
                    show_id=UUID(claim.show_id),
                    user_id=UUID(claim.user_id),
                    booking_id=UUID(claim.booking_id),
                    seat_ids=seat_ids(claim.show_seat_ids, f"claims[{index}].showSeatIds"),
                    areas=area_places(claim.areas, f"claims[{index}].areas", len(claim.show_seat_ids)),
                    ttl=timedelta(seconds=claim.ttl_seconds),
                    expected_total=claim.expected_total if claim.HasField("expected_total") else None,
                    access_code=normalised(claim.access_code),
                    for_guest=claim.for_guest,
                    tickets_from_others=claim.tickets_from_others,
                )
                for index, claim in enumerate(request.claims)
            ]
        )
        result = pb.BatchReserveSeatsResponse.Result
        return pb.BatchReserveSeatsResponse(
            results=[
                result(refusal=to_status(answer))
                if isinstance(answer, Failure)
                else result(reservation=reservation(answer))
                for answer in answers
            ]
        )

    async def BatchPriceSeats(self, request: pb.BatchPriceSeatsRequest, context: Context) -> pb.BatchPriceSeatsResponse:
        if sum(map(_seats_named, request.asked)) > MAX_SEATS_OF_BATCH:
            raise InvalidField(("asked", f"must name {MAX_SEATS_OF_BATCH} seats in all at most"))
        asked = [
            AskedSeats(
                UUID(one.show_id),
                seat_ids(one.show_seat_ids, f"asked[{index}].showSeatIds"),
                UUID(one.user_id) if one.user_id else None,
                area_places(one.areas, f"asked[{index}].areas", len(one.show_seat_ids)),
            )
            for index, one in enumerate(request.asked)
        ]
        result = pb.BatchPriceSeatsResponse.Result
        return pb.BatchPriceSeatsResponse(
            results=[
                result(refusal=to_status(answer)) if isinstance(answer, Failure) else result(prices=prices(answer))
                for answer in await price_seats(self._db, asked)
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
                else result(expires_at=to_timestamp(answer.expires_at), show=show_times(answer.times))
                for answer in answers
            ]
        )

    async def BatchConfirmReservations(
        self, request: pb.BatchConfirmReservationsRequest, context: Context
    ) -> pb.BatchConfirmReservationsResponse:
        answers = await self._desk.submit_all(
            [
                Confirm(show_id=UUID(name.show_id), booking_id=UUID(name.booking_id), tickets_from_others=from_others)
                for name, from_others in zip(request.names, chain(request.tickets_from_others, repeat(0)), strict=False)
            ]
        )
        result = pb.BatchConfirmReservationsResponse.Result
        return pb.BatchConfirmReservationsResponse(
            results=[
                result(refusal=to_status(answer))
                if isinstance(answer, Failure)
                else result(show=show_times(answer.times), show_seat_ids=map(str, answer.seat_ids))
                for answer in answers
            ]
        )

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

    async def BatchUnbookSeats(
        self, request: pb.BatchUnbookSeatsRequest, context: Context
    ) -> pb.BatchUnbookSeatsResponse:
        refusals = await self._refusals(
            Unbook(
                show_id=UUID(claim.name.show_id),
                booking_id=UUID(claim.name.booking_id),
                seat_ids=seat_ids(claim.show_seat_ids, f"claims[{index}].showSeatIds"),
            )
            for index, claim in enumerate(request.claims)
        )
        result = pb.BatchUnbookSeatsResponse.Result
        return pb.BatchUnbookSeatsResponse(results=[result(refusal=refusal) for refusal in refusals])

    async def CountClaims(self, request: pb.CountClaimsRequest, context: Context) -> pb.CountClaimsResponse:
        named = {"show_id": UUID(request.show_id), "max_seats_per_user": self._max_seats_per_user}
        rows = await self._db.fetch(sql.COUNT_CLAIMS, named)
        if not rows:
            raise ShowNotFound()
        [counted] = rows
        return pb.CountClaimsResponse(
            reserved=counted.reserved, confirmed=counted.confirmed, held=counted.held, seat_limit=counted.seat_limit
        )

    async def _refusals(self, commands: Iterable[SeatCommand[None]]) -> list[status_pb2.Status | None]:
        """Carry out commands whose only news is that they were refused, raised or answered."""
        answers = await self._desk.submit_all(list(commands))
        return [to_status(answer) if isinstance(answer, Failure) else None for answer in answers]


def _unblocked(count: int) -> pb.UnblockSeatsResponse:
    return pb.UnblockSeatsResponse(unblocked=count)


def _seats_named(asked: pb.BatchReserveSeatsRequest.Claim | pb.BatchPriceSeatsRequest.Asked) -> int:
    return len(asked.show_seat_ids) + sum(one.quantity for one in asked.areas)


def _with_fields_of_the_seeds(answer: pb.HoldSeatsResponse) -> pb.HoldSeatsResponse:
    """Add `success` and `holds`, which clients of the seeds read; they are not stored with the answer."""
    answer.success = True
    answer.holds.extend(pb.HoldSeatsResponse.Hold(seat_id=seat.id, expires_at=seat.expires_at) for seat in answer.seats)
    return answer
