"""PaperService: parse, call, render."""

from contextlib import suppress
from datetime import timedelta
from typing import Literal
from uuid import UUID

from boxoffice.booking.v1 import papers_pb2 as pb
from boxoffice.booking.v1 import papers_pb2_grpc
from google.api import httpbody_pb2

from services.booking.catalogue import CatalogueClient
from services.booking.papers import calendars, documents, look, tickets
from services.booking.papers.tickets import PrintedTicket
from services.booking.papers.workshop import Workshop
from services.booking.tickets.keyring import TicketKeys
from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.chassis.values.spoken import chosen
from services.chassis.wire.incoming import Context, headers

PDF = "application/pdf"

Asked = pb.RenderTicketsRequest | pb.RenderCalendarRequest | pb.RenderInvoiceRequest


class PaperServicer(papers_pb2_grpc.PaperServiceServicer):
    """Papers. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, keys: TicketKeys, catalogue: CatalogueClient, workshop: Workshop) -> None:
        self._db = db
        self._keys = keys
        self._catalogue = catalogue
        self._workshop = workshop

    async def RenderTickets(self, request: pb.RenderTicketsRequest, context: Context) -> httpbody_pb2.HttpBody:
        held = await look.held(self._db, UUID(request.booking_id), _user(request))
        wanted = look.to_print(held, UUID(request.ticket_id) if request.ticket_id else None)
        printed = [PrintedTicket(ticket, seat, await self._keys.code(ticket)) for ticket, seat in wanted]
        file = await self._workshop.make(tickets.paper(held.booking, printed, _language(request)))
        await _send_head(context, "inline", f"tickets-{held.booking.booking_number}.pdf")
        return httpbody_pb2.HttpBody(content_type=PDF, data=file)

    async def RenderCalendar(self, request: pb.RenderCalendarRequest, context: Context) -> httpbody_pb2.HttpBody:
        held = await look.held(self._db, UUID(request.booking_id), _user(request))
        length = await self._length(held.booking.show.show_id)
        file = calendars.calendar(held.booking, [ticket for ticket, _ in held.tickets], length, _language(request))
        await _send_head(context, "attachment", f"booking-{held.booking.booking_number}.ics")
        return httpbody_pb2.HttpBody(content_type=calendars.CONTENT_TYPE, data=file)

    async def RenderInvoice(self, request: pb.RenderInvoiceRequest, context: Context) -> httpbody_pb2.HttpBody:
        wanted = UUID(request.document_id) if request.document_id else None
        found = await look.document(self._db, UUID(request.booking_id), _user(request), wanted)
        file = await self._workshop.make(documents.paper(*found, _language(request)))
        await _send_head(context, "inline", f"{found[1].number.replace('/', '-')}.pdf")
        return httpbody_pb2.HttpBody(content_type=PDF, data=file)

    async def _length(self, show_id: UUID) -> timedelta | None:
        """Return how long a show takes, if inventory tells: a calendar without its end is better than none."""
        with suppress(Failure):
            return await self._catalogue.length(show_id)
        return None


def _user(request: Asked) -> UUID | None:
    return UUID(request.user_id) if request.user_id else None


def _language(request: Asked) -> str:
    if request.language:
        return pb.Language.Name(request.language).lower()
    return chosen(str(headers.get().get("accept-language", "")))


async def _send_head(context: Context, kind: Literal["inline", "attachment"], name: str) -> None:
    """Say that nobody but who asked keeps the file, and what it is called; names are of letters, digits and dashes."""
    disposition = f'{kind}; filename="{name}"'
    await context.send_initial_metadata((("cache-control", "private, no-store"), ("content-disposition", disposition)))
