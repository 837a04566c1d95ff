"""TicketService: parse, call, render."""

import asyncio
from uuid import UUID

from boxoffice.booking.v1 import tickets_pb2 as pb
from boxoffice.booking.v1 import tickets_pb2_grpc
from google.api import httpbody_pb2

from services.booking.tickets import messages, qr
from services.booking.tickets.domain import Ticket
from services.booking.tickets.keyring import TicketKeys
from services.booking.tickets.look import ticket_of, tickets_of
from services.chassis.store.database import Database
from services.chassis.wire.identity import caller
from services.chassis.wire.incoming import Context

KEY_SET_SECONDS = 300
"""How long anybody may keep the public keys; far shorter than they are published before they sign."""


class TicketServicer(tickets_pb2_grpc.TicketServiceServicer):
    """Tickets. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, keys: TicketKeys) -> None:
        self._db = db
        self._keys = keys

    async def ListTickets(self, request: pb.ListTicketsRequest, context: Context) -> pb.ListTicketsResponse:
        user_id = UUID(request.user_id) if request.user_id else None
        tickets = await tickets_of(self._db, UUID(request.booking_id), user_id)
        shown_to = user_id if _is_users(user_id) else None
        return pb.ListTicketsResponse(tickets=[messages.render(each, shown_to) for each in tickets])

    async def GetTicketCode(self, request: pb.GetTicketCodeRequest, context: Context) -> pb.TicketCode:
        ticket = await self._ticket(request)
        return pb.TicketCode(ticket_id=str(ticket.id), code=await self._keys.code(ticket), words=ticket.words)

    async def RenderTicketCode(self, request: pb.RenderTicketCodeRequest, context: Context) -> httpbody_pb2.HttpBody:
        ticket = await self._ticket(request)
        code = await self._keys.code(ticket)
        await context.send_initial_metadata((("cache-control", "no-store"),))
        # It takes some ten milliseconds, for which no other call should wait.
        if request.format == request.SVG:
            drawn = await asyncio.to_thread(qr.svg, code, ticket.words)
            return httpbody_pb2.HttpBody(content_type="image/svg+xml", data=drawn)
        return httpbody_pb2.HttpBody(content_type="image/png", data=await asyncio.to_thread(qr.png, code))

    async def GetTicketKeys(self, request: pb.GetTicketKeysRequest, context: Context) -> httpbody_pb2.HttpBody:
        key_set = await self._keys.key_set()
        await context.send_initial_metadata((("cache-control", f"public, max-age={KEY_SET_SECONDS}"),))
        return httpbody_pb2.HttpBody(content_type="application/jwk-set+json", data=key_set.encode())

    async def _ticket(self, request: pb.GetTicketCodeRequest | pb.RenderTicketCodeRequest) -> Ticket:
        user_id = UUID(request.user_id) if request.user_id else None
        return await ticket_of(self._db, UUID(request.ticket_id), user_id)


def _is_users(user_id: UUID | None) -> bool:
    """Tell whether a user asks, or somebody who may see what the user sees: an organization may not."""
    who = caller.get()
    return who is None or "ADMIN" in who.roles or who.user_id == user_id
