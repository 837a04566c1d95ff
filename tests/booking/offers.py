"""Short ways to offer tickets, and to do what becomes of offers."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

from boxoffice.booking.v1 import tickets_pb2
from boxoffice.booking.v1 import transfers_pb2 as pb
from boxoffice.events.v1.events_pb2 import BookingEvent

from tests.booking.house import ANN, BOB, House, refused

ADDRESS = "bob@example.com"


async def offer(house: House, ticket: Any, *, to: str = ADDRESS, key: str = "", by: UUID = ANN) -> pb.TicketOffer:
    request = pb.OfferTicketRequest(
        ticket_id=ticket.id, user_id=str(by), email=to, recipient_name="Bob", idempotency_key=key
    )
    answer: pb.TicketOffer = await house.transfers.OfferTicket(request)
    return answer


def accept(house: House, made: pb.TicketOffer, by: UUID = BOB) -> Any:
    return house.transfers.AcceptOffer(pb.AcceptOfferRequest(offer_id=made.id, user_id=str(by)))


def decline(house: House, made: pb.TicketOffer, by: UUID = BOB) -> Any:
    return house.transfers.DeclineOffer(pb.DeclineOfferRequest(offer_id=made.id, user_id=str(by)))


def withdraw(house: House, made: pb.TicketOffer, by: UUID = ANN) -> Any:
    return house.transfers.WithdrawOffer(pb.WithdrawOfferRequest(offer_id=made.id, user_id=str(by)))


def give_back(house: House, made: pb.TicketOffer, by: UUID = BOB) -> Any:
    return house.transfers.ReturnTicket(pb.ReturnTicketRequest(offer_id=made.id, user_id=str(by)))


async def listed(house: House, user: UUID, side: str, **other: Any) -> list[str]:
    request = pb.ListTicketOffersRequest(user_id=str(user), side=pb.ListTicketOffersRequest.Side.Value(side), **other)
    return [pb.TicketOffer.Status.Name(one.status) for one in (await house.transfers.ListTicketOffers(request)).offers]


async def code(house: House, ticket: Any, user: UUID) -> str:
    request = tickets_pb2.GetTicketCodeRequest(ticket_id=ticket.id, user_id=str(user))
    return (await house.tickets.GetTicketCode(request)).code


def held_by(house: House, made: pb.TicketOffer, by: UUID = BOB) -> Any:
    return house.transfers.GetHeldTicket(pb.GetHeldTicketRequest(offer_id=made.id, user_id=str(by)))


async def events(house: House) -> list[BookingEvent]:
    rows = await house.db.fetch("SELECT payload FROM topic_events WHERE kind ~ '^(TICKET|OFFER)_' ORDER BY id")
    return [BookingEvent.FromString(bytes(row.payload)) for row in rows]


async def reason(asked: Awaitable[Any]) -> str:
    return str((await refused(asked)).reason)
