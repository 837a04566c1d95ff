"""The services that booking calls. Every call has a deadline; what cannot be answered raises Unavailable."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import grpc
from boxoffice.events.v1 import events_pb2
from boxoffice.inventory.v1 import catalog_pb2, inventory_pb2, inventory_pb2_grpc
from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc

from services.booking.bookings.seats import ConfirmedClaim, ExtendedClaim, ListedSeats, ReservedSeats
from services.booking.catalogue import SECONDS, CatalogueClient
from services.booking.messages import Asked, Claim, Part, Refund, Release, area_places
from services.booking.reserved import booked_seats, confirmed_claim, extended_claim, held_at, reserved_seats
from services.chassis.errors import Failure, MethodAway, Unavailable
from services.chassis.sight.vocabulary import unknown
from services.chassis.wire.calls import call
from services.chassis.wire.status import from_status
from services.chassis.writes.consumer import Events
from services.chassis.writes.lookup import ASKING_LANES, Lookup

STATUS_SECONDS = 1.0
"""The deadline of a call about payments."""

LOOK_SECONDS = 1.5
"""How long a look at a booking waits for its payment in all."""

CONNECTING_SECONDS = 0.5
"""How long a look at a booking waits for a connection to payment; longer than the pause between two tries of one."""

SEATS_AT_ONCE = 10_000
"""Seats that inventory reserves by one call; what it answers of them is less than gRPC reads."""

ASKED_AT_ONCE = 256
"""Questions to a peer in one call, where those who ask at once share it."""

RefundState = payment_pb2.BatchRefundPaymentsResponse.Result.State


Name = tuple[UUID, UUID]
"""The name of a claim: booking and show."""

SHOWS_TOPIC = "shows"
"""The topic that inventory publishes."""


@dataclass(frozen=True, slots=True)
class CancelledShows:
    """What inventory has cancelled, or would cancel."""

    is_cancelled: bool
    """Whether that had been done before."""
    show_ids: Sequence[UUID]
    """The shows that are cancelled with it, or would be, those that were before among them."""
    open_ids: Sequence[UUID]
    """Those that were not before."""


class InventoryClient(CatalogueClient):
    """Inventory, as booking sees it."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        super().__init__(channel)
        self._seats = inventory_pb2_grpc.InventoryServiceStub(channel)
        self._unbooked: Lookup[Name, bool] = Lookup(
            self._unbook, name="ask-unbook", max_keys=ASKED_AT_ONCE, lanes=ASKING_LANES
        )
        self._unbooked_seats: Lookup[tuple[Name, tuple[UUID, ...]], bool] = Lookup(
            self._unbook_seats, name="ask-unbook-seats", max_keys=ASKED_AT_ONCE, lanes=ASKING_LANES
        )

    async def reserve(self, claims: Sequence[Claim]) -> list[ReservedSeats | Failure]:
        """Reserve seats: for each claim a reservation, or why not."""
        if len(claims) > 1 and sum(claim.seats for claim in claims) > SEATS_AT_ONCE:
            half = len(claims) // 2
            return await self.reserve(claims[:half]) + await self.reserve(claims[half:])
        request = inventory_pb2.BatchReserveSeatsRequest()
        for claim in claims:
            request.claims.add(
                booking_id=str(claim.booking_id),
                show_id=str(claim.show_id),
                user_id=str(claim.user_id),
                show_seat_ids=map(str, claim.seat_ids),
                ttl_seconds=claim.ttl_seconds,
                expected_total=claim.expected_total,
                access_code=claim.access_code,
                for_guest=claim.for_guest,
                areas=area_places(claim.areas),
                tickets_from_others=claim.tickets_from_others,
            )
        response = await call(self._seats.BatchReserveSeats, request, seconds=SECONDS)
        return [reserved_seats(r.reservation) if r.HasField("reservation") else _no(r) for r in response.results]

    async def prices(self, asked: Sequence[Asked]) -> list[ListedSeats | Failure]:
        """Return what seats of shows cost users: for each question the list prices, or why not."""
        if len(asked) > 1 and sum(one.seats for one in asked) > SEATS_AT_ONCE:
            half = len(asked) // 2
            return await self.prices(asked[:half]) + await self.prices(asked[half:])
        request = inventory_pb2.BatchPriceSeatsRequest()
        for one in asked:
            request.asked.add(
                show_id=str(one.show_id),
                user_id=str(one.user_id),
                show_seat_ids=map(str, one.seat_ids),
                areas=area_places(one.areas),
            )
        response = await call(self._seats.BatchPriceSeats, request, seconds=SECONDS)
        return [
            ListedSeats(booked_seats(r.prices.seats), r.prices.currency, held_at(r.prices))
            if r.HasField("prices")
            else _no(r)
            for r in response.results
        ]

    async def extend(self, names: Sequence[Name], ttl_seconds: int) -> list[ExtendedClaim | Failure]:
        """Give claims more time: for each when it lapses now, or why it cannot have more."""
        request = inventory_pb2.BatchExtendReservationsRequest()
        for name in names:
            request.extensions.add(name=_name(name), ttl_seconds=ttl_seconds)
        response = await call(self._seats.BatchExtendReservations, request, seconds=SECONDS)
        return [extended_claim(r) if r.HasField("expires_at") else _no(r) for r in response.results]

    async def confirm(self, names: Sequence[Name], from_others: Sequence[int]) -> list[Failure | ConfirmedClaim]:
        """Book claims for good: for each what it is then, or why not.

        `from_others`: how many tickets of the show each one's user has accepted from others; empty: nobody has any.
        """
        request = inventory_pb2.BatchConfirmReservationsRequest(
            names=map(_name, names), tickets_from_others=from_others
        )
        response = await call(self._seats.BatchConfirmReservations, request, seconds=SECONDS)
        return [_refusal(result) or confirmed_claim(result) for result in response.results]

    async def release(self, releases: Sequence[Release]) -> list[Failure | None]:
        """Release claims. One that was confirmed after all is left alone: a late payment has revived it."""
        request = inventory_pb2.BatchReleaseReservationsRequest(releases=releases)
        response = await call(self._seats.BatchReleaseReservations, request, seconds=SECONDS)
        refusals = [_refusal(result) for result in response.results]
        return [None if refusal and refusal.reason == "CLAIM_CONFIRMED" else refusal for refusal in refusals]

    async def unbook_seats(self, name: Name, seat_ids: Sequence[UUID]) -> None:
        """Put seats of a booking on sale again, or raise why not."""
        await self._unbooked_seats.get((name, tuple(seat_ids)))

    async def _unbook_seats(
        self, claims: Sequence[tuple[Name, tuple[UUID, ...]]]
    ) -> dict[tuple[Name, tuple[UUID, ...]], bool | Failure]:
        request = inventory_pb2.BatchUnbookSeatsRequest()
        for name, seat_ids in claims:
            request.claims.add(name=_name(name), show_seat_ids=map(str, seat_ids))
        response = await call(self._seats.BatchUnbookSeats, request, seconds=SECONDS)
        return {claim: _refusal(result) or True for claim, result in zip(claims, response.results, strict=True)}

    async def unbook(self, name: Name) -> None:
        """Put all seats of a booking on sale again whose refund the release before has begun, or raise why not."""
        await self._unbooked.get(name)

    async def _unbook(self, names: Sequence[Name]) -> dict[Name, bool | Failure]:
        request = inventory_pb2.BatchUnbookReservationsRequest(names=map(_name, names))
        response = await call(self._seats.BatchUnbookReservations, request, seconds=SECONDS)
        return {name: _refusal(result) or True for name, result in zip(names, response.results, strict=True)}

    async def cancel_shows(
        self, show_id: UUID | None, event_id: UUID | None, *, by_admin: bool, validate_only: bool = False
    ) -> CancelledShows:
        """Cancel a show, or an event with all that have not ended; raise why it cannot be. It may be repeated."""
        request = catalog_pb2.CancelShowsRequest(
            show_id=str(show_id or ""), event_id=str(event_id or ""), by_admin=by_admin, validate_only=validate_only
        )
        answer = await call(self._catalog.CancelShows, request, seconds=SECONDS)
        return CancelledShows(
            answer.was_cancelled,
            [UUID(show.show_id) for show in answer.shows],
            [UUID(show.show_id) for show in answer.shows if not show.was_cancelled],
        )

    async def seat_limit(self, show_id: UUID) -> int:
        """Return how many seats of a show a user may have."""
        answer = await call(
            self._seats.CountClaims, inventory_pb2.CountClaimsRequest(show_id=str(show_id)), seconds=SECONDS
        )
        if answer.seat_limit == 0:
            raise Unavailable()  # an inventory of before, in a rollout
        return answer.seat_limit

    async def count_claims(self, show_id: UUID) -> int:
        """Return how many claims of a show are alive, reserved or confirmed."""
        answer = await call(
            self._seats.CountClaims, inventory_pb2.CountClaimsRequest(show_id=str(show_id)), seconds=SECONDS
        )
        return answer.reserved + answer.confirmed

    async def events(self, after: int | None) -> Events[events_pb2.ShowEvent]:
        """Return the events of the topic `shows` behind a position, or the oldest that are kept."""
        answer = await call(self._catalog.ListShowEvents, catalog_pb2.ListShowEventsRequest(after=after))
        return Events(answer.events, answer.last)


