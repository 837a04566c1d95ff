"""TicketService: parse, call, render."""

from uuid import UUID

from boxoffice.booking.v1 import tickets_pb2 as pb
from boxoffice.booking.v1 import tickets_pb2_grpc

from services.booking.tickets import messages
from services.booking.tickets.look import tickets_of
from services.chassis.store.database import Database
from services.chassis.wire.incoming import Context


class TicketServicer(tickets_pb2_grpc.TicketServiceServicer):
    """Tickets. The contract says what each method does and when it fails."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ListTickets(self, request: pb.ListTicketsRequest, context: Context) -> pb.ListTicketsResponse:
        user_id = UUID(request.user_id) if request.user_id else None
        tickets = await tickets_of(self._db, UUID(request.booking_id), user_id)
        return pb.ListTicketsResponse(tickets=map(messages.render, tickets))