class PaymentClient:
    """Payment, as booking sees it."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._payments = payment_pb2_grpc.PaymentServiceStub(channel)
        self._newest: Lookup[UUID, payment_pb2.Payment] = Lookup(
            self._ask_newest, name="ask-payments", max_keys=ASKED_AT_ONCE, lanes=ASKING_LANES
        )
        self._refunds: Lookup[bytes, RefundState.ValueType] = Lookup(
            self._ask_refunds, name="ask-refunds", max_keys=ASKED_AT_ONCE, lanes=ASKING_LANES
        )
        self._parts: Lookup[bytes, RefundState.ValueType] = Lookup(
            self._ask_parts, name="ask-parts", max_keys=ASKED_AT_ONCE, lanes=ASKING_LANES
        )

    async def newest(self, booking_id: UUID) -> payment_pb2.Payment | None:
        """Return a booking's newest payment; None where there is none, or payment is away."""
        [payment] = await self.newest_of([booking_id])
        return payment

    async def newest_of(self, booking_ids: Sequence[UUID]) -> list[payment_pb2.Payment | None]:
        """Return the newest payment of each booking; None where there is none, or payment is away."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                found = await self._newest.get_all(booking_ids)
        except TimeoutError:
            return [None] * len(booking_ids)
        return [None if isinstance(payment, Failure) else payment for payment in found]

    async def _ask_newest(self, booking_ids: Sequence[UUID]) -> dict[UUID, payment_pb2.Payment]:
        try:
            statuses = await self._statuses(booking_ids)
        except MethodAway:
            # A payment service of the version before, in a rollout.
            statuses = await asyncio.gather(*map(self._status, booking_ids))
        newest = zip(booking_ids, statuses, strict=True)
        return {booking_id: status.payments[0] for booking_id, status in newest if status.payments}

    async def _statuses(self, booking_ids: Sequence[UUID]) -> Sequence[payment_pb2.PaymentStatus]:
        request = payment_pb2.BatchGetPaymentStatusRequest(booking_ids=map(str, booking_ids))
        try:
            answer = await call(self._payments.BatchGetPaymentStatus, request, seconds=STATUS_SECONDS)
        except MethodAway:
            raise
        except Unavailable:
            # It may be back, and the connection to it is about to be tried again.
            answer = await call(
                self._payments.BatchGetPaymentStatus, request, seconds=CONNECTING_SECONDS, wait_for_ready=True
            )
        return answer.statuses

    async def _status(self, booking_id: UUID) -> payment_pb2.PaymentStatus:
        request = payment_pb2.GetPaymentStatusRequest(booking_id=str(booking_id))
        try:
            return await call(self._payments.GetPaymentStatus, request, seconds=STATUS_SECONDS)
        except Failure:
            return payment_pb2.PaymentStatus()

    async def refund_part(self, part: Part) -> "RefundState.ValueType":
        """Give a part of a payment back: return how far the refund is, or raise why it was not accepted."""
        state = await self._parts.get(part.SerializeToString(deterministic=True))
        assert state is not None, "payment answers for each"
        return state

    async def _ask_parts(self, payloads: Sequence[bytes]) -> dict[bytes, "RefundState.ValueType | Failure"]:
        request = payment_pb2.BatchRefundPartsRequest(parts=map(Part.FromString, payloads))
        response = await call(self._payments.BatchRefundParts, request, seconds=SECONDS)
        return dict(zip(payloads, map(_refund_outcome, response.results), strict=True))

    async def refund(self, refund: Refund) -> "RefundState.ValueType":
        """Give money back that the release before wanted back: return how far that is, or raise why it was refused."""
        state = await self._refunds.get(refund.SerializeToString(deterministic=True))
        assert state is not None, "payment answers for each"
        return state

    async def _ask_refunds(self, payloads: Sequence[bytes]) -> dict[bytes, "RefundState.ValueType | Failure"]:
        answers = await self.request_refunds([Refund.FromString(payload) for payload in payloads])
        return dict(zip(payloads, answers, strict=True))

    async def request_refunds(self, refunds: Sequence[Refund]) -> list["RefundState.ValueType | Failure"]:
        """Give money back: for each how far the refund is, or why it was not accepted."""
        request = payment_pb2.BatchRefundPaymentsRequest(refunds=refunds)
        response = await call(self._payments.BatchRefundPayments, request, seconds=SECONDS)
        return list(map(_refund_outcome, response.results))

    async def count_open(self, user_id: UUID) -> int:
        """Return how many payments of a user, and refunds of them, are under way."""
        request = payment_pb2.CountOpenPaymentsRequest(user_id=str(user_id))
        answer = await call(self._payments.CountOpenPayments, request, seconds=SECONDS)
        return answer.payments + answer.refunds

    async def close(self, booking_ids: Sequence[str]) -> None:
        """Close bookings for payment."""
        request = payment_pb2.BatchClosePaymentsRequest(booking_ids=booking_ids)
        await call(self._payments.BatchClosePayments, request, seconds=SECONDS)


def _name(name: Name) -> inventory_pb2.ReservationName:
    booking_id, show_id = name
    return inventory_pb2.ReservationName(booking_id=str(booking_id), show_id=str(show_id))


def _refund_outcome(result: payment_pb2.BatchRefundPaymentsResponse.Result) -> "RefundState.ValueType | Failure":
    return _refund_state(result.state) if result.HasField("state") else _no(result)


def _refund_state(state: "RefundState.ValueType") -> "RefundState.ValueType":
    """Return how far a refund is. One whose state is not known here was accepted, and is asked for again."""
    if state in RefundState.values():
        return state
    unknown("refund state", state)
    return RefundState.REQUESTED


def _no(result: "_Outcome") -> Failure:
    """Return why there is no outcome of the kind that was hoped for."""
    if result.HasField("refusal"):
        return from_status(result.refusal)
    # A newer version has more kinds: what has happened is not known.
    unknown("outcome", result.DESCRIPTOR.full_name)
    return Unavailable()


_Outcome = (
    inventory_pb2.BatchReserveSeatsResponse.Result
    | inventory_pb2.BatchPriceSeatsResponse.Result
    | inventory_pb2.BatchExtendReservationsResponse.Result
    | payment_pb2.BatchRefundPaymentsResponse.Result
)


def _refusal(result: "_Result") -> Failure | None:
    return from_status(result.refusal) if result.HasField("refusal") else None


_Result = (
    inventory_pb2.BatchConfirmReservationsResponse.Result
    | inventory_pb2.BatchReleaseReservationsResponse.Result
    | inventory_pb2.BatchUnbookReservationsResponse.Result
    | inventory_pb2.BatchUnbookSeatsResponse.Result
)
